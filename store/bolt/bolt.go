// Package bolt keeps incidents in one bbolt file, for one process at a time.
//
// It is not a general key-value store and decides nothing about incidents: it
// keeps the promises of package store and no others. layout.go says what the
// file looks like.
package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"twokey/store"
)

// Errors of [Open]; all come wrapped with the file's name.
var (
	// ErrLocked says that another process has the file open.
	ErrLocked = errors.New("another process has it open")
	// ErrEmpty says that the file has no bytes: a store never has none, so this
	// is a lost disk or a wrong path, and starting afresh would hide it.
	ErrEmpty = errors.New("the file is empty and no store")
	// ErrForeign says that the file is something else, or damaged at its head.
	ErrForeign = errors.New("not a twokey store, or one damaged at its head")
	// ErrFormat says that another version of the program wrote the file.
	ErrFormat = errors.New("format is not known to this version")
)

// Options say how to open a file.
type Options struct {
	Timeout  time.Duration // how long to wait for another process to let go; 0: 1 s
	ReadOnly bool          // neither makes nor changes the file; several may read at once
}

// Store is a [store.Store] in one file.
type Store struct{ db *bbolt.DB }

var _ store.Store = (*Store)(nil)

// Open opens the file at path. A file that does not exist is made, readable for
// its owner only, unless o.ReadOnly: then the error is [fs.ErrNotExist]. It
// returns [ErrLocked], [ErrEmpty], [ErrForeign] or [ErrFormat].
func Open(path string, o Options) (*Store, error) {
	if o.Timeout == 0 {
		o.Timeout = time.Second
	}
	db, err := open(path, o)
	if errors.Is(err, fs.ErrNotExist) && !o.ReadOnly {
		if err = create(path); err == nil {
			db, err = open(path, o)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, reason(err))
	}
	return &Store{db}, nil
}

// reason leaves away the operating system's own naming of the file, which may
// be one the reader never heard of.
func reason(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}

// open opens a file that exists.
func open(path string, o Options) (*bbolt.DB, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout:      o.Timeout,
		ReadOnly:     o.ReadOnly,
		FreelistType: bbolt.FreelistMapType,
		OpenFile:     openFile,
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, ErrLocked
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum):
		return nil, fmt.Errorf("%w (%w)", ErrForeign, err)
	case err != nil:
		return nil, err
	}
	if err := db.View(checkLayout); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Close closes the file, after the transactions under way. Closing again does
// nothing.
func (s *Store) Close() error { return s.db.Close() }

// view reads in one transaction. Nothing else reads the file.
func (s *Store) view(ctx context.Context, read func(*bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var own error
	err := s.db.View(func(tx *bbolt.Tx) error {
		own = read(tx)
		return own
	})
	if err != nil && own == nil {
		return fmt.Errorf("read %s: %w", s.db.Path(), err)
	}
	return err
}

// update writes in one transaction, durable when it returns. Nothing else writes
// the file. To be able to share a transaction with others, write must refuse
// before it puts anything.
func (s *Store) update(ctx context.Context, write func(*bbolt.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var own error
	err := s.db.Update(func(tx *bbolt.Tx) error {
		own = write(tx)
		return own
	})
	if err != nil && own == nil {
		return fmt.Errorf("write %s: %w", s.db.Path(), err)
	}
	return err
}
