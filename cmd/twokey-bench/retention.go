package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
)

// purger and compacter are what a store can do to forget; not every build can.
type (
	purger interface {
		Purge(ctx context.Context, ids ...incident.ID) error
	}
	compacter interface {
		Compact(ctx context.Context) error
	}
)

// afterRetention purges seven tenths of a store, compacts it, and compares what it
// takes then with a new file.
func (s *suite) afterRetention() error {
	if _, ok := any((*bolt.Store)(nil)).(interface {
		purger
		compacter
	}); !ok {
		return fmt.Errorf("%w: the store can't purge yet", errAbsent)
	}
	incidents := min(s.incidents, 50_000)
	if s.quick {
		incidents = min(incidents, 20_000)
	}
	var fresh, purged []float64
	next := uint64(incidents) //nolint:gosec // counts up
	err := s.each(
		func(int) error { return s.appends(&fresh, withStore(wholeAlert)) },
		func(int) error { return s.appends(&purged, afterPurge(s.ctx, incidents, next)) })
	if err != nil {
		return err
	}
	before, after := median(fresh), median(purged)
	s.add(row{
		name: "after-retention", what: fmt.Sprintf("appends after 70 %% of %s were purged and the store compacted (in process)", count(incidents)), figure: perSecond(after),
	}.beside("new store "+perSecond(before), after, before).judged("0.9", after >= 0.9*before))
	return nil
}

// afterPurge opens a store from which most was taken away.
func afterPurge(ctx context.Context, incidents int, first uint64) appender {
	return func(folder string) (func(context.Context, uint64) error, func() error, error) {
		path := filepath.Join(folder, storeFile)
		if err := fill(ctx, path, incidents); err != nil {
			return nil, nil, err
		}
		db, err := bolt.Open(path, bolt.Options{})
		if err != nil {
			return nil, nil, err
		}
		if err := purge(ctx, db, incidents*7/10); err != nil {
			return nil, nil, errors.Join(err, db.Close())
		}
		add := func(ctx context.Context, n uint64) error { return db.Append(ctx, wholeAlert(first+n)) }
		return add, db.Close, nil
	}
}

func purge(ctx context.Context, db store.Store, most int) error {
	p, can := db.(purger)
	c, also := db.(compacter)
	if !can || !also {
		return errAbsent
	}
	for n := 1; n <= most; n += atOnce {
		var ids []incident.ID
		for i := n; i < n+atOnce && i <= most; i++ {
			ids = append(ids, incident.NewID(uint64(i))) //nolint:gosec // counts up
		}
		if err := p.Purge(ctx, ids...); err != nil {
			return err
		}
	}
	return c.Compact(ctx)
}
