package bolt

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"twokey/incident"
	"twokey/store"
)

// sweepAtOnce is how many marks that ran out an append removes: more than it
// takes, so that they never pile up, and few, so that no append is slow.
const sweepAtOnce = 8

// holder is who has a mark.
type holder struct {
	incident incident.ID
	until    time.Time // zero: until released
}

func (h holder) holdsAt(now time.Time) bool { return h.until.IsZero() || h.until.After(now) }

// Marked implements [store.Store].
func (s *Store) Marked(ctx context.Context, name string, now time.Time) (id incident.ID, ok bool, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		h, found, err := readMark(tx, name)
		if found && h.holdsAt(now) {
			id, ok = h.incident, true
		}
		return err
	})
	return id, ok, err
}

func readMark(tx *bbolt.Tx, name string) (holder, bool, error) {
	v := bucket(tx, bucketMarks).Get([]byte(name))
	if v == nil {
		return holder{}, false, nil
	}
	until, err := readStamp(v)
	if err != nil {
		return holder{}, false, fmt.Errorf("read mark %s: %w", name, err)
	}
	return holder{incident.ID(v[stampLen:]), until}, true, nil
}

// checkMarks finds the first mark that is taken, in the file or earlier in the
// batch. What the batch gives back is free.
func checkMarks(tx *bbolt.Tx, b store.Batch) error {
	taken := make(map[string]holder)
	for _, m := range b.Marks {
		h, found := taken[m.Name]
		if !found && !slices.Contains(b.Release, m.Name) {
			var err error
			if h, found, err = readMark(tx, m.Name); err != nil {
				return err
			}
		}
		if found && h.holdsAt(m.Now) {
			return &store.TakenError{Mark: m.Name, Incident: h.incident}
		}
		taken[m.Name] = holder{m.Incident, micro(m.Until)}
	}
	return nil
}

func putMarks(tx *bbolt.Tx, b store.Batch) error {
	for _, name := range b.Release {
		if err := dropMark(tx, name); err != nil {
			return err
		}
	}
	for _, m := range b.Marks {
		if err := putMark(tx, m); err != nil {
			return err
		}
	}
	if len(b.Marks) == 0 {
		return nil // nobody said what time it is
	}
	return sweepMarks(tx, b.Marks[0].Now)
}

func putMark(tx *bbolt.Tx, m store.Mark) error {
	if err := dropMark(tx, m.Name); err != nil { // one that ran out
		return err
	}
	until := micro(m.Until)
	if err := bucket(tx, bucketMarks).Put([]byte(m.Name), append(stamp(nil, until), m.Incident...)); err != nil {
		return err
	}
	if m.Until.IsZero() {
		return nil
	}
	return bucket(tx, bucketEnds).Put(append(stamp(nil, until), m.Name...), nil)
}

func dropMark(tx *bbolt.Tx, name string) error {
	h, found, err := readMark(tx, name)
	if err != nil || !found {
		return err
	}
	if err := bucket(tx, bucketEnds).Delete(append(stamp(nil, h.until), name...)); err != nil {
		return err
	}
	return bucket(tx, bucketMarks).Delete([]byte(name))
}

// sweepMarks removes a few marks that ran out, the oldest first.
func sweepMarks(tx *bbolt.Tx, now time.Time) error {
	var names []string
	c := bucket(tx, bucketEnds).Cursor()
	for k, _ := c.First(); k != nil && len(names) < sweepAtOnce; k, _ = c.Next() {
		until, err := readStamp(k)
		if err != nil {
			return fmt.Errorf("read mark's end: %w", err)
		}
		if until.After(now) {
			break
		}
		names = append(names, string(k[stampLen:]))
	}
	for _, name := range names { // not in the loop above: a cursor loses its place
		if err := dropMark(tx, name); err != nil {
			return err
		}
	}
	return nil
}
