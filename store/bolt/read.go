package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"go.etcd.io/bbolt"

	"twokey/incident"
	"twokey/store"
)

// errMisplaced says that a record is not the one its place is for.
var errMisplaced = errors.New("another record is in its place")

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, id incident.ID) ([]incident.Record, error) {
	var records []incident.Record
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		c, prefix := bucket(tx, bucketRecords).Cursor(), under(string(id))
		for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
			r, err := incident.DecodeRecord(v)
			if err == nil && (r.Incident != id || r.Seq != seqOf(k)) {
				err = errMisplaced
			}
			if err != nil {
				return fmt.Errorf("read record %s/%d: %w", id, seqOf(k), err)
			}
			records = append(records, r)
		}
		return nil
	})
	return records, err
}

// seqOf reads the end of a [recordKey].
func seqOf(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-8:]) }

// Value implements [store.Store].
func (s *Store) Value(ctx context.Context, key string) (body []byte, ok bool, err error) {
	err = s.view(ctx, func(tx *bbolt.Tx) error {
		// A key that cannot be kept is not there; bbolt has no word for an empty one.
		if k, v := bucket(tx, bucketValues).Cursor().Seek([]byte(key)); k != nil && string(k) == key {
			body, ok = copied(v), true
		}
		return nil
	})
	return body, ok, err
}

// Values implements [store.Store].
func (s *Store) Values(ctx context.Context, prefix string) ([]store.Value, error) {
	var values []store.Value
	err := s.view(ctx, func(tx *bbolt.Tx) error {
		c := bucket(tx, bucketValues).Cursor()
		for k, v := c.Seek([]byte(prefix)); k != nil && strings.HasPrefix(string(k), prefix); k, v = c.Next() {
			values = append(values, store.Value{Key: string(k), Body: copied(v)})
		}
		return nil
	})
	return values, err
}

// copied outlives the transaction. It is never nil: nil means erased.
func copied(v []byte) []byte { return append([]byte{}, v...) }
