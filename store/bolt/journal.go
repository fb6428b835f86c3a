package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

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
			return readEntry(k, v, s.recent)
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
	key := number(nil, n)
	return journal.Put(key, appendSum(changes.encode(), key))
}

// sumLen is the length of the sum behind an entry. Bbolt does not see when what a
// page holds is spoiled or old, and what stands here is believed at the next start.
const sumLen = 4

func appendSum(body, key []byte) []byte { return binary.BigEndian.AppendUint32(body, sum(body, key)) }

// sum is over the entry and its number: no entry can stand for another.
func sum(body, key []byte) uint32 {
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, body)
}

// readEntry adds the changes of an entry to a layer.
func readEntry(key, entry []byte, to *layer) error {
	end := len(entry) - sumLen
	if end < 0 || binary.BigEndian.Uint32(entry[end:]) != sum(entry[:end], key) {
		return fmt.Errorf("%w: entry %x of its journal: %w", ErrDamaged, key, errJournal)
	}
	if err := to.decode(entry[:end]); err != nil {
		return fmt.Errorf("%w: entry %x of its journal: %w", ErrDamaged, key, err)
	}
	return nil
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
