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
		least := got(alicloud.LeastPolicy([]string{step}, alicloud.Scope{AccountID: "1234567890123456"}))(t)
		free := rampolicy.Evaluate([]rampolicy.Document{least}, "ram:AttachPolicyToUser", "acs:ram::system:policy/AdministratorAccess").Decision == rampolicy.Allowed
		if free != (step == incident.StepGiveBack) {
			t.Errorf("%s may attach anything: %v", step, free)
		}
	}
}

func TestTheLogonIsCutAndGivenBack(t *testing.T) {
	s := newStage(t)
	_, err := s.step(incident.StepLoginCut).Plan(t.Context(), s.target, nil)
	s.wantError(err, "NothingToDo")
	s.login(sandbox.Login{ResetRequired: true})
	p := s.do(incident.StepLoginCut)
	if err := s.cloud.LogOn(userName); !errors.Is(err, sandbox.ErrNoLogin) {
		t.Fatal(err)
	}
	back := s.undone(p)
	s.run(back)
	s.verify(back, true)
	s.verify(p, false)
	must(t, s.cloud.LogOn(userName))
	must(t, s.cloud.SetLogin(userName, nil))
	s.verify(p, true)
	s.verify(back, false)
}

func TestMFAIsRequiredOfOneUser(t *testing.T) {
	s := newStage(t)
	_, err := s.step(incident.StepMFARequire).Plan(t.Context(), s.target, nil)
	s.wantError(err, "NothingToDo") // nobody can log on
	s.login(sandbox.Login{})
	p := s.do(incident.StepMFARequire)
	if shown(t, p, incident.FactMFA) != incident.No {
		t.Fatalf("%v", p.Shown)
	}
	if err := s.cloud.LogOn(userName); !errors.Is(err, sandbox.ErrNoMFA) {
		t.Fatal(err)
	}
	s.run(s.undone(p))
	s.verify(p, false)
	must(t, s.cloud.LogOn(userName))
}

func TestMFAForAllChangesNothingElse(t *testing.T) {
	s := newStage(t)
	s.login(sandbox.Login{})
	must(t, s.cloud.SetPreference("MFAOperationForLogin", sandbox.Adaptive))
	must(t, s.cloud.SetPreference("LoginSessionDuration", "12"))
	p := s.do(incident.StepMFAEnforce)
	of := incident.OfAccount(s.cloud.Account())
	if rest, _ := p.Guard(of, incident.FactPreference); !strings.Contains(rest, "LoginSessionDuration=12") || strings.Contains(rest, "MFAOperation") {
		t.Fatalf("%q", rest)
	}
	if shown(t, p, incident.FactNoMFA) != "2" {
		t.Fatalf("%v", p.Shown)
	}
	if err := s.cloud.LogOn(userName); !errors.Is(err, sandbox.ErrNoMFA) {
		t.Fatal(err)
	}
	back := s.undone(p)
	s.run(back)
	s.verify(back, true)
	again := s.plan(incident.StepMFAEnforce)
	if was, _ := again.Guard(of, incident.FactMFARule); was != sandbox.Adaptive || len(p.DriftFrom(again)) > 0 {
		t.Fatalf("not as it was: %q", was)
	}
	must(t, s.cloud.SetPreference("EnableSaveMFATicket", "true"))
	if moved := again.DriftFrom(s.plan(incident.StepMFAEnforce)); len(moved) != 1 {
		t.Fatalf("the rest of the preference is not guarded: %v", moved)
	}
}

func TestAWriteThatForgetsTheRestIsPutBack(t *testing.T) {
	for _, lost := range []bool{false, true} {
		s := newStage(t)
		s.cloud.SetBehaviour(sandbox.Behaviour{ForgetPreference: true, UnlimitedLookups: true})
		must(t, s.cloud.SetPreference("LoginSessionDuration", "12"))
		p := s.plan(incident.StepMFAEnforce)
		if lost {
			defer s.cloud.Inject(sandbox.Fault{Kind: sandbox.Drop, Action: "SetSecurityPreference", Next: 1})()
		}
		_, err := s.step(p.Step).Run(t.Context(), p)
		s.wantError(err, "PreferencesChanged")
		s.verify(p, false)
		if moved := p.DriftFrom(s.plan(p.Step)); len(moved) > 0 {
			t.Fatalf("left changed: %v", moved)
		}
	}
}

func TestRelaxingNeedsToKnowWhatWas(t *testing.T) {
	s := newStage(t)
	for step, code := range map[string]string{
		incident.StepMFARelax: "UndoOnly", incident.StepGiveBack: "UndoOnly", incident.StepUserReactivate: "UndoOnly",
	} {
		_, err := s.step(step).Plan(t.Context(), s.target, nil)
		s.wantError(err, code)
	}
	_, err := s.step(incident.StepMFARelax).Plan(t.Context(), s.target, map[string]string{"mfa": "never"})
	s.wantError(err, "BadParameter")
}

func (s *stage) keys() map[string]string {
	out := map[string]string{}
	for _, u := range s.cloud.Snapshot().Users {
		for _, k := range u.Keys {
			if u.ID == s.userID {
				out[k.ID] = k.Status
			}
		}
	}
	return out
}

func TestDeactivatingTakesAllAndGivesBackWhatWasActive(t *testing.T) {
	s := newStage(t)
	other := got(s.cloud.AddKey(userName))(t)
	s.do(incident.StepKeyDisable)
	s.login(sandbox.Login{})
	p := s.do(incident.StepUserDeactivate)
	want := map[string]string{s.key.ID: incident.KeyInactive, other.ID: incident.KeyInactive}
	if diff := cmp.Diff(want, s.keys()); diff != "" {
		t.Fatal(diff)
	}
	if err := s.cloud.LogOn(userName); !errors.Is(err, sandbox.ErrNoLogin) {
		t.Fatal(err)
	}
	back := s.undone(p)
	s.run(back)
	s.verify(back, true)
	want[other.ID] = incident.KeyActive
	if diff := cmp.Diff(want, s.keys()); diff != "" {
		t.Fatalf("the leaked key was Inactive before (-want +got):\n%s", diff)
	}
	must(t, s.cloud.LogOn(userName))
}

func TestAKeyMadeAfterDeactivatingIsSeen(t *testing.T) {
	s := newStage(t)
	p := s.do(incident.StepUserDeactivate)
	_ = got(s.cloud.AddKey(userName))(t)
	s.verify(p, false)
}

func TestDeactivatingGoesOnWhereItStopped(t *testing.T) {
	for _, action := range []string{"UpdateAccessKey", "UpdateLoginProfile"} {
		s := newStage(t)
		_ = got(s.cloud.AddKey(userName))(t)
		s.login(sandbox.Login{})
		p := s.plan(incident.StepUserDeactivate)
		defer s.cloud.Inject(sandbox.Fault{Kind: sandbox.Unavailable, Action: action, Next: 1})()
		_, err := s.step(p.Step).Run(t.Context(), p)
		s.wantError(err, "ServiceUnavailable")
		s.verify(p, false)
		again := got(s.step(p.Step).Plan(t.Context(), p.Target, p.Params))(t)
		if moved := p.DriftFrom(again); len(moved) > 0 || again.Params["keys"] != p.Params["keys"] {
			t.Fatalf("%v %v", moved, again.Params)
		}
		s.run(again)
		s.verify(p, true)
		back := s.undone(p)
		defer s.cloud.Inject(sandbox.Fault{Kind: sandbox.Unavailable, Action: action, Next: 1})()
		_, err = s.step(back.Step).Run(t.Context(), back)
		s.wantError(err, "ServiceUnavailable")
		once := got(s.step(back.Step).Plan(t.Context(), back.Target, back.Params))(t)
		if moved := back.DriftFrom(once); len(moved) > 0 {
			t.Fatal(moved)
		}
		s.run(once)
		s.verify(back, true)
	}
}

func TestAUserIsDeletedAndRestoredWithoutItsLeakedKey(t *testing.T) {
	for _, whole := range []bool{false, true} {
		for _, active := range []bool{false, true} {
			s := newStage(t)
			s.cloud.SetBehaviour(sandbox.Behaviour{
				UnlimitedLookups: true, AcceptDeleteLeftovers: true, RestoreUserWhole: whole, RestoreActive: active,
			})
			s.login(sandbox.Login{MFARequired: true})
			must(t, s.cloud.AddGroup("deployers", system("AliyunOSSFullAccess")...))
			must(t, s.cloud.Join(userName, "deployers"))
			p := s.do(incident.StepUserDelete)
			for name, want := range map[incident.FactName]string{
				incident.FactPolicies: "System:AdministratorAccess", incident.FactGroups: "deployers",
				incident.FactGroupPolicy: "System:AliyunOSSFullAccess", incident.FactMFAForced: incident.Yes,
			} {
				if shown(t, p, name) != want {
					t.Fatalf("the snapshot lacks %s: %v", name, p.Shown)
				}
			}
			s.run(p) // again
			back := s.undone(p)
			if shown(t, back, incident.FactPurgeAt) == "" || shown(t, back, incident.FactPolicies) != "System:AdministratorAccess" {
				t.Fatalf("%v", back.Shown)
			}
			s.run(back)
			s.verify(back, true)
			s.verify(p, false)
			if status := s.status(); status != incident.KeyInactive {
				t.Fatalf("the leaked key came back %s", status)
			}
			_, err := s.step(incident.StepUserRestore).Plan(t.Context(), s.target, nil)
			s.wantError(err, "NothingToDo")
		}
	}
}

func TestTheCloudMayWantTheUserStripped(t *testing.T) {
	s := newStage(t)
	p := s.plan(incident.StepUserDelete)
	_, err := s.step(p.Step).Run(t.Context(), p)
	s.wantError(err, "DeleteConflict.User.AccessKey")
	s.verify(p, false)
}

func TestATakenNameIsInTheWay(t *testing.T) {
	s := newStage(t)
	s.cloud.SetBehaviour(sandbox.Behaviour{UnlimitedLookups: true, AcceptDeleteLeftovers: true})
	p := s.do(incident.StepUserDelete)
	s.cloud.AddUser(userName)
	_, err := s.step(incident.StepUserDelete).(actions.Reverser).Reverse(t.Context(), p)
	s.wantError(err, "NameTaken")
}

func TestStepsReachAUserThatTheThiefMade(t *testing.T) {
	s := newStage(t)
	s.cloud.SetBehaviour(sandbox.Behaviour{UnlimitedLookups: true, AcceptDeleteLeftovers: true})
	lead := s.target
	lead.User, lead.UserID = "backup-svc-1", s.cloud.AddUser("backup-svc-1") // the incident's key is not its own
	_ = got(s.cloud.AddKey("backup-svc-1"))(t)
	must(t, s.cloud.SetLogin("backup-svc-1", &sandbox.Login{}))
	must(t, s.cloud.SetPolicies("backup-svc-1", system("AdministratorAccess")...))
	s.target = lead
	s.given[incident.StepTrim] = map[string]string{"policies": "System:AdministratorAccess"}
	for _, step := range []string{
		incident.StepTrim, incident.StepMFARequire, incident.StepLoginCut, incident.StepUserDeactivate, incident.StepUserDelete, incident.StepUserRestore,
	} {
		s.do(step)
	}
	if status := s.status(); status != incident.KeyActive {
		t.Fatalf("the leaked key of another user is %s", status)
	}
}

func TestLostAnswersDoNotHideWhatWasDone(t *testing.T) {
	for step, action := range map[string]string{
		incident.StepTrim: "DetachPolicyFromUser", incident.StepLoginCut: "UpdateLoginProfile", incident.StepMFAEnforce: "SetSecurityPreference",
		incident.StepUserDeactivate: "UpdateAccessKey", incident.StepUserDelete: "DeleteUser", incident.StepUserRestore: "RestoreUserFromRecycleBin",
	} {
		s := newStage(t)
		s.cloud.SetBehaviour(sandbox.Behaviour{UnlimitedLookups: true, AcceptDeleteLeftovers: true, RestoreActive: true})
		if furnish := furnishUser[step]; furnish != nil {
			furnish(s)
		}
		p := s.plan(step)
		defer s.cloud.Inject(sandbox.Fault{Kind: sandbox.Drop, Action: action, Next: 1})()
		_, err := s.step(step).Run(t.Context(), p)
		if err != nil && !actions.Transient(err) {
			t.Fatalf("%s: %v", step, err)
		}
		s.verify(p, true)
	}
}

func rooted(s *stage) incident.Target {
	s.target.User, s.target.UserID = "", ""
	return s.target
}

func TestPeopleActAndAnAPIChecksRoot(t *testing.T) {
	s := newStage(t)
	root := got(s.cloud.AddRootKey())(t)
	s.target.Key = incident.KeyID(root.ID)
	rooted(s)
	mfa, less := s.plan(incident.StepRootMFA), s.plan(incident.StepRootDelete)
	for _, p := range []incident.Plan{mfa, less} {
		if len(p.Guarded) == 0 || p.Undo != "" {
			t.Fatalf("%+v", p)
		}
		s.run(p)
		s.verify(p, false)
	}
	must(t, s.cloud.SetRootKey(root.ID, false))
	s.verify(less, false)
	must(t, s.cloud.SetMFA("", true))
	must(t, s.cloud.DeleteRootKey(root.ID))
	for _, p := range []incident.Plan{mfa, less} {
		again := got(s.step(p.Step).Plan(t.Context(), p.Target, p.Params))(t)
		if moved := p.DriftFrom(again); len(moved) > 0 {
			t.Fatalf("what people did counts as drift: %v", moved)
		}
		s.verify(p, true)
		_, err := s.step(p.Step).Plan(t.Context(), s.target, nil)
		s.wantError(err, "NothingToDo")
	}
	if n := s.writes(); n != 0 {
		t.Fatalf("%d writes", n)
	}
}

func TestStepsOnRootNeedAnAccountAndAKey(t *testing.T) {
	s := newStage(t)
	rooted(s)
	for _, step := range []string{incident.StepRootMFA, incident.StepRootDelete} {
		for _, change := range []func(*incident.Target){
			func(t *incident.Target) { t.Key = "" },
			func(t *incident.Target) { t.AccountID = "" },
		} {
			target := s.target
			change(&target)
			_, err := s.step(step).Plan(t.Context(), target, nil)
			s.wantError(err, "NoTarget")
		}
	}
	if n := len(s.cloud.Snapshot().Calls); n != 0 {
		t.Fatalf("%d calls", n)
	}
}

func TestEvidenceOfRoot(t *testing.T) {
	s := newStage(t)
	root := got(s.cloud.AddRootKey())(t)
	s.target.Key = incident.KeyID(root.ID)
	seen := map[incident.FactName]string{}
	for _, sight := range got(s.account.Evidence(t.Context(), rooted(s), time.Now()))(t) {
		if sight.Of != incident.OfAccount(s.cloud.Account()) {
			t.Fatalf("%+v", sight)
		}
		for name, value := range sight.Facts {
			seen[name] = value
		}
	}
	want := map[incident.FactName]string{incident.FactRootKeys: "1", incident.FactRootMFA: incident.No}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Fatal(diff)
	}
}
