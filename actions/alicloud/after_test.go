package alicloud_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/incident"
)

// webRole is a role that ECS may take on.
const webRole = "web-role"

// machine adds an instance, which the steps on instances aim at from now on.
func (s *stage) machine(m sandbox.Machine) incident.Identity {
	s.Helper()
	must(s.T, s.cloud.AddServiceRole(webRole, "ecs.aliyuncs.com"))
	id := got(s.cloud.AddMachine(m))(s.T)
	region := m.Region
	if region == "" {
		region = "cn-hangzhou"
	}
	of := incident.OfInstance(region + "/" + id)
	for _, name := range []string{incident.StepAttachRole, incident.StepDetachRole, incident.StepEnforceIMDS, incident.StepRelaxIMDS} {
		s.given[name] = map[string]string{incident.ParamOf: string(of), "role": webRole}
	}
	return of
}

// leaked lets Security Center find the leaked key and returns the id of the leak.
func (s *stage) leaked() string {
	s.Helper()
	return strconv.Itoa(got(s.cloud.AddLeak(sandbox.FoundLeak{
		Key: s.key, URL: "https://github.com/acme/deploy/blob/main/.env", Repo: "deploy", File: ".env", GithubUser: "intern",
	}))(s.T))
}

// furnishAfter is what the steps need that look at instances, bills and leaks.
var furnishAfter = map[string]func(*stage){
	incident.StepAttachRole:  func(s *stage) { s.machine(sandbox.Machine{}) },
	incident.StepDetachRole:  func(s *stage) { s.machine(sandbox.Machine{}) },
	incident.StepEnforceIMDS: func(s *stage) { s.machine(sandbox.Machine{}) },
	incident.StepRelaxIMDS:   func(s *stage) { s.machine(sandbox.Machine{}) },
	incident.StepFindCaller: func(s *stage) {
		must(s.T, s.cloud.RecordUse(s.key.ID, sandbox.Use{Service: "Ecs", Event: "DescribeInstances", Source: "198.51.100.66"}))
	},
	incident.StepMarkHandled: func(s *stage) { s.leaked() },
	incident.StepWhitelist:   func(s *stage) { s.leaked() },
}

// found is what a look finds, as kinds with their values.
func (s *stage) found(name string, known time.Time) incident.Findings {
	s.Helper()
	p := got(s.step(name).Plan(s.Context(), s.target, map[string]string{actions.KnownBefore: known.UTC().Format(time.RFC3339)}))(s.T)
	out := got(s.step(name).Run(s.Context(), p))(s.T)
	s.verify(p, true)
	out.Findings.Sort()
	return out.Findings
}

func TestAnObserverLooks(t *testing.T) {
	s := newStage(t, func(c *alicloud.Config) { c.Observe = true })
	s.found(incident.StepFeesCheck, time.Now())
	s.found(incident.StepFindCaller, time.Now())
}

func TestALookThatFailedWasNotMade(t *testing.T) {
	s := newStage(t)
	look := s.step(incident.StepFeesCheck)
	p := s.plan(incident.StepFeesCheck)
	s.verify(p, false)
	_ = got(look.Run(t.Context(), p))(t)
	s.verify(p, true)
	s.cloud.SetBehaviour(sandbox.Behaviour{BillsRefused: true})
	if _, err := look.Run(t.Context(), p); err == nil {
		t.Fatal("bills that are refused were read")
	}
	s.verify(p, false)
}

func TestARoleIsGivenToTheInstanceAndTakenBack(t *testing.T) {
	for _, b := range []sandbox.Behaviour{{}, {EmptyRoleRows: true}} {
		s := newStage(t)
		s.cloud.SetBehaviour(b)
		of := s.machine(sandbox.Machine{Name: "web", PrivateIP: "10.0.0.5"})
		p := s.do(incident.StepAttachRole)
		want := []incident.Fact{
			fact(of, incident.FactAccountID, s.cloud.Account()), fact(of, incident.FactRAMRole, incident.Absent),
			fact(incident.OfRole(webRole), incident.FactTrusts, "ecs.aliyuncs.com"),
		}
		if diff := cmp.Diff(want, p.Guarded); diff != "" {
			t.Errorf("guarded (-want +got):\n%s", diff)
		}
		_ = got(s.step(p.Step).Run(t.Context(), p))(t) // the answer says that one failed; it is there
		back := got(s.step(p.Step).(actions.Reverser).Reverse(t.Context(), p))(t)
		if back.Step != incident.StepDetachRole || back.Params["role"] != webRole {
			t.Fatalf("undo is %v with %v", back, back.Params)
		}
		_ = got(s.step(back.Step).Run(t.Context(), back))(t)
		_ = got(s.step(back.Step).Run(t.Context(), back))(t)
		s.verify(back, true)
		s.verify(p, false)
	}
}

func TestAnInstanceHasOneRole(t *testing.T) {
	s := newStage(t)
	must(t, s.cloud.AddServiceRole("other-role", "ecs.aliyuncs.com"))
	of := s.machine(sandbox.Machine{})
	p := s.plan(incident.StepAttachRole)
	other := map[string]string{incident.ParamOf: string(of), "role": "other-role"}
	attach := s.step(incident.StepAttachRole)
	_ = got(attach.Run(t.Context(), got(attach.Plan(t.Context(), s.target, other))(t)))(t)

	_, err := attach.Run(t.Context(), p) // somebody was faster: the answer is 200
	s.wantError(err, "InstanceHasRole other-role")
	s.verify(p, false)
	_, err = attach.Plan(t.Context(), s.target, s.given[incident.StepAttachRole])
	s.wantError(err, "InstanceHasRole other-role")
	_, err = s.step(incident.StepDetachRole).Plan(t.Context(), s.target, s.given[incident.StepDetachRole])
	s.wantError(err, "InstanceHasRole other-role")
	fresh, err := s.step(incident.StepDetachRole).Plan(t.Context(), s.target, map[string]string{incident.ParamOf: string(of)})
	if err != nil || fresh.Params["role"] != "other-role" {
		t.Fatalf("detach without a name: %v %v", fresh.Params, err)
	}
}

func TestRolesThatCannotBeGiven(t *testing.T) {
	s := newStage(t)
	of := string(s.machine(sandbox.Machine{}))
	must(t, s.cloud.AddRole("people", nil))
	must(t, s.cloud.AddServiceRole(botName, "ecs.aliyuncs.com"))
	attach := s.step(incident.StepAttachRole)
	for role, code := range map[string]string{
		"people": "InvalidRamRole.NotEcsRole", "nobody": "EntityNotExist.Role", "": "NoRole", "a b": "BadParameter",
		botName: "OwnIdentity", // it would give away the bot's own power
	} {
		_, err := attach.Plan(t.Context(), s.target, map[string]string{incident.ParamOf: of, "role": role})
		s.wantError(err, code)
	}
	if n := s.writes(); n != 0 {
		t.Fatalf("%d writes", n)
	}
}

func TestTheBotsOwnRoleStaysOnItsInstance(t *testing.T) {
	s := newStage(t)
	must(t, s.cloud.AddServiceRole(botName, "ecs.aliyuncs.com"))
	id := got(s.cloud.AddMachine(sandbox.Machine{Role: botName}))(t)
	of := string(incident.OfInstance("cn-hangzhou/" + id))
	_, err := s.step(incident.StepDetachRole).Plan(t.Context(), s.target, map[string]string{incident.ParamOf: of})
	s.wantError(err, "OwnIdentity")
}

func TestStepsOnInstancesNeedOne(t *testing.T) {
	s := newStage(t)
	for _, name := range []string{incident.StepAttachRole, incident.StepDetachRole, incident.StepEnforceIMDS, incident.StepRelaxIMDS} {
		plan := func(of string) error {
			return second(s.step(name).Plan(t.Context(), s.target, map[string]string{incident.ParamOf: of, "role": webRole}))
		}
		s.wantError(plan(""), "NoInstance")
		s.wantError(plan("instance cn-hangzhou/i-bp1nothere0000000000000"), "InvalidInstanceId.NotFound")
		for _, bad := range []string{"i-bp1x", "role x", "instance ../i-bp1x", "instance cn-hangzhou/", `instance cn-hangzhou/i-1","i-2`} {
			s.wantError(plan(bad), "BadParameter")
		}
	}
}

func TestAnInstanceIsFoundWithoutItsRegion(t *testing.T) {
	s := newStage(t, func(c *alicloud.Config) { c.Regions = []string{"cn-beijing"} })
	of := s.machine(sandbox.Machine{Region: "cn-beijing"})
	_, id, _ := cutLast(string(of), "/")
	p := got(s.step(incident.StepEnforceIMDS).Plan(t.Context(), s.target, map[string]string{incident.ParamOf: "instance " + id}))(t)
	if p.Params[incident.ParamOf] != string(of) {
		t.Fatalf("the plan is about %q, want %q", p.Params[incident.ParamOf], of)
	}
}

func cutLast(text, sep string) (before, after string, ok bool) {
	for i := len(text) - len(sep); i >= 0; i-- {
		if text[i:i+len(sep)] == sep {
			return text[:i], text[i+len(sep):], true
		}
	}
	return text, "", false
}

func TestAMissingPassRoleIsNamed(t *testing.T) {
	s := newStage(t)
	s.machine(sandbox.Machine{})
	p := s.plan(incident.StepAttachRole)
	s.grantAlso("no-pass", `{"Version":"1","Statement":[{"Effect":"Deny","Action":"ram:PassRole","Resource":"*"}]}`)
	_, err := s.step(p.Step).Run(t.Context(), p)
	s.wantError(err, "InvalidUser.PassRoleForbidden")
	if lacks := actions.Lacking(err); lacks != "ram:PassRole" {
		t.Errorf("the error names %q", lacks)
	}
	s.verify(p, false)
}

// One document has sts:AssumeRole for what the API's page calls ram:PassRole.
func TestARoleIsGivenToTheInstanceByWhicheverPermission(t *testing.T) {
	s := newStage(t)
	s.machine(sandbox.Machine{})
	s.cloud.SetBehaviour(sandbox.Behaviour{AttachAsksAssume: true})
	p := s.plan(incident.StepAttachRole)
	_, err := s.step(p.Step).Run(t.Context(), p)
	s.wantError(err, "InvalidUser.PassRoleForbidden")
	s.grantAlso("assume", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"acs:ram:*:*:role/`+webRole+`"}]}`)
	s.do(incident.StepAttachRole)
}

// grantAlso gives the bot one more policy.
func (s *stage) grantAlso(name, document string) {
	s.Helper()
	must(s.T, s.cloud.AddPolicy(name, document))
	must(s.T, s.cloud.SetPolicies(
		botName, sandbox.PolicyRef{Type: sandbox.Custom, Name: "twokey-least"}, sandbox.PolicyRef{Type: sandbox.Custom, Name: name},
	))
}

func TestMetadataIsEnforcedAndRelaxed(t *testing.T) {
	for _, b := range []sandbox.Behaviour{{}, {SilentMetadata: true}} {
		s := newStage(t)
		s.cloud.SetBehaviour(b)
		of := s.machine(sandbox.Machine{})
		p := s.do(incident.StepEnforceIMDS)
		if v, _ := p.Guard(of, incident.FactMetadata); v != "optional" || len(p.Impact.Blind) == 0 {
			t.Errorf("guarded %q, blind for %v", v, p.Impact.Blind)
		}
		if _, err := s.step(p.Step).Plan(t.Context(), s.target, p.Params); actions.Code(err) != "NothingToDo" {
			t.Errorf("planned again: %v", err)
		}
		back := got(s.step(p.Step).(actions.Reverser).Reverse(t.Context(), p))(t)
		_ = got(s.step(back.Step).Run(t.Context(), back))(t)
		s.verify(back, true)
		s.verify(p, false)
	}
}

func TestMetadataThatIsSwitchedOffIsNotOpened(t *testing.T) {
	s := newStage(t)
	s.machine(sandbox.Machine{MetadataOff: true})
	for _, name := range []string{incident.StepEnforceIMDS, incident.StepRelaxIMDS} {
		_, err := s.step(name).Plan(t.Context(), s.target, s.given[name])
		s.wantError(err, "NothingToDo")
	}
}
