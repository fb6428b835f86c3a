package alicloud_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/actions"
	"twokey/actions/sandbox"
	"twokey/incident"
)

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
