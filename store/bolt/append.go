package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"twokey/incident"
	"twokey/store"
)

// Append implements [store.Store].
func (s *Store) Append(ctx context.Context, b store.Batch) error {
	return s.update(ctx, func(tx *bbolt.Tx) error { return write(tx, b) })
}

// Create implements [store.Store].
func (s *Store) Create(ctx context.Context, open func(incident.ID) store.Batch) (incident.ID, error) {
	var id incident.ID
	err := s.update(ctx, func(tx *bbolt.Tx) (err error) {
		id, err = createIn(tx, open)
		return err
	})
	if err != nil {
		return "", err
	}
	return id, nil
}

func createIn(tx *bbolt.Tx, open func(incident.ID) store.Batch) (incident.ID, error) {
	n := lastNumber.read(tx) + 1
	for lastSeq(tx, incident.NewID(n)) > 0 {
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
	if err := write(tx, b); err != nil {
		return "", err
	}
	return id, lastNumber.write(tx, n)
}

// errUnopened says that a number would be lost on an incident without records.
var errUnopened = errors.New("the batch has no first record of it")

func opens(b store.Batch, id incident.ID) bool {
	return slices.ContainsFunc(b.Records, func(r incident.Record) bool { return r.Incident == id && r.Seq == 1 })
}

// write writes a batch, or refuses it and leaves no trace in tx. An error from
// put is no refusal: the file is damaged, and tx must not be committed.
func write(tx *bbolt.Tx, b store.Batch) error {
	if err := check(tx, b); err != nil {
		return err
	}
	return put(tx, b)
}

// check finds every reason to refuse a batch.
func check(tx *bbolt.Tx, b store.Batch) error {
	if err := checkNames(b); err != nil {
		return err
	}
	if err := checkLease(tx, b); err != nil {
		return err
	}
	if err := checkRecords(tx, b.Records); err != nil {
		return err
	}
	return checkMarks(tx, b)
}

// errNoLease says that a caller wants to finish a job without naming it.
var errNoLease = errors.New("finish without a lease")

func checkLease(tx *bbolt.Tx, b store.Batch) error {
	if b.Lease == nil {
		if b.Finish {
			return errNoLease
		}
		return nil
	}
	_, err := queueOf(tx).held(*b.Lease)
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
func checkRecords(tx *bbolt.Tx, records []incident.Record) error {
	last := make(map[incident.ID]uint64)
	for _, r := range records {
		if _, known := last[r.Incident]; !known {
			last[r.Incident] = lastSeq(tx, r.Incident)
		}
		if r.Seq != last[r.Incident]+1 {
			return store.ErrConflict
		}
		if r.Hash == "" || len(r.Bytes) == 0 {
			return fmt.Errorf("%s/%d: %w", r.Incident, r.Seq, errUnsealed)
		}
		last[r.Incident] = r.Seq
	}
	return nil
}

// lastSeq is the Seq of the last record of an incident; 0 if it has none.
func lastSeq(tx *bbolt.Tx, id incident.ID) uint64 {
	prefix := under(string(id))
	k := before(bucket(tx, bucketRecords).Cursor(), append([]byte(id), 1))
	if !bytes.HasPrefix(k, prefix) {
		return 0
	}
	return seqOf(k)
}

// put writes a batch that was checked. A mark is given back before it is taken,
// and a job is asked for before it is finished, so that one batch can pass a
// mark on and ask for the same work again.
func put(tx *bbolt.Tx, b store.Batch) error {
	for _, r := range b.Records {
		if err := bucket(tx, bucketRecords).Put(recordKey(r.Incident, r.Seq), r.Encode()); err != nil {
			return err
		}
	}
	q := queueOf(tx)
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
	if err := putMarks(tx, b); err != nil {
		return err
	}
	for _, v := range b.Values {
		if err := putValue(tx, v); err != nil {
			return err
		}
	}
	for _, e := range b.Index {
		if err := putIndex(tx, e); err != nil {
			return err
		}
	}
	return nil
}

func putValue(tx *bbolt.Tx, v store.Value) error {
	if v.Body == nil {
		return bucket(tx, bucketValues).Delete([]byte(v.Key))
	}
	return bucket(tx, bucketValues).Put([]byte(v.Key), v.Body)
}
