package sandbox

import (
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The account with every field of every part set, so that a field which is
// forgotten in the file is seen: it would come back empty.
func full(t *testing.T, c *Cloud) {
	t.Helper()
	at := time.Date(2026, 11, 21, 2, 50, 0, 123_456_789, time.FixedZone("", 8*60*60))
	k := key{"id", newSecret(), true, at, at.Add(1), at.Add(2), at.Add(3), noFence, true}
	attached := []attachment{{PolicyRef{System, "ReadOnlyAccess"}, at.Add(4)}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := c.Furnish()
	must(err)
	must(c.AddPolicy("q", `{"Version":"1","Statement":[{"Effect":"Deny","Action":"ram:*","Resource":"*"}]}`))
	must(c.AddLogs("oss-log-store", LogRow{at.UTC(), map[string]string{"access_id": "x"}}))
	must(c.seed(func(w *world, _ time.Time) error {
		u := &user{
			"20001", "alice", "Alice", "alice@acme.example", "of ops", at, at.Add(5),
			[]key{k},
			[]key{k},
			attached,
			map[string]time.Time{"ops": at.Add(6)},
			&Login{true, true, true, at.Add(7)}, true, at.Add(10), at.Add(11),
		}
		w.binned["20001"] = u.clone()
		w.preference.Flags["EnableSaveMFATicket"], w.preference.Types = true, []string{"sms"}
		w.users["alice"], w.groups["ops"] = u, &group{"g-1", "ops", at.Add(8), attached}
		w.root.mfa, w.root.bin = true, []key{k}
		p := w.policies["q"]
		p.description, p.last, p.standing = "quarantine", 3, "v3"
		p.versions = append(p.versions, version{"v3", p.versions[0].text, p.versions[0].doc, at.Add(9)})
		c.record(event{
			0, "event", at, "Ram", "2015-05-01", "CreateUser", true, "id", ramUser, "20001", "alice", "203.0.113.7",
			"agent", "cn-hangzhou", "vpc-1", "NoPermission", "no", true,
			map[string]string{"UserName": "x"},
			"ACS::RAM::User", "x", "deployer",
			map[string]any{"User": map[string]any{"UserName": "x"}},
		})
		w.roles["deployer"] = &role{"30001", "deployer", "deploys", "{}", at.Add(10), at.Add(11), time.Hour, attached}
		w.instances["i-1"] = &instance{
			"i-1", "web", "cn-beijing", "vpc-1", "10.0.0.1", "203.0.113.8", []string{"10.0.0.2"}, "deployer", "enabled", "required",
		}
		w.eips["203.0.113.9"] = &eip{"eip-1", "203.0.113.9", "cn-beijing", "ngw-1", "Nat"}
		w.bills = []Bill{{"2026-11-20", "ecs", "ECS", "cn-beijing", "i-1", "1.5", "CNY"}}
		w.leaks = []*leak{{1, "id", "ram", "manual", at.Add(13), at.Add(14), "seen", "https://x.example", "r", "f", "hub", "GitHub", newSecret()}}
		w.sessions["STS.1"] = &session{"STS.1", newSecret(), newSecret(), "deployer", "30001", "me", "id", at.Add(12)}
		return nil
	}))
}

func TestNothingOfTheAccountIsForgotten(t *testing.T) {
	o := Options{File: filepath.Join(t.TempDir(), "account")}
	c, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	full(t, c)
	alice, q := c.world.users["alice"], c.world.policies["q"]
	for _, v := range []any{
		*alice, alice.keys[0], *c.world.groups["ops"], *q, q.versions[1], *c.world.roles["deployer"], *c.world.sessions["STS.1"],
		*c.world.instances["i-1"], *c.world.eips["203.0.113.9"], c.world.bills[0], *c.world.leaks[0], c.trail[len(c.trail)-1], *c.furnished,
	} {
		for field, value := range reflect.ValueOf(v).Fields() {
			if value.IsZero() {
				t.Errorf("%T.%s is not set: this test can't see whether the file keeps it", v, field.Name)
			}
		}
	}
	again, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	everything := cmp.Exporter(func(reflect.Type) bool { return true })
	was := []any{c.world, c.logs, c.trail, c.seq, c.furnished}
	if diff := cmp.Diff(was, []any{again.world, again.logs, again.trail, again.seq, again.furnished}, everything); diff != "" {
		t.Error(diff)
	}
}

func TestTheFileKeepsTheNewestEventsAndEveryLastUse(t *testing.T) {
	c := New(Options{})
	f, err := c.Furnish()
	if err != nil {
		t.Fatal(err)
	}
	start := c.now()
	refused := c.trail[0] // a use of the leaked key, but later and refused: no use
	refused.at, refused.code = start, errInactive.Code
	c.record(refused)
	for n := range maxSavedEvents + 500 {
		u := Use{At: start.Add(time.Duration(n) * time.Second), Service: "Oss", Event: "GetObject", Resource: strconv.Itoa(n)}
		if err := c.RecordUse(f.Bot.ID, u); err != nil {
			t.Fatal(err)
		}
	}
	lasting := c.lasting()
	if !slices.IsSortedFunc(lasting, func(a, b event) int { return a.seq - b.seq }) {
		t.Error("out of order")
	}
	if newest := lasting[len(lasting)-maxSavedEvents:]; newest[0].seq != c.seq-maxSavedEvents+1 {
		t.Errorf("the newest begin with event %d of %d", newest[0].seq, c.seq)
	}
	var older []string
	for _, e := range lasting[:len(lasting)-maxSavedEvents] {
		older = append(older, e.userName+" "+e.name+" "+start.Sub(e.at).Round(time.Minute).String())
	}
	want := []string{"ci-deploy DescribeInstances 120h0m0s", "ci-deploy StartInstance 4m0s", "old-reports DescribeInstances 4800h0m0s"}
	if diff := cmp.Diff(want, older); diff != "" {
		t.Error(diff)
	}
}
