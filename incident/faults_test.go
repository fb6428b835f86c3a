package incident_test

import (
	"testing"
	"time"

	"twokey/incident"
)

// Faults that an earlier design had. Each of these tests was red against it.

func TestAPlanCannotCallItselfHarmless(t *testing.T) {
	h := found(t)
	h.status(incident.KeyInactive)
	h.wait(time.Hour)
	p := remove
	p.Raise = incident.Look
	p.Params = map[string]string{"tier": "look"}
	asked := h.ask("ana", p)
	h.approve(asked, "ana")
	h.in(asked, incident.StatusWaiting)
	if asked.Tier != incident.Destructive || asked.Need != 2 {
		t.Errorf("tier %s takes %d, want destructive, 2", asked.Tier, asked.Need)
	}
}

func TestAnAccountThatMapsToNobodyIsNotTheBot(t *testing.T) {
	h := found(t)
	p := h.ready(disable)
	for _, c := range []incident.Command{
		incident.Start{Number: p.Number}, incident.Observe{Of: ofKey}, incident.Note{Text: "w"}, incident.Propose{Plan: destroy},
	} {
		h.refused(incident.Stranger, "", c)
	}
	h.in(p, incident.StatusReady)
}

func TestVotesOfAMonthAgoByPeopleWhoLeftStartNothing(t *testing.T) {
	h := found(t)
	p := h.ready(destroy)
	h.wait(30 * 24 * time.Hour)
	h.rules.Members = h.rules.Members[2:]
	h.refused(incident.OnlyBot, "chen", incident.Start{Number: p.Number})
	h.refused(incident.TooLate, incident.Bot, incident.Start{Number: p.Number})
	h.in(p, incident.StatusLapsed)
}

func TestARestoredKeyHoldsThePolicyAgain(t *testing.T) {
	h := found(t)
	h.status(incident.KeyInactive)
	h.wait(time.Hour)
	h.done(remove)
	h.ask("rio", detach)
	h.done(restore)
	h.refused(incident.KeyStillLives, "rio", incident.Propose{Plan: plan(incident.StepPolicyDetach, userHas(string(key)))})
}

func TestAnErrorIsNotAFailure(t *testing.T) {
	h := found(t)
	p := h.running(disable)
	h.must(incident.Bot, incident.Try{Number: p.Number, Code: "Timeout", Again: h.clock})
	h.in(p, incident.StatusRunning) // the cloud may have done it: it is read, not guessed
	h.must(incident.Bot, incident.Finish{Number: p.Number, Outcome: incident.Confirmed, Found: true})
	if got := h.plan(p.Number); !got.Confirmed() || !got.Found {
		t.Errorf("confirmed %v, found %v; want both", got.Confirmed(), got.Found)
	}
}

func TestAStepThatEndedElsewhereIsNotFinishedTwice(t *testing.T) {
	h := found(t)
	p := h.running(plan(incident.StepKeyCreate))
	h.must(incident.Bot, incident.Finish{Number: p.Number, Outcome: incident.Confirmed, Result: "new"})
	h.refused(incident.NotRunning, incident.Bot, incident.Resume{Number: p.Number}) // or a slow worker makes a second key
	h.refused(incident.NotRunning, incident.Bot, incident.Finish{Number: p.Number, Outcome: incident.Confirmed, Result: "newer"})
	if got := h.plan(p.Number).Result; got != "new" {
		t.Errorf("result = %q, want new", got)
	}
}

func TestWhoAskedIsOneOfTheTwoUnlessTheHouseSaysNo(t *testing.T) {
	for _, counts := range []bool{true, false} {
		h := found(t)
		h.rules.RequesterCounts = counts
		p := h.ask("ana", destroy)
		_ = h.do("ana", yes(p))
		h.approve(p, "bo")
		if got := h.plan(p.Number).Status == incident.StatusReady; got != counts {
			t.Errorf("requester counts %v: ready %v", counts, got)
		}
	}
}

func TestAnIncidentsNameSaysNothingOfItsKey(t *testing.T) {
	if got := incident.NewID(7); got != "inc-7" {
		t.Errorf("NewID(7) = %q, want inc-7", got)
	}
}
