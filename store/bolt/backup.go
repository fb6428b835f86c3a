package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime/debug"

	"go.etcd.io/bbolt"
)

// Backup writes a copy of the whole file as it is at one moment: everything that
// was acknowledged before the call is in it. Others read and write meanwhile, and
// until it returns no page that the copy needs is used again, so the file grows
// with what is written: w should be quick, a file rather than a network. An error
// leaves part of a copy behind, which is no store.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	tx, err := s.moment()
	if err != nil {
		return fmt.Errorf("copy %s: %w", s.path, err)
	}
	defer func() { _ = tx.Rollback() }() // only reads
	out := &patient{ctx: ctx, w: w}
	n, err := tx.WriteTo(out)
	switch {
	case out.err != nil:
		err = out.err // bbolt keeps only its text
	case err == nil && n != tx.Size():
		err = io.ErrShortWrite
	}
	if err != nil {
		return fmt.Errorf("copy %s: %w", s.path, err)
	}
	return nil
}

// moment is the file as it is now, in which nobody is waited for: what the tables
// lack stands in the journal beside them.
func (s *Store) moment() (*bbolt.Tx, error) {
	s.mu.RLock() // until it is begun: a Compact may put another file in place
	defer s.mu.RUnlock()
	return s.db.begin(false)
}

// patient is a writer until its context ends. It keeps what went wrong.
type patient struct {
	ctx context.Context //nolint:containedctx // the life of one copy
	w   io.Writer
	err error
}

// Write implements [io.Writer].
func (p *patient) Write(b []byte) (n int, err error) {
	if p.err = p.ctx.Err(); p.err == nil {
		n, p.err = p.w.Write(b)
	}
	return n, p.err
}

// Examine opens a file that nobody vouches for, such as a backup, for reading,
// goes through every page of it, and lets look read it as a store. It returns
// the errors of [Open], [ErrDamaged], or what look returns. A damaged page that
// only look comes upon is an error too, not a crash.
func Examine(path string, look func(*Store) error) error {
	var own error
	err := guarded(func() error {
		s, err := Open(path, Options{ReadOnly: true})
		if err != nil {
			return unopened(err)
		}
		defer func() { _ = s.Close() }() // was only read
		if err := s.db.View(func(tx *bbolt.Tx) error { return whole(tx, path) }); err != nil {
			return err
		}
		own = look(s)
		return own
	})
	if errors.Is(err, ErrDamaged) && own == nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return err
}

// unopened is why a file can't be opened: what bbolt has only words for is damage.
func unopened(err error) error {
	for _, known := range []error{ErrLocked, ErrEmpty, ErrForeign, ErrFormat, ErrDamaged, fs.ErrNotExist, fs.ErrPermission} {
		if errors.Is(err, known) {
			return err
		}
	}
	return fmt.Errorf("%w (%w)", ErrDamaged, err)
}

// guarded turns what bbolt does on a damaged file, panics and reads outside of
// the file, into [ErrDamaged].
func guarded(read func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if broke := recover(); broke != nil {
			err = fmt.Errorf("%w (%v)", ErrDamaged, broke)
		}
	}()
	return read()
}

// whole reads every key and value before bbolt checks how the pages hang
// together: that check runs where no fault can be caught.
func whole(tx *bbolt.Tx, path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return reason(err)
	case info.Size() < tx.Size():
		return fmt.Errorf("%w: %d bytes of %d are there", ErrDamaged, info.Size(), tx.Size())
	}
	if err := tx.ForEach(func(_ []byte, b *bbolt.Bucket) error { return readAll(b) }); err != nil {
		return err
	}
	for problem := range tx.Check() { // to the end: the check waits to be heard
		if err == nil {
			err = fmt.Errorf("%w (%w)", ErrDamaged, problem)
		}
	}
	return err
}

func readAll(b *bbolt.Bucket) error {
	sum := byte(0)
	err := b.ForEach(func(k, v []byte) error {
		for _, c := range k {
			sum ^= c
		}
		for _, c := range v {
			sum ^= c
		}
		return nil
	})
	_ = sum // only that it could be read counts
	return err
}
