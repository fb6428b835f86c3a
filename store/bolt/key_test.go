package bolt

import (
	"bytes"
	"cmp"
	"testing"
	"time"

	"twokey/incident"
)

// FuzzKeys makes keys of two entries: they are read back, they sort as what they
// are made of does, and neither is found below the other's name.
func FuzzKeys(f *testing.F) {
	f.Add("inc-1", uint64(1), int64(0), "inc-10", uint64(256), int64(-1))
	f.Add("a", uint64(0), int64(1)<<62, "a\x01", uint64(1)<<63, -int64(1)<<62)
	f.Add("room/a", uint64(255), int64(1767322991678901), "room/aa", uint64(255), int64(1767322991678902))
	f.Fuzz(func(t *testing.T, name1 string, n1 uint64, us1 int64, name2 string, n2 uint64, us2 int64) {
		if name1 == "" || name2 == "" || unfit(name1) || unfit(name2) {
			t.Skip("such names are refused before")
		}
		a, b := keyed{name1, n1, time.UnixMicro(us1)}, keyed{name2, n2, time.UnixMicro(us2)}
		a.readBack(t)
		a.sorts(t, b)
		if bytes.HasPrefix(recordKey(incident.ID(a.name), a.n), under(b.name)) != (a.name == b.name) {
			t.Errorf("a key of %q is found below %q", a.name, b.name)
		}
	})
}

// keyed is what keys are made of.
type keyed struct {
	name string
	n    uint64
	at   time.Time
}

func (k keyed) entry() entry { return entry{Job: incident.Job{Key: k.name, Lane: "lane", Due: k.at}} }

func (k keyed) index() incident.Index {
	return incident.Index{Incident: incident.NewID(k.n), Opened: k.at}
}

func (k keyed) readBack(t *testing.T) {
	t.Helper()
	key := recordKey(incident.ID(k.name), k.n)
	if name, _, _ := bytes.Cut(key, []byte{0}); string(name) != k.name || seqOf(key) != k.n {
		t.Errorf("%+v became record %q, %d", k, name, seqOf(key))
	}
	if at, err := readStamp(stamp(nil, k.at)); err != nil || !at.Equal(k.at) {
		t.Errorf("%v became %v, %v", k.at, at, err)
	}
	due := dueKey(k.entry())[len(under("lane")):]
	if at, err := readStamp(due); err != nil || !at.Equal(k.at) || string(due[stampLen:]) != k.name {
		t.Errorf("%+v became due %v, %q, %v", k, at, due[stampLen:], err)
	}
	place := placeOf(k.index())
	if at, err := readStamp(place); err != nil || !at.Equal(k.at) || incident.ID(place[stampLen+8:]) != incident.NewID(k.n) {
		t.Errorf("%+v became place %v, %q, %v", k, at, place[stampLen+8:], err)
	}
}

func (k keyed) sorts(t *testing.T, other keyed) {
	t.Helper()
	byTime, byNumber, byName := k.at.Compare(other.at), cmp.Compare(k.n, other.n), cmp.Compare(k.name, other.name)
	id := incident.ID(k.name)
	for what, c := range map[string]struct {
		got, want int
	}{
		"seqs of a record": {bytes.Compare(recordKey(id, k.n), recordKey(id, other.n)), byNumber},
		"times":            {bytes.Compare(stamp(nil, k.at), stamp(nil, other.at)), byTime},
		"jobs that are due": {
			bytes.Compare(dueKey(k.entry()), dueKey(other.entry())), cmp.Or(byTime, byName),
		},
		"places of incidents": {bytes.Compare(placeOf(k.index()), placeOf(other.index())), cmp.Or(byTime, byNumber)},
	} {
		if c.got != c.want {
			t.Errorf("%s: %+v and %+v sort as %d, want %d", what, k, other, c.got, c.want)
		}
	}
}
