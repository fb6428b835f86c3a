package heads_test

import (
	"os"
	"testing"

	"twokey/incident"
	"twokey/store"
	"twokey/store/heads"
)

func behind(t *testing.T, w *world) (heads.Head, bool) {
	t.Helper()
	h, old, err := heads.Behind(t.Context(), w.path, w)
	if err != nil {
		t.Fatal(err)
	}
	return h, old
}

func TestAStoreIsNotBehindItsOwnHeads(t *testing.T) {
	w := newWorld(t)
	for i := range 30 {
		w.grow(t, newID(i), 3)
	}
	w.grow(t, incident.System, 1)
	flush(t, w.file)
	if h, old := behind(t, w); old {
		t.Errorf("behind %s", h)
	}
	if err := os.Remove(w.path); err != nil {
		t.Fatal(err)
	}
	if h, old := behind(t, w); old {
		t.Errorf("without a file behind %s", h)
	}
}

func TestAStoreIsBehind(t *testing.T) {
	for _, row := range []struct {
		name string
		line func(last incident.Record) heads.Head
		old  bool
	}{
		{"the last record itself", func(r incident.Record) heads.Head { return heads.Head{ID: r.Incident, Seq: r.Seq, Hash: r.Hash} }, false},
		{"one more record", func(r incident.Record) heads.Head { return heads.Head{ID: r.Incident, Seq: r.Seq + 1, Hash: hash(1)} }, true},
		{"another record in its place", func(r incident.Record) heads.Head { return heads.Head{ID: r.Incident, Seq: r.Seq, Hash: hash(1)} }, true},
		{"an incident that is not there", func(incident.Record) heads.Head { return head("inc-99", 1) }, true},
		{"taken out, and nobody knows", func(incident.Record) heads.Head { return heads.Head{ID: "inc-99", Seq: 1, Hash: hash(1), Purged: true} }, true},
		{"taken out", func(incident.Record) heads.Head { return heads.Head{ID: "inc-50", Seq: 5, Hash: hash(5), Purged: true} }, false},
		{"before it was taken out", func(incident.Record) heads.Head { return head("inc-50", 4) }, false},
		{"after it was taken out", func(incident.Record) heads.Head { return head("inc-50", 6) }, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			w.grow(t, "inc-1", 4)
			value := heads.Purge{Seq: 5, Hash: hash(5), Archive: "a"}.Value("inc-50")
			if err := w.Append(t.Context(), store.Batch{Values: []store.Value{value}}); err != nil {
				t.Fatal(err)
			}
			records, err := w.Load(t.Context(), "inc-1")
			if err != nil {
				t.Fatal(err)
			}
			h := row.line(records[3])
			h.At = t0
			flush(t, w.file)
			write(t, w.path, head("inc-77", 7).String()[:40], h.String(), "half a li")
			if got, old := behind(t, w); old != row.old {
				t.Errorf("behind %v by %s, want %v", old, got, row.old)
			}
		})
	}
}

// What a person let pass by saying go does not hold every start after that.
func TestOnlyTheLastLineCounts(t *testing.T) {
	w := newWorld(t)
	write(t, w.path, head("inc-99", 9).String())
	if _, old := behind(t, w); !old {
		t.Error("not behind what is known outside")
	}
	w.grow(t, incident.System, 1)
	flush(t, w.file)
	if h, old := behind(t, w); old {
		t.Errorf("behind %s, and the store went on since", h)
	}
}

// Only the end is read, however long the file has grown.
func TestOldLinesAreNotCompared(t *testing.T) {
	w := newWorld(t)
	w.grow(t, "inc-1", 300)
	records, err := w.Load(t.Context(), "inc-1")
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{head("inc-99", 1).String()}
	for _, r := range records {
		lines = append(lines, heads.Head{At: t0, ID: r.Incident, Seq: r.Seq, Hash: r.Hash}.String())
	}
	write(t, w.path, lines...)
	if h, old := behind(t, w); old {
		t.Errorf("behind %s", h)
	}
}
