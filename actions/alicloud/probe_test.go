package alicloud_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/incident"
)

// everywhere points all products at the pretend cloud.
func everywhere(s *stage) func(*alicloud.Config) {
	return func(c *alicloud.Config) {
		for _, product := range []string{"ram", "ims", "sts", "actiontrail", "ecs", "sas", "bss", "kms", "sls"} {
			c.Endpoints[product] = s.cloud.URL()
		}
	}
}

// probes are made with the permissions of some steps, for some.
func (s *stage) probes(granted, wanted []string) map[string]alicloud.Probe {
	s.Helper()
	s.grant(granted...)
	return s.probe(wanted)
}

func (s *stage) probe(wanted []string) map[string]alicloud.Probe {
	s.Helper()
	before := s.cloud.Snapshot()
	account := s.as(s.bot, everywhere(s))
	found := got(account.Probe(s.Context(), wanted, alicloud.Scope{AccountID: s.cloud.Account(), Create: true}))(s.T)
	out := map[string]alicloud.Probe{}
	for _, p := range found {
		name := p.Action
		if p.On != "" {
			name += " on " + p.On
		}
		out[name] = p
	}
	if diff := cmp.Diff(before.Users, s.cloud.Snapshot().Users, cmpopts.IgnoreFields(sandbox.KeyView{}, "LastUsed")); diff != "" {
		s.Fatalf("probing changed the account:\n%s", diff)
	}
	return out
}

func TestProbesFindEveryMissingPermissionAndChangeNothing(t *testing.T) {
	s := newStage(t)
	steps := []string{incident.StepKeyDisable, incident.StepKeyDelete, incident.StepPolicyQuarantine, incident.StepPolicyDetach}
	for name, p := range s.probes(steps, steps) {
		if !p.Fine() && p.Code != "InvalidAction.NotFound" && p.Code != "" { // no such call in the pretend cloud, or none that is harmless
			t.Errorf("with the least policy: %s is %s (%s)", name, p.Answer, p.Code)
		}
	}
	found := s.probes([]string{incident.StepKeyDelete}, steps)
	for action, step := range map[string]string{
		"ram:UpdateAccessKey": incident.StepKeyDisable, "ram:AttachPolicyToUser": incident.StepPolicyQuarantine,
		"ram:CreatePolicy": incident.StepPolicyQuarantine, "ram:DetachPolicyFromUser": incident.StepPolicyDetach,
	} {
		if p := found[action]; p.Answer != alicloud.Refused || !slices.Equal(p.Steps, []string{step}) {
			t.Errorf("%s: %+v", action, p)
		}
	}
	if p := found["ram:DeleteAccessKey"]; p.Answer != alicloud.Granted {
		t.Errorf("%+v", p)
	}
}

func TestProbesFindWhatTheBotMustNotBeAbleToDo(t *testing.T) {
	s := newStage(t)
	// A Deny for one thing only: it shows that RAM asks for permission first.
	must(t, s.cloud.AddPolicy("twokey-much", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},`+
		`{"Effect":"Deny","Action":["ram:SetDefaultPolicyVersion","ram:DeleteAccessKeyInRecycleBin"],"Resource":"*"}]}`))
	must(t, s.cloud.SetPolicies(botName, sandbox.PolicyRef{Type: sandbox.Custom, Name: "twokey-much"}))
	found := s.probe([]string{incident.StepKeyDisable})
	for _, name := range []string{
		"ram:CreateUser", "ram:CreatePolicyVersion", "ram:CreatePolicy",
		"ram:AttachPolicyToUser on policy AdministratorAccess", "ram:DetachPolicyFromUser on itself",
	} {
		if p := found[name]; p.Answer != alicloud.Granted || !p.Forbidden || p.Fine() {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if s.cloud.Calls("CreateUser") == 0 {
		t.Error("nobody asked")
	}
}

func TestProbesThatProveNothingSaySo(t *testing.T) {
	s := newStage(t)
	s.cloud.SetBehaviour(sandbox.Behaviour{UnlimitedLookups: true, ExistenceFirst: true})
	found := s.probes(nil, []string{incident.StepKeyDisable}) // it may not
	if p := found["ram:UpdateAccessKey"]; p.Answer != alicloud.Untold {
		t.Errorf("a RAM that looks first: %+v", p)
	}
	if p := found["ram:DeleteAccessKeyInRecycleBin"]; p.Answer != alicloud.Untold {
		t.Errorf("a refusal of what is there shows nothing of what is not: %+v", p)
	}
	s.cloud.SetBehaviour(sandbox.Behaviour{UnlimitedLookups: true})
	must(t, s.cloud.SetPolicies(botName, sandbox.PolicyRef{Type: sandbox.System, Name: "AdministratorAccess"}))
	found = s.probe([]string{incident.StepKeyDisable})
	if p := found["ram:UpdateAccessKey"]; p.Answer != alicloud.Untold {
		t.Errorf("an administrator, who is never refused: %+v", p)
	}
	defer s.cloud.Inject(sandbox.Fault{Kind: sandbox.Unavailable, Action: "UpdateAccessKey"})()
	found = s.probes([]string{incident.StepKeyDisable}, []string{incident.StepKeyDisable})
	if p := found["ram:UpdateAccessKey"]; p.Answer != alicloud.Untold {
		t.Errorf("no answer: %+v", p)
	}
}

func TestAnObserverProbesNoWrite(t *testing.T) {
	s := newStage(t)
	account := s.as(s.bot, everywhere(s), func(c *alicloud.Config) { c.Observe = true })
	found := got(account.Probe(t.Context(), every, alicloud.Scope{AccountID: s.cloud.Account()}))(t)
	for _, p := range found {
		if p.Forbidden {
			t.Errorf("%+v", p)
		}
	}
	if n := s.writes(); n != 0 {
		t.Fatalf("%d writes", n)
	}
}

func TestEveryWriteOfAStepHasAProbeOrAReason(t *testing.T) {
	s := newStage(t)
	unprobed := []string{ // the tables say why
		"ram:SetSecurityPreference", "kms:CreateSecret", "ram:PassRole", "ram:GenerateCredentialReport", "log:GetLogStoreLogs",
		"yundun-sas:DescribeAccessKeyLeakDetail", "ram:CreateGroup", "ram:AttachPolicyToGroup",
	}
	for name, p := range s.probe(every) {
		if p.Code == "" && p.Answer == alicloud.Untold && !slices.Contains(unprobed, name) {
			t.Errorf("%s: no call for it in probe_table.go", name)
		}
	}
}

func TestNoProbeLeavesAParameterEmpty(t *testing.T) {
	s := newStage(t)
	s.probe(every)
	for _, c := range s.cloud.Snapshot().Calls {
		if c.Code == "NoTarget" || c.Code == "MissingParameter" {
			t.Errorf("%s: %s", c.Action, c.Code)
		}
	}
}
