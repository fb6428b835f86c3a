package bolt

import (
	"context"
	"fmt"
	"slices"
	"time"

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
	err = s.view(ctx, func(t tables) error {
		h, found, err := readMark(t, name)
		if found && h.holdsAt(now) {
			id, ok = h.incident, true
		}
		return err
	})
	return id, ok, err
}

func readMark(t tables, name string) (holder, bool, error) {
	v := t.of(tableMarks).get([]byte(name))
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
func checkMarks(t tables, b store.Batch) error {
	taken := make(map[string]holder)
	for _, m := range b.Marks {
		h, found := taken[m.Name]
		if !found && !slices.Contains(b.Release, m.Name) {
			var err error
			if h, found, err = readMark(t, m.Name); err != nil {
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

func putMarks(t tables, b store.Batch) error {
	for _, name := range b.Release {
		if err := dropMark(t, name); err != nil {
			return err
		}
	}
	for _, m := range b.Marks {
		if err := putMark(t, m); err != nil {
			return err
		}
	}
	if len(b.Marks) == 0 {
		return nil // nobody said what time it is
	}
	return sweepMarks(t, b.Marks[0].Now)
}

// putMark takes a mark that is free: nobody has it, or it ran out.
func putMark(t tables, m store.Mark) error {
	h, found, err := readMark(t, m.Name)
	if err != nil {
		return err
	}
	if found && !h.until.IsZero() {
		t.of(tableEnds).drop(endKey(h.until, m.Name))
	}
	until := micro(m.Until)
	t.of(tableMarks).put([]byte(m.Name), append(stamp(nil, until), m.Incident...))
	if !m.Until.IsZero() {
		t.of(tableEnds).put(endKey(until, m.Name), nil)
	}
	return nil
}

func endKey(until time.Time, name string) []byte { return append(stamp(nil, until), name...) }

func dropMark(t tables, name string) error {
	h, found, err := readMark(t, name)
	if err != nil || !found {
		return err
	}
	if !h.until.IsZero() {
		t.of(tableEnds).drop(endKey(h.until, name))
	}
	t.of(tableMarks).drop([]byte(name))
	return nil
}

// sweepMarks removes a few marks that ran out, the oldest first.
func sweepMarks(t tables, now time.Time) error {
	var names []string
	for k := range t.of(tableEnds).from(nil) {
		until, err := readStamp(k)
		if err != nil {
			return fmt.Errorf("read mark's end: %w", err)
		}
		if until.After(now) || len(names) == sweepAtOnce {
			break
		}
		names = append(names, string(k[stampLen:]))
	}
	for _, name := range names { // not in the loop above: it must not change what it walks through
		if err := dropMark(t, name); err != nil {
			return err
		}
	}
	return nil
}
