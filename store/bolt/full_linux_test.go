package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
)

// TestAFullDisk runs out of room and gets it back, below a limit on the size of
// files, and on a small file system of its own where this user may mount one.
func TestAFullDisk(t *testing.T) {
	onSmallDisk(t, "full")
	for _, kind := range []string{"limit", "growth"} {
		if out, err := child(t, "full", t.TempDir(), kind).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", kind, err, out)
		}
	}
}

// TestAReadOnlyDisk needs a file system of its own; the story read-only.txtar of
// the command does without.
func TestAReadOnlyDisk(t *testing.T) { onSmallDisk(t, "readonly") }

func diskRoles() map[string]func([]string) error {
	return map[string]func([]string) error{"full": fullDisk, "readonly": readOnlyDisk}
}

// errNoMount says that this user may not mount anything here.
var errNoMount = errors.New("nothing can be mounted here")

func onSmallDisk(t *testing.T, role string) {
	t.Helper()
	c := child(t, role, t.TempDir(), "mount")
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := c.CombinedOutput()
	switch {
	case err == nil:
		t.Log("on a file system of its own: ok")
	case c.ProcessState == nil, strings.Contains(string(out), errNoMount.Error()):
		t.Logf("not on a file system of its own: %v %s", err, out)
	default:
		t.Errorf("%v\n%s", err, out)
	}
}

func mountSmall(dir string) error {
	if err := syscall.Mount("twokey-test", dir, "tmpfs", 0, "size=3m"); err != nil {
		return fmt.Errorf("%w: %w", errNoMount, err)
	}
	return nil
}

// shortage takes the room away, and gives it back.
type shortage struct{ take, give func() error }

func shortageOf(kind, dir string) (shortage, error) {
	if kind == "mount" {
		ballast := filepath.Join(dir, "ballast")
		return shortage{
			take: func() error { return fillUp(ballast) },
			give: func() error { return os.Remove(ballast) },
		}, mountSmall(dir)
	}
	var whole syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &whole); err != nil {
		return shortage{}, err
	}
	return shortage{
		take: func() error {
			limit := syscall.Rlimit{Cur: 5000, Max: whole.Max} // in the middle of a page
			if info, err := os.Stat(filepath.Join(dir, "twokey.db")); kind == "growth" && err == nil {
				limit.Cur = uint64(info.Size()) // all that it has, and no more
			}
			return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
		},
		give: func() error { return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &whole) },
	}, nil
}

func fillUp(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for block := make([]byte, 1<<16); len(block) > 0; {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2]
		} else if err != nil {
			return err
		}
	}
	return nil
}

// diary is one incident that is written on and on.
type diary struct {
	*bolt.Store

	long    int // how often what is beside a record repeats it
	records []incident.Record
}

// write adds a record with something long beside it.
func (d *diary) write(note string) error {
	state := incident.State{ID: "inc-1"}
	if n := len(d.records); n > 0 {
		state.Seq, state.Head = uint64(n), d.records[n-1].Hash
	}
	next := incident.Chain{}.Seal(state, "inc-1", "ana", t0, []incident.Event{incident.Noted{Text: incident.Words(note)}})
	err := d.Append(context.Background(), store.Batch{
		Records: next, Values: []store.Value{{Key: fmt.Sprintf("page/%d", state.Seq+1), Body: bytes.Repeat([]byte(note), d.long)}},
	})
	if err == nil {
		d.records = append(d.records, next...)
	}
	return err
}

// whole demands that everything is there that was acknowledged, and no more.
func (d *diary) whole(s *bolt.Store) error {
	got, err := s.Load(context.Background(), "inc-1")
	if err != nil {
		return err
	}
	values, err := s.Values(context.Background(), "page/")
	if err != nil {
		return err
	}
	if len(got) != len(d.records) || len(values) != len(got) || got[len(got)-1].Hash != d.records[len(got)-1].Hash {
		return fmt.Errorf("%d records and %d values of %d", len(got), len(values), len(d.records))
	}
	return incident.Chain{}.Check(got)
}

// fullDisk is a child: its arguments are a directory and what runs short.
func fullDisk(args []string) error {
	path := filepath.Join(args[0], "twokey.db")
	short, err := shortageOf(args[1], args[0])
	if err != nil {
		return err
	}
	s, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	d := &diary{Store: s, long: 1000}
	if args[1] == "growth" {
		d.long = 30_000
	}
	for range 20 {
		if err := d.write("before "); err != nil {
			return err
		}
	}
	if err := errors.Join(short.take(), d.runsOut(), d.whole(s), short.give()); err != nil {
		return err
	}
	for range 20 {
		if err := d.write("after "); err != nil {
			return fmt.Errorf("with room again: %w", err)
		}
	}
	if err := errors.Join(d.whole(s), s.Close(), checked(path)); err != nil {
		return err
	}
	return reopened(path, d)
}

// runsOut writes until there is no room, and then some more.
func (d *diary) runsOut() error {
	refused := 0
	for range 20_000 {
		err := d.write("short of room ")
		if err == nil {
			continue // some fit into pages that the file has already
		}
		if !errors.Is(err, bolt.ErrFull) {
			return fmt.Errorf("want ErrFull: %w", err)
		}
		if refused++; refused == 5 {
			return nil
		}
	}
	return errors.New("the room never ran out")
}

func reopened(path string, d *diary) error {
	s, err := bolt.Open(path, bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	return errors.Join(d.whole(s), s.Close())
}

// readOnlyDisk is a child: its argument is a directory.
func readOnlyDisk(args []string) error {
	path := filepath.Join(args[0], "twokey.db")
	if err := mountSmall(args[0]); err != nil {
		return err
	}
	s, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	d := &diary{Store: s, long: 1}
	if err := errors.Join(d.write("kept "), s.Close(), syscall.Mount("", args[0], "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")); err != nil {
		return err
	}
	for _, path := range []string{path, path + ".new"} {
		if _, err := bolt.Open(path, bolt.Options{}); !errors.Is(err, bolt.ErrReadOnlyDisk) {
			return fmt.Errorf("open %s: %w, want ErrReadOnlyDisk", path, err)
		}
	}
	return reopened(path, d)
}
