package bolt

import (
	"time"

	"go.etcd.io/bbolt"
)

// sorted is a layer on its way into the tables, in the order of its keys.
type sorted struct {
	layer *layer
	at    position
}

// position is the next key to put.
type position struct {
	table tableID // tableCount: none is left
	key   string
}

// put puts some keys into their tables. It returns where to go on.
func (s sorted) put(tx *bbolt.Tx, most int) (position, error) {
	left := most
	for at := s.at; ; at = (position{table: at.table + 1}) {
		if at.table == tableCount || left == 0 {
			return at, nil
		}
		b, failed := bucket(tx, tableNames[at.table]), error(nil)
		s.layer.tables[at.table].Ascend(at.key, func(key string, value []byte) bool {
			if at.key = key; left == 0 {
				return false
			}
			left--
			if value == nil {
				failed = b.Delete([]byte(key))
			} else {
				failed = b.Put([]byte(key), value)
			}
			return failed == nil
		})
		if failed != nil || left == 0 {
			return at, failed
		}
	}
}

// settle is how far the tables are behind the journal.
type settle struct {
	at   position // in the layer that is settling
	upTo uint64   // the last entry of the journal in that layer
	kept bool     // the journal is not cut: somebody follows it
	pace pace
}

// pace is how much is done at a time.
type pace struct {
	enough int // bytes of changes to begin with; bounds what a start has to read after a crash
	along  int // keys that go along with a commit: few, so that no commit is slow
	idle   int // keys at once while nobody writes: a click that comes meanwhile hardly has to wait
	chunk  int // bytes that compacting copies at once
}

func usualPace() pace { return pace{enough: 8 << 20, along: 256, idle: 1024, chunk: 4 << 20} }

// slice settles some keys. What is settled whole the journal need not hold.
func (w *writer) slice(tx *bbolt.Tx, most int) (position, error) {
	if w.settling == nil {
		return w.at, nil
	}
	at, err := sorted{w.settling, w.at}.put(tx, most)
	if err == nil && at.table == tableCount && !w.kept {
		err = forget(tx, w.upTo)
	}
	return at, err
}

// moved notes what a commit settled, and begins anew when there is enough.
func (w *writer) moved(at position) {
	w.at = at
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.settling != nil && at.table == tableCount {
		w.settling = nil
	}
	if w.settling == nil && w.recent.size >= w.pace.enough {
		w.freeze()
	}
}

// freeze lets the recent changes settle. The lock is held.
func (w *writer) freeze() {
	w.settling, w.recent = w.recent, new(layer)
	w.at, w.upTo = position{}, w.last
}

// settleAfter is how long changes may lie in the journal while nobody writes.
const settleAfter = time.Second

// idle falls due when nobody has written for a while and something is left to
// settle.
func (w *writer) idle() <-chan time.Time {
	if w.settling == nil && w.recent.keys == 0 {
		return nil
	}
	return time.After(settleAfter)
}

// settleSome settles until somebody wants to write.
func (w *writer) settleSome() {
	for w.settleOnce() == nil && w.settling != nil {
		select {
		case r := <-w.requests:
			w.commit(w.gather(r))
			return
		case <-w.closing:
			return
		default:
		}
	}
}

// settleAll leaves nothing in the journal, if it can.
func (w *writer) settleAll() {
	for w.settling != nil || w.recent.keys > 0 {
		if err := w.settleOnce(); err != nil {
			return
		}
	}
}

// settleOnce settles a slice in a commit of its own. What can't be settled now is
// in the journal, and tried again.
func (w *writer) settleOnce() error {
	if w.settling == nil {
		w.mu.Lock()
		w.freeze()
		w.mu.Unlock()
	}
	at := w.at
	err := w.db.Update(func(tx *bbolt.Tx) (err error) {
		at, err = w.slice(tx, w.pace.idle)
		return err
	})
	if err == nil {
		w.moved(at)
	}
	return err
}
