package incident_test

import (
	"testing"
	"time"

	"twokey/incident"
)

func TestGoingAlone(t *testing.T) {
	alone := func(p incident.Proposal) incident.Approve {
		return incident.Approve{Number: p.Number, Digest: p.Digest, Reason: "w4"}
	}
	setup := func(t *testing.T) *history {
		h := found(t)
		h.rules.AloneAfter = 10 * time.Minute
		return h
	}
	t.Run("after long enough, with a reason, on the record", func(t *testing.T) {
		h := setup(t)
		p := h.ask("rio", disable)
		h.approve(p, "ana")
		h.wait(10*time.Minute - time.Microsecond)
		h.refused(incident.AlreadyVoted, "ana", alone(p))
		h.wait(time.Microsecond)
		h.refused(incident.NeedsReason, "ana", yes(p))
		h.must("ana", alone(p))
		h.must(incident.Bot, incident.Start{Number: p.Number})
		if !h.has("went_alone") {
			t.Error("went alone without an event of its own")
		}
	})
	t.Run("never when the house does not allow it", func(t *testing.T) {
		h := found(t)
		p := h.ask("rio", disable)
		h.approve(p, "ana")
		h.wait(20 * time.Minute)
		h.refused(incident.AlreadyVoted, "ana", alone(p))
	})
	t.Run("never to destroy", func(t *testing.T) {
		h := setup(t)
		p := h.ask("rio", destroy)
		h.approve(p, "ana")
		h.wait(20 * time.Minute)
		h.refused(incident.AlreadyVoted, "ana", alone(p))
	})
	t.Run("not when somebody else did answer", func(t *testing.T) {
		h := setup(t)
		h.rules.People = map[incident.Tier]int{incident.Disruptive: 3}
		p := h.ask("rio", disable)
		h.approve(p, "ana", "bo")
		h.wait(20 * time.Minute)
		h.refused(incident.AlreadyVoted, "ana", alone(p))
	})
	t.Run("not once the house takes it back, or the role", func(t *testing.T) {
		for _, change := range []func(*incident.Rules){
			func(r *incident.Rules) { r.AloneAfter = 0 },
			func(r *incident.Rules) { r.Members = r.Members[1:] },
		} {
			h := setup(t)
			p := h.ask("rio", disable)
			h.approve(p, "ana")
			h.wait(20 * time.Minute)
			h.must("ana", alone(p))
			change(&h.rules)
			h.refused(incident.TooLate, incident.Bot, incident.Start{Number: p.Number})
		}
	})
}
