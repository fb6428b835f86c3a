package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

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
// the errors of [Open], [ErrDamaged], or what look returns.
func Examine(path string, look func(*Store) error) error {
	s, err := Open(path, Options{ReadOnly: true})
	if err != nil {
		return unopened(err)
	}
	err = s.db.View(readAll)
	if err == nil {
		if err := s.db.loose(); err != nil {
			return fmt.Errorf("read %s: %w", path, err) // and left open: see loose
		}
		return errors.Join(look(s), s.Close())
	}
	return errors.Join(fmt.Errorf("read %s: %w", path, err), s.Close())
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

// readAll reads every key and value of every bucket: what can't be read shows
// here, where it is caught.
func readAll(tx *bbolt.Tx) error {
	sum := byte(0)
	err := tx.ForEach(func(_ []byte, b *bbolt.Bucket) error {
		return b.ForEach(func(k, v []byte) error {
			for _, part := range [][]byte{k, v} {
				for _, c := range part {
					sum ^= c
				}
			}
			return nil
		})
	})
	_ = sum // only that it could be read counts
	return err
}

// loose lets bbolt check how the pages hang together. It returns the first thing
// that is wrong: one spoiled number can make billions of them. The check then
// waits for ever to tell the next one, in a goroutine where no fault is caught,
// so the pages must stay where they are: neither the transaction nor the file is
// ever closed.
func (h *handle) loose() error {
	tx, err := h.begin(false)
	if err != nil {
		return err
	}
	for problem := range tx.Check() {
		return fmt.Errorf("%w (%w)", ErrDamaged, problem)
	}
	h.end(tx)
	return nil
}
