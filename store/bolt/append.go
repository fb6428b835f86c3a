package bolt

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"twokey/incident"
	"twokey/store"
)

// Append implements [store.Store].
func (s *Store) Append(ctx context.Context, b store.Batch) error {
	return s.update(ctx, func(t tables) error { return write(t, b) })
}

// Create implements [store.Store].
func (s *Store) Create(ctx context.Context, open func(incident.ID) store.Batch) (incident.ID, error) {
	var id incident.ID
	var raised any
	err := s.update(ctx, func(t tables) (err error) {
		id, err = createIn(t, func(id incident.ID) (b store.Batch) {
			defer func() { raised = recover() }()
			return open(id)
		})
		return err
	})
	if raised != nil {
		panic(raised) // in open, which is the caller's
	}
	if err != nil {
		return "", err
	}
	return id, nil
}

func createIn(t tables, open func(incident.ID) store.Batch) (incident.ID, error) {
	n := lastNumber.read(t) + 1
	for t.of(tableRecords).get(recordKey(incident.NewID(n), 1)) != nil {
		n++ // came in by Append, from another store
	}
	id := incident.NewID(n)
	b := open(id)
	b.Marks = slices.Clone(b.Marks)
	for i := range b.Marks {
		if b.Marks[i].Incident == "" {
			b.Marks[i].Incident = id
		}
	}
	if !opens(b, id) {
		return "", fmt.Errorf("create %s: %w", id, errUnopened)
	}
	if err := write(t, b); err != nil {
		return "", err
	}
	lastNumber.write(t, n)
	return id, nil
}

// errUnopened says that a number would be lost on an incident without records.
var errUnopened = errors.New("the batch has no first record of it")

func opens(b store.Batch, id incident.ID) bool {
	return slices.ContainsFunc(b.Records, func(r incident.Record) bool { return r.Incident == id && r.Seq == 1 })
}

// write writes a batch, or refuses it and leaves no trace in t. An error from
// put is no refusal: the file is damaged, and t must not be kept.
func write(t tables, b store.Batch) error {
	if err := check(t, b); err != nil {
		return err
	}
	return put(t, b)
}

// check finds every reason to refuse a batch.
func check(t tables, b store.Batch) error {
	if err := checkNames(b); err != nil {
		return err
	}
	if err := checkLease(t, b); err != nil {
		return err
	}
	if err := checkRecords(t.of(tableRecords), b.Records); err != nil {
		return err
	}
	return checkMarks(t, b)
}

// errNoLease says that a caller wants to finish a job without naming it.
var errNoLease = errors.New("finish without a lease")

func checkLease(t tables, b store.Batch) error {
	if b.Lease == nil {
		if b.Finish {
			return errNoLease
		}
		return nil
	}
	_, err := queueOf(t).held(*b.Lease)
	return err
}

func checkNames(b store.Batch) error {
	var names, texts []string
	for _, r := range b.Records {
		names = append(names, string(r.Incident))
	}
	for _, j := range b.Jobs {
		names = append(names, j.Key, j.Lane)
	}
	for _, m := range b.Marks {
		names = append(names, m.Name)
	}
	for _, v := range b.Values {
		names = append(names, v.Key)
	}
	for _, e := range b.Index {
		names = append(names, string(e.Incident))
		texts = append(texts, string(e.Key), e.Account, e.UserID)
	}
	if slices.Contains(names, "") || slices.ContainsFunc(append(names, texts...), unfit) {
		return ErrName
	}
	return nil
}

// errUnsealed says that a record could never be read back.
var errUnsealed = errors.New("record is not sealed")

// checkRecords demands that each record follows the last one of its incident,
// in the file or earlier in the batch.
func checkRecords(t table, records []incident.Record) error {
	last := make(map[incident.ID]uint64, 1)
	for _, r := range records {
		before, known := last[r.Incident]
		if !known && !follows(t, r) || known && r.Seq != before+1 {
			return store.ErrConflict
		}
		if r.Hash == "" || len(r.Bytes) == 0 {
			return fmt.Errorf("%s/%d: %w", r.Incident, r.Seq, errUnsealed)
		}
		last[r.Incident] = r.Seq
	}
	return nil
}

// follows reports whether a record is the next of its incident.
func follows(t table, r incident.Record) bool {
	return r.Seq > 0 && t.get(recordKey(r.Incident, r.Seq)) == nil &&
		(r.Seq == 1 || t.get(recordKey(r.Incident, r.Seq-1)) != nil)
}

// put writes a batch that was checked. A mark is given back before it is taken,
// and a job is asked for before it is finished, so that one batch can pass a
// mark on and ask for the same work again.
func put(t tables, b store.Batch) error {
	for _, r := range b.Records {
		t.of(tableRecords).put(recordKey(r.Incident, r.Seq), r.Encode())
	}
	q := queueOf(t)
	for _, j := range b.Jobs {
		if err := q.ask(j); err != nil {
			return err
		}
	}
	if b.Finish {
		if err := q.finish(*b.Lease); err != nil {
			return err
		}
	}
	if err := putMarks(t, b); err != nil {
		return err
	}
	for _, v := range b.Values {
		putValue(t.of(tableValues), v)
	}
	for _, e := range b.Index {
		if err := putIndex(t, e); err != nil {
			return err
		}
	}
	return nil
}

func putValue(t table, v store.Value) {
	if v.Body == nil {
		t.drop([]byte(v.Key))
		return
	}
	t.put([]byte(v.Key), slices.Clone(v.Body)) // the caller may use it again
}
