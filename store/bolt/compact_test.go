package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
)

// fill keeps n values that are worth finding.
func fill(t *testing.T, s *bolt.Store, name string, n int) {
	t.Helper()
	for i := range n {
		b := store.Batch{Values: []store.Value{{Key: fmt.Sprintf("%s/%04d", name, i), Body: bytes.Repeat([]byte(name+" planted "), 100)}}}
		if err := s.Append(t.Context(), b); err != nil {
			t.Error(err)
			return
		}
	}
}

func erase(t *testing.T, s *bolt.Store, name string, n int) {
	t.Helper()
	var b store.Batch
	for i := range n {
		b.Values = append(b.Values, store.Value{Key: fmt.Sprintf("%s/%04d", name, i)})
	}
	if err := s.Append(t.Context(), b); err != nil {
		t.Error(err)
	}
}

// everything is what can be read from a store.
func everything(t *testing.T, s *bolt.Store) (all store.Batch) {
	t.Helper()
	var errs [2]error
	all.Values, errs[0] = s.Values(t.Context(), "")
	all.Index, errs[1] = s.Find(t.Context(), store.Query{Limit: 1 << 20})
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	for _, e := range all.Index {
		records, err := s.Load(t.Context(), e.Incident)
		if err != nil {
			t.Fatal(err)
		}
		all.Records = append(all.Records, records...)
	}
	return all
}

func TestCompactingLosesNothingAndErasesTheRest(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	fill(t, s, "gone", 300)
	fill(t, s, "kept", 300)
	erase(t, s, "gone", 300)
	before := everything(t, s)
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, everything(t, s)); diff != "" {
		t.Errorf("after compacting (-want +got):\n%s", diff)
	}
	file := read(t, path)
	if bytes.Contains(file, []byte("gone planted")) || !bytes.Contains(file, []byte("kept planted")) {
		t.Error("the file holds what was erased, or not what was kept")
	}
	fill(t, s, "later", 10) // the new file is written to
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := everything(t, open(t, path)); len(got.Values) != 310 {
		t.Errorf("%d values after reopening, want 310", len(got.Values))
	}
	if names, err := os.ReadDir(filepath.Dir(path)); err != nil || len(names) != 1 {
		t.Errorf("%v, %v: want the store alone", names, err)
	}
}

// Whoever writes while the file is compacted is neither lost nor held up until
// the end.
func TestWritingGoesOnWhileTheFileIsCompacted(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	fill(t, s, "old", 500)
	erase(t, s, "old", 250)
	stop := make(chan struct{})
	var writers sync.WaitGroup
	wrote := make([][]incident.ID, 8)
	for i := range wrote {
		writers.Go(func() {
			for {
				id, err := s.Create(context.WithoutCancel(t.Context()), func(id incident.ID) store.Batch {
					return store.Batch{
						Records: records(id, 2), Jobs: []incident.Job{{Key: "job/" + string(id), Lane: "lane", Due: t0}},
						Marks: []store.Mark{{Name: "open/" + string(id), Now: t0}}, Index: []incident.Index{{Incident: id, Opened: t0, Open: true}},
					}
				})
				if err != nil {
					t.Error(err)
					return
				}
				wrote[i] = append(wrote[i], id)
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for range 5 {
		if err := s.Compact(t.Context()); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	writers.Wait()
	for range 2 { // now, and after reopening
		for _, ids := range wrote {
			for _, id := range ids {
				if got, err := s.Load(t.Context(), id); err != nil || len(got) != 2 {
					t.Fatalf("%s has %d records, %v", id, len(got), err)
				}
				if holder, ok, err := s.Marked(t.Context(), "open/"+string(id), t0); holder != id || !ok || err != nil {
					t.Fatalf("%s lost its mark: %v", id, err)
				}
			}
		}
		s.Close()
		s = open(t, path)
	}
}

func TestCompactingCanBeGivenUp(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	fill(t, s, "kept", 50)
	before := everything(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Compact(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Compact = %v, want Canceled", err)
	}
	if err := os.WriteFile(path+".compact", []byte("left by a crash"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Compact(t.Context()); err != nil {
		t.Errorf("after a crash: %v", err)
	}
	if diff := cmp.Diff(before, everything(t, s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s.Close()
	if err := s.Compact(t.Context()); err == nil {
		t.Error("a closed store was compacted")
	}
	reader, err := bolt.Open(path, bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := reader.Compact(t.Context()); err == nil {
		t.Error("a store that is open for reading was compacted")
	}
}
