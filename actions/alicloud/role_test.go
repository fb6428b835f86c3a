package alicloud_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/incident"
)

const roleName = "deployer"

// role is a role that the user may take on, and the quarantine policy, made
// beforehand.
func (s *stage) role(step string) {
	s.Helper()
	must(s.T, s.cloud.AddRole(roleName, nil, system("AdministratorAccess")...))
	doc := got(alicloud.QuarantineDocument(""))(s.T)
	must(s.T, s.cloud.AddPolicy(policyName, string(doc.Canonical())))
	s.given[step] = map[string]string{incident.ParamOf: string(incident.OfRole(roleName))}
}

func assume(s *stage, role string) sandbox.Move {
	return sandbox.Move{Version: "2015-04-01", Action: "AssumeRole", Params: map[string]string{
		"RoleArn": "acs:ram::" + s.cloud.Account() + ":role/" + role, "RoleSessionName": "deploying",
	}}
}

func (s *stage) rolePolicies() []string {
	s.Helper()
	listed := []string{}
	for _, r := range s.cloud.Snapshot().Roles {
		if r.Name == roleName {
			for _, p := range r.Policies {
				listed = append(listed, p.Name)
			}
		}
	}
	return listed
}

func TestARoleIsQuarantinedAndReleased(t *testing.T) {
	s := newStage(t)
	s.role(incident.StepRoleQuarantine)
	if r := got(s.thief(assume(s, roleName)).Step(t.Context()))(t); !r.Allowed {
		t.Fatalf("%+v", r)
	}
	p := s.do(incident.StepRoleQuarantine)
	if shown(t, p, incident.FactTakers) != userName || shown(t, p, incident.FactTrusted) != "acs:ram::"+s.cloud.Account()+":root" {
		t.Fatalf("who else uses it is not shown: %v", p.Shown)
	}
	if id, ok := p.Guard(incident.OfRole(roleName), incident.FactRoleID); !ok || id == "" {
		t.Fatalf("the role is not guarded by id: %v", p.Guarded)
	}
	if diff := cmp.Diff([]string{"AdministratorAccess", policyName}, s.rolePolicies()); diff != "" {
		t.Fatal(diff)
	}
	s.run(p) // again
	back := s.undone(p)
	s.run(back)
	s.verify(back, true)
	s.verify(p, false)
	if diff := cmp.Diff([]string{"AdministratorAccess"}, s.rolePolicies()); diff != "" {
		t.Fatal(diff)
	}
	_, err := s.step(incident.StepRoleRelease).Plan(t.Context(), s.target, back.Params)
	s.wantError(err, "NothingToDo")
}

func TestSomeRolesAreNeverTouched(t *testing.T) {
	s := newStage(t)
	s.role(incident.StepRoleQuarantine)
	s.account = s.as(s.bot, func(c *alicloud.Config) { c.ProtectedRoles = []string{"break-glass"} })
	for role, code := range map[string]string{
		botName: "OwnIdentity", "TWOKEY-bot": "OwnIdentity", "Break-Glass": "ProtectedRole", "AliyunServiceRoleForECS": "ProtectedRole", "": "NoRoleNamed",
	} {
		given := map[string]string{incident.ParamOf: string(incident.OfRole(role)), "policy": policyName}
		for _, step := range []string{incident.StepRoleQuarantine, incident.StepRoleRelease} {
			_, err := s.step(step).Plan(t.Context(), s.target, given)
			s.wantError(err, code)
			_, err = s.step(step).Run(t.Context(), incident.Plan{Step: step, Target: s.target, Params: given})
			s.wantError(err, code)
		}
	}
	if n := s.cloud.Calls("AttachPolicyToRole") + s.cloud.Calls("DetachPolicyFromRole"); n != 0 {
		t.Fatalf("%d writes", n)
	}
}

func TestARoleGetsTheQuarantineAsItShouldBeOrNone(t *testing.T) {
	s := newStage(t)
	must(t, s.cloud.AddRole(roleName, nil))
	given := map[string]string{incident.ParamOf: string(incident.OfRole(roleName))}
	_, err := s.step(incident.StepRoleQuarantine).Plan(t.Context(), s.target, given)
	s.wantError(err, "QuarantineMissing")
	if !errors.Is(err, actions.ErrNotHere) {
		t.Fatal("an offer of the bot's own would fail")
	}
	must(t, s.cloud.AddPolicy(policyName, `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`))
	_, err = s.step(incident.StepRoleQuarantine).Plan(t.Context(), s.target, given)
	s.wantError(err, "QuarantineEdited")
	s.role(incident.StepRoleQuarantine)
	p := s.plan(incident.StepRoleQuarantine)
	must(t, s.cloud.AddPolicy(policyName, `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`))
	_, err = s.step(p.Step).Run(t.Context(), p)
	s.wantError(err, "QuarantineEdited")
	s.verify(p, false)
}

func TestATrailThatIsSilentSaysSo(t *testing.T) {
	s := newStage(t)
	s.role(incident.StepRoleQuarantine)
	defer s.cloud.Inject(sandbox.Fault{Kind: sandbox.Unavailable, Action: "LookupEvents"})()
	p := s.plan(incident.StepRoleQuarantine)
	if shown(t, p, incident.FactTakers) != incident.Unknown || !p.Impact.Since.IsZero() {
		t.Fatalf("%v %v", p.Shown, p.Impact)
	}
}

func TestUndoerNamesWhoReleasedARole(t *testing.T) {
	s := newStage(t)
	s.role(incident.StepRoleQuarantine)
	start := time.Now().Add(-time.Minute)
	p := s.do(incident.StepRoleQuarantine)
	s.cloud.AddUser("eve")
	eve := got(s.cloud.AddKey("eve"))(t)
	must(t, s.cloud.SetPolicies("eve", system("AdministratorAccess")...))
	move := sandbox.Move{Version: "2015-05-01", Action: "DetachPolicyFromRole", Params: map[string]string{
		"RoleName": roleName, "PolicyName": policyName, "PolicyType": "Custom",
	}}
	a := got(sandbox.NewAttacker(s.cloud.URL(), eve, "203.0.113.9", []sandbox.Move{move}))(t)
	if r := got(a.Step(t.Context()))(t); !r.Allowed {
		t.Fatalf("%+v", r)
	}
	s.verify(p, false)
	if who := got(s.account.Undoer(t.Context(), p, start))(t); who != (actions.Undoer{Who: "eve"}) {
		t.Fatalf("%+v", who)
	}
}
