package bolt_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
)

// wantUnwritten demands that nothing can be written and everything be read.
func wantUnwritten(t *testing.T, s *bolt.Store, want error) {
	t.Helper()
	if err := s.Check(); !errors.Is(err, want) {
		t.Errorf("Check = %v, want %v", err, want)
	}
	if err := s.Append(t.Context(), store.Batch{Records: records("inc-2", 1)}); !errors.Is(err, want) {
		t.Errorf("Append = %v, want %v", err, want)
	}
	if _, err := s.Create(t.Context(), func(id incident.ID) store.Batch { return store.Batch{Records: records(id, 1)} }); !errors.Is(err, want) {
		t.Errorf("Create = %v, want %v", err, want)
	}
	if got, err := s.Load(t.Context(), "inc-1"); err != nil || len(got) != 3 {
		t.Errorf("Load = %d records, %v; want 3", len(got), err)
	}
}

func wantWritten(t *testing.T, s *bolt.Store) {
	t.Helper()
	if err := s.Check(); err != nil {
		t.Errorf("Check: %v", err)
	}
	if err := s.Append(t.Context(), store.Batch{Values: []store.Value{{Key: "written", Body: []byte("x")}}}); err != nil {
		t.Errorf("Append: %v", err)
	}
}

func withRecords(t *testing.T, path string) *bolt.Store {
	t.Helper()
	s := open(t, path)
	if err := s.Append(t.Context(), store.Batch{Records: records("inc-1", 3)}); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestARemovedFileIsNoticedUntilItIsBack(t *testing.T) {
	path := newPath(t)
	s := withRecords(t, path)
	wantWritten(t, s)
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	wantUnwritten(t, s, bolt.ErrReplaced)
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	wantWritten(t, s)
	if got, err := s.Load(t.Context(), "inc-2"); err != nil || len(got) != 0 {
		t.Errorf("what was refused is there: %d records, %v", len(got), err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	wantUnwritten(t, s, bolt.ErrReplaced)
}

// TestAFileThatGoesDuringAWriteIsNoticed takes it away after the last look at it,
// and before anybody could have relied on the write.
func TestAFileThatGoesDuringAWriteIsNoticed(t *testing.T) {
	path := newPath(t)
	s := withRecords(t, path)
	_, err := s.Create(t.Context(), func(id incident.ID) store.Batch {
		if _, err := os.Stat(path); err == nil {
			err = os.Rename(path, path+".away")
			if err != nil {
				t.Error(err)
			}
		}
		return store.Batch{Records: records(id, 1)}
	})
	if !errors.Is(err, bolt.ErrReplaced) {
		t.Errorf("Create = %v, want ErrReplaced", err)
	}
}

func TestAReplacedFileIsNoticed(t *testing.T) {
	path := newPath(t)
	s := withRecords(t, path)
	other := filepath.Join(t.TempDir(), "other.db")
	open(t, other).Close()
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	wantUnwritten(t, s, bolt.ErrReplaced)
	wantWritten(t, open(t, path)) // the new one is for whoever opens it
	wantUnwritten(t, s, bolt.ErrReplaced)
}

func TestAFileCutShortUnderTheBotIsNoticed(t *testing.T) {
	path := newPath(t)
	s := withRecords(t, path)
	if err := os.Truncate(path, 4*pageSize); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(); !errors.Is(err, bolt.ErrDamaged) {
		t.Errorf("Check = %v, want ErrDamaged", err)
	}
	for range 2 { // whatever it is that cannot be reached, and again
		if err := s.Append(t.Context(), store.Batch{Records: records("inc-2", 1)}); !errors.Is(err, bolt.ErrDamaged) {
			t.Errorf("Append = %v, want ErrDamaged", err)
		}
		if _, err := s.Load(t.Context(), "inc-1"); err != nil && !errors.Is(err, bolt.ErrDamaged) {
			t.Errorf("Load = %v", err)
		}
	}
}

// TestAFileThatVanishesUnderTheBotStopsNobody cuts everything away: even bbolt's
// beginning of a transaction fails, with its locks held.
func TestAFileThatVanishesUnderTheBotStopsNobody(t *testing.T) {
	path := newPath(t)
	s := withRecords(t, path)
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := s.Load(t.Context(), "inc-1"); !errors.Is(err, bolt.ErrDamaged) {
			t.Errorf("Load = %v, want ErrDamaged", err)
		}
		if err := s.Append(t.Context(), store.Batch{Records: records("inc-2", 1)}); !errors.Is(err, bolt.ErrDamaged) {
			t.Errorf("Append = %v, want ErrDamaged", err)
		}
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if _, err := bolt.Open(path, bolt.Options{}); !errors.Is(err, bolt.ErrEmpty) {
		t.Errorf("Open = %v, want ErrEmpty: the lock was let go", err)
	}
}

// TestAFileWrittenOverIsNoticed copies another store into the open file, as cp
// does when a backup is put back under a running bot.
func TestAFileWrittenOverIsNoticed(t *testing.T) {
	path, other := newPath(t), newPath(t)
	open(t, other).Close()
	s := withRecords(t, path)
	wantWritten(t, s)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(read(t, other)); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(t.Context(), store.Batch{Records: records("inc-2", 1)}); !errors.Is(err, bolt.ErrReplaced) {
		t.Errorf("Append = %v, want ErrReplaced", err)
	}
}

// TestAPanicOfTheCallerIsNoDamage panics where the caller's code runs inside of
// a transaction.
func TestAPanicOfTheCallerIsNoDamage(t *testing.T) {
	s := withRecords(t, newPath(t))
	func() {
		defer func() {
			if v := recover(); v != "the caller's own" {
				t.Errorf("recovered %v", v)
			}
		}()
		_, err := s.Create(t.Context(), func(incident.ID) store.Batch { panic("the caller's own") })
		t.Errorf("Create returned %v", err)
	}()
	wantWritten(t, s) // and nothing is locked
}
