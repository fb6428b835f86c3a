package bolt

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// writer is the one goroutine that writes. It takes everything that waits, puts
// it into one commit, and tells everybody when that is durable: who comes alone
// waits for nobody, and the more come the less each one costs.
type writer struct {
	*Store

	requests chan *request
	calls    chan func() // what else the goroutine does for others, between two commits
	closing  chan struct{}
	closed   chan struct{}
	once     sync.Once

	group []*request
	last  uint64 // number of the newest entry of the journal
	settle
}

// request is what somebody wants to write.
type request struct {
	write func(tables) error
	err   error
	done  chan struct{}
}

func newWriter(s *Store, last uint64) *writer {
	return &writer{
		Store: s, last: last, settle: settle{pace: usualPace()},
		requests: make(chan *request), calls: make(chan func()), closing: make(chan struct{}), closed: make(chan struct{}),
	}
}

// do writes and waits until that is durable.
func (w *writer) do(ctx context.Context, write func(tables) error) error {
	r := &request{write: write, done: make(chan struct{})}
	select {
	case w.requests <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return fmt.Errorf("write %s: %w", w.path, bolterrors.ErrDatabaseNotOpen)
	}
	<-r.done // not given up: nobody could tell then whether it was written
	return r.err
}

// call runs f between two commits: nobody writes meanwhile.
func (w *writer) call(ctx context.Context, f func() error) (err error) {
	done := make(chan struct{})
	select {
	case w.calls <- func() { defer close(done); err = f() }:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.closing:
		return bolterrors.ErrDatabaseNotOpen
	}
	<-done
	return err
}

// stop ends the writer once everything is written and settled.
func (w *writer) stop() {
	w.once.Do(func() { close(w.closing) })
	<-w.closed
}

func (w *writer) run() {
	defer close(w.closed)
	for {
		select {
		case r := <-w.requests:
			w.commit(w.gather(r))
		case call := <-w.calls:
			call()
		case <-w.idle():
			w.settleSome()
		case <-w.closing:
			w.settleAll()
			return
		}
	}
}

// mostAtOnce bounds a commit, so that the first who came need not wait for all
// who came later.
const mostAtOnce = 1024

// gather takes everybody who waits. Who is just about to ask gets the chance to.
func (w *writer) gather(first *request) []*request {
	runtime.Gosched()
	w.group = append(w.group[:0], first)
	for len(w.group) < mostAtOnce {
		select {
		case r := <-w.requests:
			w.group = append(w.group, r)
		default:
			return w.group
		}
	}
	return w.group
}

// commit writes what a group wants, and then some of what the tables lack. If
// that fails it is tried without the latter, which is not urgent.
func (w *writer) commit(group []*request) {
	err := w.try(group, true)
	if err != nil && w.settling != nil {
		err = w.try(group, false)
	}
	for _, r := range group {
		if err != nil {
			r.err = fmt.Errorf("write %s: %w", w.path, err)
		}
		close(r.done)
	}
}

// errNothing rolls back a commit in which everything was refused.
var errNothing = errors.New("nothing to write")

func (w *writer) try(group []*request, settle bool) error {
	pending, settled := new(layer), w.at
	err := w.db.Update(func(tx *bbolt.Tx) error {
		t := tables{tx, append([]*layer{pending}, w.layers()...)}
		for _, r := range group {
			if err := r.run(t, pending); err != nil {
				return err
			}
		}
		if pending.keys == 0 {
			return errNothing
		}
		if err := record(tx, w.last+1, pending); err != nil {
			return err
		}
		if !settle {
			return nil
		}
		var err error
		settled, err = w.slice(tx, w.pace.along+2*pending.keys) // more than came, so that the tables never fall behind
		return err
	})
	if err != nil {
		if errors.Is(err, errNothing) {
			return nil
		}
		return err
	}
	w.last++
	w.mu.Lock()
	w.recent.take(pending)
	w.mu.Unlock()
	w.moved(settled)
	return nil
}

// run does what was asked. A refusal has left no trace and is for whoever asked;
// an error after something was put spoils the commit for all.
func (r *request) run(t tables, pending *layer) error {
	before := pending.keys
	if r.err = r.write(t); r.err != nil && pending.keys != before {
		return r.err
	}
	return nil
}
