package bolt_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
)

const pageSize = 4096

// memory is a directory on a file system in memory, where there is one: these
// tests write thousands of files that nobody keeps.
func memory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "twokey-test-*")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// exhibit is a store with all kinds of content, and what is known of it outside: the head of every incident.
type exhibit struct {
	image []byte // the pages in use
	size  int64  // of the file: bbolt makes it longer than it needs
	heads map[incident.ID]incident.Record
}

const exhibitIncidents = 12

func makeExhibit(t *testing.T) exhibit {
	t.Helper()
	path, ctx := filepath.Join(memory(t), "twokey.db"), t.Context()
	s := open(t, path)
	x := exhibit{heads: map[incident.ID]incident.Record{}}
	for n := range exhibitIncidents {
		if n == exhibitIncidents/2 { // one half at rest, the other as a crash leaves it
			s.Close()
			s = open(t, path)
		}
		id, err := s.Create(ctx, func(id incident.ID) store.Batch {
			sealed := records(id, 1+n%5)
			x.heads[id] = sealed[len(sealed)-1]
			return store.Batch{
				Records: sealed,
				Jobs:    []incident.Job{{Key: "job/" + string(id), Lane: fmt.Sprintf("lane/%d", n%3), Incident: id, Due: t0}},
				Marks:   []store.Mark{{Name: "open/" + string(id), Now: t0}, {Name: "until/" + string(id), Now: t0, Until: t0.Add(time.Hour)}},
				Values:  []store.Value{{Key: "value/" + string(id), Body: bytes.Repeat([]byte("body "), 40)}},
				Index:   []incident.Index{{Incident: id, Key: incident.KeyID(id), Opened: t0, Open: n%2 == 0}},
			}
		})
		if err != nil {
			t.Fatal(id, err)
		}
	}
	x.image = read(t, path)
	x.size = int64(len(x.image))
	x.image = x.image[:x.meta(newestMeta(x), metaPages)*pageSize]
	return x
}

// finding is how a damaged file showed, the worst way first.
type finding string

const (
	refused  finding = "refused at open"
	byError  finding = "an error in use"
	byChain  finding = "the chain"
	byHead   finding = "the head known outside"
	byCheck  finding = "bbolt's own check"
	harmless finding = "nothing: it hit free space, or what is beside the record"
)

// damage looks at one damaged file after the other.
type damage struct {
	*testing.T
	exhibit

	dir     string
	looks   int
	found   map[finding]int
	unfound []string // files in which nothing was found
	stopped int      // files that were not written any more
}

func damaged(t *testing.T) *damage {
	return &damage{T: t, exhibit: makeExhibit(t), dir: memory(t), found: map[finding]int{}}
}

// look uses a damaged file in every way. Nothing may panic or be lost in
// silence, and every error must be one that people know.
func (d *damage) look(what string, image []byte) finding {
	d.Helper()
	path := filepath.Join(d.dir, fmt.Sprintf("%d.db", len(d.unfound)))
	if err := os.WriteFile(path, image, 0o600); err != nil {
		d.Fatal(err)
	}
	if len(image) == len(d.image) {
		if err := os.Truncate(path, d.size); err != nil {
			d.Fatal(err)
		}
	}
	d.looks++
	found := d.open(what, path)
	if d.found[found]++; found == harmless {
		d.unfound = append(d.unfound, path)
	}
	return found
}

func (d *damage) open(what, path string) finding {
	d.Helper()
	s, err := bolt.Open(path, bolt.Options{ReadOnly: d.looks%4 == 0})
	if err != nil {
		wantNamed(d.T, what+": open", err)
		return refused
	}
	found := d.use(d.T, what, s, d.looks%4 == 0)
	if found == byError && errors.Is(s.Check(), bolt.ErrDamaged) {
		d.stopped++
	}
	if err := s.Close(); err != nil {
		d.Errorf("%s: close: %v", what, err)
	}
	return found
}

// tell says how everything was found, and has bbolt check what was not.
func (d *damage) tell() {
	d.Helper()
	for _, ok := range sound(d.T, d.unfound) {
		if !ok {
			d.found[harmless]--
			d.found[byCheck]++
		}
	}
	total := 0
	for n := range maps.Values(d.found) {
		total += n
	}
	d.Logf("%d files: %v", total, d.found)
	if d.found[harmless] == total {
		d.Error("nothing was ever found: the damage does not reach the store")
	}
}

func (x exhibit) use(t *testing.T, what string, s *bolt.Store, readOnly bool) finding {
	t.Helper()
	ctx, found := t.Context(), harmless
	for id, head := range x.heads {
		got, err := s.Load(ctx, id)
		switch {
		case err != nil:
			wantNamed(t, what+": load", err)
			found = byError
		case (incident.Chain{}).Check(got) != nil:
			return byChain
		case uint64(len(got)) != head.Seq || got[len(got)-1].Hash != head.Hash:
			return byHead
		}
	}
	for name, err := range reads(ctx, s) {
		if err != nil {
			wantNamed(t, what+": "+name, err)
			found = byError
		}
	}
	if readOnly {
		return found
	}
	if found == byError && errors.Is(s.Check(), bolt.ErrDamaged) {
		wantRefusal(t, what, s)
	}
	for name, err := range writes(ctx, s) {
		if err == nil {
			continue
		}
		wantNamed(t, what+": "+name, err)
		found = byError
		if errors.Is(err, bolt.ErrDamaged) && s.Check() != nil {
			wantRefusal(t, what, s)
		}
	}
	return found
}

func reads(ctx context.Context, s store.Store) map[string]error {
	_, find := s.Find(ctx, store.Query{Limit: 1000})
	_, open := s.Find(ctx, store.Query{Open: true})
	_, values := s.Values(ctx, "")
	_, _, value := s.Value(ctx, "value/inc-7")
	_, _, marked := s.Marked(ctx, "open/inc-9", t0)
	_, _, due := s.NextDue(ctx, "lane/1")
	return map[string]error{"find": find, "find open": open, "values": values, "value": value, "marked": marked, "due": due}
}

func writes(ctx context.Context, s store.Store) map[string]error {
	all := map[string]error{}
	for n := range 3 {
		_, all[fmt.Sprintf("create %d", n)] = s.Create(ctx, func(id incident.ID) store.Batch {
			return store.Batch{
				Records: records(id, 2), Jobs: []incident.Job{{Key: "new/" + string(id), Lane: "lane/1", Due: t0}},
				Marks: []store.Mark{{Name: "new/" + string(id), Now: t0.Add(2 * time.Hour)}}, Release: []string{fmt.Sprintf("open/inc-%d", n+1)},
				Values: []store.Value{{Key: "value/inc-3"}, {Key: "new", Body: bytes.Repeat([]byte("x"), 9000)}},
			}
		})
		l, ok, err := s.Claim(ctx, fmt.Sprintf("lane/%d", n), t0, time.Minute)
		all[fmt.Sprintf("claim %d", n)] = err
		if ok {
			all[fmt.Sprintf("finish %d", n)] = s.Finish(ctx, l)
		}
	}
	return all
}

// wantRefusal demands that nothing is written once damage was seen.
func wantRefusal(t *testing.T, what string, s *bolt.Store) {
	t.Helper()
	if err := s.Append(t.Context(), store.Batch{Records: records("inc-9999", 1)}); !errors.Is(err, bolt.ErrDamaged) {
		t.Errorf("%s: a write after damage was seen: %v, want ErrDamaged", what, err)
	}
}

func wantNamed(t *testing.T, what string, err error) {
	t.Helper()
	for _, known := range []error{bolt.ErrDamaged, bolt.ErrForeign, bolt.ErrEmpty, bolt.ErrFormat, store.ErrConflict, store.ErrLost} {
		if errors.Is(err, known) {
			return
		}
	}
	if _, taken := errors.AsType[*store.TakenError](err); !taken {
		t.Errorf("%s: an error without a name: %v", what, err)
	}
}

// TestFlippedBytes turns one byte after another into another one.
func TestFlippedBytes(t *testing.T) {
	if wild(t) {
		return
	}
	d, r := damaged(t), rand.New(rand.NewPCG(7, 7))
	for range 150 {
		image, at, to := bytes.Clone(d.image), r.IntN(len(d.image)), byte(1+r.IntN(255))
		image[at] ^= to
		d.look(fmt.Sprintf("byte %d ^ %#x", at, to), image)
	}
	d.tell()
}

// TestFlippedBytesOfHeaders does the same where it hurts most: at the beginning
// of pages, where bbolt keeps what they are and where their content lies.
func TestFlippedBytesOfHeaders(t *testing.T) {
	if wild(t) {
		return
	}
	d, r := damaged(t), rand.New(rand.NewPCG(8, 8))
	for range 100 {
		image, at, to := bytes.Clone(d.image), r.IntN(len(d.image)/pageSize)*pageSize+r.IntN(96), byte(1+r.IntN(255))
		image[at] ^= to
		d.look(fmt.Sprintf("byte %d ^ %#x", at, to), image)
	}
	d.tell()
}

func TestZeroedAndMisdirectedPages(t *testing.T) {
	if wild(t) {
		return
	}
	d, r := damaged(t), rand.New(rand.NewPCG(9, 9))
	pages := len(d.image) / pageSize
	for p := range pages {
		image := bytes.Clone(d.image)
		clear(image[p*pageSize : (p+1)*pageSize])
		d.look(fmt.Sprintf("page %d zeroed", p), image)
		image, other := bytes.Clone(d.image), r.IntN(pages)
		copy(image[p*pageSize:(p+1)*pageSize], d.image[other*pageSize:(other+1)*pageSize])
		d.look(fmt.Sprintf("page %d holds page %d", p, other), image)
	}
	if d.tell(); d.stopped == 0 {
		t.Error("no damage ever stopped the writing")
	}
}

// TestTruncatedFiles finds every file that is shorter than what it refers to,
// already when it is opened.
func TestTruncatedFiles(t *testing.T) {
	if wild(t) {
		return
	}
	d, r := damaged(t), rand.New(rand.NewPCG(10, 10))
	lengths := []int{1, 100, pageSize - 1, pageSize, pageSize + 1, 2 * pageSize, 2*pageSize + 1, 3 * pageSize, len(d.image) - pageSize, len(d.image) - 1}
	for range 50 {
		lengths = append(lengths, 1+r.IntN(len(d.image)-1))
	}
	for _, n := range lengths {
		what := fmt.Sprintf("%d of %d bytes", n, len(d.image))
		if got := d.look(what, d.image[:n]); got != refused {
			t.Errorf("%s: found by %s, want: %s", what, got, refused)
		}
	}
}

// TestLostTail spoils the newest of the two pages that name the last
// transaction: bbolt goes back to the one before and says nothing, and the chain
// is whole. Only who knows the head from elsewhere sees it.
func TestLostTail(t *testing.T) {
	d := damaged(t)
	newest, image := newestMeta(d.exhibit), bytes.Clone(d.image)
	clear(image[newest*pageSize : (newest+1)*pageSize])
	if got := d.look("newest meta zeroed", image); got != byHead {
		t.Errorf("a lost tail was found by %s, want: %s", got, byHead)
	}
}

// Where a page that names a transaction holds what: behind 16 bytes of header.
const (
	metaPages = 16 + 40 // how many pages are in use
	metaTx    = 16 + 48 // the transaction's number
)

func (x exhibit) meta(page, at int) uint64 {
	return binary.LittleEndian.Uint64(x.image[page*pageSize+at:])
}

func newestMeta(x exhibit) int {
	if x.meta(1, metaTx) > x.meta(0, metaTx) {
		return 1
	}
	return 0
}
