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
	return s.update(ctx, func(t tables) error {
		if err := checkIdle(t, ids); err != nil {
			return err
		}
		for _, id := range ids {
			if err := purge(t, id); err != nil {
				return err
			}
		}
		return dropMarksOf(t, ids)
	})
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

func dropMarksOf(t tables, ids []incident.ID) error {
	var names []string
	for k, v := range t.of(tableMarks).from(nil) {
		if len(v) >= stampLen && slices.Contains(ids, incident.ID(v[stampLen:])) {
			names = append(names, string(k))
		}
	}
	for _, name := range names { // not in the loop above: the table must not change there
		if err := dropMark(t, name); err != nil {
			return err
		}
	}
	return nil
}
