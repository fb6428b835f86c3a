package bolt_test

import (
	"bytes"
	"fmt"
	"testing"

	"twokey/incident"
	"twokey/store"
)

func TestPurgedAndErasedBytesAreGoneAfterCompaction(t *testing.T) {
	path, ctx := newPath(t), t.Context()
	s := open(t, path)
	const gone, kept = "planted-and-purged", "planted-and-kept"
	for n := range uint64(40) {
		id, word := incident.NewID(n+1), gone
		if n%8 == 0 {
			word = kept
		}
		text := fmt.Sprintf("%s in %s", word, id)
		err := s.Append(ctx, store.Batch{
			Records: incident.Chain{}.Seal(incident.State{}, id, "ana", t0, []incident.Event{incident.Noted{Text: incident.Words(text)}}),
			Values:  []store.Value{{Key: "text/" + string(id) + "/" + word, Body: bytes.Repeat([]byte(text), 100)}},
			Marks:   []store.Mark{{Name: "open/" + text, Incident: id, Now: t0}},
			Index:   []incident.Index{{Incident: id, Key: incident.KeyID(text), Account: word, UserID: "u", Opened: t0}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for n := range uint64(40) {
		if n%8 == 0 {
			continue
		}
		id := incident.NewID(n + 1)
		if err := s.Purge(ctx, id); err != nil {
			t.Fatal(err)
		}
		if err := s.Append(ctx, store.Batch{Values: []store.Value{{Key: "text/" + string(id) + "/" + gone}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Compact(ctx); err != nil {
		t.Fatal(err)
	}
	body := read(t, path)
	if bytes.Contains(body, []byte(gone)) {
		t.Error("what was purged is still in the file")
	}
	if !bytes.Contains(body, []byte(kept)) {
		t.Error("what was kept is not in the file: the search proves nothing")
	}
}
