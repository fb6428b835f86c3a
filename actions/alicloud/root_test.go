package alicloud_test

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
)

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
		maps.Copy(seen, sight.Facts)
	}
	want := map[incident.FactName]string{incident.FactRootKeys: "1", incident.FactRootMFA: incident.No}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Fatal(diff)
	}
}
