package bolt

import (
	"bytes"
	"iter"

	"github.com/tidwall/btree"
	"go.etcd.io/bbolt"
)

// tables are what the store holds in one transaction: the buckets, and over them
// what they do not hold yet.
type tables struct {
	tx   *bbolt.Tx
	over []*layer // the newest first; what is put goes there
}

// of returns one table.
func (t tables) of(id tableID) table {
	return table{id, bucket(t.tx, tableNames[id]), t.over}
}

// table is one table in a transaction. Keys are never empty.
type table struct {
	id     tableID
	bucket *bbolt.Bucket
	over   []*layer
}

// get returns the value of a key; nil if there is none. It is only valid during
// the transaction.
func (t table) get(key []byte) []byte {
	for _, l := range t.over {
		if v, ok := l.tables[t.id].Get(string(key)); ok {
			return v
		}
	}
	return t.bucket.Get(key)
}

func (t table) put(key, value []byte) {
	if value == nil {
		value = []byte{}
	}
	t.over[0].set(t.id, string(key), value)
}

func (t table) drop(key []byte) { t.over[0].set(t.id, string(key), nil) }

// from lists the entries from a key on, in order. The table must not be changed
// meanwhile.
func (t table) from(key []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		c := t.bucket.Cursor()
		k, v := c.Seek(key)
		cursors := make([]cursor, 0, len(t.over)+1)
		for _, l := range t.over {
			cursors = append(cursors, l.from(t.id, key))
		}
		walk(append(cursors, cursor{k, v, c.Next}), func(a, b []byte) bool { return bytes.Compare(a, b) < 0 }, yield)
	}
}

// before lists the entries before a key, backwards. The table must not be
// changed meanwhile.
func (t table) before(key []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		c := t.bucket.Cursor()
		back := c.Prev
		if k, _ := c.Seek(key); k == nil {
			back = c.Last
		}
		k, v := back()
		cursors := make([]cursor, 0, len(t.over)+1)
		for _, l := range t.over {
			cursors = append(cursors, l.before(t.id, key))
		}
		walk(append(cursors, cursor{k, v, c.Prev}), func(a, b []byte) bool { return bytes.Compare(a, b) > 0 }, yield)
	}
}

// cursor walks through one of the places that a table lies in. Its key is nil at
// the end, its value is nil where the key is gone.
type cursor struct {
	key, value []byte
	move       func() (key, value []byte)
}

func (l *layer) from(id tableID, key []byte) cursor {
	i := l.tables[id].Iter()
	return found(&i, i.Seek(string(key)), i.Next)
}

func (l *layer) before(id tableID, key []byte) cursor {
	i := l.tables[id].Iter()
	back := i.Prev
	if !i.Seek(string(key)) {
		back = i.Last
	}
	return found(&i, back(), i.Prev)
}

// found is a cursor where i stands, if it stands anywhere; move takes i on.
func found(i *btree.MapIter[string, []byte], ok bool, move func() bool) cursor {
	at := func(ok bool) (k, v []byte) {
		if !ok {
			return nil, nil
		}
		return []byte(i.Key()), i.Value()
	}
	k, v := at(ok)
	return cursor{k, v, func() (k, v []byte) { return at(move()) }}
}

// walk lists what all cursors find, in their common order. Of entries with the
// same key the first cursor's counts.
func walk(cursors []cursor, sooner func(a, b []byte) bool, yield func(k, v []byte) bool) {
	for {
		next := -1
		for i, c := range cursors {
			if c.key != nil && (next < 0 || sooner(c.key, cursors[next].key)) {
				next = i
			}
		}
		if next < 0 {
			return
		}
		key, value := cursors[next].key, cursors[next].value
		for i, c := range cursors {
			if c.key != nil && bytes.Equal(c.key, key) {
				cursors[i].key, cursors[i].value = c.move()
			}
		}
		if value != nil && !yield(key, value) {
			return
		}
	}
}
