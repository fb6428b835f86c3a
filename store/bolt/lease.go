package bolt

import (
	"context"
	"errors"
	"time"

	"twokey/store"
)

// errIdle refuses a claim that another worker was faster with.
var errIdle = errors.New("nothing is due")

// Claim implements [store.Store]. On an idle lane it writes nothing.
func (s *Store) Claim(ctx context.Context, lane string, now time.Time, lease time.Duration) (store.Lease, bool, error) {
	due, waiting, err := s.NextDue(ctx, lane)
	if err != nil || !waiting || due.After(now) {
		return store.Lease{}, false, err
	}
	var l store.Lease
	err = s.update(ctx, func(t tables) (err error) {
		l, err = claimIn(t, lane, now, micro(now.Add(lease)))
		return err
	})
	switch {
	case errors.Is(err, errIdle):
		return store.Lease{}, false, nil
	case err != nil:
		return store.Lease{}, false, err
	}
	return l, true, nil
}

func claimIn(t tables, lane string, now, until time.Time) (store.Lease, error) {
	q := queueOf(t)
	old, ok, err := q.first(lane)
	switch {
	case err != nil:
		return store.Lease{}, err
	case !ok, old.at().After(now):
		return store.Lease{}, errIdle
	}
	e := old.taken(lastToken.read(t)+1, now, until)
	lastToken.write(t, e.Token)
	q.replace(old, e)
	return store.Lease{Job: e.Job, Token: e.Token, Until: e.Until}, nil
}

// Extend implements [store.Store].
func (s *Store) Extend(ctx context.Context, l store.Lease, until time.Time) (store.Lease, error) {
	err := s.held(ctx, l, func(q queue, e entry) error {
		longer := e
		if until = micro(until); until.After(e.Until) {
			longer.Until = until
		}
		l.Until = longer.Until
		q.replace(e, longer)
		return nil
	})
	if err != nil {
		return store.Lease{}, err
	}
	return l, nil
}

// Finish implements [store.Store].
func (s *Store) Finish(ctx context.Context, l store.Lease) error {
	return s.held(ctx, l, func(q queue, _ entry) error { return q.finish(l) })
}

// Retry implements [store.Store].
func (s *Store) Retry(ctx context.Context, l store.Lease, due time.Time) error {
	return s.held(ctx, l, func(q queue, e entry) error {
		q.replace(e, e.givenBack(micro(due)))
		return nil
	})
}

// held writes under a lease that must still be held.
func (s *Store) held(ctx context.Context, l store.Lease, write func(queue, entry) error) error {
	return s.update(ctx, func(t tables) error {
		q := queueOf(t)
		e, err := q.held(l)
		if err != nil {
			return err
		}
		return write(q, e)
	})
}

// abandon ends every lease that an earlier process held: the file is open for one
// process at a time, so whoever held it is gone. What it worked on falls due at
// once, and the dead worker's try counts. An entry that can't be read is left to
// whoever claims it, and if nothing can be written, leases run out by themselves.
func (s *Store) abandon() {
	var held []entry
	_ = s.view(context.Background(), func(t tables) error {
		for _, value := range t.of(tableJobs).from(nil) {
			if e, err := unpackEntry(value); err == nil && e.Token != 0 {
				held = append(held, e)
			}
		}
		return nil
	})
	if len(held) == 0 {
		return
	}
	_ = s.update(context.Background(), func(t tables) error {
		q := queueOf(t)
		for _, e := range held {
			free := e
			free.Until = e.Job.Due
			q.replace(e, free)
		}
		return nil
	})
}

// NextDue implements [store.Store].
func (s *Store) NextDue(ctx context.Context, lane string) (at time.Time, ok bool, err error) {
	err = s.view(ctx, func(t tables) error {
		e, found, err := queueOf(t).first(lane)
		if found {
			at, ok = e.at(), true
		}
		return err
	})
	return at, ok, err
}
