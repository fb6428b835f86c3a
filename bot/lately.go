package bot

import (
	"slices"
	"sync"

	"twokey/incident"
)

// lately remembers what some incidents have heard, so that a flood about one key
// does not read its history again and again. What it knows may be old and is never
// wrong: an incident forgets no alert. Whether it is still open is for the store
// to say.
type lately struct {
	mu    sync.Mutex
	by    map[incident.ID]incident.State
	order []incident.ID // oldest first
}

// remembered bounds the incidents that are remembered.
const remembered = 256

// heard reports whether an incident is known to know a finding.
func (l *lately) heard(id incident.ID, a incident.Alert) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return heard(l.by[id], a)
}

// keep remembers what an incident has heard, in place of the one that has been
// here for the longest.
func (l *lately) keep(s incident.State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = make(map[incident.ID]incident.State, remembered)
	}
	if old, known := l.by[s.ID]; known {
		if old.Repeats > s.Repeats {
			return
		}
	} else {
		if len(l.order) == remembered {
			delete(l.by, l.order[0])
			l.order = slices.Delete(l.order, 0, 1)
		}
		l.order = append(l.order, s.ID)
	}
	l.by[s.ID] = incident.State{ID: s.ID, Alerts: s.Alerts, Repeats: s.Repeats}
}
