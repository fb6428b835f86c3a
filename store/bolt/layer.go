package bolt

import (
	"encoding/binary"
	"errors"

	"github.com/tidwall/btree"
)

// layer is changes that the tables do not hold yet. A nil value says that the
// key is gone.
type layer struct {
	tables [tableCount]btree.Map[string, []byte]
	keys   int
	size   int // bytes of keys and values
}

func (l *layer) set(id tableID, key string, value []byte) {
	old, known := l.tables[id].Set(key, value)
	if l.size += len(value) - len(old); !known {
		l.size += len(key)
		l.keys++
	}
}

// take adds newer changes.
func (l *layer) take(newer *layer) {
	for id := range tableCount {
		newer.tables[id].Scan(func(key string, value []byte) bool {
			l.set(id, key, value)
			return true
		})
	}
}

// encode lists the changes: the table, the length of the key, the key, the
// length of the value plus one or 0 if the key is gone, the value.
func (l *layer) encode() []byte {
	b := make([]byte, 0, l.size+8*l.keys)
	for id := range tableCount {
		l.tables[id].Scan(func(key string, value []byte) bool {
			b = append(b, byte(id))
			b = binary.AppendUvarint(b, uint64(len(key)))
			b = append(b, key...)
			if value == nil {
				b = append(b, 0)
				return true
			}
			b = binary.AppendUvarint(b, uint64(len(value))+1)
			b = append(b, value...)
			return true
		})
	}
	return b
}

// errJournal says that an entry of the journal is not what was written there.
var errJournal = errors.New("the journal is damaged")

// decode adds the changes that encode listed. The layer does not keep b.
func (l *layer) decode(b []byte) error {
	for len(b) > 0 {
		id := tableID(b[0])
		key, rest, ok := cutBytes(b[1:], 0)
		if !ok || id >= tableCount || len(key) == 0 {
			return errJournal
		}
		if len(rest) > 0 && rest[0] == 0 {
			l.set(id, string(key), nil)
			b = rest[1:]
			continue
		}
		value, rest, ok := cutBytes(rest, 1)
		if !ok {
			return errJournal
		}
		l.set(id, string(key), copied(value))
		b = rest
	}
	return nil
}

// cutBytes cuts off bytes that stand behind their length, which is written as
// too large by more.
func cutBytes(b []byte, more uint64) (cut, rest []byte, ok bool) {
	n, width := binary.Uvarint(b)
	if width <= 0 || n < more || n-more > uint64(len(b)-width) { //nolint:gosec // width is not more than len(b)
		return nil, nil, false
	}
	end := width + int(n-more) //nolint:gosec // not more than len(b)
	return b[width:end], b[end:], true
}
