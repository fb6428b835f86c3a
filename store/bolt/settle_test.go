package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
)

// small is a pace at which a few keys pass through every state.
var small = pace{enough: 60, along: 1, idle: 3, chunk: 50}

// slowly opens a store that settles bit by bit. What it writes need not last:
// no test here is about the disk.
func slowly(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	between(t, s, func() { s.writer.pace, s.db.db.NoSync = small, true })
	return s
}

// between does something while nobody writes.
func between(t *testing.T, s *Store, do func()) {
	t.Helper()
	if err := s.writer.call(t.Context(), func() error { do(); return nil }); err != nil {
		t.Fatal(err)
	}
}

// model is what the tables should hold.
type model [tableCount]map[string]string

func newModel() (m model) {
	for id := range m {
		m[id] = map[string]string{}
	}
	return m
}

// change makes a few changes to some of few keys, so that they meet often.
func (m model) change(rnd *rand.Rand, t tables) {
	for range 1 + rnd.IntN(5) {
		id, key := tableID(rnd.IntN(int(tableCount))), fmt.Sprintf("%02d", rnd.IntN(30))
		if rnd.IntN(3) == 0 {
			delete(m[id], key)
			t.of(id).drop([]byte(key))
			continue
		}
		m[id][key] = fmt.Sprint(rnd.IntN(1000))
		t.of(id).put([]byte(key), []byte(m[id][key]))
	}
}

// same demands that s holds exactly what m does, however it is asked.
func (m model) same(t *testing.T, s *Store) {
	t.Helper()
	err := s.view(t.Context(), func(all tables) error {
		for id, want := range m {
			table, got := all.of(tableID(id)), map[string]string{}
			var up, down []string
			for k, v := range table.from(nil) {
				got[string(k)], up = string(v), append(up, string(k))
			}
			for k := range table.before([]byte{0xff}) {
				down = append(down, string(k))
			}
			slices.Reverse(down)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", tableNames[id], diff)
			}
			if !slices.IsSorted(up) || !slices.Equal(up, down) {
				t.Fatalf("%s: up %v, down %v", tableNames[id], up, down)
			}
			for i := range 30 {
				key := fmt.Sprintf("%02d", i)
				if v := table.get([]byte(key)); string(v) != want[key] || (v != nil) != (want[key] != "") {
					t.Fatalf("%s: %s is %q, want %q", tableNames[id], key, v, want[key])
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// crash gives what kill -9 would leave, at another path.
func crash(t *testing.T, s *Store) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "crashed.db")
	between(t, s, func() {
		body, err := os.ReadFile(s.path)
		if err == nil {
			err = os.WriteFile(path, body, 0o600)
		}
		if err != nil {
			t.Error(err)
		}
	})
	return path
}

func TestTheFileHoldsEverythingHoweverMuchIsSettled(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rnd, m := rand.New(rand.NewPCG(seed, 0)), newModel() //nolint:gosec // the same in every run
			s := slowly(t, filepath.Join(t.TempDir(), "twokey.db"))
			for range 150 {
				var err error
				switch rnd.IntN(12) {
				case 0:
					s = slowly(t, crash(t, s))
				case 1:
					err = s.Close()
					s = slowly(t, s.path)
				case 2:
					err = s.Compact(t.Context())
				case 3:
					between(t, s, func() { err = s.writer.settleOnce() })
				default:
					err = s.update(t.Context(), func(all tables) error { m.change(rnd, all); return nil })
				}
				if err != nil {
					t.Fatal(err)
				}
				m.same(t, s)
			}
			s.Close()
			if n := entries(t, s.path); n != 0 {
				t.Errorf("%d entries of the journal are left behind", n)
			}
		})
	}
}

func entries(t *testing.T, path string) (n int) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_ = db.View(func(tx *bbolt.Tx) error { n = bucket(tx, bucketJournal).Stats().KeyN; return nil })
	return n
}

// Between the first copy and the last moment everything goes on as ever.
func TestWhatIsWrittenWhileAFileIsCompactedIsInTheNewOne(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rnd, m := rand.New(rand.NewPCG(seed, 1)), newModel() //nolint:gosec // the same in every run
			s := slowly(t, filepath.Join(t.TempDir(), "twokey.db"))
			some := func() {
				for range 20 {
					if err := s.update(t.Context(), func(all tables) error { m.change(rnd, all); return nil }); err != nil {
						t.Fatal(err)
					}
				}
			}
			some()
			between(t, s, func() { s.writer.kept = true })
			some()
			to, err := openHandle(s.path+".compact", os.OpenFile, &bbolt.Options{NoSync: true, FreelistType: bbolt.FreelistMapType})
			if err != nil {
				t.Fatal(err)
			}
			c := copying{from: s.db, to: to, chunk: small.chunk, stop: s.writer.closing}
			if err := c.all(t.Context()); err != nil {
				t.Fatal(err)
			}
			some()
			var old *handle
			between(t, s, func() { old, err = s.writer.move(&c, s.path+".compact") })
			if err := errors.Join(err, old.Close()); err != nil {
				t.Fatal(err)
			}
			m.same(t, s)
			some()
			m.same(t, slowly(t, crash(t, s)))
			s.Close()
			m.same(t, slowly(t, s.path))
		})
	}
}

// What one of a group did badly is not kept, and nobody is told that it was.
func TestAGroupIsWrittenWholeOrNotAtAll(t *testing.T) {
	s := slowly(t, filepath.Join(t.TempDir(), "twokey.db"))
	put := func(key string, err error) *request {
		return &request{done: make(chan struct{}), write: func(all tables) error {
			all.of(tableValues).put([]byte(key), []byte("x"))
			return err
		}}
	}
	refused := func(err error) *request {
		return &request{done: make(chan struct{}), write: func(tables) error { return err }}
	}
	broken, taken := errors.New("broken"), errors.New("taken")
	group := []*request{put("a", nil), refused(taken), put("b", nil)}
	between(t, s, func() { s.writer.commit(group) })
	if group[0].err != nil || !errors.Is(group[1].err, taken) || group[2].err != nil {
		t.Errorf("%v, %v, %v: want the second alone refused", group[0].err, group[1].err, group[2].err)
	}
	group = []*request{put("c", nil), refused(taken), put("d", broken)}
	between(t, s, func() { s.writer.commit(group) })
	for i, r := range group { // the second may have been refused because of the first, which is not there
		if !errors.Is(r.err, broken) {
			t.Errorf("%d: %v, want what broke the group", i, r.err)
		}
	}
	values, err := s.Values(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var keys []byte
	for _, v := range values {
		keys = append(keys, v.Key...)
	}
	if !bytes.Equal(keys, []byte("ab")) {
		t.Errorf("%s is kept, want ab", keys)
	}
}
