package bot

import (
	"fmt"
	"testing"

	"twokey/incident"
)

func TestLatelyIsBoundedAndKeepsTheLatest(t *testing.T) {
	var l lately
	finding := func(n int) incident.Alert {
		return incident.Alert{Source: "scans", Kind: incident.KindOpen, ExternalKey: fmt.Sprint(n)}
	}
	id := func(n int) incident.ID { return incident.NewID(uint64(n)) } //nolint:gosec // small
	for n := range 3 * remembered {
		l.keep(incident.State{ID: id(n + 1), Alerts: []incident.Alert{finding(n)}})
	}
	if len(l.by) != remembered || len(l.order) != remembered {
		t.Errorf("%d incidents in %d places, want %d", len(l.by), len(l.order), remembered)
	}
	last := 3 * remembered
	if !l.heard(id(last), finding(last-1)) || l.heard(id(last), finding(0)) || l.heard(id(1), finding(0)) {
		t.Error("it does not know what it should, or what it should have forgotten")
	}
	l.keep(incident.State{ID: id(last), Repeats: 1, Alerts: []incident.Alert{finding(1), finding(2)}})
	l.keep(incident.State{ID: id(last), Alerts: []incident.Alert{finding(1)}}) // read before, kept after
	if !l.heard(id(last), finding(2)) {
		t.Error("an older reading took the place of a newer one")
	}
}
