package storetest

import (
	"errors"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
	"twokey/store"
)

func purgeClaims() []claim {
	return []claim{
		{"purges all there is of an incident and nothing of others", purgesWhole},
		{"refuses to purge what is open or has work, whoever else is named", purgesNoneThatIsBusy},
		{"never purges the system log", purgesNoSystem},
		{"purges again what is gone, without a word", purgesAgain},
		{"gives no number out again after a purge", numbersAfterPurge},
		{"lets nobody go on from a purged record", purgedIsNoAncestor},
		{"purges once while others open incidents", purgesInARace},
	}
}

// finished is an incident that is closed and has no work left.
func finished(id incident.ID, key incident.KeyID) store.Batch {
	return store.Batch{
		Records: first(id),
		Marks:   []store.Mark{mark("open/"+string(key), id, time.Time{}), mark("delivery/"+string(id), id, in(hour))},
		Values:  []store.Value{{Key: "text/" + string(id) + "/a", Body: []byte("kept until it is erased")}},
		Index:   []incident.Index{{Incident: id, Key: key, Account: "p", UserID: "u", Opened: t0()}},
	}
}

// purge must succeed.
func (w two) purge(ids ...incident.ID) {
	w.Helper()
	if err := w.a.Purge(w.Context(), ids...); err != nil {
		w.Fatalf("Purge %v: %v", ids, err)
	}
}

// sees demands what there is, through the handle that does not append.
func (w two) sees(want contents) {
	w.Helper()
	got, err := look(w.Context(), w.b, t0(), []incident.ID{"inc-1", "inc-10", "inc-2"}, []string{"look"},
		[]string{"open/k1", "open/k10", "open/k2", "delivery/inc-1", "delivery/inc-10", "delivery/inc-2"})
	if err != nil {
		w.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("(-want +got):\n%s", diff)
	}
}

func purgesWhole(w two) {
	one, ten, second := finished("inc-1", "k1"), finished("inc-10", "k10"), finished("inc-2", "k2")
	second.Records = append(second.Records, after(second.Records, "ana", "more")...)
	for _, b := range []store.Batch{one, ten, second} {
		w.append(b)
	}
	w.purge("inc-1", "inc-2")
	w.sees(contents{
		Records: map[incident.ID][]string{"inc-10": encoded(ten.Records)},
		Next:    map[string]time.Time{},
		Marks:   map[string]incident.ID{"open/k10": "inc-10", "delivery/inc-10": "inc-10"},
		Values:  []store.Value{one.Values[0], ten.Values[0], second.Values[0]},
		Index:   ten.Index,
	})
	for _, q := range []store.Query{{Key: "k1"}, {Account: "p", UserID: "u", Until: in(0).Add(1)}, {Before: "inc-10"}} {
		found, err := w.b.Find(w.Context(), q)
		if err != nil || len(found) > 0 && found[0].Incident != "inc-10" || len(found) > 1 {
			w.Errorf("Find %+v = %v, %v", q, found, err)
		}
	}
	w.append(store.Batch{Marks: []store.Mark{mark("open/k1", "inc-11", time.Time{})}})
}

func purgesNoneThatIsBusy(w two) {
	idle, busy := finished("inc-1", "k1"), finished("inc-2", "k2")
	w.append(idle)
	w.append(busy)
	before, err := look(w.Context(), w.b, t0(), []incident.ID{"inc-1", "inc-2"}, nil, []string{"open/k1", "open/k2"})
	if err != nil {
		w.Fatal(err)
	}
	refused := func(why string) {
		w.Helper()
		if err := w.a.Purge(w.Context(), "inc-1", "inc-2"); !errors.Is(err, store.ErrBusy) {
			w.Errorf("%s: Purge = %v, want ErrBusy", why, err)
		}
		after, err := look(w.Context(), w.b, t0(), []incident.ID{"inc-1", "inc-2"}, nil, []string{"open/k1", "open/k2"})
		if diff := cmp.Diff(before.Records, after.Records); err != nil || diff != "" {
			w.Errorf("%s: %v (-before +after):\n%s", why, err, diff)
		}
		if diff := cmp.Diff(before.Marks, after.Marks); diff != "" {
			w.Errorf("%s (-before +after):\n%s", why, diff)
		}
	}
	j := job("look/inc-2", "look", in(hour))
	j.Incident = "inc-2"
	w.append(jobs(j))
	refused("a job waits")
	l, ok, err := w.a.Claim(w.Context(), "look", in(2*hour), hour)
	if err != nil || !ok {
		w.Fatalf("Claim = %v, %v", ok, err)
	}
	refused("a job is being done")
	if err := w.a.Finish(w.Context(), l); err != nil {
		w.Fatal(err)
	}
	open := busy.Index[0]
	open.Open = true
	w.append(store.Batch{Index: []incident.Index{open}})
	refused("it is open")
	w.append(store.Batch{Index: busy.Index})
	w.purge("inc-1", "inc-2")
}

func purgesNoSystem(w two) {
	w.append(store.Batch{Records: first(incident.System)})
	if err := w.a.Purge(w.Context(), incident.System); !errors.Is(err, store.ErrBusy) {
		w.Errorf("Purge system = %v, want ErrBusy", err)
	}
	if len(w.load(incident.System)) != 1 {
		w.Error("the system log is gone")
	}
}

func purgesAgain(w two) {
	w.append(finished("inc-1", "k1"))
	w.append(finished("inc-2", "k2"))
	w.purge()
	for range 2 {
		w.purge("inc-1", "inc-7")
	}
	if len(w.load("inc-1")) != 0 || len(w.load("inc-2")) != 1 {
		w.Error("another incident was purged")
	}
}

func numbersAfterPurge(w two) {
	for _, id := range []incident.ID{"inc-1", "inc-2"} {
		w.create(id)
		w.append(store.Batch{Index: []incident.Index{{Incident: id, Opened: t0()}}})
		l, ok, err := w.a.Claim(w.Context(), "look", in(0), hour)
		if err != nil || !ok {
			w.Fatalf("Claim = %v, %v", ok, err)
		}
		if err := w.a.Finish(w.Context(), l); err != nil {
			w.Fatal(err)
		}
	}
	w.purge("inc-1", "inc-2")
	w.create("inc-3")
	w.append(finished("inc-5", "k5")) // from another store
	w.purge("inc-5")
	w.create("inc-6")
}

func purgedIsNoAncestor(w two) {
	b := finished("inc-1", "k1")
	w.append(b)
	w.purge("inc-1")
	if err := w.b.Append(w.Context(), store.Batch{Records: after(b.Records, "ana", "late")}); !isConflict(err) {
		w.Errorf("Append = %v, want ErrConflict", err)
	}
}

func purgesInARace(w two) {
	for n := range uint64(10) {
		id := incident.NewID(n + 1)
		b := finished(id, incident.KeyID("old-"+string(id)))
		w.append(b)
	}
	for i, err := range w.race(20, func(i int, s store.Store) error {
		if i%2 == 0 {
			return s.Purge(w.Context(), incident.NewID(uint64(i/2+1))) //nolint:gosec // small
		}
		_, err := s.Create(w.Context(), opening())
		return err
	}) {
		if err != nil {
			w.Errorf("%d: %v", i, err)
		}
	}
	found, err := w.b.Find(w.Context(), store.Query{Limit: 100})
	if err != nil || len(found) != 10 {
		w.Errorf("%d incidents are left, want the 10 new ones: %v", len(found), err)
	}
	for _, e := range found {
		if e.Incident.Number() <= 10 {
			w.Errorf("%s came back", e.Incident)
		}
	}
}
