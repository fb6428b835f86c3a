package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"twokey/incident"
	"twokey/store"
)

// The views of the find bucket. Behind what it is found by, each key ends in
// the incident's place: time opened, number, id. So every view lists in the
// same order, and a time is a place in it.
const (
	viewAll  = "all\x00"
	viewOpen = "open\x00"
	viewKey  = "key\x00"  // key id \0
	viewUser = "user\x00" // account \0 user id \0
)

// defaultLimit is how many incidents a query finds that does not say.
const defaultLimit = 100

// Find implements [store.Store].
func (s *Store) Find(ctx context.Context, q store.Query) ([]incident.Index, error) {
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	var found []incident.Index
	err := s.view(ctx, func(t tables) (err error) {
		found, err = findIn(t, q)
		return err
	})
	return found, err
}

func findIn(t tables, q store.Query) ([]incident.Index, error) {
	prefix := viewOf(q)
	end, err := endOf(t, q, prefix)
	if err != nil || end == nil {
		return nil, err
	}
	var found []incident.Index
	for k := range t.of(tableFind).before(end) {
		if !bytes.HasPrefix(k, prefix) || len(found) == q.Limit {
			break
		}
		e, ok, err := readIndex(t, incident.ID(k[len(prefix)+stampLen+8:]))
		switch {
		case err == nil && !ok:
			return nil, fmt.Errorf("find incidents: %q: %w", k, errNoIndex)
		case err != nil:
			return nil, err
		case matches(q, e):
			found = append(found, e)
		case e.Opened.Before(q.Since):
			return found, nil // and so are all older ones
		}
	}
	return found, nil
}

// errNoIndex says that a view names an incident that has no entry.
var errNoIndex = errors.New("it is listed and not there")

// viewOf is the narrowest view that holds all that q asks for.
func viewOf(q store.Query) []byte {
	switch {
	case q.Key != "":
		return append([]byte(viewKey), under(string(q.Key))...)
	case q.Account != "" && q.UserID != "":
		return slices.Concat([]byte(viewUser), under(q.Account), under(q.UserID))
	case q.Open:
		return []byte(viewOpen)
	}
	return []byte(viewAll)
}

// endOf is the key behind the newest incident that q may find; nil if it finds
// none because nobody knows q.Before.
func endOf(t tables, q store.Query, prefix []byte) ([]byte, error) {
	end := append(slices.Clone(prefix), bytes.Repeat([]byte{0xff}, stampLen)...)
	if !q.Until.IsZero() {
		end = stamp(slices.Clone(prefix), q.Until.Add(time.Microsecond)) // the rest is matches'
	}
	if q.Before == "" {
		return end, nil
	}
	e, ok, err := readIndex(t, q.Before)
	if err != nil || !ok {
		return nil, err
	}
	if place := append(slices.Clone(prefix), placeOf(e)...); bytes.Compare(place, end) < 0 {
		end = place
	}
	return end, nil
}

func matches(q store.Query, e incident.Index) bool {
	return (!q.Open || e.Open) &&
		(q.Key == "" || q.Key == e.Key) &&
		(q.Account == "" || q.Account == e.Account) &&
		(q.UserID == "" || q.UserID == e.UserID) &&
		!e.Opened.Before(q.Since) &&
		(q.Until.IsZero() || e.Opened.Before(q.Until))
}

func readIndex(t tables, id incident.ID) (incident.Index, bool, error) {
	v := t.of(tableIndex).get([]byte(id))
	if v == nil {
		return incident.Index{}, false, nil
	}
	e, err := unpackIndex(v)
	if err != nil {
		return incident.Index{}, false, fmt.Errorf("read index of %s: %w", id, err)
	}
	return e, true, nil
}

// putIndex replaces the entry of an incident, in all views.
func putIndex(t tables, e incident.Index) error {
	e.Opened = micro(e.Opened)
	old, ok, err := readIndex(t, e.Incident)
	if err != nil {
		return err
	}
	if ok {
		for _, k := range findKeys(old) {
			t.of(tableFind).drop(k)
		}
	}
	for _, k := range findKeys(e) {
		t.of(tableFind).put(k, nil)
	}
	t.of(tableIndex).put([]byte(e.Incident), packIndex(e))
	return nil
}

func placeOf(e incident.Index) []byte {
	return append(number(stamp(nil, e.Opened), e.Incident.Number()), e.Incident...)
}

func findKeys(e incident.Index) [][]byte {
	place := placeOf(e)
	keys := [][]byte{append([]byte(viewAll), place...)}
	if e.Open {
		keys = append(keys, append([]byte(viewOpen), place...))
	}
	if e.Key != "" {
		keys = append(keys, slices.Concat([]byte(viewKey), under(string(e.Key)), place))
	}
	if e.Account != "" && e.UserID != "" {
		keys = append(keys, slices.Concat([]byte(viewUser), under(e.Account), under(e.UserID), place))
	}
	return keys
}
