package incident_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
)

var destroy = plan("user.delete")

func TestTwoPeopleTurnTheKey(t *testing.T) {
	h := found(t)
	p := h.ask("rio", destroy)
	h.approve(p, "ana")
	h.refused(incident.AlreadyVoted, "ana", yes(p))
	h.refused(incident.NotReady, incident.Bot, incident.Start{Number: p.Number})
	h.approve(p, "bo")
	h.must(incident.Bot, incident.Start{Number: p.Number})
	h.must(incident.Bot, incident.Finish{Number: p.Number, Outcome: incident.Confirmed})

	want := []string{
		"opened", "observed", "observed", "proposed", "approved", "approved", "authorized", "started", "finished",
	}
	if diff := cmp.Diff(want, h.kinds()); diff != "" {
		t.Errorf("timeline (-want +got):\n%s", diff)
	}
}

func TestWhoMayVote(t *testing.T) {
	own := house()
	own.Members[1].RAM = []incident.RAMUser{{Account: account, User: user}}
	strict := house()
	strict.RequesterCounts = false
	tests := []struct {
		name  string
		rules incident.Rules
		step  string
		by    incident.Person
		want  error
	}{
		{"an approver", house(), incident.StepKeyDisable, "bo", nil},
		{"a responder, on what can be taken back", house(), incident.StepKeyFence, "rio", nil},
		{"not a responder, on what hurts", house(), incident.StepKeyDisable, "rio", incident.NotAllowed},
		{"not somebody unknown", house(), incident.StepKeyFence, "eve", incident.NotAllowed},
		{"not nobody", house(), incident.StepKeyFence, "", incident.Stranger},
		{"not the bot", house(), incident.StepKeyFence, incident.Bot, incident.NotAllowed},
		{"the asker", house(), incident.StepKeyDisable, "ana", nil},
		{"not the asker, if the house says so", strict, incident.StepKeyDisable, "ana", incident.OwnRequest},
		{"not on destroying one's own user", own, "user.delete", "bo", incident.OwnUser},
		{"nor on disabling one's own user's key", own, incident.StepKeyDisable, "bo", incident.OwnUser},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := found(t)
			h.rules = tt.rules
			p := h.ask("ana", plan(tt.step, keyIs(incident.KeyActive)))
			if err := h.do(tt.by, yes(p)); !errors.Is(err, tt.want) {
				t.Errorf("approve = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestABotInTheMemberListIsStillNobody(t *testing.T) {
	h := found(t)
	h.rules.Members = append(h.rules.Members,
		incident.Member{ID: incident.Bot, Roles: []incident.Role{incident.Approver}},
		incident.Member{ID: "", Roles: []incident.Role{incident.Approver}})
	p := h.ask("ana", disable)
	h.refused(incident.NotAllowed, incident.Bot, yes(p))
	h.refused(incident.Stranger, "", yes(p))
}

func TestAVoteIsForOneDigest(t *testing.T) {
	h := found(t)
	first := h.ask("ana", destroy)
	other := h.ask("ana", disable)
	h.refused(incident.OtherPlan, "bo", incident.Approve{Number: first.Number, Digest: other.Digest})
	h.refused(incident.OtherPlan, "bo", incident.Approve{Number: first.Number})
	h.refused(incident.OtherPlan, "bo", incident.Decline{Number: first.Number, Digest: other.Digest})
	h.refused(incident.NoSuchPlan, "bo", incident.Approve{Number: 9, Digest: first.Digest})
}

func TestVotesAgeOut(t *testing.T) {
	tests := []struct {
		name string
		wait time.Duration
		want incident.Status
	}{
		{"the last moment counts", 30*time.Minute - time.Microsecond, incident.StatusReady},
		{"the end does not", 30 * time.Minute, incident.StatusLapsed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := found(t)
			p := h.ask(incident.Bot, destroy)
			h.approve(p, "ana")
			h.wait(tt.wait)
			h.do("bo", yes(p))
			h.in(p, tt.want)
		})
	}
}

func TestAnAgedVoteDoesNotAddUp(t *testing.T) {
	h := found(t)
	h.rules.People = map[incident.Tier]int{incident.Destructive: 3}
	p := h.ask("ana", destroy)
	h.approve(p, "ana")
	h.wait(20 * time.Minute)
	h.approve(p, "bo")
	h.wait(20 * time.Minute) // Ana's has aged out, Bo's keeps the plan alive
	h.approve(p, "chen")
	h.in(p, incident.StatusWaiting)
	h.approve(p, "ana")
	h.in(p, incident.StatusReady)
}

func TestLateIsLateEvenIfTheClockGoesBack(t *testing.T) {
	h := found(t)
	p := h.ask("rio", destroy)
	h.approve(p, "ana")
	h.wait(31 * time.Minute)
	h.refused(incident.TooLate, "bo", yes(p))
	h.wait(-20 * time.Minute)
	h.refused(incident.TooLate, "bo", yes(p))
	h.in(p, incident.StatusLapsed)
}

func TestATimeBeforeTheLastRecordIsThatRecords(t *testing.T) {
	h := found(t)
	p := h.ask("rio", destroy)
	h.approve(p, "ana")
	h.wait(-24 * time.Hour)
	h.approve(p, "bo")
	v := h.plan(p.Number).Votes
	if !v[1].At.Equal(v[0].At) || !v[1].Until.Equal(v[0].Until) {
		t.Errorf("a vote under a clock set back is %v until %v, want %v until %v", v[1].At, v[1].Until, v[0].At, v[0].Until)
	}
	if last := h.records[len(h.records)-1].At; last.Before(t0) {
		t.Errorf("a record is dated %v, before the one before it", last)
	}
}

func TestAnOfferThatNobodyTouchedDoesNotAge(t *testing.T) {
	h := found(t)
	p := h.ask(incident.Bot, disable)
	h.wait(48 * time.Hour)
	h.refused(incident.TooEarly, incident.Bot, incident.Lapse{Number: p.Number})
	h.approve(p, "ana", "bo")
	h.in(p, incident.StatusReady)
}

func TestWithdrawnVotesDoNotCount(t *testing.T) {
	h := found(t)
	p := h.ask(incident.Bot, destroy)
	h.approve(p, "ana")
	h.refused(incident.NoVote, "bo", incident.Withdraw{Number: p.Number})
	h.must("ana", incident.Withdraw{Number: p.Number})
	h.approve(p, "bo")
	h.in(p, incident.StatusWaiting)
	h.approve(p, "ana")
	h.in(p, incident.StatusReady)
}

func TestAnOfferWithItsVotesWithdrawnIsAnOfferAgain(t *testing.T) {
	h := found(t)
	p := h.ask(incident.Bot, disable)
	h.approve(p, "ana")
	h.must("ana", incident.Withdraw{Number: p.Number})
	h.wait(48 * time.Hour)
	h.refused(incident.TooEarly, incident.Bot, incident.Lapse{Number: p.Number})
}

func TestAVoteThatAgedOutCannotBeWithdrawn(t *testing.T) {
	h := found(t)
	p := h.ask(incident.Bot, disable)
	h.approve(p, "ana")
	h.wait(30 * time.Minute)
	h.refused(incident.NoVote, "ana", incident.Withdraw{Number: p.Number})
	h.must(incident.Bot, incident.Lapse{Number: p.Number})
	h.in(p, incident.StatusLapsed)
}

func TestUntilItStartsItCanBeStopped(t *testing.T) {
	t.Run("by withdrawing", func(t *testing.T) {
		h := found(t)
		p := h.ready(destroy)
		h.must("ana", incident.Withdraw{Number: p.Number})
		h.in(p, incident.StatusLapsed)
		h.refused(incident.NotReady, incident.Bot, incident.Start{Number: p.Number})
	})
	t.Run("by an approver's no", func(t *testing.T) {
		h := found(t)
		p := h.ready(destroy)
		h.must("chen", no(p))
		h.refused(incident.NotReady, incident.Bot, incident.Start{Number: p.Number})
	})
	t.Run("not afterwards", func(t *testing.T) {
		h := found(t)
		p := h.running(destroy)
		h.refused(incident.InProgress, "ana", incident.Withdraw{Number: p.Number})
		h.refused(incident.InProgress, "chen", no(p))
	})
}

func TestAnApproversNoEndsAPlan(t *testing.T) {
	h := found(t)
	p := h.ask(incident.Bot, disable)
	h.approve(p, "ana")
	h.refused(incident.NotAllowed, "rio", no(p))
	h.must("chen", no(p))
	h.refused(incident.WasDeclined, "bo", yes(p))
	if got := h.plan(p.Number); got.Declined != "chen" || got.Reason != "w2" {
		t.Errorf("declined by %q because %q, want chen because w2", got.Declined, got.Reason)
	}
	h.refused(incident.WasDeclined, incident.Bot, incident.Propose{Plan: disable}) // the bot does not nag
	h.ask("rio", disable)                                                          // people may
}

func TestAReasonIsAskedForFromItsTierUp(t *testing.T) {
	h := found(t)
	h.rules.ReasonFrom = incident.Destructive
	p := h.ask("rio", destroy)
	h.refused(incident.NeedsReason, "ana", yes(p))
	h.must("ana", incident.Approve{Number: p.Number, Digest: p.Digest, Reason: "w3"})
	h.approve(h.ask("rio", disable), "ana")
	if got := h.plan(p.Number).Votes[0].Reason; got != "w3" {
		t.Errorf("reason = %q, want w3", got)
	}
}

func TestDestructiveVotesFromTwoPlatforms(t *testing.T) {
	h := found(t)
	h.rules.CrossPlatform = true
	p := h.ask("rio", destroy)
	h.approve(p, "ana")
	h.lacksPlatform(p, false) // a person, before anything else
	h.approve(p, "bo")
	h.in(p, incident.StatusWaiting)
	h.lacksPlatform(p, true)
	h.must("chen", incident.Approve{Number: p.Number, Digest: p.Digest}) // from nowhere is no platform
	h.in(p, incident.StatusWaiting)
	h.must("chen", incident.Withdraw{Number: p.Number})
	h.must("chen", incident.Approve{Number: p.Number, Digest: p.Digest, Platform: "lark"})
	h.in(p, incident.StatusReady)

	d := h.ask("rio", disable) // only destructive ones
	h.approve(d, "ana", "bo")
	h.in(d, incident.StatusReady)
	h.lacksPlatform(d, false)
}

func (h *history) lacksPlatform(p incident.Proposal, want bool) {
	h.t.Helper()
	if got := h.rules.LacksPlatform(h.plan(p.Number), h.clock); got != want {
		h.t.Errorf("plan %d lacks a platform: %v", p.Number, got)
	}
}

func TestCanVoteListsWhoCouldStillSayYes(t *testing.T) {
	h := found(t)
	p := h.ask("rio", disable)
	h.approve(p, "bo")
	got := h.rules.CanVote(h.plan(p.Number), h.clock)
	if diff := cmp.Diff([]incident.Person{"ana", "chen"}, got); diff != "" {
		t.Errorf("CanVote (-want +got):\n%s", diff)
	}
}
