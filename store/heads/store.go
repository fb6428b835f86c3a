package heads

import (
	"context"
	"time"

	"twokey/incident"
	"twokey/store"
)

// Store is a store whose heads are noted in a file, each after its commit.
type Store struct {
	store.Store

	file *File
	now  func() time.Time
}

var _ store.Store = (*Store)(nil)

// Wrap notes the heads of a store. Closing it closes both.
func Wrap(s store.Store, file *File, now func() time.Time) *Store {
	return &Store{Store: s, file: file, now: now}
}

// Append implements [store.Store].
func (s *Store) Append(ctx context.Context, b store.Batch) error {
	err := s.Store.Append(ctx, b)
	if err == nil {
		s.note(b.Records)
	}
	return err
}

// Create implements [store.Store].
func (s *Store) Create(ctx context.Context, open func(incident.ID) store.Batch) (incident.ID, error) {
	var records []incident.Record
	id, err := s.Store.Create(ctx, func(id incident.ID) store.Batch {
		b := open(id)
		records = b.Records
		return b
	})
	if err == nil {
		s.note(records)
	}
	return id, err
}

// note notes the last record of each history in a batch.
func (s *Store) note(records []incident.Record) {
	for i, r := range records {
		if i+1 < len(records) && records[i+1].Incident == r.Incident {
			continue
		}
		s.file.Note(Head{At: s.now(), ID: r.Incident, Seq: r.Seq, Hash: r.Hash})
	}
}

// Close implements [store.Store]. What waits is written to the file too; that it
// could not be is told by the log only, as it was when it began.
func (s *Store) Close() error {
	err := s.Store.Close()
	_ = s.file.Close()
	return err
}
