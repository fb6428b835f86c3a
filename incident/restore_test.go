package incident_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
)

func TestNoVoteOutlivesARestore(t *testing.T) {
	disable := plan(incident.StepKeyDisable)
	lapsed := []incident.Event{incident.Lapsed{Number: 1}}
	for _, c := range []struct {
		name string
		want []incident.Event
		past func(h *history)
	}{
		{"a vote that waits for a second one", lapsed, func(h *history) { h.approve(h.ask("ana", disable), "ana") }},
		{"authorized and not started", lapsed, func(h *history) { h.ready(disable) }},
		{"under way", []incident.Event{incident.Finished{Number: 1, Outcome: incident.NotSeen, Code: incident.Restored}}, func(h *history) { h.running(disable) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := found(t)
			c.past(h)
			before := len(h.records)
			h.must(incident.Bot, incident.Restore{})
			var got []incident.Event
			for _, r := range h.records[before:] {
				got = append(got, r.Event)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			h.silent(incident.Bot, incident.Restore{})
			for _, late := range []incident.Command{incident.Start{Number: 1}, incident.Resume{Number: 1}} {
				if err := h.do(incident.Bot, late); err == nil {
					t.Errorf("%T: it runs late", late)
				}
			}
		})
	}
}

func TestARestoreLeavesAloneWhatNeedsNoVoteAnyMore(t *testing.T) {
	disable := plan(incident.StepKeyDisable)
	for name, past := range map[string]func(h *history){
		"nothing":                 func(*history) {},
		"an offer without a vote": func(h *history) { h.ask(incident.Bot, disable) },
		"done":                    func(h *history) { h.done(disable) },
	} {
		t.Run(name, func(t *testing.T) {
			h := found(t)
			past(h)
			h.silent(incident.Bot, incident.Restore{})
		})
	}
}

func TestOnlyTheBotSaysThatItWasRestored(t *testing.T) {
	found(t).refused(incident.OnlyBot, "ana", incident.Restore{})
}
