package incident_test

import (
	"testing"

	"twokey/incident"
)

func system(t *testing.T) *history {
	h := fresh(t)
	h.id = incident.System
	h.must(incident.Bot, incident.Configure{Digest: "d1"})
	return h
}

func TestAChangedConfigurationIsWrittenDownOnce(t *testing.T) {
	h := system(t)
	h.silent(incident.Bot, incident.Configure{Digest: "d1"})
	h.must(incident.Bot, incident.Configure{Digest: "d2", Changes: []incident.Change{{What: "may_approve", Who: "eve"}}})
	if got := h.state().Config; got != "d2" {
		t.Errorf("configuration = %q, want d2", got)
	}
}

func TestAHoldEndsWhenAnApproverSaysGo(t *testing.T) {
	h := system(t)
	h.refused(incident.AlreadySaid, "ana", incident.Release{})
	h.must(incident.Bot, incident.Hold{Why: incident.HoldClock})
	h.silent(incident.Bot, incident.Hold{Why: incident.HoldClock})
	h.must(incident.Bot, incident.Hold{Why: incident.HoldBehind}) // a second reason is news
	if got := h.state().Held; got != incident.HoldBehind {
		t.Errorf("held because %q, want %q", got, incident.HoldBehind)
	}
	h.refused(incident.NotAllowed, "rio", incident.Release{})
	h.refused(incident.NotAllowed, incident.Bot, incident.Release{})
	h.refused(incident.NotAllowed, "eve", incident.Release{})
	h.must("ana", incident.Release{})
	if got := h.state().Held; got != "" {
		t.Errorf("held because %q, want not held", got)
	}
}

func TestDamageIsToldOnceAndNotWithoutEnd(t *testing.T) {
	h := system(t)
	edited := incident.ReportDamage{Of: "inc-1", Seq: 3, Why: "edited"}
	h.refused(incident.OnlyBot, "ana", edited)
	h.must(incident.Bot, edited)
	h.silent(incident.Bot, edited)
	h.must(incident.Bot, incident.ReportDamage{Of: "inc-1", Seq: 2, Why: "gap"}) // that is news
	for n := uint64(2); n < 10; n++ {
		h.must(incident.Bot, incident.ReportDamage{Of: incident.NewID(n), Why: "missing"})
	}
	h.silent(incident.Bot, incident.ReportDamage{Of: "inc-99", Why: "missing"})
	if got := len(h.state().Damaged); got != 10 {
		t.Errorf("%d findings, want 10", got)
	}
}

func TestTheSystemLogIsNoIncident(t *testing.T) {
	h := system(t)
	if h.state().Open() {
		t.Error("the system log counts as an open incident")
	}
	for _, c := range []incident.Command{
		incident.Note{Text: "w"},
		incident.Take{},
		incident.Propose{Plan: because(incident.StepClose)},
		incident.Close{},
		incident.Open{Alert: alert("scans", key)},
	} {
		h.refused(incident.NotOpen, "ana", c)
	}
	h.refused(incident.NotOpen, incident.Bot, incident.GiveUp{})
}

func TestAnIncidentIsNoSystemLog(t *testing.T) {
	h := found(t)
	h.refused(incident.NotOpen, incident.Bot, incident.Configure{Digest: "d1"})
	h.refused(incident.NotOpen, incident.Bot, incident.Hold{Why: incident.HoldClock})
	h.refused(incident.NotOpen, "ana", incident.Release{})
	h.refused(incident.NotOpen, incident.Bot, incident.ReportDamage{Of: "inc-1"})
}

func TestANewerSystemRecordHoldsUntilAPersonLooks(t *testing.T) {
	h := system(t)
	h.foreign(incident.System)
	if got := h.state().Held; got != incident.HoldForeign {
		t.Errorf("held because %q, want %q", got, incident.HoldForeign)
	}
	h.must("ana", incident.Release{})
	h.must(incident.Bot, incident.Hold{Why: incident.HoldClock}) // the log goes on
}
