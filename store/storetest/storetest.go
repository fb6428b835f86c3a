// Package storetest says what every store must do, as tests. It holds no store
// and no pretend one: [Run] is given two handles on a real store, as two
// processes would have them, and races them.
package storetest

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"twokey/incident"
	"twokey/store"
)

// Run tests a kind of store. Each call of open gives two handles on one empty
// store, which are the same one twice where the kind allows one process only.
// open sees to it that they are closed after its t; Run may close them earlier.
func Run(t *testing.T, open func(t *testing.T) (a, b store.Store)) {
	for _, c := range slices.Concat(recordClaims(), createClaims(), refusalClaims(), markClaims(), jobClaims(), leaseClaims(), findClaims(), valueClaims(), purgeClaims()) {
		t.Run(c.says, func(t *testing.T) {
			a, b := open(t)
			c.check(two{t, a, b})
		})
	}
	t.Run("does every job exactly once, whoever dies", func(t *testing.T) { torture(t, open) })
	t.Run("agrees with a model over any sequence of calls", func(t *testing.T) { agree(t, open) })
}

// claim is one thing that every store must do.
type claim struct {
	says  string
	check func(two)
}

// two is two handles on one store.
type two struct {
	*testing.T
	a, b store.Store
}

// handle is one of the two, in turn.
func (w two) handle(i int) store.Store {
	if i%2 == 0 {
		return w.a
	}
	return w.b
}

// append must succeed.
func (w two) append(b store.Batch) {
	w.Helper()
	if err := w.a.Append(w.Context(), b); err != nil {
		w.Fatalf("Append: %v", err)
	}
}

// load reads through the handle that does not append.
func (w two) load(id incident.ID) []incident.Record {
	w.Helper()
	records, err := w.b.Load(w.Context(), id)
	if err != nil {
		w.Fatalf("Load %s: %v", id, err)
	}
	return records
}

// race runs do n times at once, on both handles in turn, and returns what each
// returned.
func (w two) race(n int, do func(i int, s store.Store) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			<-start
			errs[i] = do(i, w.handle(i))
		})
	}
	close(start)
	all.Wait()
	return errs
}

// oneWins demands that one of many succeeded and the others were refused in the
// way lost says. It returns the winner.
func (w two) oneWins(errs []error, lost func(error) bool) int {
	w.Helper()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner < 0:
			winner = i
		case err == nil:
			w.Errorf("both %d and %d won", winner, i)
		case !lost(err):
			w.Errorf("%d lost with %v", i, err)
		}
	}
	if winner < 0 {
		w.Fatal("nobody won")
	}
	return winner
}

func isConflict(err error) bool { return errors.Is(err, store.ErrConflict) }

func isLost(err error) bool { return errors.Is(err, store.ErrLost) }

func isTaken(err error) bool {
	_, ok := errors.AsType[*store.TakenError](err)
	return ok
}
