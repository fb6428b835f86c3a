package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
)

// backup copies a store into a file of its own.
func backup(t *testing.T, s *bolt.Store) string {
	t.Helper()
	var copied bytes.Buffer
	if err := s.Backup(t.Context(), &copied); err != nil {
		t.Fatal(err)
	}
	return fileOf(t, copied.Bytes())
}

func fileOf(t *testing.T, body []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copy")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// loaded is every record of incidents 1 to n.
func loaded(ctx context.Context, s *bolt.Store, n int) (all []incident.Record, err error) {
	for i := range n {
		records, err := s.Load(ctx, incident.NewID(uint64(i+1)))
		if err != nil {
			return nil, err
		}
		all = append(all, records...)
	}
	return all, nil
}

func TestABackupIsTheStoreAtOneMoment(t *testing.T) {
	s, ctx := open(t, newPath(t)), t.Context()
	written := store.Batch{
		Records: records("inc-1", 3), Jobs: []incident.Job{{Key: "waits", Lane: "a", Due: t0}}, Marks: []store.Mark{{Name: "m", Now: t0}},
		Values: []store.Value{{Key: "v", Body: []byte("body")}}, Index: []incident.Index{{Incident: "inc-1", Key: "key-1", Opened: t0, Open: true}},
	}
	if _, err := s.Create(ctx, func(incident.ID) store.Batch { return written }); err != nil {
		t.Fatal(err)
	}
	path := backup(t, s)
	if err := s.Append(ctx, store.Batch{Records: records("inc-2", 1)}); err != nil {
		t.Fatal(err)
	}
	err := bolt.Examine(path, func(copied *bolt.Store) error {
		got, err := loaded(ctx, copied, 2)
		if diff := cmp.Diff(written.Records, got); diff != "" {
			t.Errorf("records (-want +got):\n%s", diff)
		}
		_, marked, markErr := copied.Marked(ctx, "m", t0)
		_, waits, dueErr := copied.NextDue(ctx, "a")
		_, valued, valueErr := copied.Value(ctx, "v")
		found, findErr := copied.Find(ctx, store.Query{Key: "key-1"})
		if !marked || !waits || !valued || len(found) != 1 {
			t.Errorf("mark %t, job %t, value %t, %d found", marked, waits, valued, len(found))
		}
		return errors.Join(err, markErr, dueErr, valueErr, findErr)
	})
	if err != nil {
		t.Fatal(err)
	}
	next, err := open(t, path).Create(ctx, func(id incident.ID) store.Batch { return store.Batch{Records: records(id, 1)} })
	if err != nil || next != "inc-2" {
		t.Errorf("the copy goes on with %s, %v", next, err)
	}
}

// Four writers and a compaction go on while copies are made; each copy has what
// was acknowledged before it was begun.
func TestABackupUnderLoadHasWhatWasAcknowledged(t *testing.T) {
	s, ctx := open(t, newPath(t)), t.Context()
	const writers, most = 4, 400
	var acked sync.Map
	var count sync.WaitGroup
	done := make(chan struct{})
	for range writers {
		count.Go(func() {
			for range most {
				select {
				case <-done:
					return
				default:
				}
				id, err := s.Create(ctx, func(id incident.ID) store.Batch {
					return store.Batch{Records: records(id, 2), Values: []store.Value{{Key: string(id), Body: make([]byte, 3000)}}}
				})
				if err != nil {
					t.Error(err)
					return
				}
				acked.Store(id, true)
			}
		})
	}
	count.Go(func() {
		for range 3 {
			if err := s.Compact(ctx); err != nil {
				t.Error(err)
			}
		}
	})
	for range 5 {
		var before []incident.ID
		acked.Range(func(id, _ any) bool { before = append(before, id.(incident.ID)); return true })
		err := bolt.Examine(backup(t, s), func(copied *bolt.Store) error {
			for _, id := range before {
				got, err := copied.Load(ctx, id)
				_, valued, valueErr := copied.Value(ctx, string(id))
				if err != nil || valueErr != nil || len(got) != 2 || !valued {
					return fmt.Errorf("%s: %d records, value %t, %w", id, len(got), valued, errors.Join(err, valueErr))
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	close(done)
	count.Wait()
}

// full takes so many bytes and no more.
type full struct{ left int }

var errFull = errors.New("full")

func (f *full) Write(b []byte) (int, error) {
	n := min(len(b), f.left)
	if f.left -= n; n < len(b) {
		return n, errFull
	}
	return n, nil
}

func TestABackupThatWasCutOffIsAnError(t *testing.T) {
	s := open(t, newPath(t))
	if err := s.Append(t.Context(), store.Batch{Records: records("inc-1", 50)}); err != nil {
		t.Fatal(err)
	}
	var whole bytes.Buffer
	if err := s.Backup(t.Context(), &whole); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 4096, 8192, whole.Len() - 1} {
		if err := s.Backup(t.Context(), &full{n}); !errors.Is(err, errFull) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	once := func(b []byte) (int, error) { cancel(); return len(b), nil }
	if err := s.Backup(ctx, writer(once)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if err := s.Append(t.Context(), store.Batch{Records: records("inc-2", 1)}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

// Whatever page is lost or in another's place, reading ends in an error or in
// what was written, never in a crash and never in something else.
func TestADamagedFileIsNamed(t *testing.T) {
	if wild(t) {
		return
	}
	s, ctx := open(t, newPath(t)), t.Context()
	const n = 12
	for i := range n {
		id := incident.NewID(uint64(i + 1))
		b := store.Batch{Records: records(id, 4), Values: []store.Value{{Key: string(id), Body: bytes.Repeat([]byte{7}, 5000)}}}
		if err := s.Append(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	want, err := loaded(ctx, s, n)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(backup(t, s))
	if err != nil {
		t.Fatal(err)
	}
	page, named := os.Getpagesize(), 0
	damage := map[string]func(b []byte, at int){
		"zeroed":   func(b []byte, at int) { clear(b[at : at+page]) },
		"replaced": func(b []byte, at int) { copy(b[at:at+page], b[len(b)-page-at:]) },
		"ones":     func(b []byte, at int) { copy(b[at:at+page], bytes.Repeat([]byte{0xff}, page)) },
	}
	for how, damaged := range damage {
		for at := 0; at+page <= len(whole); at += page {
			b := slices.Clone(whole)
			damaged(b, at)
			named += wantNamedOr(t, fmt.Sprintf("page %d %s", at/page, how), b, want, n)
		}
	}
	for cut := 0; cut < len(whole); cut += page + 1 {
		named += wantNamedOr(t, fmt.Sprintf("cut to %d bytes", cut), whole[:cut], want, n)
	}
	if named < len(whole)/page {
		t.Errorf("only %d damages of a file of %d pages were noticed: the test damages nothing", named, len(whole)/page)
	}
}

func wantNamedOr(t *testing.T, how string, body []byte, want []incident.Record, n int) (named int) {
	t.Helper()
	err := bolt.Examine(fileOf(t, body), func(s *bolt.Store) error {
		got, err := loaded(t.Context(), s, n)
		if err == nil && !cmp.Equal(want, got) {
			t.Errorf("%s: it reads as something else", how)
		}
		return err
	})
	if err == nil {
		return 0
	}
	if !errors.Is(err, bolt.ErrDamaged) && !errors.Is(err, bolt.ErrForeign) && !errors.Is(err, bolt.ErrEmpty) && !errors.Is(err, bolt.ErrFormat) {
		t.Errorf("%s: %v", how, err)
	}
	return 1
}

func TestExamineTellsWhatTheReaderFound(t *testing.T) {
	s := open(t, newPath(t))
	if err := bolt.Examine(backup(t, s), func(*bolt.Store) error { return io.ErrUnexpectedEOF }); !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, bolt.ErrDamaged) {
		t.Errorf("%v", err)
	}
}
