package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"twokey/incident"
	"twokey/store"
)

// t0 is when the tests happen, to the microsecond.
func t0() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC) }

// in is some time after t0.
func in(d time.Duration) time.Time { return t0().Add(d) }

func chain() incident.Chain { return incident.Chain{Key: []byte("only for tests")} }

// first opens an incident.
func first(id incident.ID) []incident.Record {
	return chain().Seal(incident.State{}, id, incident.Bot, t0(), []incident.Event{incident.Opened{
		Alert: incident.Alert{Source: "tests", Kind: incident.KindOpen, KeyID: "key-1", ReceivedAt: t0()},
	}})
}

// after adds a note for each text.
func after(records []incident.Record, by incident.Person, texts ...string) []incident.Record {
	last := records[len(records)-1]
	s := incident.State{ID: last.Incident, Seq: last.Seq, Head: last.Hash}
	events := make([]incident.Event, len(texts))
	for i, text := range texts {
		events[i] = incident.Noted{Text: incident.Words(text)}
	}
	return chain().Seal(s, last.Incident, by, last.At.Add(time.Second), events)
}

// later is a record of a kind that only a later version knows.
func later(prev incident.Record) (incident.Record, error) {
	raw := fmt.Appendf(nil, `{"incident":%q,"seq":%d,"at":"2031-01-01T00:00:00.000001Z","by":"ana","kind":"teleported",`+
		`"event":{"to": "Mars", "unknown":[1,2.50,{"<&>":null}]},"prev":%q}`, prev.Incident, prev.Seq+1, prev.Hash)
	sum := sha256.Sum256(raw)
	return incident.DecodeRecord(append([]byte(hex.EncodeToString(sum[:])+" "), raw...))
}

// job is work for inc-1.
func job(key, lane string, due time.Time) incident.Job {
	return incident.Job{Key: key, Lane: lane, Task: incident.Investigate, Incident: "inc-1", Seq: 1, Due: due}
}

func jobs(js ...incident.Job) store.Batch { return store.Batch{Jobs: js} }

// mark is taken at t0.
func mark(name string, id incident.ID, until time.Time) store.Mark {
	return store.Mark{Name: name, Incident: id, Now: t0(), Until: until}
}

// contents is what can be seen of a store without changing it.
type contents struct {
	Records map[incident.ID][]string // as they are stored
	Next    map[string]time.Time
	Marks   map[string]incident.ID
	Values  []store.Value
	Index   []incident.Index
}

// look reads all there is about some incidents, lanes and marks.
func look(ctx context.Context, s store.Store, now time.Time, ids []incident.ID, lanes, marks []string) (contents, error) {
	c := contents{map[incident.ID][]string{}, map[string]time.Time{}, map[string]incident.ID{}, nil, nil}
	for _, id := range ids {
		records, err := s.Load(ctx, id)
		if err != nil {
			return c, err
		}
		if len(records) > 0 {
			c.Records[id] = encoded(records)
		}
	}
	for _, lane := range lanes {
		at, ok, err := s.NextDue(ctx, lane)
		if err != nil {
			return c, err
		}
		if ok {
			c.Next[lane] = at
		}
	}
	for _, name := range marks {
		id, ok, err := s.Marked(ctx, name, now)
		if err != nil {
			return c, err
		}
		if ok {
			c.Marks[name] = id
		}
	}
	var err error
	if c.Values, err = s.Values(ctx, ""); err != nil {
		return c, err
	}
	c.Index, err = s.Find(ctx, store.Query{Limit: 1000})
	return c, err
}

func encoded(records []incident.Record) []string {
	var all []string
	for _, r := range records {
		all = append(all, string(r.Encode()))
	}
	return all
}
