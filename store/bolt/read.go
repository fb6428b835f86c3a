package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"twokey/incident"
	"twokey/store"
)

// errMisplaced says that a record is not the one its place is for.
var errMisplaced = errors.New("another record is in its place")

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, id incident.ID) ([]incident.Record, error) {
	stored, err := s.stored(ctx, id)
	if err != nil || len(stored) == 0 {
		return nil, err
	}
	records := make([]incident.Record, len(stored))
	for i, v := range stored {
		r, err := incident.DecodeRecord(v.body)
		if err == nil && (r.Incident != id || r.Seq != v.seq) {
			err = errMisplaced
		}
		if err != nil {
			return nil, fmt.Errorf("read record %s/%d in %s: %w: %w", id, v.seq, s.path, ErrDamaged, err)
		}
		records[i] = r
	}
	return records, nil
}

// storedRecord is a record as it stands in the file.
type storedRecord struct {
	seq  uint64
	body []byte
}

// stored reads the records of an incident as they are: taking them apart takes
// long, and would hold up who writes.
func (s *Store) stored(ctx context.Context, id incident.ID) ([]storedRecord, error) {
	var all []storedRecord
	err := s.view(ctx, func(t tables) error {
		prefix := under(string(id))
		for k, v := range t.of(tableRecords).from(prefix) {
			if !bytes.HasPrefix(k, prefix) {
				break
			}
			all = append(all, storedRecord{seqOf(k), copied(v)})
		}
		return nil
	})
	return all, err
}

// seqOf reads the end of a [recordKey].
func seqOf(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }

// Value implements [store.Store].
func (s *Store) Value(ctx context.Context, key string) (body []byte, ok bool, err error) {
	err = s.view(ctx, func(t tables) error {
		if v := t.of(tableValues).get([]byte(key)); v != nil {
			body, ok = copied(v), true
		}
		return nil
	})
	return body, ok, err
}

// Values implements [store.Store].
func (s *Store) Values(ctx context.Context, prefix string) ([]store.Value, error) {
	var values []store.Value
	err := s.view(ctx, func(t tables) error {
		for k, v := range t.of(tableValues).from([]byte(prefix)) {
			if !strings.HasPrefix(string(k), prefix) {
				break
			}
			values = append(values, store.Value{Key: string(k), Body: copied(v)})
		}
		return nil
	})
	return values, err
}

// copied outlives the transaction. It is never nil: nil means erased.
func copied(v []byte) []byte { return append([]byte{}, v...) }
