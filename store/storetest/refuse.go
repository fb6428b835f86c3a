package storetest

import (
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
	"twokey/store"
)

func refusalClaims() []claim {
	reasons := []struct {
		says  string
		spoil func(*store.Batch)
		is    func(error) bool
	}{
		{"a record's place is taken", func(b *store.Batch) { b.Records = append(b.Records, first("inc-1")...) }, isConflict},
		{"a record leaves a gap", func(b *store.Batch) { b.Records = append(b.Records, after(first("inc-3"), "ana", "two")...) }, isConflict},
		{"a mark is taken", func(b *store.Batch) { b.Marks = append(b.Marks, mark("held", "inc-2", never())) }, isTaken},
		{"a mark is taken twice", func(b *store.Batch) { b.Marks = append(b.Marks, b.Marks[0]) }, isTaken},
		{"a lease is lost", func(b *store.Batch) { b.Lease.Token += 7 }, isLost},
		{"a lease has no token", func(b *store.Batch) { b.Lease.Token = 0 }, isLost},
		{"a lease's job is gone", func(b *store.Batch) { b.Lease.Job.Key = "gone" }, isLost},
		{"a lease is missing", func(b *store.Batch) { b.Lease = nil }, isError},
		{"a record has no incident", func(b *store.Batch) { b.Records = append(b.Records, first("")...) }, isError},
		{"a record is not sealed", func(b *store.Batch) { b.Records = append(b.Records, incident.Record{Incident: "inc-9", Seq: 1}) }, isError},
		{"an incident's id has a zero byte", func(b *store.Batch) { b.Records = append(b.Records, first("inc\x00")...) }, isError},
		{"a job has no key", func(b *store.Batch) { b.Jobs = append(b.Jobs, job("", "lane", t0())) }, isError},
		{"a job has no lane", func(b *store.Batch) { b.Jobs = append(b.Jobs, job("new", "", t0())) }, isError},
		{"a lane has a zero byte", func(b *store.Batch) { b.Jobs = append(b.Jobs, job("new", "a\x00b", t0())) }, isError},
		{"a mark has no name", func(b *store.Batch) { b.Marks = append(b.Marks, mark("", "inc-2", never())) }, isError},
		{"a value has no key", func(b *store.Batch) { b.Values = append(b.Values, store.Value{Body: []byte("x")}) }, isError},
		{"a mark's name is not text", func(b *store.Batch) { b.Marks = append(b.Marks, mark("\xff", "inc-2", never())) }, isError},
		{"a value's key is too long", func(b *store.Batch) {
			b.Values = append(b.Values, store.Value{Key: strings.Repeat("x", 1025), Body: []byte("x")})
		}, isError},
		{"an index has no incident", func(b *store.Batch) { b.Index = append(b.Index, incident.Index{Key: "key-1"}) }, isError},
		{"an account has a zero byte", func(b *store.Batch) { b.Index = append(b.Index, incident.Index{Incident: "inc-9", Account: "a\x00b"}) }, isError},
	}
	claims := []claim{
		{"writes everything when nothing is wrong", writesAll},
		{"keeps names of 1024 bytes", keepsLongNames},
	}
	for _, r := range reasons {
		claims = append(claims,
			claim{"writes nothing when " + r.says, func(w two) { writesNothing(w, r.spoil, r.is, w.refuseAppend) }},
			claim{"creates nothing when " + r.says, func(w two) { writesNothing(w, r.spoil, r.is, w.refuseCreate) }})
	}
	return claims
}

func isError(err error) bool { return err != nil }

// everything is a batch that changes all that can be seen of a store that
// prepare filled.
func everything(l store.Lease) store.Batch {
	return store.Batch{
		Records: slices.Concat(after(first("inc-1"), "ana", "two", "three"), first("inc-2")),
		Jobs:    []incident.Job{job("waiting", "lane", in(-hour)), job("leased", "leased", in(-hour)), job("new", "new", in(-hour))},
		Marks:   []store.Mark{mark("new", "inc-2", never()), mark("ended", "inc-2", in(hour))},
		Release: []string{"given back"},
		Values:  []store.Value{{Key: "kept", Body: []byte("changed")}, {Key: "erased"}, {Key: "new", Body: []byte("new")}},
		Index:   []incident.Index{{Incident: "inc-1", Key: "key-2", Opened: t0()}, {Incident: "inc-2", Opened: t0(), Open: true}},
		Lease:   &l,
		Finish:  true,
	}
}

// prepare fills a store and takes a lease, which everything needs.
func (w two) prepare() store.Lease {
	w.Helper()
	w.append(store.Batch{
		Records: first("inc-1"),
		Jobs:    []incident.Job{job("waiting", "lane", in(hour)), job("leased", "leased", t0())},
		Marks:   []store.Mark{mark("held", "inc-1", never()), mark("given back", "inc-1", never()), mark("ended", "inc-1", in(-hour))},
		Values:  []store.Value{{Key: "kept", Body: []byte("old")}, {Key: "erased", Body: []byte("old")}},
		Index:   []incident.Index{{Incident: "inc-1", Key: "key-1", Opened: t0(), Open: true}},
	})
	return w.claim("leased", t0(), minute)
}

// see looks at everything that everything changes.
func (w two) see() contents {
	w.Helper()
	c, err := look(w.Context(), w.b, t0(),
		[]incident.ID{"inc-1", "inc-2", "inc-3", "inc-9"}, []string{"lane", "leased", "new", "a"},
		[]string{"held", "given back", "new", "ended"})
	if err != nil {
		w.Fatal(err)
	}
	return c
}

func writesAll(w two) {
	l := w.prepare()
	b := everything(l)
	w.append(b)
	got := w.see()
	if len(got.Records["inc-1"]) != 3 || len(got.Records["inc-2"]) != 1 {
		w.Errorf("records: %v", got.Records)
	}
	got.Records = nil
	want := contents{
		Next:   map[string]time.Time{"lane": in(-hour), "leased": in(-hour), "new": in(-hour)},
		Marks:  map[string]incident.ID{"held": "inc-1", "new": "inc-2", "ended": "inc-2"},
		Values: []store.Value{{Key: "kept", Body: []byte("changed")}, {Key: "new", Body: []byte("new")}},
		Index:  []incident.Index{b.Index[1], b.Index[0]},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("(-want +got):\n%s", diff)
	}
}

func keepsLongNames(w two) {
	long := strings.Repeat("語x", 256)
	j := job(long, long, t0())
	e := incident.Index{Incident: incident.ID(long), Key: incident.KeyID(long), Account: long, UserID: long, Opened: t0()}
	w.append(store.Batch{
		Records: first(incident.ID(long)), Jobs: []incident.Job{j}, Marks: []store.Mark{mark(long, e.Incident, in(hour))},
		Values: []store.Value{{Key: long, Body: []byte("kept")}}, Index: []incident.Index{e},
	})
	if diff := cmp.Diff(first(e.Incident), w.load(e.Incident)); diff != "" {
		w.Errorf("Load (-want +got):\n%s", diff)
	}
	w.wantJob(w.claim(long, t0(), minute).Job, j)
	w.wantMark(long, t0(), e.Incident)
	w.value(long, []byte("kept"))
	for _, q := range []store.Query{{Key: e.Key}, {Account: long, UserID: long}} {
		if diff := cmp.Diff([]incident.Index{e}, w.find(q)); diff != "" {
			w.Errorf("Find (-want +got):\n%s", diff)
		}
	}
}

// writesNothing spoils a batch that changes everything and demands that it is
// refused whole: nothing to be seen changed, and no job did.
func writesNothing(w two, spoil func(*store.Batch), is func(error) bool, refused func(store.Batch) error) {
	l := w.prepare()
	before := w.see()
	b := everything(l)
	spoil(&b)
	if err := refused(b); !is(err) {
		w.Errorf("err = %v", err)
	}
	if diff := cmp.Diff(before, w.see()); diff != "" {
		w.Errorf("changed by a refused batch (-before +after):\n%s", diff)
	}
	if err := w.b.Finish(w.Context(), l); err != nil {
		w.Errorf("the lease was touched: %v", err)
	}
	w.nothingDue("leased", in(24*hour))
	w.nothingDue("new", in(24*hour))
	if got := w.claim("lane", in(24*hour), minute).Job; got != job("waiting", "lane", in(hour)) {
		w.Errorf("the waiting job was touched: %+v", got)
	}
	w.create("inc-2", mark("ended", "", never()))
}

func (w two) refuseAppend(b store.Batch) error { return w.a.Append(w.Context(), b) }

func (w two) refuseCreate(b store.Batch) error {
	_, err := w.a.Create(w.Context(), func(incident.ID) store.Batch { return b })
	return err
}
