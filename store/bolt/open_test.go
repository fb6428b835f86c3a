package bolt_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"twokey/store"
	"twokey/store/bolt"
)

func TestFileIsForItsOwnerOnly(t *testing.T) {
	path := newPath(t)
	open(t, path)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	if names, err := os.ReadDir(filepath.Dir(path)); err != nil || len(names) != 1 {
		t.Errorf("%v, %v: want the store alone", names, err)
	}
}

func TestSecondOpenOfALockedFileFails(t *testing.T) {
	path := newPath(t)
	s := open(t, path)
	for _, o := range []bolt.Options{{Timeout: time.Millisecond}, {Timeout: time.Millisecond, ReadOnly: true}} {
		_, err := bolt.Open(path, o)
		wantRefused(t, err, bolt.ErrLocked, path)
	}
	if err := s.Append(t.Context(), store.Batch{Records: records("inc-1", 1)}); err != nil {
		t.Errorf("the first is disturbed: %v", err)
	}
	s.Close()
	open(t, path)
}

// wantRefused demands an error that people can act on.
func wantRefused(t *testing.T, err, want error, path string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("Open = %v, want %v", err, want)
	}
	if err != nil && strings.Count(err.Error(), path) != 1 {
		t.Errorf("%q names the file not once", err)
	}
}

func TestForeignFilesAreRefusedAndNotTouched(t *testing.T) {
	whole := func(t *testing.T) []byte {
		path := newPath(t)
		open(t, path).Close()
		return read(t, path)
	}
	edited := func(change func(*bbolt.Tx) error) func(*testing.T) []byte {
		return func(t *testing.T) []byte {
			path := newPath(t)
			open(t, path).Close()
			edit(t, path, change)
			return read(t, path)
		}
	}
	for name, c := range map[string]struct {
		content func(*testing.T) []byte
		want    error
	}{
		"empty":  {func(*testing.T) []byte { return nil }, bolt.ErrEmpty},
		"text":   {func(*testing.T) []byte { return []byte("listen: 127.0.0.1:8080\n") }, bolt.ErrForeign},
		"zeroed": {func(t *testing.T) []byte { return make([]byte, len(whole(t))) }, bolt.ErrForeign},
		"another program's": {func(t *testing.T) []byte {
			path := newPath(t)
			edit(t, path, func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("theirs")); return err })
			return read(t, path)
		}, bolt.ErrForeign},
		"without a bucket": {edited(func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("records")) }), bolt.ErrForeign},
		"of a later version": {edited(func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("twokey")).Put([]byte("format"), []byte("3"))
		}), bolt.ErrFormat},
		"of no version": {edited(func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("twokey")).Delete([]byte("format"))
		}), bolt.ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			path, content := newPath(t), c.content(t)
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, o := range []bolt.Options{{}, {ReadOnly: true}} {
				_, err := bolt.Open(path, o)
				wantRefused(t, err, c.want, path)
			}
			if diff := cmp.Diff(string(content), string(read(t, path))); diff != "" {
				t.Error("the file was changed")
			}
			edit(t, path+".other", func(*bbolt.Tx) error { return nil }) // and nothing is left locked
		})
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// edit changes a file behind the store's back.
func edit(t *testing.T, path string, change func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(change), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestPlacesWhereNoStoreCanBe(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		want error
	}{
		"no such directory":    {filepath.Join(dir, "none", "twokey.db"), fs.ErrNotExist},
		"below a file":         {filepath.Join(file, "twokey.db"), nil},
		"a directory itself":   {dir, nil},
		"unwritable directory": {filepath.Join(unwritable(t), "twokey.db"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := bolt.Open(c.path, bolt.Options{})
			if err == nil {
				s.Close()
				t.Fatal("Open succeeded")
			}
			if c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("Open = %v, want %v", err, c.want)
			}
			text := err.Error()
			if !strings.HasPrefix(text, "open store "+c.path+": ") || strings.Contains(text, "twokey-new") || strings.Contains(text, "\n") {
				t.Errorf("not one clear line: %q", text)
			}
		})
	}
}

// unwritable is a directory that no file can be made in, even by root.
func unwritable(t *testing.T) string {
	if os.Geteuid() == 0 && runtime.GOOS == "linux" {
		return "/sys"
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil { //nolint:gosec // a directory
		t.Fatal(err)
	}
	return dir
}

func TestReadOnly(t *testing.T) {
	path, ctx := newPath(t), t.Context()
	if _, err := bolt.Open(path, bolt.Options{ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of nothing = %v, want ErrNotExist", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
	s := open(t, path)
	if err := s.Append(ctx, store.Batch{Records: records("inc-1", 2)}); err != nil {
		t.Fatal(err)
	}
	s.Close()
	before := read(t, path)
	for range 2 { // at once
		s, err := bolt.Open(path, bolt.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if got, err := s.Load(ctx, "inc-1"); err != nil || len(got) != 2 {
			t.Errorf("Load = %d records, %v", len(got), err)
		}
		if err := s.Append(ctx, store.Batch{Records: records("inc-2", 1)}); err == nil {
			t.Error("Append wrote to a file that is open for reading")
		}
	}
	if !cmp.Equal(before, read(t, path)) {
		t.Error("the file was changed")
	}
}

func TestProcessesThatMakeOneFileAtOnce(t *testing.T) {
	path := newPath(t)
	stores, errs := make([]*bolt.Store, 16), make([]error, 16)
	var all sync.WaitGroup
	for i := range stores {
		all.Go(func() { stores[i], errs[i] = bolt.Open(path, bolt.Options{Timeout: time.Millisecond}) })
	}
	all.Wait()
	made := 0
	for i, s := range stores {
		switch {
		case s != nil:
			made++
			defer s.Close()
		case !errors.Is(errs[i], bolt.ErrLocked):
			t.Errorf("Open = %v, want ErrLocked", errs[i])
		}
	}
	if made != 1 {
		t.Errorf("%d opened the file, want 1", made)
	}
	if s, err := bolt.Open(path, bolt.Options{Timeout: time.Millisecond}); !errors.Is(err, bolt.ErrLocked) {
		t.Errorf("Open = %v, %v: the store that is open is not the one at the path", s, err)
	}
}
