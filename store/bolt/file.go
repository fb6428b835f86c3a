package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// openFile opens for bbolt, which would turn an empty file into a new database
// and make one that is missing.
func openFile(path string, flag int, mode os.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, flag&^os.O_CREATE, mode) //nolint:gosec // the operator's own path
	if err != nil {
		return nil, err
	}
	if err := checkFile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func checkFile(f *os.File) error {
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return ErrForeign
	case info.Size() == 0:
		return ErrEmpty
	}
	return nil
}

// create makes a whole store beside path and then gives it its name, so that a
// crash or a second process never meets half of one.
func create(path string) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".twokey-new-*") // readable for its owner only
	if err != nil {
		return fmt.Errorf("create a file in %s: %w", dir, reason(err))
	}
	defer os.Remove(f.Name()) //nolint:errcheck // it has its real name by then, or is of no use
	if err := f.Close(); err != nil {
		return err
	}
	if err := fill(f.Name()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) { // exists: someone else was first
		return err
	}
	return syncDir(dir)
}

func fill(path string) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	return errors.Join(db.Update(makeLayout), db.Close())
}

// syncDir makes a new name durable.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
