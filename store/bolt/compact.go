package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Free says how many bytes of the file hold nothing, and how long the file is.
// [Store.Compact] gives them back, and with them what was erased.
func (s *Store) Free() (free, total int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	stats := s.db.db.Stats()
	info, err := os.Stat(s.path)
	if err != nil {
		return 0, 0
	}
	return int64(stats.FreePageN+stats.PendingPageN) * int64(s.db.db.Info().PageSize), info.Size()
}

// errCompacting says that somebody else compacts the file already.
var errCompacting = errors.New("the file is being compacted")

// Compact puts a new file in the place of the old one, without what was erased
// and without the room that it left. Reading and writing go on meanwhile. A crash
// leaves one file or the other, whole, and perhaps a third one that the next
// Compact removes.
func (s *Store) Compact(ctx context.Context) error {
	if s.writer == nil {
		return fmt.Errorf("compact %s: %w", s.path, bolterrors.ErrDatabaseReadOnly)
	}
	if err := s.compact(ctx); err != nil {
		return fmt.Errorf("compact %s: %w", s.path, reason(err))
	}
	return nil
}

func (s *Store) compact(ctx context.Context) error {
	if err := s.writer.call(ctx, func() error { return s.writer.keep(true) }); err != nil {
		return err
	}
	old, err := s.replace(ctx)
	if err != nil {
		return errors.Join(err, s.writer.call(context.WithoutCancel(ctx), func() error { return s.writer.keep(false) }))
	}
	return old.Close() // after those who still read in it
}

// replace makes the new file and puts it in place. It returns the old one.
func (s *Store) replace(ctx context.Context) (old *handle, err error) {
	path := s.path + ".compact"
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	to, err := openHandle(path, os.OpenFile, &bbolt.Options{
		Timeout: time.Second, FreelistType: bbolt.FreelistMapType, InitialMmapSize: initialMmap,
		NoSync: true, // nobody needs it before it is whole
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, to.Close(), os.Remove(path))
		}
	}()
	c := copying{from: s.db, to: to, stop: s.writer.closing, chunk: s.writer.pace.chunk} // the writer changes s.db only below
	if err := c.all(ctx); err != nil {
		return nil, err
	}
	err = s.writer.call(ctx, func() error {
		old, err = s.writer.move(&c, path)
		return err
	})
	return old, err
}

// keep makes the journal keep what is settled, for who follows it.
func (w *writer) keep(yes bool) error {
	if yes && w.kept {
		return errCompacting
	}
	w.kept = yes
	return nil
}

// move puts the new file in the place of the old one, once it holds everything.
// Nobody writes meanwhile.
func (w *writer) move(c *copying, path string) (old *handle, err error) {
	for more := true; more; {
		if more, err = c.follow(); err != nil {
			return nil, err
		}
	}
	if err := c.to.db.Sync(); err != nil {
		return nil, err
	}
	c.to.db.NoSync = false
	w.mu.Lock() // nobody may see the new file at the path and the old one here
	defer w.mu.Unlock()
	if err := os.Rename(path, w.path); err != nil {
		return nil, err
	}
	old, w.db = w.db, c.to
	w.db.moved(w.path)
	w.recent, w.settling, w.kept = new(layer), nil, false
	return old, syncDir(filepath.Dir(w.path))
}

// copying is one file becoming another.
type copying struct {
	from, to *handle
	upTo     uint64 // entry of the journal
	chunk    int    // bytes at once
	stop     <-chan struct{}
}

// all copies what is there, then what came meanwhile, until little is left.
func (c *copying) all(ctx context.Context) error {
	if err := c.to.Update(makeLayout); err != nil {
		return err
	}
	err := c.from.View(func(tx *bbolt.Tx) error {
		for _, name := range tableNames {
			if err := c.table(ctx, name, bucket(tx, name)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for more := true; more; {
		if more, err = c.follow(); err != nil {
			return err
		}
		if err := errors.Join(ctx.Err(), c.to.db.Sync()); err != nil { // now, so that little is left for the end
			return err
		}
	}
	return nil
}

func (c *copying) table(ctx context.Context, name string, from *bbolt.Bucket) error {
	cursor := from.Cursor()
	for k, v := cursor.First(); k != nil; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.stop:
			return bolterrors.ErrDatabaseNotOpen
		default:
		}
		err := c.to.Update(func(tx *bbolt.Tx) error {
			to := bucket(tx, name)
			to.FillPercent = 0.9 // keys come in order
			for size := 0; k != nil && size < c.chunk; k, v = cursor.Next() {
				if err := to.Put(k, v); err != nil {
					return err
				}
				size += len(k) + len(v)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// follow brings the new file nearer to the old one. It reports whether there was
// much to do.
func (c *copying) follow() (more bool, err error) {
	news := new(layer)
	upTo := c.upTo
	err = c.from.View(func(tx *bbolt.Tx) error {
		cursor := bucket(tx, bucketJournal).Cursor()
		for k, v := cursor.Seek(number(nil, c.upTo+1)); k != nil && news.size < c.chunk; k, v = cursor.Next() {
			if err := readEntry(k, v, news); err != nil {
				return err
			}
			upTo = binary.BigEndian.Uint64(k)
		}
		return nil
	})
	if err != nil || news.keys == 0 {
		return false, err
	}
	err = c.to.Update(func(tx *bbolt.Tx) error {
		s := sorted{layer: news}
		_, err := s.put(tx, news.keys)
		return err
	})
	if err == nil {
		c.upTo = upTo
	}
	return news.size >= c.chunk, err
}
