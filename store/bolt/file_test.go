package bolt

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"twokey/incident"
	"twokey/store"
)

// These tests look into the file, where package storetest cannot.

func openNew(t *testing.T) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "twokey.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// lastTx is the number of the last transaction that wrote.
func lastTx(t *testing.T, s *Store) (id int) {
	t.Helper()
	if err := s.db.View(func(tx *bbolt.Tx) error { id = tx.ID(); return nil }); err != nil {
		t.Fatal(err)
	}
	return id
}

func size(t *testing.T, s *Store, id tableID) (n int) {
	t.Helper()
	err := s.view(t.Context(), func(all tables) error {
		for range all.of(id).from(nil) {
			n++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestClaimOfAnIdleLaneWritesNothing(t *testing.T) {
	s, ctx := openNew(t), t.Context()
	if err := s.Append(ctx, store.Batch{Jobs: []incident.Job{{Key: "k", Lane: "lane", Due: start}}}); err != nil {
		t.Fatal(err)
	}
	before := lastTx(t, s)
	for _, lane := range []string{"lane", "empty"} {
		if _, ok, err := s.Claim(ctx, lane, start.Add(-time.Second), time.Minute); ok || err != nil {
			t.Errorf("Claim = %v, %v", ok, err)
		}
	}
	if after := lastTx(t, s); after != before {
		t.Errorf("%d transactions wrote", after-before)
	}
	if _, ok, err := s.Claim(ctx, "lane", start, time.Minute); !ok || err != nil {
		t.Errorf("Claim = %v, %v", ok, err)
	}
	if after := lastTx(t, s); after == before {
		t.Error("this counts no transactions")
	}
}

// Workers look for work all the time; they must not queue up with those who write.
func TestClaimOfAnIdleLaneWaitsForNoWriter(t *testing.T) {
	s := openNew(t)
	later := incident.Job{Key: "k", Lane: "lane", Due: start.Add(time.Second)}
	if err := s.Append(t.Context(), store.Batch{Jobs: []incident.Job{later}}); err != nil {
		t.Fatal(err)
	}
	err := s.update(t.Context(), func(tables) error {
		_, ok, err := s.Claim(t.Context(), "lane", start, time.Minute) // hangs if it waits
		if ok {
			t.Error("claimed before it was due")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestMarksThatRanOutAreRemoved(t *testing.T) {
	s, ctx := openNew(t), t.Context()
	const n = 1000
	for i := range n {
		now := start.Add(time.Duration(i) * time.Second)
		m := store.Mark{Name: fmt.Sprint(i % 700), Now: now, Until: now.Add(5 * time.Second)}
		if err := s.Append(ctx, store.Batch{Marks: []store.Mark{m}}); err != nil {
			t.Fatal(err)
		}
	}
	if marks, ends := size(t, s, tableMarks), size(t, s, tableEnds); marks > 6 || ends != marks {
		t.Errorf("%d marks with %d ends are left, want those of the last seconds", marks, ends)
	}
	now := start.Add(time.Hour)
	b := store.Batch{Marks: []store.Mark{{Name: "for ever", Now: now}, {Name: "given back", Now: now, Until: now.Add(time.Hour)}}}
	if err := s.Append(ctx, b); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(ctx, store.Batch{Release: []string{"given back"}}); err != nil {
		t.Fatal(err)
	}
	if marks, ends := size(t, s, tableMarks), size(t, s, tableEnds); marks != 1 || ends != 0 {
		t.Errorf("%d marks and %d ends are left, want one mark that never ends", marks, ends)
	}
}

func TestFinishedWorkLeavesNothing(t *testing.T) {
	s, ctx := openNew(t), t.Context()
	b := store.Batch{
		Jobs:  []incident.Job{{Key: "k", Lane: "lane", Due: start}},
		Index: []incident.Index{{Incident: "inc-1", Key: "key-1", Account: "a", UserID: "u", Open: true}},
	}
	if err := s.Append(ctx, b); err != nil {
		t.Fatal(err)
	}
	l, _, err := s.Claim(ctx, "lane", start, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Append(ctx, b); err != nil { // asked again while leased
		t.Fatal(err)
	}
	if err := s.Retry(ctx, l, start); err != nil {
		t.Fatal(err)
	}
	if l, _, err = s.Claim(ctx, "lane", start, time.Minute); err != nil {
		t.Fatal(err)
	}
	if l, err = s.Extend(ctx, l, start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	closed := incident.Index{Incident: "inc-1"}
	if err := s.Append(ctx, store.Batch{Index: []incident.Index{closed}, Lease: &l, Finish: true}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[tableID]int{tableJobs: 0, tableDue: 0, tableIndex: 1, tableFind: 1} {
		if got := size(t, s, name); got != want {
			t.Errorf("%s holds %d entries, want %d", tableNames[name], got, want)
		}
	}
}

// A refused batch must leave no trace in a transaction that others share, as
// one that commits many appends does.
func TestRefusedBatchLeavesNoTraceInASharedTransaction(t *testing.T) {
	s := openNew(t)
	chain := func(id incident.ID) []incident.Record {
		return incident.Chain{}.Seal(incident.State{}, id, "ana", start, []incident.Event{incident.Took{}})
	}
	batch := func(id incident.ID) store.Batch {
		return store.Batch{
			Records: chain(id),
			Jobs:    []incident.Job{{Key: "job/" + string(id), Lane: "lane", Due: start}},
			Marks:   []store.Mark{{Name: "mark/" + string(id), Now: start, Until: start.Add(time.Hour)}},
			Values:  []store.Value{{Key: "value/" + string(id), Body: []byte("body")}},
			Index:   []incident.Index{{Incident: id}},
		}
	}
	spoiled := func(spoil func(*store.Batch)) store.Batch {
		b := batch("inc-2")
		spoil(&b)
		return b
	}
	err := s.update(t.Context(), func(tx tables) error {
		if err := write(tx, batch("inc-1")); err != nil {
			return err
		}
		for _, b := range []store.Batch{
			spoiled(func(b *store.Batch) { b.Records = append(b.Records, chain("inc-1")...) }), // taken by its neighbour
			spoiled(func(b *store.Batch) { b.Marks = append(b.Marks, batch("inc-1").Marks...) }),
			spoiled(func(b *store.Batch) { b.Lease = &store.Lease{Job: batch("inc-1").Jobs[0], Token: 1} }),
			spoiled(func(b *store.Batch) { b.Values = append(b.Values, store.Value{}) }),
		} {
			if err := write(tx, b); err == nil {
				return errors.New("nothing was refused")
			}
		}
		taken := func(id incident.ID) store.Batch {
			b := batch(id)
			b.Marks = batch("inc-1").Marks
			return b
		}
		if _, err := createIn(tx, taken); err == nil {
			return errors.New("a taken mark was given away")
		}
		if n := lastNumber.read(tx); n != 0 {
			return fmt.Errorf("number %d was used up", n)
		}
		return write(tx, batch("inc-3"))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []tableID{tableRecords, tableJobs, tableDue, tableMarks, tableEnds, tableValues, tableIndex, tableFind} {
		if got := size(t, s, name); got != 2 {
			t.Errorf("%s holds %d entries, want those of the two batches", tableNames[name], got)
		}
	}
}

func TestMisplacedRecordIsNotHandedOut(t *testing.T) {
	s, ctx := openNew(t), t.Context()
	r := incident.Chain{}.Seal(incident.State{}, "inc-1", "ana", start, []incident.Event{incident.Took{}})[0]
	err := s.update(ctx, func(t tables) error {
		t.of(tableRecords).put(recordKey("inc-2", 1), r.Encode())
		t.of(tableRecords).put(recordKey("inc-3", 1), []byte("no record"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Load(ctx, "inc-2"); !errors.Is(err, errMisplaced) {
		t.Errorf("Load = %v, %v; want errMisplaced", got, err)
	}
	if got, err := s.Load(ctx, "inc-3"); !errors.Is(err, incident.ErrRecord) {
		t.Errorf("Load = %v, %v; want ErrRecord", got, err)
	}
}
