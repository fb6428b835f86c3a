package alicloud_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/actions"
	"twokey/actions/sandbox"
	"twokey/incident"
)

func TestDisableLocksTheThiefOut(t *testing.T) {
	s := newStage(t)
	thief := s.thief()
	if r := got(thief.Step(t.Context()))(t); !r.Allowed {
		t.Fatalf("the thief is refused before anything was done: %+v", r)
	}
	p := s.do(incident.StepKeyDisable)
	if r := got(thief.Step(t.Context()))(t); r.Allowed || r.Code != "InvalidAccessKeyId.Inactive" {
		t.Fatalf("the thief after key.disable: %+v", r)
	}
	want := incident.Plan{
		Step: incident.StepKeyDisable, Target: s.target, Undo: incident.StepKeyEnable, Params: map[string]string{},
		Guarded: []incident.Fact{
			fact(incident.OfKey(s.target.Key), incident.FactAccountID, s.cloud.Account()),
			fact(incident.OfKey(s.target.Key), incident.FactUserID, s.userID),
			fact(incident.OfKey(s.target.Key), incident.FactStatus, incident.KeyActive),
		},
		Impact: incident.Impact{Breaks: []string{"Ecs"}},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Fatalf("plan (-want +got):\n%s", diff)
	}
}

func TestDisableAgainHasNothingToDoAndRunsHarmlessly(t *testing.T) {
	for _, refuses := range []bool{false, true} {
		s := newStage(t)
		s.cloud.SetBehaviour(sandbox.Behaviour{RefuseSameStatus: refuses})
		p := s.do(incident.StepKeyDisable)
		_, err := s.step(incident.StepKeyDisable).Plan(t.Context(), s.target, nil)
		if !errors.Is(err, actions.ErrNothingToDo) {
			t.Fatalf("second plan: %v", err)
		}
		if _, err := s.step(incident.StepKeyDisable).Run(t.Context(), p); err != nil {
			t.Fatalf("second run: %v", err)
		}
	}
}

func TestEnableGivesBackWhatDisableTook(t *testing.T) {
	s := newStage(t)
	p := s.do(incident.StepKeyDisable)
	back := got(s.step(incident.StepKeyDisable).(actions.Reverser).Reverse(t.Context(), p))(t)
	if status, _ := back.Guard(incident.OfKey(s.target.Key), incident.FactStatus); back.Step != incident.StepKeyEnable || status != incident.KeyInactive {
		t.Fatalf("the reverse of key.disable is %v guarding %q", back, status)
	}
	_ = got(s.step(back.Step).Run(t.Context(), back))(t)
	s.verify(back, true)
	s.verify(p, false)
	if r := got(s.thief().Step(t.Context()))(t); !r.Allowed {
		t.Fatalf("an enabled key is refused: %+v", r)
	}
}

func TestDisableCountsKeysThatCannotAct(t *testing.T) {
	s := newStage(t)
	p := s.do(incident.StepKeyDisable)
	s.do(incident.StepKeyDelete)
	s.verify(p, true) // in the bin
	_, err := s.step(incident.StepKeyDisable).Plan(t.Context(), s.target, nil)
	if !errors.Is(err, actions.ErrNothingToDo) {
		t.Fatalf("plan for a key in the bin: %v", err)
	}
	_, err = s.step(incident.StepKeyEnable).Plan(t.Context(), s.target, nil)
	s.wantError(err, "EntityNotExist.User.AccessKey")
}

func TestContainmentDoesNotWaitForTheAuditTrail(t *testing.T) {
	s := newStage(t)
	s.cloud.Inject(sandbox.Fault{Kind: sandbox.HTML, Product: "actiontrail"})
	p := s.do(incident.StepKeyDisable)
	if len(p.Impact.Breaks) != 0 {
		t.Fatalf("the trail is down, yet the plan knows of %v", p.Impact.Breaks)
	}
}

func TestAThiefCannotMakeAContainmentLookHarmfulOrDrift(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at)
	leak := at.now().Add(-10 * time.Minute)
	given := map[string]string{actions.KnownBefore: leak.Format(time.RFC3339)}
	use := func(ago time.Duration, service, event string) {
		must(t, s.cloud.RecordUse(s.key.ID, sandbox.Use{At: at.now().Add(-ago), Service: service, Event: event}))
	}
	use(48*time.Hour, "Ecs", "DeleteInstance") // its owner's, before
	use(48*time.Hour, "Rds", "DescribeDBInstances")
	use(100*24*time.Hour, "Kms", "Decrypt")   // so long ago that only its last use is kept
	use(time.Minute, "Ecs", "DeleteInstance") // anybody's, after
	want := map[string][]string{incident.StepKeyDisable: {"Ecs", "Kms", "Rds"}, incident.StepPolicyQuarantine: {"ecs:DeleteInstance"}}
	plans := map[string]incident.Plan{}
	for name, breaks := range want {
		plans[name] = got(s.step(name).Plan(t.Context(), s.target, given))(t)
		if diff := cmp.Diff(breaks, plans[name].Impact.Breaks); diff != "" {
			t.Fatalf("%s breaks (-want +got):\n%s", name, diff)
		}
	}
	use(0, "Oss", "DeleteBucket") // the thief's
	at.advance(5 * time.Minute)
	for name, p := range plans {
		again := got(s.step(name).Plan(t.Context(), p.Target, p.Params))(t)
		if diff := cmp.Diff(p, again); diff != "" {
			t.Fatalf("%s drifts (-agreed +now):\n%s", name, diff)
		}
	}
	_, err := s.step(incident.StepKeyDisable).Plan(t.Context(), s.target, map[string]string{actions.KnownBefore: "yesterday"})
	s.wantError(err, "BadParameter")
}

func TestAKeyOfAnotherUserIsNotTouched(t *testing.T) {
	s := newStage(t)
	s.target.UserID = s.cloud.AddUser("bystander")
	for _, name := range []string{incident.StepKeyDisable, incident.StepKeyDelete} {
		_, err := s.step(name).Plan(t.Context(), s.target, nil)
		s.wantError(err, "OtherOwner")
	}
}
