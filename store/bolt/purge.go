package bolt

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"twokey/incident"
	"twokey/store"
)

// Purge implements [store.Store]. What is removed stays in the file until it is
// written over, or until [Store.Compact].
func (s *Store) Purge(ctx context.Context, ids ...incident.ID) error {
	marks, err := s.marksOf(ctx, ids)
	if err != nil {
		return err
	}
	return s.update(ctx, func(t tables) error {
		if err := checkIdle(t, ids); err != nil {
			return err
		}
		for _, id := range ids {
			if err := purge(t, id); err != nil {
				return err
			}
		}
		return dropMarksOf(t, marks, ids)
	})
}

// marksAtOnce is how many marks are looked at before whoever writes gets a turn.
const marksAtOnce = 1000

// marksOf looks through all marks for those of some incidents, which nobody
// takes any more.
func (s *Store) marksOf(ctx context.Context, ids []incident.ID) (names []string, err error) {
	for next := []byte(nil); err == nil; {
		from, seen := next, 0
		next = nil
		err = s.view(ctx, func(t tables) error {
			for k, v := range t.of(tableMarks).from(from) {
				if seen++; seen > marksAtOnce {
					next = bytes.Clone(k)
					break
				}
				if len(v) >= stampLen && slices.Contains(ids, incident.ID(v[stampLen:])) {
					names = append(names, string(k))
				}
			}
			return nil
		})
		if next == nil {
			break
		}
	}
	return names, err
}

// checkIdle finds the first incident that is open or has work waiting.
func checkIdle(t tables, ids []incident.ID) error {
	busy := make(map[incident.ID]bool)
	for k, v := range t.of(tableJobs).from(nil) {
		e, err := unpackEntry(v)
		if err != nil {
			return fmt.Errorf("read job %s: %w", k, err)
		}
		busy[e.Job.Incident] = true
	}
	for _, id := range ids {
		e, _, err := readIndex(t, id)
		switch {
		case err != nil:
			return err
		case busy[id], e.Open, id == incident.System:
			return fmt.Errorf("purge %s: %w", id, store.ErrBusy)
		}
	}
	return nil
}

// purge removes the records and entries of an incident. One that came in by
// Append uses its number up all the same.
func purge(t tables, id incident.ID) error {
	drop(t.of(tableRecords), under(string(id)))
	e, ok, err := readIndex(t, id)
	if err != nil {
		return err
	}
	if ok {
		for _, k := range findKeys(e) {
			t.of(tableFind).drop(k)
		}
		t.of(tableIndex).drop([]byte(id))
	}
	if n := id.Number(); n > lastNumber.read(t) {
		lastNumber.write(t, n)
	}
	return nil
}

// drop removes every key that begins with prefix.
func drop(from table, prefix []byte) {
	var keys [][]byte
	for k := range from.from(prefix) {
		if !bytes.HasPrefix(k, prefix) {
			break
		}
		keys = append(keys, bytes.Clone(k))
	}
	for _, k := range keys { // not in the loop above: the table must not change there
		from.drop(k)
	}
}

// dropMarksOf gives back the marks that are still of these incidents.
func dropMarksOf(t tables, names []string, ids []incident.ID) error {
	for _, name := range names {
		h, ok, err := readMark(t, name)
		if err != nil {
			return err
		}
		if !ok || !slices.Contains(ids, h.incident) {
			continue
		}
		if err := dropMark(t, name); err != nil {
			return err
		}
	}
	return nil
}
