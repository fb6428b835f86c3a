package main

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"twokey/store"
)

// readiness answers whether the store can be written. Chats and clouds never
// decide that: without them alerts are still kept.
type readiness struct {
	store store.Store
	now   func() time.Time
	log   *slog.Logger

	mu   sync.Mutex
	at   time.Time
	last error
}

func newReadiness(s store.Store, now func() time.Time, log *slog.Logger) *readiness {
	return &readiness{store: s, now: now, log: log}
}

// readyFor is how long an answer is good: whoever asks often must not keep the
// disk busy.
const readyFor = time.Second

// ServeHTTP implements [http.Handler].
func (r *readiness) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if err := r.ask(q); err != nil {
		r.log.ErrorContext(q.Context(), "not ready", slog.Any("error", err))
		http.Error(w, "the store can't be written; the log says why", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}

func (r *readiness) ask(q *http.Request) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if passed := now.Sub(r.at); passed >= 0 && passed < readyFor {
		return r.last
	}
	body := []byte(now.UTC().Format(time.RFC3339))
	ctx := context.WithoutCancel(q.Context()) // the answer is not only for whoever asked
	r.last = r.store.Append(ctx, store.Batch{Values: []store.Value{{Key: "ready", Body: body}}})
	r.at = now
	return r.last
}
