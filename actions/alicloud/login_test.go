package alicloud_test

import (
	"errors"
	"strings"
	"testing"

	"twokey/actions/sandbox"
	"twokey/incident"
)

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
