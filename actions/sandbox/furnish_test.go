package sandbox_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/actions/sandbox"
)

// scene is a furnished account of which "bot" and "alice" are the furnished bot
// and the key that leaked.
func scene(t *testing.T) (*stage, sandbox.Furnished) {
	t.Helper()
	s := &stage{clock: &clock{at: time.Date(2026, 11, 21, 2, 50, 0, 0, time.UTC)}}
	s.Cloud = sandbox.New(sandbox.Options{Now: s.clock.now, WireNow: time.Now})
	f := must[sandbox.Furnished](t)(s.Furnish())
	s.bot, s.alice = f.Bot, f.Leaked
	ok(t, s.Start(t.Context(), ""))
	t.Cleanup(func() { ok(t, s.Close()) })
	return s, f
}

func TestTheFurnishedAccountIsAsDescribed(t *testing.T) {
	s, f := scene(t)
	now := s.clock.now()
	system := func(name string) sandbox.PolicyView {
		return sandbox.PolicyView{PolicyRef: sandbox.PolicyRef{Type: sandbox.System, Name: name}}
	}
	hired := now.AddDate(0, 0, -210)
	key := func(k sandbox.Key, used time.Time) []sandbox.KeyView {
		return []sandbox.KeyView{{ID: k.ID, Status: sandbox.Active, Created: hired, LastUsed: used}}
	}
	want := []sandbox.UserView{
		{Name: "ci-deploy", Keys: key(f.Leaked, now.Add(-4*time.Minute)), Policies: []sandbox.PolicyView{system("AliyunECSFullAccess"), system("AliyunRAMFullAccess")}},
		{Name: "old-reports", Keys: key(f.Idle, now.AddDate(0, 0, -200)), Policies: []sandbox.PolicyView{system("AliyunECSReadOnlyAccess")}},
		{Name: "twokey", Keys: key(f.Bot, time.Time{}), Policies: []sandbox.PolicyView{system("AdministratorAccess")}},
	}
	got := s.Snapshot()
	for i := range got.Users {
		got.Users[i].ID, got.Users[i].Principal, got.Users[i].Groups = "", "", nil
	}
	if diff := cmp.Diff(want, got.Users); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(key(f.Root, time.Time{}), got.RootKeys); diff != "" {
		t.Error(diff)
	}
	if f.Victim != "ci-deploy" || len(got.Instances) != 1 {
		t.Errorf("victim %q, instances %v", f.Victim, got.Instances)
	}
	for _, call := range got.Calls {
		if call.Source != sandbox.KnownSource || !call.Allowed {
			t.Errorf("the past holds %+v", call)
		}
	}
}

func TestTheThiefOfTheFurnishedKeySucceeds(t *testing.T) {
	s, f := scene(t)
	a := must[*sandbox.Attacker](t)(sandbox.NewAttacker(s.URL(), f.Leaked, sandbox.ThiefSource, sandbox.Theft()))
	want := []string{"GetCallerIdentity", "DescribeInstances", "RunInstances", "CreateUser", "AttachPolicyToUser", "DeleteInstance"}
	if diff := cmp.Diff(want, round(t, a, len(want))); diff != "" {
		t.Error(diff)
	}
}

func TestTheFurnishedBotAdministers(t *testing.T) {
	s, f := scene(t)
	s.setStatus(t, f.Victim, f.Leaked.ID, sandbox.Inactive)
	a := must[*sandbox.Attacker](t)(sandbox.NewAttacker(s.URL(), f.Leaked, sandbox.ThiefSource, sandbox.Workload()))
	if diff := cmp.Diff([]string{"DescribeInstances InvalidAccessKeyId.Inactive"}, round(t, a, 1)); diff != "" {
		t.Error(diff)
	}
	ok(t, s.createPolicy(t, "q", deny))
	_, err := s.call(t, f.Bot, ram, "AttachPolicyToUser", map[string]any{"UserName": f.Victim, "PolicyType": "Custom", "PolicyName": "q"})
	ok(t, err)
	_, err = s.call(t, f.Bot, ram, "DeleteAccessKey", map[string]any{"UserName": f.Victim, "UserAccessKeyId": f.Leaked.ID})
	ok(t, err)
}

func TestFurnishingTwiceIsFurnishingOnce(t *testing.T) {
	s, f := scene(t)
	before := s.Snapshot()
	if again := must[sandbox.Furnished](t)(s.Furnish()); again != f {
		t.Error("other keys")
	}
	if diff := cmp.Diff(before, s.Snapshot()); diff != "" {
		t.Error(diff)
	}
}

func TestAReopenedAccountIsFurnishedWithTheSameKeys(t *testing.T) {
	file := fileOf(t)
	c := must[*sandbox.Cloud](t)(sandbox.Open(sandbox.Options{File: file}))
	f := must[sandbox.Furnished](t)(c.Furnish())
	ok(t, c.Start(t.Context(), ""))
	s := &stage{Cloud: c, bot: f.Bot}
	s.setStatus(t, f.Victim, f.Leaked.ID, sandbox.Inactive)
	_, err := s.call(t, f.Bot, ram, "DeleteAccessKey", map[string]any{"UserName": f.Victim, "UserAccessKeyId": f.Leaked.ID})
	ok(t, err)
	before := c.Snapshot()
	ok(t, c.Close())

	again := must[*sandbox.Cloud](t)(sandbox.Open(sandbox.Options{File: file}))
	if got := must[sandbox.Furnished](t)(again.Furnish()); got != f || f.Bot.Secret == "" || f.Leaked.Secret == "" {
		t.Error("other keys")
	}
	ignoringAt := cmp.Transformer("at", func(s sandbox.Snapshot) []any { return []any{s.Users, s.RootKeys, s.Instances, s.Calls} })
	if diff := cmp.Diff(before, again.Snapshot(), ignoringAt); diff != "" {
		t.Error(diff)
	}
}
