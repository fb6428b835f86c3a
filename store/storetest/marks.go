package storetest

import (
	"errors"
	"fmt"
	"time"

	"twokey/incident"
	"twokey/store"
)

// Lengths of time that the tests use.
const (
	minute = time.Minute
	hour   = time.Hour
)

// never is the end of a mark that has none.
func never() time.Time { return time.Time{} }

func markClaims() []claim {
	return []claim{
		{"holds a mark until it ends, and not a microsecond longer", markEnds},
		{"holds a mark without an end until it is released", markReleased},
		{"says who took a mark, also to the one who did", saysWho},
		{"takes a mark once in one append", onceInOneAppend},
		{"passes a mark on in one append", passesOn},
		{"gives a mark to one of many", oneTaker},
		{"gives a mark that ran out to one of many", oneTakerAfterwards},
		{"keeps the marks that last when many others run out", keepsLasting},
	}
}

// wantMark demands a holder; empty: nobody.
func (w two) wantMark(name string, now time.Time, want incident.ID) {
	w.Helper()
	got, ok, err := w.b.Marked(w.Context(), name, now)
	if err != nil || ok != (want != "") || got != want {
		w.Errorf("Marked %s at %v = %q, %v, %v; want %q", name, now, got, ok, err, want)
	}
}

func marks(ms ...store.Mark) store.Batch { return store.Batch{Marks: ms} }

// take takes a mark at a moment, until some time after it.
func (w two) take(s store.Store, name string, id incident.ID, now time.Time, lasts time.Duration) error {
	return s.Append(w.Context(), marks(store.Mark{Name: name, Incident: id, Now: now, Until: now.Add(lasts)}))
}

func markEnds(w two) {
	w.wantMark("m", t0(), "")
	w.append(marks(mark("m", "inc-1", in(hour))))
	last := in(hour - time.Microsecond)
	w.wantMark("m", t0(), "inc-1")
	w.wantMark("m", last, "inc-1")
	w.wantMark("m", in(hour), "")
	if err := w.take(w.b, "m", "inc-2", last, hour); !isTaken(err) {
		w.Errorf("taken while held: %v", err)
	}
	if err := w.take(w.b, "m", "inc-2", in(hour), hour); err != nil {
		w.Errorf("not free at its end: %v", err)
	}
	w.wantMark("m", in(hour), "inc-2")
	w.wantMark("m", in(2*hour-time.Microsecond), "inc-2")
	w.wantMark("m", in(2*hour), "")
}

func markReleased(w two) {
	w.append(marks(mark("m", "inc-1", never())))
	w.wantMark("m", in(1e6*hour), "inc-1")
	if err := w.take(w.b, "m", "inc-2", in(1e6*hour), hour); !isTaken(err) {
		w.Errorf("a mark without an end ran out: %v", err)
	}
	w.append(store.Batch{Release: []string{"m", "nobody has it"}})
	w.wantMark("m", t0(), "")
	if err := w.take(w.b, "m", "inc-2", t0(), hour); err != nil {
		w.Errorf("not free after its release: %v", err)
	}
	w.append(store.Batch{Release: []string{"m"}}) // with an end, too
	w.wantMark("m", t0(), "")
}

func saysWho(w two) {
	w.append(marks(mark("m", "inc-1", in(hour))))
	for _, id := range []incident.ID{"inc-1", "inc-2"} {
		err := w.take(w.b, "m", id, in(minute), hour)
		taken, ok := errors.AsType[*store.TakenError](err)
		if !ok || *taken != (store.TakenError{Mark: "m", Incident: "inc-1"}) {
			w.Errorf("Append for %s = %v, want m taken by inc-1", id, err)
		}
	}
}

func onceInOneAppend(w two) {
	err := w.a.Append(w.Context(), marks(mark("m", "inc-1", in(hour)), mark("m", "inc-2", in(hour))))
	if !isTaken(err) {
		w.Errorf("Append = %v, want TakenError", err)
	}
	w.wantMark("m", t0(), "")
}

func passesOn(w two) {
	w.append(marks(mark("m", "inc-1", never())))
	b := marks(mark("m", "inc-2", in(hour)))
	b.Release = []string{"m"}
	w.append(b)
	w.wantMark("m", t0(), "inc-2")
	w.wantMark("m", in(hour), "")
}

func oneTaker(w two) {
	w.oneWins(w.race(64, func(i int, s store.Store) error {
		return w.take(s, "m", incident.NewID(uint64(i+1)), t0(), hour) //nolint:gosec // below 64
	}), isTaken)
}

func oneTakerAfterwards(w two) {
	w.append(marks(mark("m", "inc-100", in(hour))))
	winner := w.oneWins(w.race(64, func(i int, s store.Store) error {
		return w.take(s, "m", incident.NewID(uint64(i+1)), in(hour), hour) //nolint:gosec // below 64
	}), isTaken)
	w.wantMark("m", in(hour), incident.NewID(uint64(winner+1))) //nolint:gosec // below 64
}

func keepsLasting(w two) {
	w.append(marks(mark("for ever", "inc-1", never()), mark("a day", "inc-2", in(24*hour)), mark("taken again", "inc-3", in(minute))))
	if err := w.take(w.a, "taken again", "inc-4", in(minute), 24*hour); err != nil {
		w.Fatal(err)
	}
	for i := range 60 { // each forgets some of those before it
		if err := w.take(w.a, fmt.Sprintf("short/%d", i), "inc-5", in(time.Duration(i+2)*minute), time.Second); err != nil {
			w.Fatal(err)
		}
	}
	now := in(2 * hour)
	w.wantMark("for ever", now, "inc-1")
	w.wantMark("a day", now, "inc-2")
	w.wantMark("taken again", now, "inc-4")
	w.wantMark("short/0", now, "")
	w.wantMark("short/59", now, "")
}
