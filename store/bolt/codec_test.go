package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twokey/incident"
)

func drawTime(t *rapid.T) time.Time {
	return time.UnixMicro(rapid.Int64Range(-1<<50, 1<<53).Draw(t, "time")).UTC()
}

func drawJob(t *rapid.T) incident.Job {
	text := rapid.String()
	return incident.Job{
		Key: text.Draw(t, "key"), Lane: text.Draw(t, "lane"), Task: incident.Task(text.Draw(t, "task")),
		Incident: incident.ID(text.Draw(t, "incident")), Seq: rapid.Uint64().Draw(t, "seq"), Number: rapid.Int().Draw(t, "number"),
		Round: rapid.Int().Draw(t, "round"), Room: text.Draw(t, "room"), Due: drawTime(t), Attempt: rapid.Int().Draw(t, "attempt"),
	}
}

func drawEntry(t *rapid.T) entry {
	e := entry{Job: drawJob(t), Token: rapid.Uint64().Draw(t, "token"), Until: drawTime(t)}
	if rapid.Bool().Draw(t, "asked again") {
		again := drawJob(t)
		e.Again = &again
	}
	return e
}

func TestWhatIsPackedIsUnpacked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEntry(t)
		got, err := unpackEntry(e.pack())
		if diff := cmp.Diff(e, got); diff != "" || err != nil {
			t.Fatalf("%v (-want +got):\n%s", err, diff)
		}
		i := incident.Index{
			Incident: incident.ID(rapid.String().Draw(t, "id")), Key: incident.KeyID(rapid.String().Draw(t, "key")),
			Account: rapid.String().Draw(t, "account"), UserID: rapid.String().Draw(t, "user"), Opened: drawTime(t), Open: rapid.Bool().Draw(t, "open"),
		}
		if got, err := unpackIndex(packIndex(i)); got != i || err != nil {
			t.Fatalf("%+v, %v; want %+v", got, err, i)
		}
	})
}

// A row that was cut short or goes on is not taken for a shorter or longer one.
func TestADamagedRowIsAnError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := drawEntry(t).pack()
		cut := whole[:rapid.IntRange(0, len(whole)-1).Draw(t, "cut")]
		for _, b := range [][]byte{cut, append(slices.Clip(whole), 0)} {
			if _, err := unpackEntry(b); !errors.Is(err, errPacked) {
				t.Fatalf("%x: %v", b, err)
			}
		}
	})
}

func TestJournalEntriesAreReadAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wrote, got := drawLayer(t), new(layer)
		if err := got.decode(wrote.encode()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(contents(wrote), contents(got)); diff != "" || got.keys != wrote.keys || got.size != wrote.size {
			t.Fatalf("%d keys, %d bytes; want %d, %d (-want +got):\n%s", got.keys, got.size, wrote.keys, wrote.size, diff)
		}
	})
}

func drawLayer(t *rapid.T) *layer {
	l := new(layer)
	for range rapid.IntRange(0, 20).Draw(t, "changes") {
		id := tableID(rapid.IntRange(0, int(tableCount)-1).Draw(t, "table"))
		var value []byte
		if rapid.Bool().Draw(t, "kept") {
			value = append([]byte{}, rapid.SliceOf(rapid.Byte()).Draw(t, "value")...)
		}
		l.set(id, rapid.StringN(1, 5, -1).Draw(t, "key"), value)
	}
	return l
}

func contents(l *layer) (all [tableCount]map[string][]byte) {
	for id := range tableCount {
		all[id] = map[string][]byte{}
		l.tables[id].Scan(func(key string, value []byte) bool {
			all[id][key] = value
			return true
		})
	}
	return all
}

// FuzzJournal gives an entry that somebody else wrote: it is an error, or it is
// the same again.
func FuzzJournal(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{1, 1, 'k', 0})
	f.Add([]byte{2, 1, 'k', 3, 'a', 'b'})
	f.Add([]byte{8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		l, again := new(layer), new(layer)
		if err := l.decode(b); err != nil {
			return
		}
		if err := again.decode(l.encode()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(contents(l), contents(again)); diff != "" {
			t.Error(diff)
		}
	})
}

// Every flipped bit of an entry shows, and so does an entry in another's place.
func TestASpoiledEntryOfTheJournalIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := number(nil, rapid.Uint64().Draw(t, "number"))
		whole := appendSum(drawLayer(t).encode(), key)
		if err := readEntry(key, whole, new(layer)); err != nil {
			t.Fatal(err)
		}
		bit := rapid.IntRange(0, 8*len(whole)-1).Draw(t, "bit")
		spoiled := bytes.Clone(whole)
		spoiled[bit/8] ^= 1 << (bit % 8)
		other := number(nil, binary.BigEndian.Uint64(key)+1)
		for _, err := range []error{readEntry(key, spoiled, new(layer)), readEntry(other, whole, new(layer)), readEntry(key, whole[:bit/8], new(layer))} {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("%v, want ErrDamaged", err)
			}
		}
	})
}
