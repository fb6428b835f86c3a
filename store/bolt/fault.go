package bolt

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Errors of a file that was open, or of the disk below it. Both [Open] and the
// methods of [Store] return them, wrapped with the file's name.
var (
	// ErrDamaged says that the file does not hold together: bad memory, a bad disk,
	// or somebody wrote to it. What can be read is still read. Nothing is written
	// any more until the file is opened again: a write puts its pages where the
	// damaged ones say that there is room, and may overwrite healthy ones.
	ErrDamaged = errors.New("the file is damaged")
	// ErrFull says that the disk, a quota or a limit on the size of files leaves no
	// room. Nothing was written; writing works again as soon as there is room.
	ErrFull = errors.New("no room left on the disk, in the quota or below the limit on file sizes: make room")
	// ErrReadOnlyDisk says that the file system is mounted for reading, which some
	// do by themselves when their disk fails. [Options.ReadOnly] still works.
	ErrReadOnlyDisk = errors.New("the file system is read-only")
)

// handle is an open bbolt file that outlives damage: bbolt trusts what it reads,
// so a spoiled page makes it panic, or touch memory that is not there, and it
// may do so with its locks held.
type handle struct {
	*seat

	db *bbolt.DB

	writing sync.Mutex // before bbolt's own lock for writers, which damage may leave locked
	begins  sync.Mutex // likewise, for the moment in which a transaction begins
	damage  atomic.Pointer[damage]
	last    int // the last transaction; 0: not known
}

// damage is what was seen of it first.
type damage struct {
	error

	stuck bool // bbolt's locks may be held for ever: it must not be entered again
}

// openFunc is [os.OpenFile] or stricter.
type openFunc func(path string, flag int, mode os.FileMode) (*os.File, error)

// openHandle opens what is at path.
func openHandle(path string, open openFunc, o *bbolt.Options) (*handle, error) {
	h := &handle{seat: &seat{path: path}}
	o.OpenFile = h.remember(open)
	err := h.guarded(true, func() (err error) {
		h.db, err = bbolt.Open(path, 0o600, o)
		return err
	})
	if err == nil {
		err = h.View(h.whole)
	}
	if err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// whole finds a file that was cut short before a page that is missing is met.
func (h *handle) whole(tx *bbolt.Tx) error {
	h.grown(tx.Size())
	return h.sit()
}

// View reads in one transaction.
func (h *handle) View(read func(*bbolt.Tx) error) error {
	tx, err := h.begin(false)
	if err != nil {
		return err
	}
	defer h.end(tx)
	return h.guarded(false, func() error { return read(tx) })
}

// Update writes in one transaction, durable when it returns. It refuses when
// the file is damaged, or is no longer the one at its path: also right after
// the write, as nobody may rely on what was written into a file without a name.
func (h *handle) Update(write func(*bbolt.Tx) error) error {
	h.writing.Lock()
	defer h.writing.Unlock()
	if err := h.Check(); err != nil {
		return err
	}
	tx, err := h.begin(true)
	if err != nil {
		return err
	}
	defer h.end(tx) // does nothing after a commit
	if err := h.guarded(false, func() error { return h.commit(tx, write) }); err != nil {
		return err
	}
	return h.sit()
}

func (h *handle) commit(tx *bbolt.Tx, write func(*bbolt.Tx) error) error {
	id := tx.ID()
	if h.last != 0 && id != h.last+1 {
		return fmt.Errorf("%w (it was written over)", ErrReplaced)
	}
	if err := write(tx); err != nil {
		return err
	}
	size := tx.Size() // before the commit makes it longer: a lower bound
	h.last = 0        // a commit that fails may be there nevertheless
	if err := tx.Commit(); err != nil {
		return err
	}
	h.last = id
	h.grown(size)
	return nil
}

func (h *handle) begin(writable bool) (tx *bbolt.Tx, err error) {
	h.begins.Lock()
	defer h.begins.Unlock()
	if d := h.damage.Load(); d != nil && (d.stuck || writable) {
		return nil, d.error
	}
	err = h.guarded(true, func() (err error) {
		tx, err = h.db.Begin(writable)
		return err
	})
	return tx, err
}

// end leaves a transaction that was not committed. Rolling back touches no page.
func (h *handle) end(tx *bbolt.Tx) {
	_ = h.guarded(true, tx.Rollback) // it was committed, or what went wrong before is told
}

// Check is for [Store.Check].
func (h *handle) Check() error {
	if d := h.damage.Load(); d != nil {
		return d.error
	}
	return h.sit()
}

// Close ends everything, after the transactions under way.
func (h *handle) Close() error {
	if d := h.damage.Load(); h.db == nil || d != nil && d.stuck {
		return h.leave() // bbolt would wait for itself
	}
	return h.db.Close()
}

// guarded runs what touches the file. What damage makes of it becomes
// [ErrDamaged]. No code of the store's callers may run in it unguarded: its
// panics are no damage. Fatal says that a panic may leave bbolt's locks held.
func (h *handle) guarded(fatal bool, do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // for this goroutine only, so it is done everywhere
	defer func() {
		if v := recover(); v != nil {
			err = h.hurt(v, fatal)
		}
	}()
	return named(do())
}

func (h *handle) hurt(v any, fatal bool) error {
	err := fmt.Errorf("%w (%s)", ErrDamaged, kindOf(v))
	if !h.damage.CompareAndSwap(nil, &damage{err, fatal}) && fatal {
		h.damage.Store(&damage{err, true})
	}
	return err
}

// kindOf says what a panic was, in one short line.
func kindOf(v any) string {
	if fault, ok := v.(interface{ Addr() uintptr }); ok {
		return fmt.Sprintf("memory at %#x can't be read", fault.Addr())
	}
	if e, ok := v.(runtime.Error); ok {
		return e.Error()
	}
	text, _, _ := strings.Cut(fmt.Sprint(v), "\n")
	return fmt.Sprintf("%.100q", text)
}

// named gives an error of the operating system the name that the program knows
// it by.
func named(err error) error {
	switch {
	case err == nil:
		return nil
	case isAny(err, syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG):
		return fmt.Errorf("%w (%w)", ErrFull, reason(err))
	case isAny(err, syscall.EROFS):
		return ErrReadOnlyDisk
	case errors.Is(err, bolterrors.ErrTimeout):
		return ErrLocked
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum),
		strings.HasPrefix(err.Error(), "file size too small "): // bbolt has no name for it
		return fmt.Errorf("%w (%w)", ErrForeign, err)
	case errors.Is(err, bolterrors.ErrIncompatibleValue): // a value that says it is a bucket, which the store never makes
		return fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	return err
}

// isAny looks at the text too: bbolt keeps only that of an error while it makes
// its file longer.
func isAny(err error, kinds ...syscall.Errno) bool {
	for _, kind := range kinds {
		if errors.Is(err, kind) || strings.HasPrefix(err.Error(), "file ") && strings.HasSuffix(err.Error(), ": "+kind.Error()) {
			return true
		}
	}
	return false
}
