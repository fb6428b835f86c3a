package alicloud_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/actions"
	"twokey/actions/sandbox"
	"twokey/incident"
)

func system(names ...string) []sandbox.PolicyRef {
	refs := make([]sandbox.PolicyRef, len(names))
	for i, n := range names {
		refs[i] = sandbox.PolicyRef{Type: sandbox.System, Name: n}
	}
	return refs
}

// furnishUser gives the user what a step needs before it can be planned.
var furnishUser = map[string]func(*stage){
	incident.StepTrim: func(s *stage) { s.trims("System:AliyunECSReadOnlyAccess", "") },
	incident.StepGiveBack: func(s *stage) {
		s.trims("System:AliyunECSReadOnlyAccess", "")
		s.given[incident.StepGiveBack] = s.do(incident.StepTrim).Params
	},
	incident.StepLoginCut:      func(s *stage) { s.login(sandbox.Login{}) },
	incident.StepLoginGiveBack: func(s *stage) { s.login(sandbox.Login{Disabled: true}) },
	incident.StepMFARequire:    func(s *stage) { s.login(sandbox.Login{}) },
	incident.StepMFARelease:    func(s *stage) { s.login(sandbox.Login{MFARequired: true}) },
	incident.StepMFARelax: func(s *stage) {
		must(s.T, s.cloud.SetPreference("MFAOperationForLogin", sandbox.Mandatory))
		s.given[incident.StepMFARelax] = map[string]string{"mfa": sandbox.Independent}
	},
	incident.StepRoleQuarantine: func(s *stage) { s.role(incident.StepRoleQuarantine) },
	incident.StepRoleRelease: func(s *stage) {
		s.role(incident.StepRoleQuarantine)
		s.given[incident.StepRoleRelease] = s.do(incident.StepRoleQuarantine).Params
	},
	incident.StepUserReactivate: func(s *stage) { s.given[incident.StepUserReactivate] = s.do(incident.StepUserDeactivate).Params },
	incident.StepUserRestore:    func(s *stage) { s.do(incident.StepUserDelete) },
	incident.StepRootDelete:     func(s *stage) { _ = got(s.cloud.AddRootKey())(s.T) },
}

// trims names what permissions.trim shall take; the user has it, and more.
func (s *stage) trims(policies, groups string) {
	s.Helper()
	must(s.T, s.cloud.AddGroup("deployers", system("AliyunOSSFullAccess")...))
	must(s.T, s.cloud.Join(userName, "deployers"))
	must(s.T, s.cloud.SetPolicies(userName, system("AliyunECSReadOnlyAccess", "AliyunECSFullAccess", "AliyunRAMFullAccess")...))
	s.given[incident.StepTrim] = map[string]string{"policies": policies, "groups": groups}
}

func (s *stage) login(l sandbox.Login) {
	s.Helper()
	must(s.T, s.cloud.SetLogin(userName, &l))
}

// has is what the user has now: policies, then groups.
func (s *stage) has() []string {
	for _, u := range s.cloud.Snapshot().Users {
		if u.ID != s.userID {
			continue
		}
		var out []string
		for _, p := range u.Policies {
			if p.Via == "" {
				out = append(out, p.Name)
			}
		}
		slices.Sort(out)
		return append(out, u.Groups...)
	}
	return nil
}

func (s *stage) wantHas(want ...string) {
	s.Helper()
	if diff := cmp.Diff(want, s.has()); diff != "" {
		s.Fatalf("the user has (-want +got):\n%s", diff)
	}
}

func (s *stage) run(p incident.Plan) {
	s.Helper()
	_ = got(s.step(p.Step).Run(s.Context(), p))(s.T)
}

// undone is the plan that takes another one back.
func (s *stage) undone(done incident.Plan) incident.Plan {
	s.Helper()
	r, ok := s.step(done.Step).(actions.Reverser)
	if !ok {
		s.Fatalf("%s has no way back", done.Step)
	}
	p := got(r.Reverse(s.Context(), done))(s.T)
	if p.Step != done.Undo {
		s.Fatalf("%s is undone by %s, its plan said %s", done.Step, p.Step, done.Undo)
	}
	return p
}

func shown(t *testing.T, p incident.Plan, name incident.FactName) string {
	t.Helper()
	i := slices.IndexFunc(p.Shown, func(f incident.Fact) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("%s is not shown: %v", name, p.Shown)
	}
	return p.Shown[i].Value
}
