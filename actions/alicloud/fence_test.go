package alicloud_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/incident"
)

const ownersIP = "203.0.113.7" // where the owner calls from

// uses records calls of the leaked key, from each address one.
func (s *stage) uses(at time.Time, sources ...string) {
	s.Helper()
	for _, source := range sources {
		must(s.T, s.cloud.RecordUse(s.key.ID, sandbox.Use{At: at, Service: "Ecs", Event: "DescribeInstances", Source: source}))
	}
}

// since plans a step as after a leak that was first seen at a moment.
func (s *stage) since(name string, sign time.Time) incident.Plan {
	s.Helper()
	return got(s.step(name).Plan(s.Context(), s.target, map[string]string{actions.KnownBefore: sign.Format(time.RFC3339)}))(s.T)
}

func bare(c *alicloud.Config) { c.Fence = alicloud.Fence{} }

type rule struct {
	Type, Value string
	IPList      []string
}

func rules(t *testing.T, document string) []rule {
	t.Helper()
	var d struct{ Statements []rule }
	must(t, json.Unmarshal([]byte(document), &d))
	return d.Statements
}

func TestAFenceStopsTheThiefAndSparesTheWorkload(t *testing.T) {
	for _, b := range []sandbox.Behaviour{{}, {EmptyFenceStays: true, TrailKeepsRefusedKeys: true, FencedCode: "Forbidden"}} {
		s := newStage(t)
		b.UnlimitedLookups = true
		s.cloud.SetBehaviour(b)
		sign := time.Now().Add(-time.Hour).Truncate(time.Second)
		s.uses(sign.Add(-24*time.Hour), ownersIP)
		must(t, s.cloud.SetPolicies(userName, sandbox.PolicyRef{Type: sandbox.System, Name: "AdministratorAccess"}))
		thief := s.thief()
		owner := got(sandbox.NewAttacker(s.cloud.URL(), s.key, ownersIP, sandbox.Workload()))(t)
		if r := got(thief.Step(t.Context()))(t); !r.Allowed {
			t.Fatalf("before: %+v", r)
		}
		p := s.since(incident.StepKeyFence, sign)
		_ = got(s.step(p.Step).Run(t.Context(), p))(t)
		s.verify(p, true)
		_ = got(s.step(p.Step).Run(t.Context(), p))(t) // again: harmless
		if r := got(thief.Step(t.Context()))(t); r.Allowed {
			t.Fatal("the thief still gets in")
		}
		if r := got(owner.Step(t.Context()))(t); !r.Allowed {
			t.Fatalf("the owner: %+v", r)
		}
		if _, err := s.step(p.Step).Plan(t.Context(), s.target, map[string]string{actions.KnownBefore: sign.Format(time.RFC3339)}); !errors.Is(err, actions.ErrNothingToDo) {
			t.Fatal(err)
		}
		back := got(s.step(p.Step).(actions.Reverser).Reverse(t.Context(), p))(t)
		_ = got(s.step(back.Step).Run(t.Context(), back))(t)
		s.verify(back, true)
		s.verify(p, false)
		if r := got(thief.Step(t.Context()))(t); !r.Allowed {
			t.Fatalf("after undo: %+v", r)
		}
		if _, err := s.step(back.Step).Plan(t.Context(), s.target, nil); !errors.Is(err, actions.ErrNothingToDo) {
			t.Fatal(err)
		}
		forth := got(s.step(back.Step).(actions.Reverser).Reverse(t.Context(), back))(t)
		if diff := cmp.Diff(p.Params, forth.Params, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == `["before"]` }, cmp.Ignore())); diff != "" {
			t.Fatalf("undo of undo (-want +got):\n%s", diff)
		}
	}
}

func TestAFencePlanSaysWhoIsKnownWhoIsNewAndWhatItCannotSee(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at, bare)
	sign := at.now().Add(-2 * time.Hour)
	s.uses(sign.AddDate(0, 0, -10), ownersIP, "2001:db8::7", "172.16.0.9@vpc-bp1", "172.16.0.10@vpc-bp1", "10.1.1.1", "ecs.aliyuncs.com")
	s.uses(sign.AddDate(0, 0, -100), "198.51.100.200") // the trail of events has forgotten it, the last uses have not
	s.uses(sign.Add(time.Hour), ownersIP, "198.51.100.66")
	p := s.since(incident.StepKeyFence, sign)
	of := incident.OfKey(s.target.Key)
	want := incident.Plan{
		Step: incident.StepKeyFence, Target: s.target, Undo: incident.StepKeyUnfence,
		Params: map[string]string{
			actions.KnownBefore: sign.Format(time.RFC3339),
			"document": `{"Version":1,"Status":"Active","Statements":[` +
				`{"Type":"ClassicWhiteList","IPList":["198.51.100.200","203.0.113.7","2001:db8::7"]},` +
				`{"Type":"VPCWhiteList","Value":"vpc-bp1","IPList":["172.16.0.9","172.16.0.10"]}]}`,
		},
		Guarded: []incident.Fact{
			fact(of, incident.FactAccountID, s.cloud.Account()), fact(of, incident.FactUserID, s.userID),
			fact(of, incident.FactFence, incident.Absent),
		},
		Shown: []incident.Fact{
			fact(of, incident.FactKnownIPs, "10.1.1.1,172.16.0.10,172.16.0.9,198.51.100.200,2001:db8::7,203.0.113.7"),
			fact(of, incident.FactNewIPs, "198.51.100.66"),
		},
		Impact: incident.Impact{
			Breaks: []string{"10.1.1.1"}, // private, of no VPC that is known: no rule can name it
			Blind:  []string{"ecs.aliyuncs.com", "oss data events", "sls data events"},
			Since:  at.now().AddDate(0, 0, -90).Truncate(24 * time.Hour),
		},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Fatalf("plan (-want +got):\n%s", diff)
	}
	again := got(s.step(p.Step).Plan(t.Context(), p.Target, p.Params))(t) // as the bot does before it runs
	if diff := cmp.Diff(p, again); diff != "" {
		t.Fatalf("planned anew (-want +got):\n%s", diff)
	}
}

func TestConfiguredRangesAndVPCsAreLetIn(t *testing.T) {
	s := newStage(t, func(c *alicloud.Config) {
		c.Fence = alicloud.Fence{Ranges: []string{"203.0.113.0/25", "203.0.113.128/25", "2001:db8::1"}, VPCs: []string{"vpc-a"}}
	})
	s.uses(time.Now().Add(-time.Hour), ownersIP, "172.16.0.9@vpc-a", "198.51.100.1")
	p := s.plan(incident.StepKeyFence)
	want := []rule{
		{"ClassicWhiteList", "", []string{"198.51.100.1", "203.0.113.0/24", "2001:db8::1"}},
		{"VPCWhiteList", "vpc-a", []string{"0.0.0.0/0", "::/0"}},
	}
	if diff := cmp.Diff(want, rules(t, p.Params["document"])); diff != "" || len(p.Impact.Breaks) != 0 {
		t.Fatalf("breaks %v, rules (-want +got):\n%s", p.Impact.Breaks, diff)
	}
	s.do(incident.StepKeyFence)
}

// "Would cut off 2 of 9 known sources": the newest are let in, neighbours share an
// entry only where they fill it, and nobody else gets in by that.
func TestWhatDoesNotFitIsSaidToBreak(t *testing.T) {
	s := stageOn(t, sandbox.Options{Quotas: sandbox.Quotas{AddressesPerFence: 5}}, bare)
	now := time.Now()
	all := []string{"198.51.100.1", "198.51.100.2", "198.51.100.3", "192.0.2.1", ownersIP, "192.0.2.9", "192.0.2.17", "192.0.2.25", "192.0.2.33"}
	for i, ip := range all { // newest first
		s.uses(now.Add(-time.Duration(i+1)*time.Hour), ip)
	}
	p := s.plan(incident.StepKeyFence)
	want := []rule{{"ClassicWhiteList", "", []string{"192.0.2.1", "192.0.2.9", "198.51.100.1", "198.51.100.2/31", ownersIP}}}
	if diff := cmp.Diff(want, rules(t, p.Params["document"])); diff != "" {
		t.Fatalf("rules (-want +got):\n%s", diff)
	}
	known, _, _ := strings.Cut(p.Shown[0].Value, "\n")
	if n := len(strings.Split(known, ",")); n != 9 {
		t.Fatalf("%d known", n)
	}
	if diff := cmp.Diff([]string{"192.0.2.17", "192.0.2.25", "192.0.2.33"}, p.Impact.Breaks); diff != "" {
		t.Fatalf("breaks (-want +got):\n%s", diff)
	}
	_ = got(s.step(p.Step).Run(t.Context(), p))(t) // the cloud takes it
	s.verify(p, true)
}

func TestMoreVPCsThanStatementsAreLeftOut(t *testing.T) {
	s := newStage(t, bare)
	for i := range 9 {
		s.uses(time.Now().Add(-time.Duration(i+1)*time.Hour), fmt.Sprintf("172.16.0.%d@vpc-%d", i, i))
	}
	p := s.do(incident.StepKeyFence)
	if n := len(rules(t, p.Params["document"])); n != 8 {
		t.Fatalf("%d statements", n)
	}
	if diff := cmp.Diff([]string{"172.16.0.8"}, p.Impact.Breaks); diff != "" {
		t.Fatalf("breaks (-want +got):\n%s", diff)
	}
}

func TestNobodyIsFencedInByGuessing(t *testing.T) {
	s := newStage(t, bare)
	_, err := s.step(incident.StepKeyFence).Plan(t.Context(), s.target, nil)
	s.wantError(err, "NoKnownSource")
	if !errors.Is(err, incident.NoKnownSource) {
		t.Fatal("no words for it")
	}
	s.uses(time.Now(), "198.51.100.66") // only the thief is known
	given := map[string]string{actions.KnownBefore: time.Now().Add(-time.Hour).Format(time.RFC3339)}
	_, err = s.step(incident.StepKeyFence).Plan(t.Context(), s.target, given)
	s.wantError(err, "NoKnownSource")
	s.cloud.Inject(sandbox.Fault{Kind: sandbox.Throttle, Product: "actiontrail"})
	s.account = s.as(s.bot, bare)
	_, err = s.step(incident.StepKeyFence).Plan(t.Context(), s.target, given)
	s.wantError(err, "TrailSilent")
	if !actions.Transient(err) {
		t.Fatal("an outage looks final")
	}
	s.account = s.as(s.bot) // with a range the fence stands, and says that it does not know what it breaks
	p := s.since(incident.StepKeyFence, time.Now().Add(-time.Hour))
	if !p.Impact.Since.IsZero() || p.Impact.Nil(time.Now(), time.Hour) {
		t.Fatalf("impact %+v", p.Impact)
	}
}

func TestADocumentThatFencesNobodyIsNeverSent(t *testing.T) {
	s := newStage(t)
	p := s.plan(incident.StepKeyFence)
	for _, document := range []string{
		`{"Version":1,"Status":"Active","Statements":[]}`,
		`{"Version":1,"Status":"Inactive","Statements":[{"Type":"ClassicWhiteList","IPList":["203.0.113.7"]}]}`,
		`{"Version":1,"Status":"Active","Statements":[{"Type":"ClassicWhiteList","IPList":["0.0.0.0/0"]}]}`,
		`{"Version":1,"Status":"Active","Statements":[{"Type":"ClassicWhiteList","IPList":["0.0.0.0/1","128.0.0.0/1"]}]}`,
		`{"Version":1,"Status":"Active","Statements":[{"Type":"ClassicWhiteList","IPList":["::/0"]}]}`,
		`{"Version":1,"Status":"Active","Statements":[{"Type":"ClassicWhiteList","IPList":[]}]}`,
		`{"Version":1,"Status":"Active","Statements":[{"Type":"SomethingNew","IPList":["203.0.113.7"]}]}`,
		`{"Version":2,"Status":"Active","Statements":[{"Type":"ClassicWhiteList","IPList":["203.0.113.7"]}]}`,
		`{`, ``,
	} {
		p.Params = map[string]string{"document": document}
		_, err := s.step(p.Step).Run(t.Context(), p)
		s.wantError(err, "BadParameter")
		if document != "" {
			_, err = s.step(p.Step).Plan(t.Context(), s.target, p.Params)
			s.wantError(err, "BadParameter")
		}
	}
	if n := s.cloud.Calls("SetAccessKeyPolicy"); n != 0 {
		t.Fatalf("%d sent", n)
	}
}

func TestFencesThatCannotWorkAreRefused(t *testing.T) {
	for name, f := range map[string]alicloud.Fence{
		"everybody":      {Ranges: []string{"0.0.0.0/0"}},
		"half of all":    {Ranges: []string{"128.0.0.0/1"}},
		"everybody in 6": {Ranges: []string{"::/0"}},
		"no range":       {Ranges: []string{"203.0.113.0/33"}},
		"no VPC":         {VPCs: []string{"vsw-1"}},
		"too many VPCs":  {VPCs: strings.Split(strings.Repeat("vpc-a ", 8)+"vpc-a", " ")},
	} {
		_, err := alicloud.New(alicloud.Config{Name: "prod", ID: strings.Repeat("1", 16), Fence: f})
		if !errors.Is(err, alicloud.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The owner's calls from before come late into the trail: a fence that people
// agreed to without them would cut the owner off.
func TestAnAddressThatTurnsOutToBeTheOwnersIsDrift(t *testing.T) {
	s := newStage(t)
	sign := time.Now().Add(-time.Hour)
	s.uses(sign.Add(-time.Hour), ownersIP)
	p := s.since(incident.StepKeyFence, sign)
	s.uses(sign.Add(-2*time.Hour), "198.51.100.9")
	s.account = s.as(s.bot) // which remembers nothing
	again := got(s.step(p.Step).Plan(t.Context(), p.Target, p.Params))(t)
	if again.Params["document"] != p.Params["document"] {
		t.Fatal("another document than agreed to")
	}
	if !again.Impact.WorseThan(p.Impact) || !cmp.Equal(again.Impact.Breaks, []string{"198.51.100.9"}) {
		t.Fatalf("impact %+v", again.Impact)
	}
}

func TestAPolicyThatMovesIsDriftAndUndoPutsTheFirstOneBack(t *testing.T) {
	s := newStage(t)
	theirs := `{"Status":"Active", "Statements":[{"Type":"ClassicWhiteList","IPList":["198.51.100.0/24","203.0.113.7/32"]}]}`
	must(t, s.cloud.SetFence(s.key.ID, theirs))
	s.uses(time.Now().Add(-time.Hour), ownersIP)
	p := s.do(incident.StepKeyFence)
	if p.Params["before"] != theirs {
		t.Fatalf("before is %q", p.Params["before"])
	}
	must(t, s.cloud.SetFence(s.key.ID, `{"Version":1,"Status":"Inactive","Statements":[{"Type":"ClassicWhiteList","IPList":["203.0.113.7"]}]}`))
	s.verify(p, false) // switched off
	again := got(s.step(p.Step).Plan(t.Context(), p.Target, p.Params))(t)
	if len(p.DriftFrom(again)) != 1 || again.Params["before"] != theirs {
		t.Fatalf("planned anew: %+v", again)
	}
	_ = got(s.step(p.Step).Run(t.Context(), again))(t)
	s.verify(p, true)
	back := got(s.step(p.Step).(actions.Reverser).Reverse(t.Context(), again))(t)
	_ = got(s.step(back.Step).Run(t.Context(), back))(t)
	s.verify(back, true)
	for _, u := range s.cloud.Snapshot().Users {
		for _, k := range u.Keys {
			if k.ID == s.key.ID && k.Fence != theirs {
				t.Fatalf("put back %s", k.Fence)
			}
		}
	}
}

// The same rules in other words, or another order, are the same fence.
func TestVerifyComparesWhatADocumentMeans(t *testing.T) {
	s := newStage(t)
	s.uses(time.Now().Add(-time.Hour), ownersIP, "172.16.0.9@vpc-a")
	p := s.do(incident.StepKeyFence)
	must(t, s.cloud.SetFence(s.key.ID, `{"Statements":[{"IPList":["172.16.0.9/32"],"Value":"vpc-a","Type":"VPCWhiteList"},`+
		`{"Type":"ClassicWhiteList","IPList":["203.0.113.7","192.0.2.0/24","203.0.113.7"]}], "Status":"Active"}`))
	s.verify(p, true)
	must(t, s.cloud.SetFence(s.key.ID, strings.Replace(p.Params["document"], ownersIP, "203.0.113.8", 1)))
	s.verify(p, false)
	must(t, s.cloud.SetFence(s.key.ID, `{"Version":1,"Status":"Active","Statements":[],"New":1}`)) // says something nobody knows
	s.verify(p, false)
	f := seen(got(s.account.Evidence(t.Context(), s.target, time.Now()))(t), incident.OfKey(s.target.Key))
	if len(f[incident.FactFence]) != 64 {
		t.Fatalf("fence %q", f[incident.FactFence])
	}
}

func TestAKeyThatIsGoneOrSomebodyElsesIsNotFenced(t *testing.T) {
	s := newStage(t)
	p := s.plan(incident.StepKeyFence)
	s.do(incident.StepKeyDisable)
	s.do(incident.StepKeyDelete)
	_, err := s.step(p.Step).Plan(t.Context(), s.target, nil)
	s.wantError(err, "EntityNotExist.User.AccessKey")
	_, err = s.step(p.Step).Run(t.Context(), p)
	s.wantError(err, "EntityNotExist.User.AccessKey")
	s.verify(p, false)
	other := s.cloud.AddUser("other")
	theirs := got(s.cloud.AddKey("other"))(t)
	s.target.Key = incident.KeyID(theirs.ID)
	_, err = s.step(p.Step).Plan(t.Context(), s.target, nil)
	s.wantError(err, "OtherOwner")
	if other == "" || s.cloud.Calls("SetAccessKeyPolicy") != 0 {
		t.Fatal("somebody was fenced")
	}
}

// More events than are read: an address that only shows up since the leak may be
// the owner's too, so the gap is not called known.
func TestAnAddressInTheGapIsNotCalledKnown(t *testing.T) {
	s := newStage(t)
	sign := time.Now().Add(-time.Hour)
	for i := range 250 {
		s.uses(sign.Add(-time.Duration(i)*time.Hour), ownersIP)
	}
	if p := s.since(incident.StepKeyFence, sign); !p.Impact.Nil(time.Now(), 80*24*time.Hour) {
		t.Fatalf("impact %+v", p.Impact)
	}
	s.uses(time.Now(), "198.51.100.66")
	s.account = s.as(s.bot)
	p := s.since(incident.StepKeyFence, sign)
	if since := p.Impact.Since; since.Before(sign.AddDate(0, 0, -10)) || since.IsZero() {
		t.Fatalf("known since %v", since)
	}
}

func TestTheGuardKnowsWhoOpenedTheFence(t *testing.T) {
	s := newStage(t)
	s.uses(time.Now().Add(-time.Hour), ownersIP)
	start := time.Now().Add(-time.Minute)
	p := s.do(incident.StepKeyFence)
	s.cloud.AddUser("eve")
	eve := got(s.cloud.AddKey("eve"))(t)
	must(t, s.cloud.SetPolicies("eve", sandbox.PolicyRef{Type: sandbox.System, Name: "AdministratorAccess"}))
	a := got(sandbox.NewAttacker(s.cloud.URL(), eve, "203.0.113.66", []sandbox.Move{{
		Version: "2019-08-15", Action: "SetAccessKeyPolicy", Params: map[string]string{
			"UserPrincipalName": userName + "@" + s.cloud.Account() + ".onaliyun.com", "UserAccessKeyId": s.key.ID,
			"AccessKeyPolicy": `{"Version":1,"Status":"Inactive","Statements":[]}`,
		},
	}}))(t)
	if r := got(a.Step(t.Context()))(t); !r.Allowed {
		t.Fatalf("%+v", r)
	}
	s.verify(p, false)
	if who := got(s.account.Undoer(t.Context(), p, start))(t); who.Who != "eve" {
		t.Fatalf("undone by %+v", who)
	}
}
