package storetest

import (
	"fmt"
	"slices"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
	"twokey/store"
)

func createClaims() []claim {
	return []claim{
		{"numbers incidents from one, without gaps", numbers},
		{"numbers without gaps when many create and some are refused", numbersInARace},
		{"opens one incident for many alerts of one key", oneIncidentPerKey},
		{"passes over ids that came in by Append", passesOver},
		{"gives no number to an incident without records", noEmptyIncident},
		{"gives a mark without an incident to the new one", marksTheNew},
	}
}

// opening is what Create writes in these tests.
func opening(marks ...store.Mark) func(incident.ID) store.Batch {
	return func(id incident.ID) store.Batch {
		return store.Batch{
			Records: first(id),
			Jobs:    []incident.Job{{Key: "investigate/" + string(id), Lane: "look", Incident: id, Seq: 1, Due: t0()}},
			Index:   []incident.Index{{Incident: id, Opened: t0(), Open: true}},
			Marks:   marks,
		}
	}
}

// create must give the id.
func (w two) create(want incident.ID, marks ...store.Mark) incident.ID {
	w.Helper()
	id, err := w.a.Create(w.Context(), opening(marks...))
	if err != nil || id != want {
		w.Fatalf("Create = %s, %v; want %s", id, err, want)
	}
	return id
}

func numbers(w two) {
	w.create("inc-1", mark("open/key-1", "", in(0)))
	w.create("inc-2", mark("open/key-2", "", in(hour)))
	if id, err := w.b.Create(w.Context(), opening(mark("open/key-2", "", in(hour)))); !isTaken(err) || id != "" {
		w.Errorf("Create = %q, %v; want TakenError", id, err)
	}
	if got := w.load("inc-3"); len(got) != 0 {
		w.Errorf("inc-3 has %d records", len(got))
	}
	w.create("inc-3")
	if diff := cmp.Diff(first("inc-3"), w.load("inc-3")); diff != "" {
		w.Errorf("Load (-want +got):\n%s", diff)
	}
}

func numbersInARace(w two) {
	const n = 64
	ids := make([]incident.ID, n)
	errs := w.race(n, func(i int, s store.Store) (err error) {
		key := fmt.Sprintf("open/%d", i%48) // 16 meet one that is taken
		ids[i], err = s.Create(w.Context(), opening(mark(key, "", in(hour))))
		return err
	})
	taken := 0
	for _, err := range errs {
		switch {
		case isTaken(err):
			taken++
		case err != nil:
			w.Error(err)
		}
	}
	ids = slices.DeleteFunc(ids, func(id incident.ID) bool { return id == "" })
	slices.SortFunc(ids, func(a, b incident.ID) int { return int(a.Number()) - int(b.Number()) }) //nolint:gosec // below 64
	want := make([]incident.ID, 48)
	for i := range want {
		want[i] = incident.NewID(uint64(i + 1)) //nolint:gosec // below 64
	}
	if diff := cmp.Diff(want, ids); diff != "" || taken != 16 {
		w.Errorf("%d were refused, want 16; ids (-want +got):\n%s", taken, diff)
	}
	for _, id := range ids {
		if diff := cmp.Diff(first(id), w.load(id)); diff != "" {
			w.Errorf("Load %s (-want +got):\n%s", id, diff)
		}
	}
	if found := w.find(store.Query{Limit: n}); len(found) != 48 {
		w.Errorf("%d are listed, want 48", len(found))
	}
}

func oneIncidentPerKey(w two) {
	errs := w.race(32, func(_ int, s store.Store) error {
		_, err := s.Create(w.Context(), opening(mark("open/key-1", "", never())))
		return err
	})
	w.oneWins(errs, func(err error) bool {
		return isTaken(err) && err.Error() == "open/key-1 is taken by inc-1"
	})
	w.create("inc-2")
}

func passesOver(w two) {
	w.create("inc-1")
	w.append(store.Batch{Records: slices.Concat(first("inc-2"), first("inc-3"), first("inc-5"))})
	w.create("inc-4")
	w.create("inc-6")
}

func noEmptyIncident(w two) {
	for name, b := range map[string]store.Batch{
		"nothing":          {},
		"another incident": {Records: first("inc-9")},
		"values only":      {Values: []store.Value{{Key: "a", Body: []byte("b")}}},
	} {
		if id, err := w.a.Create(w.Context(), func(incident.ID) store.Batch { return b }); err == nil || id != "" {
			w.Errorf("%s: Create = %q, %v; want an error", name, id, err)
		}
	}
	w.create("inc-1")
	if got := w.load("inc-9"); len(got) != 0 {
		w.Errorf("inc-9 has %d records", len(got))
	}
}

func marksTheNew(w two) {
	given := []store.Mark{mark("new", "", never()), mark("other", "inc-7", never())}
	w.create("inc-1", given...)
	w.wantMark("new", t0(), "inc-1")
	w.wantMark("other", t0(), "inc-7")
	if given[0].Incident != "" {
		w.Error("the caller's marks were changed")
	}
}
