package heads_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/store/heads"
)

// safeLog is what was logged.
type safeLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *safeLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *safeLog) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(l, nil)) }

func (l *safeLog) count(level string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), `"level":"`+level+`"`)
}

func open(t testing.TB, path string, log *slog.Logger) *heads.File {
	t.Helper()
	f, err := heads.Open(path, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func flush(t testing.TB, f *heads.File) {
	t.Helper()
	if err := f.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

var quiet = slog.New(slog.DiscardHandler)

func TestAFileIsForItsOwnerOnlyAndIsAddedTo(t *testing.T) {
	path := newFile(t)
	for seq := uint64(1); seq <= 3; seq++ {
		f := open(t, path, quiet)
		f.Note(head("inc-1", seq))
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if diff := cmp.Diff([]heads.Head{head("inc-1", 1), head("inc-1", 2), head("inc-1", 3)}, read(t, path)); diff != "" {
		t.Error(diff)
	}
}

func TestClosingWritesWhatWaits(t *testing.T) {
	path := newFile(t)
	f := open(t, path, quiet)
	for i := range 1000 {
		f.Note(head(newID(i), 1))
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got := len(read(t, path)); got != 1000 {
		t.Errorf("%d heads, want 1000", got)
	}
	f.Note(head("inc-1", 2))
	if err := f.Flush(t.Context()); !errors.Is(err, heads.ErrClosed) {
		t.Errorf("flushing a closed file: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}

func TestAFileThatWasRotatedOrRemovedIsBegunAnew(t *testing.T) {
	path := newFile(t)
	f := open(t, path, quiet)
	f.Note(head("inc-1", 1))
	flush(t, f)
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	f.Note(head("inc-1", 2))
	flush(t, f)
	if err := os.Remove(path + ".1"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]heads.Head{head("inc-1", 2)}, read(t, path)); diff != "" {
		t.Error(diff)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write(t, path, head("inc-9", 9).String()) // what logrotate or somebody else put there
	f.Note(head("inc-1", 3))
	flush(t, f)
	if diff := cmp.Diff([]heads.Head{head("inc-9", 9), head("inc-1", 3)}, read(t, path)); diff != "" {
		t.Error(diff)
	}
}

func TestAFullDiskHoldsNobodyUpAndIsToldOnce(t *testing.T) {
	full := "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skipf("no %s here: %v", full, err)
	}
	path, log := newFile(t), &safeLog{}
	if err := os.Symlink(full, path); err != nil {
		t.Fatal(err)
	}
	f := open(t, path, log.logger())
	for seq := uint64(1); seq <= 5; seq++ {
		f.Note(head("inc-1", seq), head("inc-2", seq))
		if err := f.Flush(t.Context()); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("flush: %v", err)
		}
	}
	if err := f.Failing(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("failing: %v", err)
	}
	if got := log.count("ERROR"); got != 1 {
		t.Errorf("told %d times", got)
	}
	if err := os.Remove(path); err != nil { // space again
		t.Fatal(err)
	}
	flush(t, f)
	if diff := cmp.Diff([]heads.Head{head("inc-1", 5), head("inc-2", 5)}, read(t, path)); diff != "" {
		t.Error(diff)
	}
	if f.Failing() != nil || log.count("ERROR") != 1 || log.count("INFO") != 1 {
		t.Errorf("failing %v, log: %s", f.Failing(), log.b.String())
	}
}

// Nobody asks and nothing more comes in: what waits is written by itself.
func TestWhatWaitsIsTriedAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	path := filepath.Join(dir, "heads.log")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		log := &safeLog{}
		f, err := heads.Open(path, log.logger())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		f.Note(head("inc-1", 1))
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		if err := f.Failing(); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("failing: %v", err)
		}
		f.Note(head("inc-1", 2))
		time.Sleep(10 * time.Second)
		if got := log.count("ERROR"); got != 1 {
			t.Errorf("told %d times", got)
		}
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if f.Failing() != nil || len(read(t, path)) != 1 {
			t.Errorf("%v, %v", f.Failing(), read(t, path))
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAnUnfinishedLineIsEnded(t *testing.T) {
	path := newFile(t)
	half := head("inc-1", 1).String()
	if err := os.WriteFile(path, []byte(half[:70]), 0o600); err != nil {
		t.Fatal(err)
	}
	f := open(t, path, quiet)
	f.Note(head("inc-1", 2))
	flush(t, f)
	if diff := cmp.Diff([]heads.Head{head("inc-1", 2)}, read(t, path)); diff != "" {
		t.Error(diff)
	}
}

func TestAFloodOfOneHistoryWaitsAsOneLine(t *testing.T) {
	path := newFile(t)
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	f := open(t, path, quiet)
	for seq := uint64(1); seq <= 100_000; seq++ {
		f.Note(head("inc-1", seq))
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	flush(t, f)
	if got := read(t, path); len(got) != 1 || got[0].Seq != 100_000 {
		t.Errorf("%d heads: %v", len(got), got)
	}
	for i := range 100_100 {
		f.Note(head(newID(i), 1))
	}
	flush(t, f)
}

func TestWhatWaitsIsBounded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	path := filepath.Join(dir, "heads.log")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	f := open(t, path, quiet)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for i := range 100_050 {
		f.Note(head(newID(i), 1))
	}
	_ = f.Flush(t.Context())
	if got := f.Lost(); got != 50 {
		t.Errorf("%d left out, want 50", got)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	flush(t, f)
	if got := read(t, path); len(got) != 100_000 || got[0].ID != newID(50) {
		t.Errorf("%d heads, the first of %s", len(got), got[0].ID)
	}
}

func TestPurgingIsOnTheDiskOrRefused(t *testing.T) {
	path := newFile(t)
	f := open(t, path, quiet)
	f.Note(head("inc-1", 3))
	if err := f.Purge(t.Context(), head("inc-1", 3), head("inc-2", 4)); err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(read(t, path))
	want := fmt.Sprintf("[%s %s purged %s purged]", head("inc-1", 3), head("inc-1", 3), head("inc-2", 4))
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	if err := f.Purge(t.Context(), head("inc-3", 1)); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("purging without a disk: %v", err)
	}
	if err := f.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("closing with something unwritten: %v", err)
	}
}

func TestNoFileWritesNothing(t *testing.T) {
	var f *heads.File
	f.Note(head("inc-1", 1))
	if err := errors.Join(f.Purge(t.Context(), head("inc-1", 1)), f.Flush(t.Context()), f.Failing(), f.Close()); err != nil || f.Lost() != 0 {
		t.Error(err)
	}
}
