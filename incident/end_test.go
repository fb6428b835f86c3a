package incident_test

import (
	"testing"
	"time"

	"twokey/incident"
)

func TestTwoPeopleAndAReasonCallAFalseAlarm(t *testing.T) {
	h := found(t)
	h.refused(incident.NeedsReason, "rio", incident.Propose{Plan: incident.Plan{Step: incident.StepFalseAlarm}})
	p := h.ask("rio", because(incident.StepFalseAlarm))
	h.approve(p, "ana")
	if h.state().FalseAlarm {
		t.Fatal("one person called a false alarm")
	}
	h.approve(p, "bo")
	if !h.state().FalseAlarm {
		t.Fatal("two people called a false alarm and it is none")
	}
	if got := h.plan(p.Number); !got.Confirmed() {
		t.Errorf("the plan is %s, want it confirmed", got.Status)
	}
	h.refused(incident.AlreadySaid, "rio", incident.Propose{Plan: because(incident.StepFalseAlarm)})
}

func TestNobodyCallsOffTheAlarmAboutTheirOwnUser(t *testing.T) {
	for _, step := range []string{incident.StepFalseAlarm, incident.StepClose} {
		h := found(t)
		h.rules.Members[0].RAM = []incident.RAMUser{{Account: account, User: user}}
		p := h.ask("rio", because(step)) // names no target: the rules fill it in
		h.refused(incident.OwnUser, "ana", yes(p))
	}
}

func TestAFalseAlarmIsAboutTheKeyThatPeopleSaw(t *testing.T) {
	h := fresh(t)
	h.must(incident.Bot, incident.Open{Alert: alert("github", "")})
	p := h.ask("rio", because(incident.StepFalseAlarm))
	h.approve(p, "ana")
	h.must("rio", incident.EnterKey{Key: key})
	h.refused(incident.HasDrifted, "bo", yes(p))
	h.in(p, incident.StatusDrifted)
	if h.state().FalseAlarm {
		t.Error("a vote was carried over to another key")
	}
}

func TestWatchedAccountsCanBeClosedToo(t *testing.T) {
	h := found(t)
	h.rules.Observe = []string{account}
	h.approve(h.ask("rio", because(incident.StepClose)), "ana", "bo")
	if h.state().Open() {
		t.Error("two people closed it and it is open")
	}
}

func TestOneResponderClosesWhatIsSeenContained(t *testing.T) {
	h := found(t)
	h.refused(incident.NotContained, "rio", incident.Close{})
	h.status(incident.KeyUnknown)
	h.refused(incident.NotContained, "rio", incident.Close{})
	h.status(incident.KeyInactive)
	h.refused(incident.NotAllowed, incident.Bot, incident.Close{})
	h.refused(incident.NotAllowed, "eve", incident.Close{})
	h.must("rio", incident.Close{Reason: "w5"})
	if s := h.state(); s.Open() || s.CloseWhy != "w5" {
		t.Errorf("open %v, because %q", s.Open(), s.CloseWhy)
	}
	h.refused(incident.NotOpen, "rio", incident.Close{})
}

func TestTwoPeopleCloseWhatIsNot(t *testing.T) {
	h := found(t)
	p := h.ask("rio", because(incident.StepClose))
	h.approve(p, "ana")
	if !h.state().Open() {
		t.Fatal("one person closed an incident whose key is active")
	}
	h.approve(p, "bo")
	if s := h.state(); s.Open() || s.CloseWhy != "w1" {
		t.Errorf("open %v, because %q", s.Open(), s.CloseWhy)
	}
}

func TestNothingClosesOverAStepUnderWay(t *testing.T) {
	h := found(t)
	p := h.ask("rio", because(incident.StepClose))
	h.approve(p, "ana")
	h.ready(disable)
	h.refused(incident.InProgress, "bo", yes(p))
	h.status(incident.KeyInactive)
	h.refused(incident.InProgress, "rio", incident.Close{})
	h.must("chen", no(p))
	h.refused(incident.InProgress, "rio", incident.Propose{Plan: because(incident.StepClose)})
}

func TestNoVoteOutlivesItsIncident(t *testing.T) {
	h := found(t)
	p := h.ask("rio", destroy)
	h.approve(p, "ana")
	h.status(incident.KeyInactive)
	h.must("rio", incident.Close{})
	h.refused(incident.NotOpen, "bo", yes(p))
	h.refused(incident.NotOpen, "chen", no(p))
	h.refused(incident.NotOpen, "ana", incident.Withdraw{Number: p.Number})
	h.wait(time.Minute)
	h.status(incident.KeyActive)
	h.must(incident.Bot, incident.Reopen{Why: "key_active"})
	h.refused(incident.TooLate, "bo", yes(p))
	h.in(p, incident.StatusLapsed)
}

func TestAClosedIncidentReopensWhenTheKeyLivesAgain(t *testing.T) {
	h := found(t)
	h.refused(incident.AlreadyOpen, incident.Bot, incident.Reopen{})
	h.status(incident.KeyInactive)
	h.must("rio", incident.Close{})
	h.wait(time.Hour)
	h.status(incident.KeyActive)
	h.must(incident.Bot, incident.Reopen{Why: "key_active"})
	if !h.state().Open() {
		t.Error("it is not open")
	}
}

func TestWhatPeopleKnewWhenTheyClosedDoesNotReopen(t *testing.T) {
	h := found(t)
	h.approve(h.ask("rio", because(incident.StepClose)), "ana", "bo")
	h.wait(time.Hour)
	h.refused(incident.AlreadySaid, incident.Bot, incident.Reopen{Why: "key_active"})
	h.status(incident.KeyInactive)
	h.wait(time.Hour)
	h.status(incident.KeyActive)
	h.must(incident.Bot, incident.Reopen{Why: "key_active"})
}

func TestALookupBecomesTheKeysIncident(t *testing.T) {
	h := fresh(t)
	h.must(incident.Bot, incident.Open{Alert: alert("github", "")})
	h.refused(incident.NoKeyYet, "rio", incident.Propose{Plan: disable})
	h.refused(incident.BadAnswer, "rio", incident.EnterKey{})
	h.must("rio", incident.EnterKey{Key: key})
	h.refused(incident.HasKey, "ana", incident.EnterKey{Key: "LTAI" + "5tOther"})
	if s := h.state(); s.Lookup() || s.Key != key || !s.KeyTyped {
		t.Errorf("lookup %v, key %q, typed %v", s.Lookup(), s.Key, s.KeyTyped)
	}
}

func TestALookupOfAKnownKeyIsMerged(t *testing.T) {
	look := fresh(t)
	look.id = incident.NewID(2)
	look.must(incident.Bot, incident.Open{Alert: alert("github", "")})
	p := look.ask("rio", because(incident.StepFalseAlarm))
	look.approve(p, "ana")
	for _, into := range []incident.ID{"", "inc-2", incident.System} {
		look.refused(incident.BadAnswer, "rio", incident.Merge{Into: into})
	}
	look.must("rio", incident.Merge{Into: "inc-1"})
	look.refused(incident.NotOpen, "bo", yes(p)) // votes never travel
	look.in(p, incident.StatusLapsed)
	look.refused(incident.NotOpen, incident.Bot, incident.Observe{Of: ofKey})
	look.refused(incident.AlreadyOpen, incident.Bot, incident.Reopen{})
	if s := look.state(); s.Open() || s.MergedInto != "inc-1" {
		t.Errorf("open %v, merged into %q", s.Open(), s.MergedInto)
	}

	h := found(t)
	h.refused(incident.HasKey, "rio", incident.Merge{Into: "inc-2"})
	for _, from := range []incident.ID{"", "inc-1", incident.System} {
		h.refused(incident.BadAnswer, "rio", incident.Absorb{From: from})
	}
	h.must("rio", incident.Absorb{From: "inc-2", Head: look.state().Head})
	h.refused(incident.AlreadySaid, "rio", incident.Absorb{From: "inc-2"})
}

func TestOnlyAnOpenIncidentWithAKeyAbsorbs(t *testing.T) {
	h := fresh(t)
	h.must(incident.Bot, incident.Open{Alert: alert("github", "")})
	h.refused(incident.NotOpen, "rio", incident.Absorb{From: "inc-2"})
}
