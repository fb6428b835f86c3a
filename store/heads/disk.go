package heads

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// What the writing goroutine does with the disk.

// append writes whole lines at the end of the file that has the name now.
func (f *File) append(lines []byte) error {
	if len(lines) == 0 {
		return nil
	}
	if err := f.reopen(); err != nil {
		return err
	}
	if f.torn {
		lines = append([]byte{'\n'}, lines...)
	}
	n, err := f.file.Write(lines)
	f.dirty = f.dirty || n > 0
	f.torn = err != nil && (f.torn || n > 0)
	if err != nil {
		return withoutPath(err)
	}
	return nil
}

// reopen opens the file anew if its name leads elsewhere: it was rotated away,
// removed or replaced.
func (f *File) reopen() error {
	if f.file != nil && f.current() {
		return nil
	}
	if f.file != nil {
		err := errors.Join(f.sync(), f.file.Close())
		f.file, f.dirty = nil, false
		if err != nil {
			return withoutPath(err)
		}
	}
	return f.open()
}

func (f *File) current() bool {
	named, err := os.Stat(f.path)
	if err != nil {
		return false
	}
	opened, err := f.file.Stat()
	return err == nil && os.SameFile(named, opened)
}

func (f *File) open() error {
	file, err := os.OpenFile(f.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return withoutPath(err)
	}
	f.file, f.torn = file, endsTorn(f.path)
	return nil
}

// endsTorn reports whether the last line of a file has no end: a process died
// while it wrote. Where the file can't be read, it is taken to be whole.
func endsTorn(path string) bool {
	file, err := os.Open(path) //nolint:gosec // the operator's own path
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }() // only read
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return false
	}
	if _, err := file.Seek(-1, io.SeekEnd); err != nil {
		return false
	}
	last, err := io.ReadAll(io.LimitReader(file, 1))
	return err == nil && !bytes.Equal(last, []byte{'\n'})
}

// sync forces what was written to the disk. What is no file of a disk, such as a
// pipe, has none.
func (f *File) sync() error {
	if !f.dirty || f.file == nil {
		return nil
	}
	if err := f.file.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return withoutPath(err)
	}
	f.dirty = false
	return nil
}

// withoutPath leaves away the operating system's own naming of the file.
func withoutPath(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	return err
}
