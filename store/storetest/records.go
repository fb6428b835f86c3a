package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
	"twokey/store"
)

func recordClaims() []claim {
	return []claim{
		{"gives back records byte by byte", givesBack},
		{"has no records of what nobody opened", func(w two) {
			if got := w.load("inc-1"); len(got) != 0 {
				w.Errorf("Load = %v", got)
			}
		}},
		{"never mixes incidents whose names begin alike", neverMixes},
		{"lets one of many writers win", oneWriterWins},
		{"loses no record of writers who try again", noneIsLost},
		{"refuses a place that is taken, left out or named twice", refusesPlaces},
		{"appends to several incidents, all or none", allOrNone},
		{"keeps records of kinds it does not know", keepsForeign},
		{"keeps the log of the system like an incident's", keepsSystem},
		{"does nothing once its context has ended", endsWithContext},
	}
}

func givesBack(w two) {
	want := first("inc-1")
	want = append(want, after(want, "ana", "one", "two", "three")...)
	w.append(store.Batch{Records: want[:2]})
	w.append(store.Batch{Records: want[2:]})
	got := w.load("inc-1")
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("Load (-want +got):\n%s", diff)
	}
	if err := chain().Check(got); err != nil {
		w.Errorf("Check: %v", err)
	}
	if len(got) > 0 && got[0].At.Location() != time.UTC {
		w.Errorf("At is in %v, want UTC", got[0].At.Location())
	}
}

func neverMixes(w two) {
	ids := []incident.ID{"inc-1", "inc-10", "inc-11", "inc-100", "inc-", "inc-1/", "inc", "system"}
	for _, id := range ids {
		w.append(store.Batch{Records: first(id)})
	}
	for _, id := range ids {
		if diff := cmp.Diff(first(id), w.load(id)); diff != "" {
			w.Errorf("Load %s (-want +got):\n%s", id, diff)
		}
	}
	rest := after(first("inc-1"), "ana", slices.Repeat([]string{"again"}, 300)...) // its Seq needs a second byte
	w.append(store.Batch{Records: rest})
	if diff := cmp.Diff(append(first("inc-1"), rest...), w.load("inc-1")); diff != "" {
		w.Errorf("Load inc-1 (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(first("inc-10"), w.load("inc-10")); diff != "" {
		w.Errorf("Load inc-10 (-want +got):\n%s", diff)
	}
}

func oneWriterWins(w two) {
	w.append(store.Batch{Records: first("inc-1")})
	mine := func(i int) []incident.Record {
		return after(first("inc-1"), person(i), "mine")
	}
	errs := w.race(64, func(i int, s store.Store) error {
		return s.Append(w.Context(), store.Batch{Records: mine(i)})
	})
	winner := w.oneWins(errs, isConflict)
	if diff := cmp.Diff(append(first("inc-1"), mine(winner)...), w.load("inc-1")); diff != "" {
		w.Errorf("Load (-want +got):\n%s", diff)
	}
}

func person(i int) incident.Person { return incident.Person(fmt.Sprintf("writer %d", i)) }

func noneIsLost(w two) {
	const writers = 24
	w.append(store.Batch{Records: first("inc-1")})
	errs := w.race(writers, func(i int, s store.Store) error {
		for {
			records, err := s.Load(w.Context(), "inc-1")
			if err != nil {
				return err
			}
			err = s.Append(w.Context(), store.Batch{Records: after(records, person(i), "note")})
			if !errors.Is(err, store.ErrConflict) {
				return err
			}
		}
	})
	if err := errors.Join(errs...); err != nil {
		w.Fatal(err)
	}
	got := w.load("inc-1")
	if err := chain().Check(got); err != nil {
		w.Error(err)
	}
	by := make(map[incident.Person]int)
	for _, r := range got[1:] {
		by[r.By]++
	}
	if len(got) != 1+writers || len(by) != writers {
		w.Errorf("%d records by %d writers, want %d by %d", len(got)-1, len(by), writers, writers)
	}
}

func refusesPlaces(w two) {
	all := append(first("inc-1"), after(first("inc-1"), "ana", "two", "three", "four")...)
	w.append(store.Batch{Records: all[:2]})
	zero := all[2]
	zero.Seq = 0
	for name, records := range map[string][]incident.Record{
		"taken":           all[:1],
		"taken last":      all[1:2],
		"left out":        all[3:],
		"named twice":     {all[2], all[2]},
		"backwards":       {all[3], all[2]},
		"left out within": {all[2], after(all, "ana", "five")[0]},
		"not the first":   after(first("inc-2"), "ana", "two"),
		"none":            {zero},
	} {
		if err := w.a.Append(w.Context(), store.Batch{Records: records}); !errors.Is(err, store.ErrConflict) {
			w.Errorf("%s: Append = %v, want ErrConflict", name, err)
		}
	}
	if diff := cmp.Diff(all[:2], w.load("inc-1")); diff != "" {
		w.Errorf("Load (-want +got):\n%s", diff)
	}
	w.append(store.Batch{Records: all[2:]})
}

func allOrNone(w two) {
	one, two := first("inc-1"), first("inc-2")
	w.append(store.Batch{Records: slices.Concat(one, two)})
	more := slices.Concat(after(one, "ana", "a", "b"), after(two, "ana", "c"))
	mixed := []incident.Record{more[2], more[0], more[1]} // only the order within an incident counts
	taken := slices.Concat(after(one, "ana", "a"), two)
	if err := w.b.Append(w.Context(), store.Batch{Records: taken}); !errors.Is(err, store.ErrConflict) {
		w.Errorf("Append = %v, want ErrConflict", err)
	}
	if got := len(w.load("inc-1")) + len(w.load("inc-2")); got != 2 {
		w.Errorf("%d records after a refused append, want 2", got)
	}
	w.append(store.Batch{Records: mixed})
	if diff := cmp.Diff(append(one, more[:2]...), w.load("inc-1")); diff != "" {
		w.Errorf("Load inc-1 (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(append(two, more[2]), w.load("inc-2")); diff != "" {
		w.Errorf("Load inc-2 (-want +got):\n%s", diff)
	}
}

func keepsForeign(w two) {
	records := incident.Chain{}.Seal(incident.State{}, "inc-1", "ana", t0(), []incident.Event{incident.Took{}})
	future, err := later(records[0])
	if err != nil {
		w.Fatal(err)
	}
	records = append(records, future)
	w.append(store.Batch{Records: records})
	got := w.load("inc-1")
	if diff := cmp.Diff(records, got); diff != "" {
		w.Fatalf("Load (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(future.Encode(), got[1].Encode()); diff != "" {
		w.Errorf("Encode (-want +got):\n%s", diff)
	}
	if err := (incident.Chain{}).Check(got); err != nil {
		w.Error(err)
	}
}

func keepsSystem(w two) {
	records := chain().Seal(incident.State{}, incident.System, incident.Bot, t0(), []incident.Event{incident.Held{}, incident.Released{}})
	w.append(store.Batch{Records: records})
	if diff := cmp.Diff(records, w.load(incident.System)); diff != "" {
		w.Errorf("Load (-want +got):\n%s", diff)
	}
	if found := w.find(store.Query{}); len(found) != 0 {
		w.Errorf("Find = %v, want nothing: the system log is no incident", found)
	}
	if id := w.create("inc-1"); id != "inc-1" {
		w.Errorf("Create = %s, want inc-1", id)
	}
}

func endsWithContext(w two) {
	ended, end := context.WithCancel(w.Context())
	end()
	if err := w.a.Append(ended, store.Batch{Records: first("inc-1")}); !errors.Is(err, context.Canceled) {
		w.Errorf("Append = %v, want Canceled", err)
	}
	if _, err := w.a.Load(ended, "inc-1"); !errors.Is(err, context.Canceled) {
		w.Errorf("Load = %v, want Canceled", err)
	}
	if got := w.load("inc-1"); len(got) != 0 {
		w.Errorf("%d records were written", len(got))
	}
}
