package incident_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
)

func TestOnlyTheBotReportsOnTheCloudAndTheClock(t *testing.T) {
	h := found(t)
	p := h.ready(disable)
	for _, c := range []incident.Command{
		incident.Hear{},
		incident.Observe{},
		incident.Start{Number: p.Number},
		incident.Resume{},
		incident.Try{},
		incident.Void{},
		incident.Finish{},
		incident.LookBack{},
		incident.Lapse{},
		incident.Report{},
		incident.Reapply{},
		incident.Automate{},
		incident.MarkReminded{},
		incident.MarkEscalated{},
		incident.GiveUp{},
		incident.Reopen{},
		incident.Configure{},
		incident.Hold{},
	} {
		h.refused(incident.OnlyBot, "ana", c)
		h.refused(incident.Stranger, "", c)
	}
}

func TestStartDecidesAnew(t *testing.T) {
	tests := []struct {
		name   string
		change func(*history)
		want   incident.Refusal
	}{
		{"the votes have aged out", func(h *history) { h.wait(30 * time.Minute) }, incident.TooLate},
		{"a voter left", func(h *history) { h.rules.Members = h.rules.Members[1:] }, incident.TooLate},
		{"a voter lost the role", func(h *history) {
			h.rules.Members[0].Roles = []incident.Role{incident.Responder}
		}, incident.TooLate},
		{"the house asks for more people", func(h *history) {
			h.rules.People = map[incident.Tier]int{incident.Disruptive: 3}
		}, incident.TooLate},
		{"the house raised the step", func(h *history) {
			h.rules.People = map[incident.Tier]int{incident.Destructive: 3}
			h.rules.Raise = map[string]incident.Tier{incident.StepKeyDisable: incident.Destructive}
		}, incident.TooLate},
		{"asking no longer counts as voting", func(h *history) { h.rules.RequesterCounts = false }, incident.TooLate},
		{"the account is only watched", func(h *history) { h.rules.Observe = []string{account} }, incident.Observing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := found(t)
			p := h.ready(disable)
			tt.change(h)
			h.refused(tt.want, incident.Bot, incident.Start{Number: p.Number})
			h.in(p, incident.StatusLapsed)
			h.rules, h.clock = house(), t0 // all is as it was, the clock too
			h.refused(incident.NotReady, incident.Bot, incident.Start{Number: p.Number})
		})
	}
}

func TestFewerPeopleTodayDoNotUndercutThePlan(t *testing.T) {
	h := found(t)
	h.rules.People = map[incident.Tier]int{incident.Disruptive: 3}
	p := h.ask("rio", disable)
	h.rules.People = map[incident.Tier]int{incident.Disruptive: 1}
	h.approve(p, "ana", "bo")
	h.in(p, incident.StatusWaiting)
	h.approve(p, "chen")
	h.in(p, incident.StatusReady)
}

func TestWhoMayVoteFollowsTheHigherOfTwoTiers(t *testing.T) {
	h := found(t)
	h.rules.Members[0].RAM = []incident.RAMUser{{Account: account, User: user}}
	h.rules.Raise = map[string]incident.Tier{incident.StepKeyFence: incident.Destructive}
	p := h.ask("rio", plan(incident.StepKeyFence))
	h.rules.Raise = nil // what people saw was a destructive step
	h.rules.ReasonFrom = incident.Destructive
	h.refused(incident.NotAllowed, "rio", yes(p))
	h.refused(incident.OwnUser, "ana", yes(p))
	h.refused(incident.NeedsReason, "bo", yes(p))
}

func TestAStepOnceRaisedStaysRaisedForItsPlan(t *testing.T) {
	h := found(t)
	h.rules.Raise = map[string]incident.Tier{"audit.events": incident.Destructive}
	p := h.ready(plan("audit.events"))
	h.rules.Raise = nil
	h.wait(time.Hour)
	h.refused(incident.TooLate, incident.Bot, incident.Start{Number: p.Number})
}

func TestAHoldOnlyDelays(t *testing.T) {
	h := found(t)
	p := h.ready(disable)
	h.around.Held = true
	h.refused(incident.OnHold, incident.Bot, incident.Start{Number: p.Number})
	h.in(p, incident.StatusReady)
	h.around.Held = false
	h.must(incident.Bot, incident.Start{Number: p.Number})
	h.around.Held = true
	h.refused(incident.OnHold, incident.Bot, incident.Resume{Number: p.Number})
	h.in(p, incident.StatusRunning)
}

func TestAPlanStartsOnce(t *testing.T) {
	h := found(t)
	p := h.running(disable)
	h.refused(incident.NotReady, incident.Bot, incident.Start{Number: p.Number})
	h.must(incident.Bot, incident.Finish{Number: p.Number, Outcome: incident.Confirmed})
	h.refused(incident.NotReady, incident.Bot, incident.Start{Number: p.Number})
	h.refused(incident.NotRunning, incident.Bot, incident.Finish{Number: p.Number, Outcome: incident.Rejected})
	h.refused(incident.AlreadyDone, "chen", yes(p))
}

func TestAfterACrashItGoesOnWhileItsVotesCount(t *testing.T) {
	h := found(t)
	p := h.running(disable)
	h.wait(29 * time.Minute)
	h.must(incident.Bot, incident.Resume{Number: p.Number})
	h.in(p, incident.StatusRunning)
}

func TestAfterACrashItNeverRunsLate(t *testing.T) {
	h := found(t)
	p := h.running(disable)
	h.wait(30 * time.Minute)
	h.refused(incident.TooLate, incident.Bot, incident.Resume{Number: p.Number})
	got := h.in(p, incident.StatusDone)
	if got.Outcome != incident.NotConfirmed || got.Code != incident.AgedOut {
		t.Errorf("it ended as %q (%s), want %q (%s)", got.Outcome, got.Code, incident.NotConfirmed, incident.AgedOut)
	}
	h.wait(-20 * time.Minute)
	h.refused(incident.NotRunning, incident.Bot, incident.Resume{Number: p.Number})
}

func TestAfterACrashItEndsIfItMayNotGoOn(t *testing.T) {
	h := found(t)
	p := h.running(disable)
	h.rules.Observe = []string{account}
	h.refused(incident.Observing, incident.Bot, incident.Resume{Number: p.Number})
	if got := h.in(p, incident.StatusDone); got.Code != string(incident.Observing) {
		t.Errorf("code = %q, want %q", got.Code, incident.Observing)
	}
}

func TestWhatMovedVoidsThePlan(t *testing.T) {
	h := found(t)
	p := h.running(disable)
	moved := disable.DriftFrom(plan(incident.StepKeyDisable, keyIs(incident.KeyInactive)))
	h.must(incident.Bot, incident.Void{Number: p.Number, Moved: moved})
	got := h.in(p, incident.StatusDrifted)
	want := []incident.Drift{{Fact: keyIs(incident.KeyActive), Now: incident.KeyInactive}}
	if diff := cmp.Diff(want, got.Moved); diff != "" {
		t.Errorf("moved (-want +got):\n%s", diff)
	}
	h.refused(incident.HasDrifted, "chen", yes(p))
	h.refused(incident.NotRunning, incident.Bot, incident.Void{Number: p.Number})
}

func TestOnlyKnownOutcomesAreWrittenDown(t *testing.T) {
	h := found(t)
	p := h.running(disable)
	h.refused(incident.BadAnswer, incident.Bot, incident.Finish{Number: p.Number, Outcome: "fine"})
	h.refused(incident.NotReady, incident.Bot, incident.LookBack{Number: p.Number, Outcome: incident.Confirmed})
	h.must(incident.Bot, incident.Finish{Number: p.Number, Outcome: incident.NotSeen, Code: "Timeout"})
	h.refused(incident.BadAnswer, incident.Bot, incident.LookBack{Number: p.Number, Outcome: "fine"})
	if s := h.plan(p.Number); s.Confirmed() || !s.StoodAt.IsZero() {
		t.Error("what nobody could look at counts as confirmed")
	}
}

func TestLookingGoesOnUntilItIsSeen(t *testing.T) {
	h := found(t)
	p := h.running(disable)
	h.must(incident.Bot, incident.Finish{Number: p.Number, Outcome: incident.NotSeen})
	h.silent(incident.Bot, incident.LookBack{Number: p.Number, Outcome: incident.NotSeen})
	h.wait(time.Minute)
	h.must(incident.Bot, incident.LookBack{Number: p.Number, Outcome: incident.Confirmed})
	if s := h.plan(p.Number); !s.Confirmed() || !s.StoodAt.Equal(h.clock) {
		t.Errorf("confirmed = %v since %v, want true since %v", s.Confirmed(), s.StoodAt, h.clock)
	}
}

func TestACallThatDidNotGetThroughIsNoFailure(t *testing.T) {
	h := found(t)
	p := h.running(disable)
	h.must(incident.Bot, incident.Try{Number: p.Number, Code: "Throttling.User", Again: h.clock.Add(time.Second)})
	got := h.in(p, incident.StatusRunning)
	if got.Tries != 1 || got.TryCode != "Throttling.User" || got.Outcome != "" {
		t.Errorf("tries = %d (%s), outcome %q; want 1 (Throttling.User), none", got.Tries, got.TryCode, got.Outcome)
	}
}
