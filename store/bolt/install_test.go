package bolt_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
)

// made is a closed store with so many incidents.
func made(t *testing.T, path string, incidents int) string {
	t.Helper()
	s, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range incidents {
		if _, err := s.Create(t.Context(), func(id incident.ID) store.Batch { return store.Batch{Records: records(id, 1)} }); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// holds counts the incidents in a file, up to three.
func holds(t *testing.T, path string) (n int) {
	t.Helper()
	err := bolt.Examine(path, func(s *bolt.Store) error {
		all, err := loaded(t.Context(), s, 3)
		n = len(all)
		return err
	})
	if err != nil {
		t.Errorf("%s: %v", path, err)
	}
	return n
}

func TestInstall(t *testing.T) {
	t.Run("where nothing is", func(t *testing.T) {
		dir := t.TempDir()
		if err := bolt.Install(made(t, dir+"/temp", 1), dir+"/db", ""); err != nil {
			t.Fatal(err)
		}
		if n := holds(t, dir+"/db"); n != 1 {
			t.Errorf("%d incidents", n)
		}
	})
	t.Run("never over a file that is there", func(t *testing.T) {
		dir := t.TempDir()
		made(t, dir+"/db", 2)
		if err := bolt.Install(made(t, dir+"/temp", 1), dir+"/db", ""); !errors.Is(err, bolt.ErrExists) {
			t.Error(err)
		}
		if n := holds(t, dir+"/db"); n != 2 {
			t.Errorf("%d incidents", n)
		}
	})
	t.Run("with the old one aside", func(t *testing.T) {
		dir := t.TempDir()
		made(t, dir+"/db", 2)
		if err := bolt.Install(made(t, dir+"/temp", 1), dir+"/db", dir+"/aside"); err != nil {
			t.Fatal(err)
		}
		if n, old := holds(t, dir+"/db"), holds(t, dir+"/aside"); n != 1 || old != 2 {
			t.Errorf("%d incidents, %d aside", n, old)
		}
	})
	t.Run("a damaged one goes aside too", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(dir+"/db", []byte("once a store"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := bolt.Install(made(t, dir+"/temp", 1), dir+"/db", dir+"/aside"); err != nil {
			t.Fatal(err)
		}
		if body, err := os.ReadFile(dir + "/aside"); string(body) != "once a store" {
			t.Errorf("aside: %q %v", body, err)
		}
	})
	t.Run("never over what went aside before", func(t *testing.T) {
		dir := t.TempDir()
		made(t, dir+"/db", 2)
		made(t, dir+"/aside", 3)
		if err := bolt.Install(made(t, dir+"/temp", 1), dir+"/db", dir+"/aside"); !errors.Is(err, fs.ErrExist) {
			t.Error(err)
		}
		if n, old := holds(t, dir+"/db"), holds(t, dir+"/aside"); n != 2 || old != 3 {
			t.Errorf("%d incidents, %d aside", n, old)
		}
	})
	t.Run("not under somebody who has it open", func(t *testing.T) {
		dir := t.TempDir()
		open(t, dir+"/db")
		if err := bolt.Install(made(t, dir+"/temp", 1), dir+"/db", dir+"/aside"); !errors.Is(err, bolt.ErrLocked) {
			t.Error(err)
		}
		if _, err := os.Lstat(dir + "/aside"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("aside: %v", err)
		}
	})
}

// Whoever looks at any moment, as a bot does that starts after a crash, finds a
// store at the path: else it would begin an empty one.
func TestThereIsAlwaysAStoreWhileOneIsInstalled(t *testing.T) {
	dir := t.TempDir()
	db := made(t, filepath.Join(dir, "db"), 1)
	over, looked := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		for ; ; n++ {
			select {
			case <-over:
				looked <- n
				return
			default:
			}
			if info, err := os.Stat(db); err != nil || info.Size() == 0 {
				t.Errorf("look %d: %v", n, err)
			}
		}
	}()
	for i := range 20 {
		aside := filepath.Join(dir, fmt.Sprint("aside", i))
		if err := bolt.Install(made(t, filepath.Join(dir, "temp"), 1), db, aside); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, "temp")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	close(over)
	if n := <-looked; n < 20 {
		t.Errorf("looked %d times only", n)
	}
}
