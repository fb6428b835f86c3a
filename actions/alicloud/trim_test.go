package alicloud_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/actions/rampolicy"
	"twokey/actions/sandbox"
	"twokey/incident"
)

func TestTrimTakesWhatIsNamedAndUndoGivesJustThatBack(t *testing.T) {
	s := newStage(t)
	s.trims("AliyunRAMFullAccess, System:AliyunECSReadOnlyAccess", "deployers")
	p := s.do(incident.StepTrim)
	if p.Params["policies"] != "System:AliyunECSReadOnlyAccess,System:AliyunRAMFullAccess" || p.Params["groups"] != "deployers" {
		t.Fatalf("%v", p.Params)
	}
	if got, _ := p.Guard(incident.OfUser(s.userID), incident.FactPolicies); !strings.Contains(got, "System:AliyunECSFullAccess") {
		t.Fatalf("what stays is not guarded: %q", got)
	}
	s.wantHas("AliyunECSFullAccess")
	must(t, s.cloud.SetPolicies(userName, system("AliyunECSFullAccess", "AliyunOSSReadOnlyAccess")...)) // somebody else's doing stays
	back := s.undone(p)
	s.run(back)
	s.verify(back, true)
	s.verify(p, false)
	s.wantHas("AliyunECSFullAccess", "AliyunECSReadOnlyAccess", "AliyunOSSReadOnlyAccess", "AliyunRAMFullAccess", "deployers")
	_, err := s.step(incident.StepGiveBack).Plan(t.Context(), s.target, back.Params)
	s.wantError(err, "NothingToDo")
}

func TestTrimRefusesWhatIsNotTheUsersAndWhatHoldsTheThief(t *testing.T) {
	s := newStage(t)
	s.do(incident.StepPolicyQuarantine)
	must(t, s.cloud.AddGroup("cell", sandbox.PolicyRef{Type: sandbox.Custom, Name: policyName}))
	must(t, s.cloud.Join(userName, "cell"))
	for _, row := range []struct {
		policies, groups, code string
	}{
		{"Custom:" + policyName, "", "QuarantineStays"},
		{"", "cell", "QuarantineStays"},
		{"System:AliyunOSSFullAccess", "", "NotAttached"},
		{"System:AdministratorAccess", "nobody", "NotAttached"},
	} {
		_, err := s.step(incident.StepTrim).Plan(t.Context(), s.target, map[string]string{"policies": row.policies, "groups": row.groups})
		s.wantError(err, row.code)
	}
	p := incident.Plan{Step: incident.StepTrim, Target: s.target, Params: map[string]string{"policies": "Custom:" + policyName}}
	_, err := s.step(incident.StepTrim).Run(t.Context(), p) // whoever made that plan
	s.wantError(err, "QuarantineStays")
	s.wantHas("AdministratorAccess", policyName, "cell")
}

func TestTrimGoesOnWhereItStopped(t *testing.T) {
	for _, step := range []string{incident.StepTrim, incident.StepGiveBack} {
		s := newStage(t)
		furnishUser[incident.StepTrim](s)
		s.given[incident.StepTrim] = map[string]string{"policies": "System:AliyunECSReadOnlyAccess,System:AliyunRAMFullAccess"}
		call := "DetachPolicyFromUser"
		if step == incident.StepGiveBack {
			s.given[step], call = s.do(incident.StepTrim).Params, "AttachPolicyToUser"
		}
		p := s.plan(step)
		defer s.cloud.Inject(sandbox.Fault{Kind: sandbox.Unavailable, Action: call, Next: 1})()
		_, err := s.step(step).Run(t.Context(), p)
		s.wantError(err, "ServiceUnavailable")
		s.verify(p, false)
		again := got(s.step(step).Plan(t.Context(), p.Target, p.Params))(t)
		if moved := p.DriftFrom(again); len(moved) > 0 || again.Impact.WorseThan(p.Impact) {
			t.Fatalf("%s: its own work counts as drift: %v", step, moved)
		}
		s.run(again)
		s.verify(p, true)
	}
}

func TestSomebodyElsesChangeIsDrift(t *testing.T) {
	s := newStage(t)
	furnishUser[incident.StepTrim](s)
	p := s.plan(incident.StepTrim)
	must(t, s.cloud.SetPolicies(userName, system("AliyunECSReadOnlyAccess", "AdministratorAccess")...))
	again := got(s.step(incident.StepTrim).Plan(t.Context(), p.Target, p.Params))(t)
	if len(p.DriftFrom(again)) == 0 {
		t.Fatal("unnoticed")
	}
}

// used gives a key a past before the leak.
func (s *stage) used(k sandbox.Key, calls ...string) {
	s.Helper()
	for _, c := range calls {
		service, event, _ := strings.Cut(c, ":")
		must(s.T, s.cloud.RecordUse(k.ID, sandbox.Use{At: time.Now().Add(-48 * time.Hour), Service: service, Event: event, Source: "203.0.113.7"}))
	}
}

func TestTrimOffersWhatNoKnownCallNeeds(t *testing.T) {
	before := map[string]string{actions.KnownBefore: time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)}
	for name, row := range map[string]struct {
		policies []string
		second   string // a call of the user's other key
		offered  string
	}{
		"a service never used":           {[]string{"AliyunECSFullAccess", "AliyunRAMFullAccess"}, "", "System:AliyunRAMFullAccess"},
		"the other key needs it":         {[]string{"AliyunECSFullAccess", "AliyunRAMFullAccess"}, "Ram:ListUsers", ""},
		"the widest of two first":        {[]string{"AliyunECSReadOnlyAccess", "AliyunECSFullAccess"}, "", "System:AliyunECSFullAccess"},
		"what nobody sees used is kept":  {[]string{"AliyunECSFullAccess", "AliyunOSSFullAccess"}, "", ""},
		"an administrator with the rest": {[]string{"AdministratorAccess", "AliyunECSFullAccess"}, "", ""},
		"the only one that it needs":     {[]string{"AliyunECSFullAccess"}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			must(t, s.cloud.SetPolicies(userName, system(row.policies...)...))
			s.used(s.key, "Ecs:DescribeInstances")
			if row.second != "" {
				s.used(got(s.cloud.AddKey(userName))(t), row.second)
			}
			p, err := s.step(incident.StepTrim).Plan(t.Context(), s.target, before)
			if row.offered == "" {
				s.wantError(err, "NothingNamed")
				if !errors.Is(err, actions.ErrNotNamed) {
					t.Fatal("an offer of the bot's own would fail")
				}
				return
			}
			must(t, err)
			if p.Params["policies"] != row.offered || shown(t, p, incident.FactUnneeded) != row.offered || len(p.Impact.Breaks) > 0 {
				t.Fatalf("%v %v", p.Params, p.Impact)
			}
		})
	}
}

func TestWithoutAHistoryNothingIsOffered(t *testing.T) {
	s := newStage(t)
	must(t, s.cloud.SetPolicies(userName, system("AliyunECSFullAccess", "AliyunRAMFullAccess")...))
	_, err := s.step(incident.StepTrim).Plan(t.Context(), s.target, nil)
	s.wantError(err, "NothingNamed") // nobody has seen the key used: that tells nothing
	s.used(s.key, "Ecs:DescribeInstances")
	_ = got(s.step(incident.StepTrim).Plan(t.Context(), s.target, nil))(t)
	defer s.cloud.Inject(sandbox.Fault{Kind: sandbox.Unavailable, Action: "GetAccessKeyLastUsedProducts"})()
	_, err = s.step(incident.StepTrim).Plan(t.Context(), s.target, nil)
	s.wantError(err, "NothingNamed")
}

func TestTheThiefsCallsAreNoNeed(t *testing.T) {
	s := newStage(t)
	must(t, s.cloud.SetPolicies(userName, system("AliyunECSFullAccess", "AliyunRAMFullAccess")...))
	s.used(s.key, "Ecs:DescribeInstances")
	for _, event := range []string{"CreateUser", "ListUsers"} {
		must(t, s.cloud.RecordUse(s.key.ID, sandbox.Use{Service: "Ram", Event: event, Source: "198.51.100.66"}))
	}
	before := map[string]string{actions.KnownBefore: time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)}
	p := got(s.step(incident.StepTrim).Plan(t.Context(), s.target, before))(t)
	if p.Params["policies"] != "System:AliyunRAMFullAccess" {
		t.Fatalf("the thief decides what is needed: %v", p.Params)
	}
	s.used(s.key, "Ram:ListUsers") // its owner did so too
	s.account = s.as(s.bot)        // which remembers nothing
	_, err := s.step(incident.StepTrim).Plan(t.Context(), s.target, before)
	s.wantError(err, "NothingNamed")
}

func TestTrimSaysWhatItWouldBreak(t *testing.T) {
	s := newStage(t)
	must(t, s.cloud.SetPolicies(userName, system("AliyunECSFullAccess", "AliyunRAMFullAccess")...))
	s.used(s.key, "Ecs:DescribeInstances", "Ram:ListUsers")
	s.given[incident.StepTrim] = map[string]string{"policies": "AliyunECSFullAccess"}
	p := s.plan(incident.StepTrim)
	if diff := cmp.Diff([]string{"ecs:DescribeInstances"}, p.Impact.Breaks); diff != "" {
		t.Fatal(diff)
	}
	if !slices.Contains(p.Impact.Blind, "oss data events") {
		t.Fatal("claims to see everything")
	}
}

func TestOnlyGivingBackTakesFreeAttach(t *testing.T) {
	for _, step := range every {
		least := got(alicloud.LeastPolicy([]string{step}, alicloud.Scope{AccountID: "1234567890123456", GiveBack: true}))(t)
		free := rampolicy.Evaluate([]rampolicy.Document{least}, "ram:AttachPolicyToUser", "acs:ram::system:policy/AdministratorAccess").Decision == rampolicy.Allowed
		if free != (step == incident.StepGiveBack) {
			t.Errorf("%s may attach anything: %v", step, free)
		}
	}
}
