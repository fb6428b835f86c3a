package alicloud_test

import (
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

const hardenedName = policyName + "-hardened"

// crowded gives the user as many custom policies as there may be.
func (s *stage) crowded() {
	s.Helper()
	var refs []sandbox.PolicyRef
	for i := range 10 {
		name := fmt.Sprintf("p%d", i)
		must(s.T, s.cloud.AddPolicy(name, `{"Version":"1","Statement":[{"Effect":"Allow","Action":["ecs:*","ram:*"],"Resource":"*"}]}`))
		refs = append(refs, sandbox.PolicyRef{Type: sandbox.Custom, Name: name})
	}
	must(s.T, s.cloud.SetPolicies(userName, refs...))
}

// premade is an account as the operator prepared it, and a bot that may not.
func premade(t *testing.T) *stage {
	t.Helper()
	s := newStage(t, func(c *alicloud.Config) { c.Quarantine.Create = false })
	must(t, s.cloud.AddPolicy(policyName, string(got(alicloud.QuarantineDocument(""))(t).Canonical())))
	must(t, s.cloud.AddPolicy(hardenedName, string(got(alicloud.QuarantineDocument(alicloud.ProfileHardened))(t).Canonical())))
	must(t, s.cloud.AddGroup(policyName, sandbox.PolicyRef{Type: sandbox.Custom, Name: hardenedName}))
	return s
}

func TestAUserWithoutRoomIsPutIntoTheHardenedGroup(t *testing.T) {
	for _, create := range []bool{false, true} {
		s := newStage(t)
		if !create {
			s = premade(t)
		}
		s.crowded()
		thief := s.thief(createUser(), sandbox.Move{Version: "2015-05-01", Action: "RemoveUserFromGroup", Params: map[string]string{
			"UserName": userName, "GroupName": policyName,
		}})
		if r := got(thief.Step(t.Context()))(t); !r.Allowed {
			t.Fatalf("before: %+v", r)
		}
		_ = got(thief.Step(t.Context()))(t)
		p := s.plan(incident.StepPolicyQuarantine)
		of := incident.OfUser(s.userID)
		want := map[string]string{"policy": hardenedName, "via": "group", "group": policyName}
		if create {
			want["create"] = incident.Yes
		}
		if diff := cmp.Diff(want, p.Params); diff != "" {
			t.Fatalf("params (-want +got):\n%s", diff)
		}
		hardened := got(alicloud.QuarantineDocument(alicloud.ProfileHardened))(t)
		if hash, _ := p.Guard(of, incident.FactDocument); hash != hardened.Hash() {
			t.Fatal("people agree to another document")
		}
		if got := p.Shown[len(p.Shown)-1]; got != fact(of, incident.FactRoom, incident.Full) {
			t.Fatalf("shown %v", got)
		}
		s.do(incident.StepPolicyQuarantine)
		_ = got(s.step(p.Step).Run(t.Context(), p))(t) // again: harmless
		for range 2 {                                  // neither may it make a user, nor leave
			if r := got(thief.Step(t.Context()))(t); r.Allowed || r.Code != "NoPermission" {
				t.Fatalf("after: %+v", r)
			}
		}
		if _, err := s.step(p.Step).Plan(t.Context(), s.target, nil); !errors.Is(err, actions.ErrNothingToDo) {
			t.Fatal(err)
		}
		f := seen(got(s.account.Evidence(t.Context(), s.target, time.Now()))(t), of)
		if f[incident.FactQuarantine] != hardened.Hash() || f[incident.FactRoom] != incident.Full {
			t.Fatalf("evidence %v", f)
		}
		back := got(s.step(p.Step).(actions.Reverser).Reverse(t.Context(), p))(t)
		if back.Params["group"] != policyName || back.Step != incident.StepPolicyDetach {
			t.Fatalf("back: %+v", back)
		}
		_ = got(s.step(back.Step).Run(t.Context(), back))(t)
		s.verify(back, true)
		s.verify(p, false)
		_ = got(s.step(back.Step).Run(t.Context(), back))(t) // again: harmless
	}
}

func TestAGroupThatGivesSomethingIsNoPrison(t *testing.T) {
	s := premade(t)
	s.crowded()
	p := s.plan(incident.StepPolicyQuarantine)
	must(t, s.cloud.AddGroup(policyName, sandbox.PolicyRef{Type: sandbox.Custom, Name: hardenedName},
		sandbox.PolicyRef{Type: sandbox.System, Name: "AdministratorAccess"}))
	_, err := s.step(p.Step).Plan(t.Context(), s.target, nil)
	s.wantError(err, "QuarantineGroupEdited")
	if !errors.Is(err, incident.QuarantineGroup) {
		t.Fatal("no words for it")
	}
	_, err = s.step(p.Step).Run(t.Context(), p)
	s.wantError(err, "QuarantineGroupEdited")
	if n := s.cloud.Calls("AddUserToGroup"); n != 0 {
		t.Fatalf("%d joined", n)
	}
}

// By default the bot makes neither policy nor group: whoever may do that may make
// anybody an administrator.
func TestWhatIsMissingIsNotMadeUnlessAllowed(t *testing.T) {
	s := newStage(t, func(c *alicloud.Config) { c.Quarantine.Create = false })
	_, err := s.step(incident.StepPolicyQuarantine).Plan(t.Context(), s.target, nil)
	s.wantError(err, "QuarantineMissing")
	if !errors.Is(err, incident.NoQuarantine) {
		t.Fatal("no words for it")
	}
	s = premade(t)
	s.do(incident.StepPolicyQuarantine)
	s = premade(t)
	s.crowded()
	p := s.plan(incident.StepPolicyQuarantine)
	must(t, s.cloud.AddGroup(policyName)) // somebody emptied the group
	_, err = s.step(p.Step).Plan(t.Context(), s.target, nil)
	s.wantError(err, "QuarantineGroupMissing")
	_, err = s.step(p.Step).Run(t.Context(), p)
	s.wantError(err, "QuarantineGroupMissing")
	if n := s.cloud.Calls("CreatePolicy") + s.cloud.Calls("CreateGroup") + s.cloud.Calls("AttachPolicyToGroup"); n != 0 {
		t.Fatalf("%d things made", n)
	}
}

func TestAPolicyThatTheAccountHasNoRoomForIsRefusedBeforehand(t *testing.T) {
	s := stageOn(t, sandbox.Options{Quotas: sandbox.Quotas{PolicySize: 512}})
	_, err := s.step(incident.StepPolicyQuarantine).Plan(t.Context(), s.target, nil)
	s.wantError(err, "QuarantineTooLong")
}

func TestAnUnknownQuotaStopsNoQuarantine(t *testing.T) {
	s := newStage(t)
	s.cloud.Inject(sandbox.Fault{Kind: sandbox.Throttle, Action: "GetAccountSummary"})
	p := s.do(incident.StepPolicyQuarantine)
	for _, f := range p.Shown {
		if f.Name == incident.FactRoom {
			t.Fatalf("shown %v", f)
		}
	}
	s = newStage(t)
	s.crowded()
	s.cloud.Inject(sandbox.Fault{Kind: sandbox.Throttle, Action: "GetAccountSummary"})
	p = s.plan(incident.StepPolicyQuarantine)
	_, err := s.step(p.Step).Run(t.Context(), p)
	s.wantError(err, "LimitExceeded.User.Policy")
	s.verify(p, false)
}

func TestRoomThatAppearsOrGoesIsDrift(t *testing.T) {
	s := premade(t)
	p := s.plan(incident.StepPolicyQuarantine)
	s.crowded()
	again := got(s.step(p.Step).Plan(t.Context(), p.Target, p.Params))(t)
	if len(p.DriftFrom(again)) == 0 {
		t.Fatal("no drift from the user to the group")
	}
	must(t, s.cloud.SetPolicies(userName))
	back := got(s.step(p.Step).Plan(t.Context(), again.Target, again.Params))(t)
	if len(again.DriftFrom(back)) == 0 {
		t.Fatal("no drift from the group to the user")
	}
}

func TestTheGuardKnowsWhoEmptiedTheGroup(t *testing.T) {
	for _, move := range []sandbox.Move{
		{Version: "2015-05-01", Action: "RemoveUserFromGroup", Params: map[string]string{"UserName": userName, "GroupName": policyName}},
		{Version: "2015-05-01", Action: "DetachPolicyFromGroup", Params: map[string]string{
			"GroupName": policyName, "PolicyName": hardenedName, "PolicyType": "Custom",
		}},
	} {
		s := premade(t)
		s.crowded()
		start := time.Now().Add(-time.Minute)
		p := s.do(incident.StepPolicyQuarantine)
		s.cloud.AddUser("eve")
		eve := got(s.cloud.AddKey("eve"))(t)
		must(t, s.cloud.SetPolicies("eve", sandbox.PolicyRef{Type: sandbox.System, Name: "AdministratorAccess"}))
		a := got(sandbox.NewAttacker(s.cloud.URL(), eve, "203.0.113.66", []sandbox.Move{move}))(t)
		if r := got(a.Step(t.Context()))(t); !r.Allowed {
			t.Fatalf("%+v", r)
		}
		s.verify(p, false)
		if who := got(s.account.Undoer(t.Context(), p, start))(t); who.Who != "eve" {
			t.Fatalf("%s: undone by %+v", move.Action, who)
		}
	}
}

// What is asked of the trail is rare: of a policy on the user, no group is asked for.
func TestTheGuardAsksNothingAboutAGroupThatThePlanDoesNotName(t *testing.T) {
	s := premade(t)
	p := s.do(incident.StepPolicyQuarantine)
	before := s.cloud.Calls("LookupEvents")
	_ = got(s.account.Undoer(t.Context(), p, time.Now().Add(-time.Minute)))(t)
	if n := s.cloud.Calls("LookupEvents") - before; n != 4 {
		t.Fatalf("%d questions", n)
	}
}

func TestTheGroupsPolicyHasANameOfItsOwn(t *testing.T) {
	for _, row := range []struct {
		change func(*alicloud.Config)
		works  bool
	}{
		{func(c *alicloud.Config) { c.Quarantine.Hardened = policyName }, false},
		{func(c *alicloud.Config) {
			c.Quarantine.Hardened, c.Quarantine.Profile = policyName, alicloud.ProfileHardened
		}, true},
		{func(c *alicloud.Config) { c.Quarantine.Group = "a/b" }, false},
		{func(c *alicloud.Config) { c.Quarantine.Hardened = "a b" }, false},
	} {
		c := alicloud.Config{Name: "prod", ID: strings.Repeat("1", 16)}
		row.change(&c)
		if _, err := alicloud.New(c); (err == nil) != row.works {
			t.Errorf("%+v: %v", c.Quarantine, err)
		}
	}
}
