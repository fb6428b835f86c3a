package incident

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"reflect"
	"strconv"
	"time"
)

// Hash chains each record to the one before it: 64 hex characters.
type Hash string

// Short is enough of h to compare by eye: 16 characters, in groups of four.
func (h Hash) Short() string {
	if len(h) < 16 {
		return string(h)
	}
	return string(h[:4] + " " + h[4:8] + " " + h[8:12] + " " + h[12:16])
}

// Record is an event with its place, time and author. Records are only ever
// added. Bytes is the record as it was first written, with the hash of the one
// before inside; Hash is over exactly those bytes.
type Record struct {
	Incident ID
	Seq      uint64
	At       time.Time
	By       Person
	Event    Event
	Prev     Hash
	Bytes    []byte
	Hash     Hash
}

// Chain seals and checks records. With a key the hashes are HMACs, so that
// whoever can write the file still cannot write a history.
type Chain struct{ Key []byte }

type body struct {
	Incident ID              `json:"incident"`
	Seq      uint64          `json:"seq"`
	At       time.Time       `json:"at"`
	By       Person          `json:"by"`
	Kind     string          `json:"kind"`
	Event    json.RawMessage `json:"event"`
	Prev     Hash            `json:"prev,omitempty"`
}

// Seal gives events their place after s. Times are cut to microseconds, which
// every store can keep, and are never before the last record's. The events of
// the records are as they will be read back, so that nothing is ever decided on
// what was not written.
func (c Chain) Seal(s State, id ID, by Person, at time.Time, events []Event) []Record {
	return c.Draft(s, by, at, events).Seal(id)
}

// Draft is [Chain.Seal] up to the incident's id, which a store gives out while
// others wait: what can be done before is done before.
func (c Chain) Draft(s State, by Person, at time.Time, events []Event) Draft {
	d := Draft{chain: c, seq: s.Seq, prev: s.Head, at: s.instant(at), by: by, events: make([]written, len(events))}
	for i, e := range events {
		raw, err := json.Marshal(e)
		if err != nil {
			panic(fmt.Sprintf("incident: event %s does not marshal: %v", e.Kind(), err)) // plain data: cannot happen
		}
		d.events[i] = written{decodeEvent(e.Kind(), raw), e.Kind(), raw}
	}
	return d
}

// Draft is events with their place, in an incident that has no id yet.
type Draft struct {
	chain  Chain
	seq    uint64
	prev   Hash
	at     time.Time
	by     Person
	events []written
}

// written is an event as it will be read back, and as it is written.
type written struct {
	Event

	kind string
	raw  json.RawMessage
}

// Seal makes the records of an incident. It may be called again, for another one.
func (d Draft) Seal(id ID) []Record {
	records := make([]Record, len(d.events))
	seq, prev := d.seq, d.prev
	for i, e := range d.events {
		seq++
		b := body{id, seq, d.at, d.by, e.kind, e.raw, prev}.encode()
		r := Record{Incident: id, Seq: seq, At: d.at, By: d.by, Event: e.Event, Prev: prev, Bytes: b, Hash: d.chain.sum(b)}
		records[i], prev = r, r.Hash
	}
	return records
}

// encode is what json.Marshal makes of b, without reading the event once more.
func (b body) encode() []byte {
	out := make([]byte, 0, len(b.Event)+256)
	out = append(quoted(append(out, `{"incident":`...), string(b.Incident)), `,"seq":`...)
	out = append(strconv.AppendUint(out, b.Seq, 10), `,"at":"`...)
	out, err := b.At.AppendText(out)
	if err != nil {
		panic(fmt.Sprintf("incident: record does not marshal: %v", err)) // its time is that of a clock
	}
	out = append(quoted(append(out, `","by":`...), string(b.By)), `,"kind":`...)
	out = append(quoted(out, b.Kind), `,"event":`...)
	out = append(out, b.Event...)
	if b.Prev != "" {
		out = quoted(append(out, `,"prev":`...), string(b.Prev))
	}
	return append(out, '}')
}

// quoted appends a text as JSON.
func quoted(out []byte, text string) []byte {
	if !plain(text) {
		b, err := json.Marshal(text)
		if err != nil {
			panic(fmt.Sprintf("incident: text does not marshal: %v", err)) // cannot happen
		}
		return append(out, b...)
	}
	out = append(append(out, '"'), text...)
	return append(out, '"')
}

// plain reports whether a text stands in JSON as it is, for those that ids, names
// and hashes are.
func plain(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}

func (c Chain) sum(b []byte) Hash {
	var h hash.Hash
	if len(c.Key) > 0 {
		h = hmac.New(sha256.New, c.Key)
	} else {
		h = sha256.New()
	}
	h.Write(b)
	return Hash(hex.EncodeToString(h.Sum(nil)))
}

// BrokenError names the first record at which a history does not hold together.
type BrokenError struct {
	Incident ID
	Seq      uint64 // where the break shows
	Why      string // "gap", "edited", "reordered" or "foreign"
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("incident %s: record %d does not follow from the one before it (%s)", e.Incident, e.Seq, e.Why)
}

// Check reports the first record at which a history does not hold together, as
// a [*BrokenError]. A cut tail cannot show here: compare the last hash with one
// kept elsewhere.
func (c Chain) Check(records []Record) error { return c.CheckAfter(Record{}, records) }

// CheckAfter is [Chain.Check] for the records that follow prev, which itself is
// not checked.
func (c Chain) CheckAfter(prev Record, records []Record) error {
	for _, r := range records {
		why := ""
		switch {
		case prev.Seq > 0 && r.Incident != prev.Incident:
			why = "foreign"
		case r.Seq != prev.Seq+1:
			why = "gap"
		case r.Prev != prev.Hash:
			why = "reordered"
		case !hmac.Equal([]byte(r.Hash), []byte(c.sum(r.Bytes))) || !r.asWritten():
			why = "edited"
		}
		if why != "" {
			return &BrokenError{r.Incident, prev.Seq + 1, why}
		}
		prev = r
	}
	return nil
}

// asWritten reports whether what r says is what its bytes say.
func (r Record) asWritten() bool {
	w, err := DecodeRecord(r.Encode())
	return err == nil && w.Incident == r.Incident && w.Seq == r.Seq && w.By == r.By && w.Prev == r.Prev &&
		w.At.Equal(r.At) && reflect.DeepEqual(w.Event, r.Event)
}

// Encode is the record as a store keeps it: the hash, a space, the bytes.
func (r Record) Encode() []byte {
	b := make([]byte, 0, len(r.Hash)+1+len(r.Bytes))
	b = append(b, r.Hash...)
	b = append(b, ' ')
	return append(b, r.Bytes...)
}

// ErrRecord says that stored bytes are not a record.
var ErrRecord = errors.New("not a record")

// hashLen is the length of a Hash in characters.
const hashLen = 2 * sha256.Size

// DecodeRecord is the reverse of [Record.Encode]. A record of a kind that this
// version does not know is kept whole, as [Foreign].
func DecodeRecord(stored []byte) (Record, error) {
	if len(stored) < hashLen+2 || stored[hashLen] != ' ' {
		return Record{}, ErrRecord
	}
	raw := append([]byte(nil), stored[hashLen+1:]...)
	r, ok := readOwn(raw)
	if !ok {
		var err error
		if r, err = readAny(raw); err != nil {
			return Record{}, err
		}
	}
	r.Bytes, r.Hash = raw, Hash(stored[:hashLen])
	return r, nil
}
