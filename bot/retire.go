package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"twokey/incident"
	"twokey/store"
)

const (
	retireAtOnce = 100    // incidents in one append
	retireAtMost = 10_000 // incidents in one archive
)

// leaving are the incidents that were named for a file and are not known to be
// gone: the plan of a run, which outlives a crash.
const leaving = "archive/"

// page is a part of that plan.
type page struct {
	key  string // of the side value that holds it
	File string
	IDs  []incident.ID
}

func (p page) value() (store.Value, error) {
	if len(p.IDs) == 0 {
		return store.Value{Key: p.key}, nil
	}
	body, err := json.Marshal(p)
	if err != nil {
		return store.Value{}, fmt.Errorf("encode what leaves the store: %w", err)
	}
	return store.Value{Key: p.key, Body: body}, nil
}

func (b *Bot) pages(ctx context.Context) ([]page, error) {
	values, err := b.Store.Values(ctx, leaving)
	if err != nil {
		return nil, fmt.Errorf("load what leaves the store: %w", err)
	}
	pages := make([]page, len(values))
	for i, v := range values {
		if err := json.Unmarshal(v.Body, &pages[i]); err != nil {
			return nil, fmt.Errorf("decode what leaves the store: %w", err)
		}
		pages[i].key = v.Key
	}
	return pages, nil
}

// retire names incidents that are long over for a new file, page by page. Nothing
// can be added to them from then on. An empty name: there are none.
func (b *Bot) retire(ctx context.Context) (file string, more bool, err error) {
	if file, err = b.Retention.Archive.Name(b.Now()); err != nil {
		return "", false, err
	}
	q := store.Query{Until: b.closedBefore().Add(time.Microsecond), Limit: retireAtOnce}
	retired := 0
	for retired < retireAtMost {
		found, err := b.Store.Find(ctx, q)
		if err != nil {
			return "", false, fmt.Errorf("find incidents that are over: %w", err)
		}
		if len(found) == 0 {
			break
		}
		n, err := b.retirePage(ctx, file, found)
		if err != nil {
			return "", false, err
		}
		retired += n
		q.Before = found[len(found)-1].Incident
		sleep(ctx, b.Retention.Pause)
	}
	if retired == 0 {
		file = ""
	}
	return file, retired >= retireAtMost, nil
}

// closedBefore is when an incident must have been closed at the latest; it was
// opened before that too.
func (b *Bot) closedBefore() time.Time {
	return b.Now().Add(-max(b.Retention.Closed, incident.Rest))
}

// retirePage retires those of some incidents that may go, in one append. It is
// tried again if somebody wrote to one of them meanwhile.
func (b *Bot) retirePage(ctx context.Context, file string, found []incident.Index) (int, error) {
	for range races {
		batch, p, err := b.retiring(ctx, file, found)
		if err != nil || len(p.IDs) == 0 {
			return 0, err
		}
		switch err := b.append(ctx, batch); {
		case err == nil:
			return len(p.IDs), nil
		case !errors.Is(err, store.ErrConflict):
			return 0, fmt.Errorf("retire incidents: %w", err)
		}
	}
	return 0, nil // they are not at rest: another day
}

// retiring is the batch that retires what may go: the last record of each, its
// tombstone, what others still need to know of it, and the page of the plan.
func (b *Bot) retiring(ctx context.Context, file string, found []incident.Index) (all store.Batch, p page, err error) {
	p.File = file
	var values []store.Value
	for _, e := range found {
		if e.Open {
			continue
		}
		s, last, err := b.last(ctx, e.Incident, file, p.IDs)
		if err != nil {
			return all, p, err
		}
		if len(last.Records) == 0 {
			continue
		}
		all = joined(all, last)
		t := Tombstone{incident.EndOf(last.Records), file}
		values = slices.Concat(values, []store.Value{t.value()}, memories(s.Index()), last.Values)
		p.IDs = append(p.IDs, e.Incident)
	}
	if len(p.IDs) == 0 {
		return all, p, nil
	}
	p.key = leaving + file + "/" + string(p.IDs[0])
	plan, err := p.value()
	all.Values = append(values, plan)
	return all, p, err
}

// last is the last record of an incident, and what leads to it is forgotten with it;
// none if it stays. With are those that leave with it.
func (b *Bot) last(ctx context.Context, id incident.ID, file string, with []incident.ID) (incident.State, store.Batch, error) {
	s, batch, refused, err := b.decide(ctx, id, incident.Bot, incident.Retire{File: file, Closed: b.closedBefore()})
	if err != nil || refused != nil { // not over for long enough, or a newer version's
		return s, store.Batch{}, err
	}
	if stays, err := b.targetStays(ctx, s, with); err != nil || stays {
		return s, store.Batch{}, err
	}
	records, err := b.Store.Load(ctx, id)
	if err != nil {
		return s, store.Batch{}, fmt.Errorf("load %s: %w", id, err)
	}
	if err := b.Chain.Check(append(records, batch.Records...)); err != nil {
		b.Log.Error("an incident stays in the store: its record does not hold", slog.Any("error", err))
		return s, store.Batch{}, nil // for whoever finds out why
	}
	batch.Values, err = b.untie(ctx, id, records)
	return s, batch, err
}

// targetStays reports whether an incident was merged into one that does not
// leave before it, or with it: a link never leads from what is gone.
func (b *Bot) targetStays(ctx context.Context, s incident.State, with []incident.ID) (bool, error) {
	if s.MergedInto == "" || slices.Contains(with, s.MergedInto) {
		return false, nil
	}
	_, gone, err := Buried(ctx, b.Store, s.MergedInto)
	return !gone, err
}
