package bolt

import (
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"
)

// The journal makes a commit one entry in one place, whatever it changes: its
// keys only grow, so the commit writes few pages. The tables follow behind, in
// the order of their keys (settle.go). What a crash left in the journal only is
// read into memory at the next start.

// replay reads what the tables do not hold yet. It returns the number of the last
// entry that was ever written.
func (s *Store) replay() (last uint64, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		journal := bucket(tx, bucketJournal)
		last = journal.Sequence()
		return journal.ForEach(func(k, v []byte) error {
			if err := s.recent.decode(v); err != nil {
				return fmt.Errorf("%w: entry %x of its journal: %w", ErrDamaged, k, err)
			}
			return nil
		})
	})
	return last, err
}

// record writes one entry. N is one more than that of the last.
func record(tx *bbolt.Tx, n uint64, changes *layer) error {
	journal := bucket(tx, bucketJournal)
	journal.FillPercent = 1 // it is only added to
	if err := journal.SetSequence(n); err != nil {
		return err
	}
	return journal.Put(number(nil, n), changes.encode())
}

// forget removes the entries up to a number.
func forget(tx *bbolt.Tx, upTo uint64) error {
	c := bucket(tx, bucketJournal).Cursor()
	for k, _ := c.First(); k != nil && binary.BigEndian.Uint64(k) <= upTo; k, _ = c.First() {
		if err := c.Delete(); err != nil {
			return err
		}
	}
	return nil
}
