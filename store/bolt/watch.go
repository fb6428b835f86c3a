package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"
)

// ErrReplaced says that the file that is open is not the one at its path: it was
// removed, moved or replaced under a running bot. What would be written into it
// would be lost, so nothing is, until the very file is back at its path. Reads
// go on.
var ErrReplaced = errors.New("the file was removed or replaced while the bot had it open: put it back, or stop the bot and start it on the file that it shall use")

// Check says what keeps the store from being written: [ErrReplaced] while the
// file is no longer the one at its path, [ErrDamaged] once damage was seen. It
// asks the file system and takes microseconds; it is no substitute for verifying.
func (s *Store) Check() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.db.Check(); err != nil {
		return fmt.Errorf("store %s: %w", s.path, err)
	}
	return nil
}

// seat is where an open file belongs: a lock on a file does not keep anyone from
// giving its name to another one.
type seat struct {
	path string
	file *os.File
	born fs.FileInfo  // of the open file
	size atomic.Int64 // bytes that it surely has: it only grows
}

// remember opens for bbolt and notes which file it was.
func (s *seat) remember(open openFunc) openFunc {
	return func(path string, flag int, mode os.FileMode) (*os.File, error) {
		f, err := open(path, flag, mode)
		if err != nil || s.born != nil { // not the first time: for a backup
			return f, err
		}
		if s.born, err = f.Stat(); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		s.file = f
		return f, nil
	}
}

// moved says that the file has another path now.
func (s *seat) moved(path string) { s.path = path }

// sit demands that the file at the path is the one that is open, and as long as
// it was.
func (s *seat) sit() error {
	now, err := os.Stat(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w (nothing is there)", ErrReplaced)
	case err != nil:
		return reason(err)
	case !os.SameFile(s.born, now):
		return fmt.Errorf("%w (another file is there)", ErrReplaced)
	case now.Size() < s.size.Load():
		return fmt.Errorf("%w (it has %d bytes of at least %d)", ErrDamaged, now.Size(), s.size.Load())
	}
	return nil
}

// grown says that the file has at least so many bytes now.
func (s *seat) grown(size int64) { s.size.Store(max(size, s.size.Load())) }

// leave gives up a file that bbolt can't close any more, or never came to.
func (s *seat) leave() error {
	if s.file == nil {
		return nil
	}
	if err := unlock(s.file); errors.Is(err, fs.ErrClosed) || errors.Is(err, syscall.EBADF) {
		return nil // bbolt did
	}
	return s.file.Close()
}
