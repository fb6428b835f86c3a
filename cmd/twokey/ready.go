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
	check func() error // cheap: what keeps the store from being written, as far as is known
	now   func() time.Time
	log   *slog.Logger

	mu   sync.Mutex
	at   time.Time
	last error
}

func newReadiness(s store.Store, check func() error, now func() time.Time, log *slog.Logger) *readiness {
	return &readiness{store: s, check: check, now: now, log: log}
}

const (
	// readyFor is how long an answer is good: whoever asks often must not keep the
	// disk busy.
	readyFor = time.Second
	// watchEvery is how often the store's file is looked after though nobody asks.
	watchEvery = 2 * time.Second
)

// ServeHTTP implements [http.Handler].
func (r *readiness) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if err := r.ask(q.Context()); err != nil {
		http.Error(w, "the store can't be written; the log says why", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}

// watch looks until ctx ends. While all is well it writes nothing.
func (r *readiness) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.look(ctx)
		}
	}
}

// look finds out that the store can't be written any more, or again.
func (r *readiness) look(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last != nil || r.check() != nil {
		r.find(ctx)
	}
}

func (r *readiness) ask(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if passed := r.now().Sub(r.at); passed < 0 || passed >= readyFor {
		r.find(ctx)
	}
	return r.last
}

// find writes to the store, and says so when the answer is not what it was. The
// lock is held.
func (r *readiness) find(ctx context.Context) {
	before := r.last
	if r.last = r.check(); r.last == nil {
		r.last = r.write(context.WithoutCancel(ctx)) // the answer is not only for whoever asked
	}
	r.at = r.now()
	switch {
	case before == nil && r.last != nil:
		r.log.ErrorContext(ctx, "not ready", slog.Any("error", inWords(r.last)))
	case before != nil && r.last == nil:
		r.log.InfoContext(ctx, "ready again")
	}
}

func (r *readiness) write(ctx context.Context) error {
	body := []byte(r.now().UTC().Format(time.RFC3339))
	return r.store.Append(ctx, store.Batch{Values: []store.Value{{Key: "ready", Body: body}}})
}
