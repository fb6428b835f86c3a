package alicloud_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/actions"
	"twokey/actions/sandbox"
	"twokey/incident"
)

func TestDeletePutsTheKeyInTheBinAndRestoreGivesItBackInactive(t *testing.T) {
	for _, active := range []bool{false, true} {
		s := newStage(t)
		s.cloud.SetBehaviour(sandbox.Behaviour{RestoreActive: active})
		s.do(incident.StepKeyDisable)
		p := s.do(incident.StepKeyDelete)
		if s.status() != incident.KeyInBin {
			t.Fatalf("deleted key is %s", s.status())
		}
		back := got(s.step(p.Step).(actions.Reverser).Reverse(t.Context(), p))(t)
		if status, _ := back.Guard(incident.OfKey(s.target.Key), incident.FactStatus); status != incident.KeyInBin {
			t.Fatalf("the restoring plan guards status %q", status)
		}
		_ = got(s.step(back.Step).Run(t.Context(), back))(t)
		s.verify(back, true)
		if s.status() != incident.KeyInactive {
			t.Fatalf("restored key is %s when the cloud restores as active=%v", s.status(), active)
		}
		_ = got(s.step(back.Step).Run(t.Context(), back))(t) // again: harmless
		s.verify(back, true)
	}
}

func TestAProgramThatIsStoppedLeavesNoRestoredKeyActive(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := stageOn(t, sandbox.Options{After: func(action string) {
		if action == "RestoreAccessKeyFromRecycleBin" {
			cancel()
		}
	}})
	s.cloud.SetBehaviour(sandbox.Behaviour{RestoreActive: true})
	s.do(incident.StepKeyDisable)
	s.do(incident.StepKeyDelete)
	p := s.plan(incident.StepKeyRestore)
	_, _ = s.step(p.Step).Run(ctx, p) // whatever it returns
	if s.status() != incident.KeyInactive {
		t.Fatalf("the key is %s", s.status())
	}
}

func TestDeleteNeedsAnInactiveKeyWhateverTheCloudAccepts(t *testing.T) {
	for _, accepts := range []bool{false, true} {
		s := newStage(t)
		s.cloud.SetBehaviour(sandbox.Behaviour{AcceptDeleteActive: accepts})
		p := s.plan(incident.StepKeyDelete) // shows the status, for the order rules
		if status, _ := p.Guard(incident.OfKey(s.target.Key), incident.FactStatus); status != incident.KeyActive {
			t.Fatalf("the plan guards status %q", status)
		}
		_, err := s.step(p.Step).Run(t.Context(), p)
		s.wantError(err, "KeyStillActive")
		if n := s.cloud.Calls("DeleteAccessKey"); n != 0 {
			t.Fatalf("%d deletes of an Active key were sent", n)
		}
	}
}

func TestTheCloudRefusingToDeleteIsNotDone(t *testing.T) {
	s := newStage(t)
	s.do(incident.StepKeyDisable)
	p := s.plan(incident.StepKeyDelete)
	s.do(incident.StepKeyEnable) // somebody was faster
	_, err := s.step(p.Step).Run(t.Context(), p)
	s.wantError(err, "DeleteConflict.AccessKey.Active")
	s.verify(p, false)
}

func TestDeleteShowsWhichKeyAFullBinLoses(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at)
	oldest := s.key.ID
	for range 3 {
		at.advance(time.Hour)
		s.do(incident.StepKeyDisable)
		p := s.do(incident.StepKeyDelete)
		if len(p.Shown) != 1 {
			t.Fatalf("a bin with room loses %v", p.Shown)
		}
		s.key = got(s.cloud.AddKey(userName))(t)
		s.target.Key = incident.KeyID(s.key.ID)
	}
	s.do(incident.StepKeyDisable)
	p := s.plan(incident.StepKeyDelete)
	want := []incident.Fact{
		fact(incident.OfKey(incident.KeyID(oldest)), incident.FactStatus, incident.KeyGone),
		fact(incident.OfKey(s.target.Key), incident.FactPurgeAt, at.now().Add(30*24*time.Hour).Format(time.RFC3339)),
	}
	if diff := cmp.Diff(want, p.Shown); diff != "" {
		t.Fatalf("shown (-want +got):\n%s", diff)
	}
	if bin, ok := p.Guard(incident.OfUser(s.userID), incident.FactBin); !ok || len(bin) < 3*len(oldest) {
		t.Fatalf("the bin is guarded as %q", bin)
	}
	_ = got(s.step(p.Step).Run(t.Context(), p))(t)
	s.target.Key = incident.KeyID(oldest)
	_, err := s.step(incident.StepKeyRestore).Plan(t.Context(), s.target, nil)
	s.wantError(err, "EntityNotExist.User.AccessKey")
}

func TestRestoreShowsWhetherThereIsRoom(t *testing.T) {
	s := newStage(t)
	s.do(incident.StepKeyDisable)
	s.do(incident.StepKeyDelete)
	for _, want := range []string{incident.Free, incident.Free, incident.Full} {
		p := s.plan(incident.StepKeyRestore)
		if p.Shown[1] != fact(incident.OfUser(s.userID), incident.FactSlot, want) {
			t.Fatalf("shown %v, want slot %s", p.Shown, want)
		}
		_ = got(s.cloud.AddKey(userName))(t)
	}
	p := s.plan(incident.StepKeyRestore)
	_, err := s.step(p.Step).Run(t.Context(), p)
	s.wantError(err, "LimitExceeded.User.AccessKey")
	s.verify(p, false)
}

func TestRestoringWhatIsThereHasNothingToDo(t *testing.T) {
	s := newStage(t)
	s.do(incident.StepKeyDisable)
	_, err := s.step(incident.StepKeyRestore).Plan(t.Context(), s.target, nil)
	if !errors.Is(err, actions.ErrNothingToDo) {
		t.Fatal(err)
	}
}

func TestDeletingTwiceDeletesOneKey(t *testing.T) {
	s := newStage(t)
	other := got(s.cloud.AddKey(userName))(t)
	s.do(incident.StepKeyDisable)
	p := s.do(incident.StepKeyDelete)
	_ = got(s.step(p.Step).Run(t.Context(), p))(t)
	s.verify(p, true)
	for _, u := range s.cloud.Snapshot().Users {
		for _, k := range u.Keys {
			if k.ID == other.ID && (k.InBin || k.Status != incident.KeyActive) {
				t.Fatalf("the other key of the user is %+v", k)
			}
		}
	}
}

// Else the guard would say, a month later, that somebody undid the deletion.
func TestAKeyThatTheBinLetGoInItsTimeIsStillDeleted(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at)
	s.do(incident.StepKeyDisable)
	p := s.do(incident.StepKeyDelete)
	at.advance(30*24*time.Hour - time.Second)
	s.verify(p, true)
	at.advance(time.Second)
	if s.status() != incident.KeyGone {
		t.Fatalf("the key is %s", s.status())
	}
	s.verify(p, true)
}

// Gone before its time is not what people agreed to: it cannot be restored.
func TestAKeyThatIsGoneBeforeItsTimeIsNotDeletedAsPlanned(t *testing.T) {
	at := newClock()
	s := newStageAt(t, at)
	s.do(incident.StepKeyDisable)
	p := s.do(incident.StepKeyDelete)
	for range 3 { // more deletions push it out
		s.key = got(s.cloud.AddKey(userName))(t)
		s.target.Key = incident.KeyID(s.key.ID)
		s.do(incident.StepKeyDisable)
		at.advance(time.Hour)
		s.do(incident.StepKeyDelete)
	}
	s.verify(p, false)
}
