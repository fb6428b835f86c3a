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
	"sync"
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
	ErrEmpty = errors.New("the file is empty and no store: restore a backup, or remove it to start anew")
	// ErrForeign says that the file is something else, or damaged at its head.
	ErrForeign = errors.New("not a twokey store, or one damaged at its head: see store.bolt.path, or restore a backup")
	// ErrFormat says that another version of the program wrote the file.
	ErrFormat = errors.New("format is not known to this version")
)

// Options say how to open a file.
type Options struct {
	Timeout  time.Duration // how long to wait for another process to let go; 0: 1 s
	ReadOnly bool          // neither makes nor changes the file; several may read at once
}

// Store is a [store.Store] in one file. One goroutine writes, for everybody who
// waits at the time; many read.
type Store struct {
	path   string
	writer *writer // nil: the file is open for reading only

	mu       sync.RWMutex // guards what readers see, which only the writer changes
	db       *handle
	recent   *layer // what the journal holds and the tables do not
	settling *layer // older changes, on their way into the tables; may be nil
}

var _ store.Store = (*Store)(nil)

// Open opens the file at path. A file that does not exist is made, readable for
// its owner only, unless o.ReadOnly: then the error is [fs.ErrNotExist]. Leases of
// the process that had it open before end. It returns [ErrLocked], [ErrEmpty],
// [ErrForeign], [ErrFormat], [ErrDamaged], [ErrFull] or [ErrReadOnlyDisk].
func Open(path string, o Options) (*Store, error) {
	if o.Timeout == 0 {
		o.Timeout = time.Second
	}
	db, err := open(path, o)
	if errors.Is(err, fs.ErrNotExist) && !o.ReadOnly {
		if err = named(create(path)); err == nil {
			db, err = open(path, o)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, reason(err))
	}
	s := &Store{path: path, db: db, recent: new(layer)}
	last, err := s.replay()
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, errors.Join(err, db.Close()))
	}
	if o.ReadOnly {
		return s, nil
	}
	s.writer = newWriter(s, last)
	go s.writer.run()
	s.abandon()
	return s, nil
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
func open(path string, o Options) (*handle, error) {
	h, err := openHandle(path, openFile, &bbolt.Options{
		Timeout:      o.Timeout,
		ReadOnly:     o.ReadOnly,
		FreelistType: bbolt.FreelistMapType,

		InitialMmapSize: initialMmap,
	})
	if err != nil {
		return nil, err
	}
	if err := h.View(checkLayout); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// initialMmap is address space, not memory: while the file is smaller than this
// it can grow beside a reader that takes its time, such as a backup.
const initialMmap = 1 << 30

// Close closes the file, after what was asked for before. Closing again does
// nothing.
func (s *Store) Close() error {
	if s.writer != nil {
		s.writer.stop()
	}
	return s.db.Close()
}

// view reads in one transaction. Nothing else reads the tables. Reading refuses
// nothing, so what it finds fault with is damage.
func (s *Store) view(ctx context.Context, read func(tables) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var own error
	err := s.db.View(func(tx *bbolt.Tx) error {
		own = read(tables{tx, s.layers()})
		return own
	})
	switch {
	case err == nil:
		return nil
	case own != nil:
		return fmt.Errorf("read %s: %w: %w", s.path, ErrDamaged, own)
	}
	return fmt.Errorf("read %s: %w", s.path, err)
}

// layers are the changes that lie over the tables, the newest first.
func (s *Store) layers() []*layer {
	if s.settling == nil {
		return []*layer{s.recent}
	}
	return []*layer{s.recent, s.settling}
}

// update writes, and what it wrote is durable when it returns. Nothing else
// writes. It may share a commit with others, so write must refuse before it
// puts anything.
func (s *Store) update(ctx context.Context, write func(tables) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.writer == nil {
		return fmt.Errorf("write %s: %w", s.path, bolterrors.ErrDatabaseReadOnly)
	}
	return s.writer.do(ctx, write)
}
