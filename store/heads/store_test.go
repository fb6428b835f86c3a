package heads_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
	"twokey/store/heads"
	"twokey/store/storetest"
)

func newID(i int) incident.ID { return incident.NewID(uint64(i) + 1) }

// world is a store with its heads.
type world struct {
	*heads.Store

	file *heads.File
	path string // of the heads
	db   string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{path: filepath.Join(dir, "heads.log"), db: filepath.Join(dir, "twokey.db")}
	db, err := bolt.Open(w.db, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if w.file, err = heads.Open(w.path, quiet); err != nil {
		t.Fatal(err)
	}
	w.Store = heads.Wrap(db, w.file, func() time.Time { return t0 })
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// grow appends n records to a history.
func (w *world) grow(t testing.TB, id incident.ID, n int) {
	t.Helper()
	if err := w.Append(t.Context(), store.Batch{Records: w.next(t, id, n)}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) next(t testing.TB, id incident.ID, n int) []incident.Record {
	t.Helper()
	records, err := w.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	events := make([]incident.Event, n)
	for i := range events {
		events[i] = incident.Took{}
	}
	return incident.Chain{Key: []byte("only for tests")}.Seal(incident.Fold(records), id, "ana", t0, events)
}

func TestAStoreWithHeadsIsAStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (a, b store.Store) {
		w := newWorld(t)
		return w, w
	})
}

func TestTheNewestHeadOfEachHistoryIsWritten(t *testing.T) {
	w := newWorld(t)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			for range 10 {
				w.grow(t, newID(i), 2)
			}
		})
	}
	all.Wait()
	id, err := w.Create(t.Context(), func(id incident.ID) store.Batch {
		return store.Batch{Records: incident.Chain{}.Seal(incident.State{}, id, incident.Bot, t0, []incident.Event{incident.Opened{}})}
	})
	if err != nil {
		t.Fatal(err)
	}
	two := append(w.next(t, "inc-1", 1), w.next(t, incident.System, 1)...) // one batch, two histories
	if err := w.Append(t.Context(), store.Batch{Records: two}); err != nil {
		t.Fatal(err)
	}
	flush(t, w.file)
	newest := make(map[incident.ID]heads.Head)
	for _, h := range read(t, w.path) {
		if h.Seq > newest[h.ID].Seq {
			newest[h.ID] = h
		}
	}
	if len(newest) != 22 {
		t.Errorf("%d histories, want 22", len(newest))
	}
	for _, id := range append([]incident.ID{"inc-1", "inc-20", id}, incident.System) {
		records, err := w.Load(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		last := records[len(records)-1]
		if h := newest[id]; h.Seq != last.Seq || h.Hash != last.Hash {
			t.Errorf("%s ends at %d %s; the file knows %s", id, last.Seq, last.Hash, h)
		}
	}
}

// The file never knows more than the store.
func TestWhatWasRefusedLeavesNoHead(t *testing.T) {
	w := newWorld(t)
	w.grow(t, "inc-1", 1)
	taken := w.next(t, "inc-1", 1)
	w.grow(t, "inc-1", 1)
	if err := w.Append(t.Context(), store.Batch{Records: taken}); !errors.Is(err, store.ErrConflict) {
		t.Fatal(err)
	}
	_, err := w.Create(t.Context(), func(incident.ID) store.Batch { return store.Batch{Records: w.sealed("inc-9")} })
	if err == nil {
		t.Fatal("an incident without its first record was created")
	}
	flush(t, w.file)
	for _, h := range read(t, w.path) {
		if h.ID != "inc-1" || h.Seq > 2 {
			t.Errorf("the file knows %s", h)
		}
	}
	if _, behind, err := heads.Behind(t.Context(), w.path, w); behind || err != nil {
		t.Errorf("behind %v %v", behind, err)
	}
}

func (w *world) sealed(id incident.ID) []incident.Record {
	return incident.Chain{}.Seal(incident.State{ID: id, Seq: 4}, id, "ana", t0, []incident.Event{incident.Took{}})
}

// stalled is a store that commits and then does not come back.
type stalled struct {
	store.Store

	committed chan struct{}
	goOn      chan struct{}
}

func (s stalled) Append(ctx context.Context, b store.Batch) error {
	err := s.Store.Append(ctx, b)
	close(s.committed)
	<-s.goOn
	return err
}

func TestAHeadIsWrittenAfterItsCommit(t *testing.T) {
	w := newWorld(t)
	s := stalled{w.Store.Store, make(chan struct{}), make(chan struct{})}
	over := heads.Wrap(s, w.file, func() time.Time { return t0 })
	done := make(chan error, 1)
	records := w.next(t, "inc-1", 1)
	go func() { done <- over.Append(t.Context(), store.Batch{Records: records}) }()
	<-s.committed
	flush(t, w.file)
	if got := read(t, w.path); len(got) != 0 {
		t.Errorf("the file knows %v before the store said yes", got)
	}
	close(s.goOn)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	flush(t, w.file)
	if got := read(t, w.path); len(got) != 1 {
		t.Errorf("the file knows %v", got)
	}
}
