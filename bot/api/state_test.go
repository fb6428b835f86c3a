package api_test

import (
	"testing"

	"twokey/bot/api"
	"twokey/incident"
)

func (w *world) state(id incident.ID) string {
	w.t.Helper()
	i, err := w.read.Incident(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return i.State
}

func TestStatesFollowWhatHappened(t *testing.T) {
	w := newWorld(t)
	expect := func(id incident.ID, want string) {
		t.Helper()
		if got := w.state(id); got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
	expect("inc-1", api.StateOpen)
	w.do(incident.Bot, incident.Observe{Of: incident.OfKey(leaked), AsOf: began, Source: "ims:GetUser", Facts: map[incident.FactName]string{
		incident.FactStatus: incident.KeyInactive,
	}})
	expect("inc-1", api.StateContained)

	hint := incident.Alert{Source: "scans", Type: "generic", Kind: incident.KindLookup, ExternalKey: "finding-1", ReceivedAt: began}
	if _, _, err := w.bot.Receive(t.Context(), incident.Bot, hint, incident.AlertText{}); err != nil {
		t.Fatal(err)
	}
	expect("inc-2", api.StateOpen)
	if _, err := w.bot.Do(t.Context(), "inc-2", "ana", incident.Merge{Into: "inc-1"}); err != nil {
		t.Fatal(err)
	}
	expect("inc-2", api.StateMerged)

	w.do("ana", incident.Close{})
	expect("inc-1", api.StateClosed)
	open, err := w.read.Incidents(t.Context(), api.Filter{Open: true})
	if err != nil || len(open) != 0 {
		t.Errorf("open: %+v, %v", open, err)
	}
}
