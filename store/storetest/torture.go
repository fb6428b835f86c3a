package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twokey/incident"
	"twokey/store"
)

// Sizes of the torture: small enough for every run, and each job is met by
// several workers on both handles.
const (
	tortureLanes   = 3
	tortureJobs    = 40 // in each lane
	tortureWorkers = 4  // on each lane
	tortureTurns   = 20_000
)

// field is where the torture happens: producers ask for jobs while workers
// claim, forget, give back and finish them, and the clock runs on.
type field struct {
	two
	clock    atomic.Int64 // microseconds after t0
	mu       sync.Mutex
	finished map[string]int
}

func torture(t *testing.T, open func(*testing.T) (a, b store.Store)) {
	a, b := open(t)
	f := &field{two: two{t, a, b}, finished: make(map[string]int)}
	errs := f.race(tortureLanes*(1+tortureWorkers), func(i int, s store.Store) error {
		lane := i % tortureLanes
		r := rand.New(rand.NewPCG(uint64(i), 1)) //nolint:gosec // turns, not secrets
		if i < tortureLanes {
			return f.produce(s, lane, r)
		}
		return f.work(s, lane, r)
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	f.settle()
}

func (f *field) now() time.Time { return in(time.Duration(f.clock.Load()) * time.Microsecond) }

// pass lets time pass for everyone.
func (f *field) pass(d time.Duration) { f.clock.Add(d.Microseconds()) }

func laneName(lane int) string { return fmt.Sprintf("lane/%d", lane) }

func logName(lane int) incident.ID { return incident.NewID(uint64(lane + 1)) } //nolint:gosec // small

// produce asks for each job of a lane two or three times, together with a
// record, until another writer is not in the way.
func (f *field) produce(s store.Store, lane int, r *rand.Rand) error {
	for n := range tortureJobs {
		j := job(fmt.Sprintf("%d/%d", lane, n), laneName(lane), f.now().Add(time.Duration(r.IntN(2000))*time.Millisecond))
		if err := f.log(s, lane, store.Batch{Jobs: []incident.Job{j, j}}); err != nil {
			return err
		}
	}
	return nil
}

// log appends a batch with one more record of the lane's incident.
func (f *field) log(s store.Store, lane int, b store.Batch) error {
	for {
		records, err := s.Load(f.Context(), logName(lane))
		if err != nil {
			return err
		}
		if b.Records = first(logName(lane)); len(records) > 0 {
			b.Records = after(records, "ana", "note")
		}
		if err := s.Append(f.Context(), b); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

// work does jobs of a lane until all are done.
func (f *field) work(s store.Store, lane int, r *rand.Rand) error {
	for range tortureTurns {
		if f.done(lane) {
			return nil
		}
		l, ok, err := s.Claim(f.Context(), laneName(lane), f.now(), time.Second)
		if err != nil {
			return err
		}
		if !ok {
			f.pass(20 * time.Millisecond)
			continue
		}
		if err := f.do(s, lane, l, r); err != nil && !errors.Is(err, store.ErrLost) {
			return err
		}
	}
	return fmt.Errorf("%s is never done", laneName(lane))
}

// do is one turn of a worker who may be slow, die, fail or finish in either way.
func (f *field) do(s store.Store, lane int, l store.Lease, r *rand.Rand) (err error) {
	f.pass(time.Duration(r.IntN(600)) * time.Millisecond)
	switch r.IntN(6) {
	case 0:
		return nil // dies; the lease runs out
	case 1:
		return s.Retry(f.Context(), l, f.now().Add(time.Second))
	case 2:
		if l, err = s.Extend(f.Context(), l, f.now().Add(time.Second)); err != nil {
			return err
		}
		err = s.Finish(f.Context(), l)
	case 3:
		err = s.Finish(f.Context(), l)
	default:
		err = f.log(s, lane, store.Batch{
			Marks: []store.Mark{{Name: "done/" + l.Job.Key, Incident: logName(lane), Now: f.now()}},
			Lease: &l, Finish: true,
		})
	}
	if err == nil {
		f.count(l.Job.Key)
	}
	return err
}

func (f *field) count(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.finished[key]++
}

func (f *field) done(lane int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for key := range f.finished {
		if key[0] == laneName(lane)[len("lane/")] {
			n++
		}
	}
	return n == tortureJobs
}

// settle looks at what is left: nothing in the queue, each job done once, and
// every history whole.
func (f *field) settle() {
	f.Helper()
	for key, n := range f.finished {
		if n != 1 {
			f.Errorf("job %s was finished %d times", key, n)
		}
	}
	for lane := range tortureLanes {
		f.next(laneName(lane), time.Time{})
		if err := chain().Check(f.load(logName(lane))); err != nil {
			f.Error(err)
		}
	}
}
