package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrExists says that there is a file already where a store was to be put.
var ErrExists = errors.New("there is a file already")

// Install gives a whole and closed store at temp, in the folder of path, its real
// name. A file that is there keeps the name aside instead; if aside is empty, the
// error is [ErrExists]. A process that has that file open is [ErrLocked]. After a
// crash at any moment there is the old file or the new one at path, never none
// and never half of one.
func Install(temp, path, aside string) error {
	if err := syncFile(temp); err != nil {
		return fmt.Errorf("install %s: %w", path, reason(err))
	}
	err := os.Link(temp, path) // unlike a rename it overwrites nothing
	switch {
	case errors.Is(err, fs.ErrExist) && aside != "":
		err = exchange(temp, path, aside)
	case errors.Is(err, fs.ErrExist):
		err = ErrExists
	}
	if err != nil {
		return fmt.Errorf("install %s: %w", path, linkReason(err))
	}
	return syncDir(filepath.Dir(path))
}

// exchange holds the lock of the old file until it is out of the way. One that
// can't be opened can't be opened by a bot either.
func exchange(temp, path, aside string) error {
	old, err := Open(path, Options{ReadOnly: true})
	switch {
	case errors.Is(err, ErrLocked):
		return ErrLocked
	case err == nil:
		defer func() { _ = old.Close() }() // was only read
	}
	if err := os.Link(path, aside); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(aside)); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // made by the caller
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// linkReason leaves away the name of a temporary file.
func linkReason(err error) error {
	if link, ok := errors.AsType[*os.LinkError](err); ok {
		return link.Err
	}
	return reason(err)
}
