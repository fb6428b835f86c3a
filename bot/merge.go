package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"twokey/incident"
	"twokey/store"
)

// enterKey names the key of a look-up. If the key has an incident, the look-up
// is merged into it: both sides are one append.
func (b *Bot) enterKey(ctx context.Context, id incident.ID, by incident.Person, key incident.KeyID, click []store.Mark) (incident.State, error) {
	s, err := b.do(ctx, id, by, incident.EnterKey{Key: key}, with{Marks: click})
	if taken := takenBy(err, openName(key)); taken != nil {
		return b.merge(ctx, id, by, taken.Incident, click)
	}
	return s, err
}

// merge returns the state of the incident that took the other one in.
func (b *Bot) merge(ctx context.Context, from incident.ID, by incident.Person, into incident.ID, click []store.Mark) (incident.State, error) {
	for {
		s, batch, refused, err := b.decide(ctx, from, by, incident.Merge{Into: into})
		if err := errors.Join(refused, err); err != nil {
			return s, err
		}
		other, absorbed, refused, err := b.decide(ctx, into, by, incident.Absorb{From: from, Head: s.Head})
		if err := errors.Join(refused, err); err != nil {
			return s, err
		}
		both := with{Marks: click}.added(joined(batch, absorbed))
		switch err := b.append(ctx, both); {
		case err == nil:
			return other, nil
		case errors.Is(err, store.ErrConflict) && ctx.Err() == nil:
			continue
		default:
			return s, fmt.Errorf("merge %s into %s: %w", from, into, err)
		}
	}
}

func joined(a, b store.Batch) store.Batch {
	return store.Batch{
		Records: slices.Concat(a.Records, b.Records), Jobs: slices.Concat(a.Jobs, b.Jobs), Index: slices.Concat(a.Index, b.Index),
		Marks: slices.Concat(a.Marks, b.Marks), Release: slices.Concat(a.Release, b.Release),
	}
}
