package bolt

import (
	"encoding/binary"
	"errors"
	"time"

	"twokey/incident"
)

// Entries are written on every step of every job, so they are packed: each
// number as a varint, each text behind its length, each time as a [stamp].

// packed is a row of fields.
type packed []byte

func (p packed) text(s string) packed { return append(binary.AppendUvarint(p, uint64(len(s))), s...) }

func (p packed) count(n uint64) packed { return binary.AppendUvarint(p, n) }

func (p packed) number(n int) packed { return binary.AppendVarint(p, int64(n)) }

func (p packed) flag(yes bool) packed {
	if yes {
		return append(p, 1)
	}
	return append(p, 0)
}

func (p packed) time(t time.Time) packed { return stamp(p, t) }

// errPacked says that a row of fields is not what was packed.
var errPacked = errors.New("damaged entry")

// unpacking takes fields off a row. After the first that is damaged all are zero.
type unpacking struct {
	rest []byte
	bad  bool
}

func (u *unpacking) text() string {
	text, rest, ok := cutBytes(u.rest, 0)
	if u.bad = u.bad || !ok; u.bad {
		return ""
	}
	u.rest = rest
	return string(text)
}

func (u *unpacking) count() uint64 {
	n, width := binary.Uvarint(u.rest)
	if u.bad = u.bad || width <= 0; u.bad {
		return 0
	}
	u.rest = u.rest[width:]
	return n
}

func (u *unpacking) number() int {
	n, width := binary.Varint(u.rest)
	if u.bad = u.bad || width <= 0; u.bad {
		return 0
	}
	u.rest = u.rest[width:]
	return int(n)
}

func (u *unpacking) flag() bool { return u.count() == 1 }

func (u *unpacking) time() time.Time {
	if u.bad = u.bad || len(u.rest) < stampLen; u.bad {
		return time.Time{}
	}
	t, err := readStamp(u.rest)
	u.bad, u.rest = err != nil, u.rest[stampLen:]
	return t
}

// end is the error of the whole row: nothing may be left either.
func (u *unpacking) end() error {
	if u.bad || len(u.rest) > 0 {
		return errPacked
	}
	return nil
}

func (p packed) job(j incident.Job) packed {
	return p.text(j.Key).text(j.Lane).text(string(j.Task)).text(string(j.Incident)).count(j.Seq).
		number(j.Number).number(j.Round).text(j.Room).time(j.Due).number(j.Attempt)
}

func (u *unpacking) job() incident.Job {
	return incident.Job{
		Key: u.text(), Lane: u.text(), Task: incident.Task(u.text()), Incident: incident.ID(u.text()), Seq: u.count(),
		Number: u.number(), Round: u.number(), Room: u.text(), Due: u.time(), Attempt: u.number(),
	}
}

func (e entry) pack() []byte {
	p := make(packed, 0, 128).job(e.Job).count(e.Token).time(e.Until).flag(e.Again != nil)
	if e.Again != nil {
		p = p.job(*e.Again)
	}
	return p
}

func unpackEntry(b []byte) (entry, error) {
	u := unpacking{rest: b}
	e := entry{Job: u.job(), Token: u.count(), Until: u.time()}
	if u.flag() {
		again := u.job()
		e.Again = &again
	}
	return e, u.end()
}

func packIndex(e incident.Index) []byte {
	return make(packed, 0, 64).text(string(e.Incident)).text(string(e.Key)).text(e.Account).text(e.UserID).time(e.Opened).flag(e.Open)
}

func unpackIndex(b []byte) (incident.Index, error) {
	u := unpacking{rest: b}
	e := incident.Index{
		Incident: incident.ID(u.text()), Key: incident.KeyID(u.text()), Account: u.text(), UserID: u.text(), Opened: u.time(), Open: u.flag(),
	}
	return e, u.end()
}
