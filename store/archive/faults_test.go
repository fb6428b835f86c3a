package archive

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"twokey/incident"
)

// full is a file on a disk with room for some bytes.
type full struct {
	*os.File

	room         int
	syncs, close error
}

func (f *full) Write(b []byte) (int, error) {
	if len(b) > f.room {
		n, _ := f.File.Write(b[:f.room])
		f.room = 0
		return n, &os.PathError{Op: "write", Path: f.Name(), Err: syscall.ENOSPC}
	}
	f.room -= len(b)
	return f.File.Write(b)
}

func (f *full) Sync() error { return errors.Join(f.File.Sync(), f.syncs) }

func (f *full) Close() error { return errors.Join(f.File.Close(), f.close) }

// A disk that is full at any byte, or fails to keep what it took, leaves nothing
// behind; once there is room the same call works.
func TestAFullDiskLeavesNothingBehind(t *testing.T) {
	const name = "closed.jsonl.gz"
	chain := incident.Chain{Key: []byte("only for tests")}
	history := chain.Seal(incident.State{}, "inc-1", "ana", time.Now(), []incident.Event{incident.Took{}, incident.Retired{File: name}})
	want := incident.Archived{File: name, Count: 1, Ends: incident.DigestEnds([]incident.End{incident.EndOf(history)})}
	all := func(yield func([]incident.Record, error) bool) { yield(history, nil) }

	d := Dir{Path: t.TempDir(), Chain: chain}
	try := func(f full) error {
		d.create = func(part string) (file, error) {
			var err error
			f.File, err = os.Create(part)
			return &f, err
		}
		_, err := d.Write(t.Context(), want, all)
		left, globbed := filepath.Glob(filepath.Join(d.Path, "*"))
		hidden, _ := filepath.Glob(filepath.Join(d.Path, ".*"))
		if err != nil && (globbed != nil || len(left)+len(hidden) > 0) {
			t.Fatalf("left %v %v", left, hidden)
		}
		return err
	}
	rooms := 0
	for ; ; rooms++ {
		err := try(full{room: rooms})
		if err == nil {
			break
		}
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), name) {
			t.Fatalf("room for %d: %v, want ENOSPC and the file's name", rooms, err)
		}
	}
	if rooms < 100 {
		t.Errorf("it fits into %d bytes", rooms)
	}
	if err := os.Remove(filepath.Join(d.Path, name)); err != nil {
		t.Fatal(err)
	}
	for _, f := range []full{{room: 1 << 20, syncs: syscall.EIO}, {room: 1 << 20, close: syscall.EIO}} {
		if err := try(f); !errors.Is(err, syscall.EIO) {
			t.Errorf("Write = %v, want EIO", err)
		}
	}
	if err := try(full{room: 1 << 20}); err != nil {
		t.Error(err)
	}
}

func FuzzReadLine(f *testing.F) {
	r := incident.Chain{}.Seal(incident.State{}, "inc-1", "ana", time.Unix(0, 0), []incident.Event{incident.Took{}})[0]
	var line strings.Builder
	if err := writeLine(&line, r); err != nil {
		f.Fatal(err)
	}
	f.Add(line.String())
	f.Add("")
	f.Add(lineHead + strings.Repeat("0", hashLen) + lineMiddle + lineTail)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := readLine([]byte(strings.TrimSuffix(text, "\n")))
		if err != nil {
			return
		}
		var again strings.Builder
		if err := writeLine(&again, r); err != nil {
			return // several lines: a reader of lines never gets here
		}
		if again.String() != strings.TrimSuffix(text, "\n")+"\n" {
			t.Errorf("%q is written as %q", text, again.String())
		}
	})
}
