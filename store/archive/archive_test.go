package archive_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
	"twokey/store/archive"
)

const name = "closed-20260102T030405Z.jsonl.gz"

var (
	t0    = time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	chain = incident.Chain{Key: []byte("only for tests")}
)

// history is an incident with some notes that was retired for a file.
func history(n uint64, file string) []incident.Record {
	var events []incident.Event
	for i := range n {
		events = append(events, incident.Noted{Text: incident.Words(fmt.Sprintf("note <%d> of %d", i, n))})
	}
	return chain.Seal(incident.State{}, incident.NewID(n), "ana", t0, append(events, incident.Retired{File: file}))
}

func histories(file string, numbers ...uint64) [][]incident.Record {
	var all [][]incident.Record
	for _, n := range numbers {
		all = append(all, history(n, file))
	}
	return all
}

func each(all [][]incident.Record) iter.Seq2[[]incident.Record, error] {
	return func(yield func([]incident.Record, error) bool) {
		for _, h := range all {
			if !yield(h, nil) {
				return
			}
		}
	}
}

func wanted(all [][]incident.Record) incident.Archived {
	var ends []incident.End
	for _, h := range all {
		ends = append(ends, incident.EndOf(h))
	}
	return incident.Archived{File: name, Count: len(ends), Ends: incident.DigestEnds(ends)}
}

// write must succeed.
func write(t *testing.T, d archive.Dir, all [][]incident.Record) incident.Archived {
	t.Helper()
	a, err := d.Write(t.Context(), wanted(all), each(all))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func dir(t *testing.T) archive.Dir { return archive.Dir{Path: t.TempDir(), Chain: chain} }

// files are the names in a directory.
func files(t *testing.T, d archive.Dir) []string {
	t.Helper()
	entries, err := os.ReadDir(d.Path)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestAnArchiveHoldsTheRecordsAsTheyWereWritten(t *testing.T) {
	d, all := dir(t), histories(name, 1, 2, 10)
	a := write(t, d, all)
	ends, err := d.Check(t.Context(), a)
	if want := []incident.End{incident.EndOf(all[0]), incident.EndOf(all[1]), incident.EndOf(all[2])}; err != nil || !slices.Equal(ends, want) {
		t.Errorf("Check = %v, %v; want %v", ends, err, want)
	}
	f, err := os.Open(filepath.Join(d.Path, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for lines := bufio.NewScanner(z); lines.Scan(); {
		got = append(got, lines.Text())
	}
	for _, r := range slices.Concat(all...) {
		want = append(want, fmt.Sprintf(`{"hash":%q,"record":%s}`, r.Hash, r.Bytes))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{name}, files(t, d)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestNamesAreNewAndTellTheTime(t *testing.T) {
	d := dir(t)
	for _, want := range []string{name, "closed-20260102T030405Z-2.jsonl.gz", "closed-20260102T030405Z-3.jsonl.gz"} {
		got, err := d.Name(t0)
		if err != nil || got != want {
			t.Fatalf("Name = %q, %v; want %q", got, err, want)
		}
		if err := os.WriteFile(filepath.Join(d.Path, got), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := (archive.Dir{Path: filepath.Join(d.Path, name, "below")}).Name(t0); err == nil {
		t.Error("a directory that can't be is named into")
	}
}

// A crash leaves half a file beside its place, or a whole one in it.
func TestWritingGoesOnAfterACrash(t *testing.T) {
	all := histories(name, 1, 2)
	half := dir(t)
	if err := os.WriteFile(filepath.Join(half.Path, "."+name+".part"), bytes.Repeat([]byte("half"), 10_000), 0o600); err != nil {
		t.Fatal(err)
	}
	a := write(t, half, all)
	if diff := cmp.Diff([]string{name}, files(t, half)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	again, err := half.Write(t.Context(), wanted(all), func(func([]incident.Record, error) bool) {
		t.Error("what is there was written again")
	})
	if err != nil || again != a {
		t.Errorf("Write again = %+v, %v; want %+v", again, err, a)
	}
}

// Another version of gzip makes other bytes of the same records.
func TestAnArchiveThatIsThereIsKnownByWhatItHolds(t *testing.T) {
	d, all := dir(t), histories(name, 1, 2)
	a := write(t, d, all)
	repack(t, d, func(plain []byte) []byte { return plain })
	again, err := d.Write(t.Context(), wanted(all), each(nil))
	if err != nil || again.SHA256 == a.SHA256 || again.Ends != a.Ends {
		t.Errorf("Write = %+v, %v; want other bytes of %+v", again, err, a)
	}
	if _, err := d.Check(t.Context(), a); !errors.Is(err, archive.ErrChanged) {
		t.Errorf("Check = %v, want ErrChanged", err)
	}
}

func TestAFileThatHoldsSomethingElseIsNeverWrittenOver(t *testing.T) {
	d, other := dir(t), histories(name, 3)
	write(t, d, other)
	before, err := os.ReadFile(filepath.Join(d.Path, name))
	if err != nil {
		t.Fatal(err)
	}
	all := histories(name, 1, 2)
	if _, err := d.Write(t.Context(), wanted(all), each(all)); !errors.Is(err, archive.ErrOther) {
		t.Errorf("Write = %v, want ErrOther", err)
	}
	if after, err := os.ReadFile(filepath.Join(d.Path, name)); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file changed: %v", err)
	}
}

func TestNothingComesToBeOfHistoriesThatAreNotWhatWasSaid(t *testing.T) {
	broken := errors.New("broken")
	all := histories(name, 1, 2)
	unsealed := histories(name, 1, 2)
	unsealed[1] = unsealed[1][:2]
	edited := histories(name, 1, 2)
	edited[0][0].By = "eve"
	edited[0][0].Bytes = bytes.Replace(edited[0][0].Bytes, []byte("ana"), []byte("eve"), 1)
	gone, stop := context.WithCancel(t.Context())
	stop()
	for why, try := range map[string]struct {
		ctx  context.Context
		give iter.Seq2[[]incident.Record, error]
		want error
	}{
		"one is missing":    {t.Context(), each(all[:1]), archive.ErrUnlike},
		"one is more":       {t.Context(), each(histories(name, 1, 2, 3)), archive.ErrUnlike},
		"one is cut":        {t.Context(), each(unsealed), archive.ErrDamaged},
		"none is retired":   {t.Context(), each([][]incident.Record{all[0][:1]}), archive.ErrDamaged},
		"one is edited":     {t.Context(), each(edited), &incident.BrokenError{Incident: "inc-1", Seq: 1, Why: "edited"}},
		"one twice":         {t.Context(), each(histories(name, 1, 1)), nil},
		"for another file":  {t.Context(), each([][]incident.Record{history(1, name), history(2, "other")}), archive.ErrDamaged},
		"out of order":      {t.Context(), each(histories(name, 2, 1)), archive.ErrDamaged},
		"one can't be read": {t.Context(), func(yield func([]incident.Record, error) bool) { yield(nil, broken) }, broken},
		"it was cut off":    {gone, each(all), context.Canceled},
	} {
		d := dir(t)
		_, err := d.Write(try.ctx, wanted(all), try.give)
		wrong, ok := errors.AsType[*incident.BrokenError](err)
		if want, is := errors.AsType[*incident.BrokenError](try.want); is && (!ok || *wrong != *want) || !is && try.want != nil && !errors.Is(err, try.want) || err == nil {
			t.Errorf("%s: Write = %v, want %v", why, err, try.want)
		}
		if left := files(t, d); len(left) > 0 {
			t.Errorf("%s: left %v", why, left)
		}
	}
}

// Whatever happens to a byte of the file, it is not the file that was written
// down.
func TestADamagedArchiveIsFound(t *testing.T) {
	d := dir(t)
	a := write(t, d, histories(name, 1, 2))
	path := filepath.Join(d.Path, name)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, body []byte) {
		t.Helper()
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Check(t.Context(), a); err == nil {
			t.Errorf("%s: Check = nil", what)
		}
	}
	for i := range whole {
		flipped := bytes.Clone(whole)
		flipped[i] ^= 1 << (i % 8)
		check(fmt.Sprintf("byte %d", i), flipped)
	}
	for n := range whole {
		check(fmt.Sprintf("cut at %d", n), whole[:n])
	}
	check("longer", append(bytes.Clone(whole), 0))
	check("twice", append(bytes.Clone(whole), whole...))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Check(t.Context(), a); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Check = %v, want ErrNotExist", err)
	}
}

// Whoever can write the file and has not the key is found by the chain alone.
func TestAnEditedArchiveIsFoundWithoutTheSystemLog(t *testing.T) {
	for what, edit := range map[string]func([]byte) []byte{
		"a word":      func(p []byte) []byte { return bytes.Replace(p, []byte("ana"), []byte("eve"), 1) },
		"a line less": func(p []byte) []byte { return p[bytes.IndexByte(p, '\n')+1:] },
		"a cut tail":  func(p []byte) []byte { return p[:bytes.LastIndexByte(p[:len(p)-1], '\n')+1] },
		"a line more": func(p []byte) []byte { return append(p, p[:bytes.IndexByte(p, '\n')+1]...) },
		"no lines":    func([]byte) []byte { return []byte("hello\n") },
	} {
		d := dir(t)
		write(t, d, histories(name, 1, 2))
		repack(t, d, edit)
		if got, err := archive.Inspect(t.Context(), filepath.Join(d.Path, name), chain); err == nil {
			t.Errorf("%s: Inspect = %+v, nil", what, got)
		}
	}
	d := dir(t)
	write(t, d, histories(name, 1, 2))
	_, err := archive.Inspect(t.Context(), filepath.Join(d.Path, name), incident.Chain{Key: []byte("another")})
	if broken, ok := errors.AsType[*incident.BrokenError](err); !ok || broken.Incident != "inc-1" || broken.Seq != 1 {
		t.Errorf("Inspect with another key = %v", err)
	}
}

// repack changes what a file holds, and packs it in another way.
func repack(t *testing.T, d archive.Dir, edit func([]byte) []byte) {
	t.Helper()
	path := filepath.Join(d.Path, name)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.NoCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(edit(plain)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), os.WriteFile(path, b.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
}
