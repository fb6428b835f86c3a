package incident

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
)

// readAny reads the bytes of a record, whoever wrote them.
func readAny(raw []byte) (Record, error) {
	var b body
	if err := json.Unmarshal(raw, &b); err != nil {
		return Record{}, fmt.Errorf("%w: %w", ErrRecord, err)
	}
	if b.Incident == "" || b.Seq == 0 || b.Kind == "" {
		return Record{}, ErrRecord
	}
	return b.record(decodeEvent(b.Kind, b.Event)), nil
}

func (b body) record(e Event) Record {
	return Record{Incident: b.Incident, Seq: b.Seq, At: b.At, By: b.By, Event: e, Prev: b.Prev}
}

// readOwn reads bytes that look exactly as [body.encode] writes them, in half the
// time; false for all others, and for events that this version does not know. What
// it reads is what [readAny] would: the event is one whole JSON value, so nothing
// that stands outside of it can be inside.
func readOwn(raw []byte) (Record, bool) {
	var b body
	in := scan{rest: raw, ok: true}
	b.Incident = ID(in.text(`{"incident":"`))
	b.Seq = in.number(`,"seq":`)
	at := in.upTo(`,"at":"`, '"')
	b.By = Person(in.text(`,"by":"`))
	b.Kind = in.text(`,"kind":"`)
	b.Event, b.Prev = in.event(`,"event":`)
	if !in.ok || b.Incident == "" || b.At.UnmarshalText(at) != nil {
		return Record{}, false
	}
	e, err := decodeKnown(b.Kind, b.Event)
	return b.record(e), err == nil
}

// scan reads one member after the other; ok turns false at the first that is not
// as it should be.
type scan struct {
	rest []byte
	ok   bool
}

// upTo reads what stands between a member's name and an end.
func (s *scan) upTo(name string, end byte) []byte {
	rest, named := bytes.CutPrefix(s.rest, []byte(name))
	i := bytes.IndexByte(rest, end)
	if !named || i < 0 {
		s.ok = false
		return nil
	}
	s.rest = rest[i:]
	if end == '"' {
		s.rest = rest[i+1:]
	}
	return rest[:i]
}

// text reads a text that needs no escapes.
func (s *scan) text(name string) string {
	text := string(s.upTo(name, '"'))
	s.ok = s.ok && plain(text)
	return text
}

// number reads a number that is not 0.
func (s *scan) number(name string) uint64 {
	digits := s.upTo(name, ',')
	n, err := strconv.ParseUint(string(digits), 10, 64)
	s.ok = s.ok && err == nil && digits[0] != '0' && digits[0] != '+'
	return n
}

// event reads what is left: the event, and the hash before this record's.
func (s *scan) event(name string) (json.RawMessage, Hash) {
	const member, end = `,"prev":"`, `"}`
	event, named := bytes.CutPrefix(s.rest, []byte(name))
	event, ended := bytes.CutSuffix(event, []byte("}"))
	s.ok = s.ok && named && ended
	from := len(event) + 1 - len(member) - hashLen - len(end)
	if from < 0 || !bytes.HasPrefix(event[from:], []byte(member)) || event[len(event)-1] != '"' {
		return event, ""
	}
	prev := string(event[from+len(member) : len(event)-1])
	s.ok = s.ok && plain(prev)
	return event[:from], Hash(prev)
}

// decodeEvent never fails: what this version cannot read it keeps as it is, and
// the incident becomes read-only.
func decodeEvent(kind string, raw json.RawMessage) Event {
	e, err := decodeKnown(kind, raw)
	if err != nil {
		return Foreign{Name: kind, Raw: raw}
	}
	return e
}

// decodeKnown fails for what this version cannot read.
func decodeKnown(kind string, raw json.RawMessage) (Event, error) {
	t, ok := kinds[kind]
	if !ok {
		return nil, ErrRecord
	}
	v := reflect.New(t)
	if err := json.Unmarshal(raw, v.Interface()); err != nil {
		return nil, err
	}
	e, ok := reflect.TypeAssert[Event](v.Elem())
	if !ok {
		return nil, ErrRecord
	}
	return e, nil
}
