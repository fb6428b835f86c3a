package heads

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"

	"twokey/store"
)

// Read yields every head of a file, in the order in which they were written,
// holding one line at a time. Lines that are none are passed over. An error ends
// it.
func Read(path string) iter.Seq2[Head, error] {
	return func(yield func(Head, error) bool) {
		f, err := os.Open(path) //nolint:gosec // the operator's own path
		if err != nil {
			yield(Head{}, withoutPath(err))
			return
		}
		defer func() { _ = f.Close() }() // only read
		lines := bufio.NewReaderSize(f, 64<<10)
		for {
			line, err := readLine(lines)
			if h, ok := Parse(string(line)); ok && !yield(h, nil) {
				return
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Head{}, withoutPath(err))
				return
			}
		}
	}
}

// readLine reads one line. Of one that is too long to be a head nothing is kept.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = r.ReadSlice('\n')
	}
	return nil, err
}

// tailLen is how much of a file is read at start: enough for many lines.
const tailLen = 16 << 10

// Behind reports whether the newest head of a file is ahead of a store: then the
// store is an old copy, or its end was cut off. Only the last line counts: what
// was missing once, and a person let pass, does not come up at every start.
// However long the file has grown, only its end is read. No file knows nothing.
func Behind(ctx context.Context, path string, s store.Store) (Head, bool, error) {
	h, ok, err := newest(path)
	if err != nil {
		return h, false, fmt.Errorf("read %s: %w", path, err)
	}
	if !ok {
		return h, false, nil
	}
	known, err := knows(ctx, s, h)
	return h, err == nil && !known, err
}

// newest is the last head of a file; false if there is none.
func newest(path string) (Head, bool, error) {
	f, err := os.Open(path) //nolint:gosec // the operator's own path
	if errors.Is(err, fs.ErrNotExist) {
		return Head{}, false, nil
	}
	if err != nil {
		return Head{}, false, withoutPath(err)
	}
	defer func() { _ = f.Close() }() // only read
	if info, err := f.Stat(); err == nil && info.Size() > tailLen {
		if _, err := f.Seek(-tailLen, io.SeekEnd); err != nil {
			return Head{}, false, withoutPath(err)
		}
	}
	tail, err := io.ReadAll(io.LimitReader(f, tailLen))
	if err != nil {
		return Head{}, false, withoutPath(err)
	}
	for _, line := range slices.Backward(strings.Split(string(tail), "\n")) {
		if h, ok := Parse(line); ok {
			return h, true, nil
		}
	}
	return Head{}, false, nil
}

// knows reports whether a store holds the record of a head, or knows that it was
// taken out.
func knows(ctx context.Context, s store.Store, h Head) (bool, error) {
	records, err := s.Load(ctx, h.ID)
	switch {
	case err != nil:
		return false, err
	case h.Seq <= uint64(len(records)):
		return records[h.Seq-1].Hash == h.Hash, nil
	case len(records) > 0:
		return false, nil
	}
	p, ok, err := Purged(ctx, s, h.ID)
	return ok && p.Covers(h), err
}
