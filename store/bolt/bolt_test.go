package bolt_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
	"twokey/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (a, b store.Store) {
		s := open(t, newPath(t))
		return s, s // one process only
	})
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "twokey.db") }

// open must succeed.
func open(t testing.TB, path string) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)

func records(id incident.ID, n int) []incident.Record {
	events := make([]incident.Event, n)
	for i := range events {
		events[i] = incident.Took{}
	}
	return incident.Chain{}.Seal(incident.State{}, id, "ana", t0, events)
}

func TestReopeningKeepsEverything(t *testing.T) {
	path, ctx := newPath(t), t.Context()
	s := open(t, path)
	want := store.Batch{
		Records: records("inc-1", 3),
		Jobs:    []incident.Job{{Key: "waits", Lane: "a", Due: t0}, {Key: "leased", Lane: "b", Due: t0}},
		Marks:   []store.Mark{{Name: "m", Now: t0}},
		Values:  []store.Value{{Key: "v", Body: []byte("body")}},
		Index:   []incident.Index{{Incident: "inc-1", Key: "key-1", Opened: t0, Open: true}},
	}
	if _, err := s.Create(ctx, func(incident.ID) store.Batch { return want }); err != nil {
		t.Fatal(err)
	}
	before, _, err := s.Claim(ctx, "b", t0, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = open(t, path)
	got := store.Batch{}
	if got.Records, err = s.Load(ctx, "inc-1"); err != nil {
		t.Fatal(err)
	}
	if got.Values, err = s.Values(ctx, ""); err != nil {
		t.Fatal(err)
	}
	if got.Index, err = s.Find(ctx, store.Query{Open: true}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(store.Batch{Records: want.Records, Values: want.Values, Index: want.Index}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if id, ok, err := s.Marked(ctx, "m", t0); id != "inc-1" || !ok || err != nil {
		t.Errorf("Marked = %q, %v, %v", id, ok, err)
	}
	after, ok, err := s.Claim(ctx, "a", t0, time.Hour)
	if !ok || err != nil || after.Token <= before.Token {
		t.Errorf("Claim = %+v, %v, %v; want a token after %d", after, ok, err, before.Token)
	}
	if err := s.Finish(ctx, before); err != nil {
		t.Errorf("the lease did not outlive the process: %v", err)
	}
	if id, err := s.Create(ctx, func(id incident.ID) store.Batch { return store.Batch{Records: records(id, 1)} }); id != "inc-2" || err != nil {
		t.Errorf("Create = %q, %v; want inc-2", id, err)
	}
}

// Whoever held a lease when the process was killed is gone: nobody has to wait
// until it runs out, not when a key is to be disabled.
func TestWorkOfAKilledProcessFallsDueAtOnce(t *testing.T) {
	path, ctx := newPath(t), t.Context()
	s := open(t, path)
	if err := s.Append(ctx, store.Batch{Jobs: []incident.Job{{Key: "half done", Lane: "a", Due: t0}}}); err != nil {
		t.Fatal(err)
	}
	dead, _, err := s.Claim(ctx, "a", t0, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := s.Claim(ctx, "a", t0, time.Hour); ok {
		t.Fatal("claimed twice")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = open(t, path)
	l, ok, err := s.Claim(ctx, "a", t0, time.Hour)
	if !ok || err != nil || l.Job.Key != "half done" || l.Job.Attempt != 1 {
		t.Errorf("Claim = %+v, %v, %v; want the job, at its second try", l, ok, err)
	}
	if err := s.Finish(ctx, dead); !errors.Is(err, store.ErrLost) {
		t.Errorf("the dead worker finishes it: %v", err)
	}
}

func TestClosedStoreRefuses(t *testing.T) {
	s := open(t, newPath(t))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if err := s.Append(t.Context(), store.Batch{Records: records("inc-1", 1)}); err == nil {
		t.Error("Append to a closed store succeeded")
	}
	if _, err := s.Load(t.Context(), "inc-1"); err == nil {
		t.Error("Load from a closed store succeeded")
	}
	if _, _, err := s.Claim(t.Context(), "lane", t0, time.Second); err == nil {
		t.Error("Claim from a closed store succeeded")
	}
}

// What a caller's own code does wrong is the caller's: it is neither damage nor
// the end of the writing goroutine.
func TestAPanicInCreateIsTheCallers(t *testing.T) {
	s := open(t, newPath(t))
	func() {
		defer func() {
			if v := recover(); v != "the caller's" {
				t.Errorf("recovered %v", v)
			}
		}()
		_, _ = s.Create(t.Context(), func(incident.ID) store.Batch { panic("the caller's") })
	}()
	if err := s.Check(); err != nil {
		t.Errorf("it is taken for damage: %v", err)
	}
	if id, err := s.Create(t.Context(), func(id incident.ID) store.Batch { return store.Batch{Records: records(id, 1)} }); id != "inc-1" || err != nil {
		t.Errorf("Create = %q, %v; want inc-1", id, err)
	}
}
