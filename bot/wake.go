package bot

import (
	"sync"

	"twokey/incident"
)

// waiting is how many calls to wake up a lane remembers: enough for all of its
// workers.
const waiting = 8

// wakers tell sleeping workers of this process that a lane has work.
type wakers struct {
	mu    sync.Mutex
	lanes map[string]chan struct{}
}

func (w *wakers) lane(name string) chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lanes == nil {
		w.lanes = make(map[string]chan struct{})
	}
	if w.lanes[name] == nil {
		w.lanes[name] = make(chan struct{}, waiting)
	}
	return w.lanes[name]
}

func (w *wakers) all(jobs []incident.Job) {
	for _, j := range jobs {
		select {
		case w.lane(j.Lane) <- struct{}{}:
		default: // it is awake already
		}
	}
}
