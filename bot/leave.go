package bot

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"twokey/incident"
	"twokey/store"
)

// leaveAll takes up every run that is not at its end.
func (b *Bot) leaveAll(ctx context.Context, done *Retained) error {
	done.Busy = 0
	pages, err := b.pages(ctx)
	if err != nil {
		return err
	}
	for len(pages) > 0 {
		n := 1
		for n < len(pages) && pages[n].File == pages[0].File { // they are sorted by file
			n++
		}
		if err := b.leave(ctx, pages[:n], done); err != nil {
			return err
		}
		pages = pages[n:]
	}
	return nil
}

// leave removes the incidents of one file: after the file is in the system log,
// and was read back just now. What it does not hold stays.
func (b *Bot) leave(ctx context.Context, pages []page, done *Retained) error {
	a, err := b.archived(ctx, pages)
	if err != nil {
		return err
	}
	held, err := b.Retention.Archive.Check(ctx, a)
	if err != nil {
		return err
	}
	ends := make(map[incident.ID]incident.End, len(held))
	for _, e := range held {
		ends[e.Incident] = e
	}
	for _, p := range pages {
		if err := b.purge(ctx, p, ends, done); err != nil {
			return fmt.Errorf("purge what %s holds: %w", a.File, err)
		}
		sleep(ctx, b.Retention.Pause)
	}
	return nil
}

// archived is what the system log says of a file. If it says nothing yet, the
// file is written first, or taken as a crash left it.
func (b *Bot) archived(ctx context.Context, pages []page) (incident.Archived, error) {
	system, err := b.state(ctx, incident.System)
	if err != nil {
		return incident.Archived{}, err
	}
	want := incident.Archived{File: pages[0].File}
	if i := slices.IndexFunc(system.Archives, func(a incident.Archived) bool { return a.File == want.File }); i >= 0 {
		return system.Archives[i], nil
	}
	var ids []incident.ID
	for _, p := range pages {
		ids = append(ids, p.IDs...)
	}
	slices.SortFunc(ids, byNumber)
	ends := make([]incident.End, len(ids))
	for i, id := range ids {
		t, ok, err := Buried(ctx, b.Store, id)
		if err == nil && (!ok || t.File != want.File) {
			err = fmt.Errorf("%s: %w", id, errNoTombstone)
		}
		if err != nil {
			return incident.Archived{}, err
		}
		ends[i] = t.End
	}
	want.Count, want.Ends = len(ends), incident.DigestEnds(ends)
	got, err := b.Retention.Archive.Write(ctx, want, b.histories(ctx, ids))
	if err != nil {
		return incident.Archived{}, err
	}
	_, err = b.Do(ctx, incident.System, incident.Bot, incident.Archive(got))
	return got, err
}

// errNoTombstone says that the plan of a run was edited.
var errNoTombstone = errors.New("it is to leave the store and has no tombstone for that file")

// histories reads incidents one after the other.
func (b *Bot) histories(ctx context.Context, ids []incident.ID) iter.Seq2[[]incident.Record, error] {
	return func(yield func([]incident.Record, error) bool) {
		for i, id := range ids {
			if i%retireAtOnce == retireAtOnce-1 {
				sleep(ctx, b.Retention.Pause)
			}
			records, err := b.Store.Load(ctx, id)
			if err != nil {
				err = fmt.Errorf("load %s: %w", id, err)
			}
			if !yield(records, err) || err != nil {
				return
			}
		}
	}
}

// errNotArchived says that an incident is not in the file as it is in the store.
var errNotArchived = errors.New("the archive does not hold it as it is here")

// purge removes a page of incidents, each only if it is held just as it is here.
// Those for which work waits stay until that is done. Texts go last: as long as
// the plan names an incident, its texts are looked for again.
func (b *Bot) purge(ctx context.Context, p page, held map[incident.ID]incident.End, done *Retained) error {
	var ends []incident.End
	for _, id := range p.IDs {
		records, err := b.Store.Load(ctx, id)
		switch {
		case err != nil:
			return fmt.Errorf("load %s: %w", id, err)
		case len(records) == 0: // gone before a crash
		case held[id] != incident.EndOf(records):
			return fmt.Errorf("%s: %w", id, errNotArchived)
		default:
			ends = append(ends, held[id])
		}
	}
	if w := b.Retention.Witness; w != nil && len(ends) > 0 {
		if err := w.Leaving(ctx, ends); err != nil {
			return err
		}
	}
	busy, err := b.purgeIdle(ctx, p.IDs)
	if err != nil {
		return err
	}
	gone := slices.DeleteFunc(slices.Clone(p.IDs), func(id incident.ID) bool { return slices.Contains(busy, id) })
	erased, err := b.beside(ctx, gone)
	if err != nil {
		return err
	}
	p.IDs = busy
	plan, err := p.value()
	if err != nil {
		return err
	}
	if err := b.Store.Append(ctx, store.Batch{Values: append(erased, plan)}); err != nil {
		return fmt.Errorf("erase texts: %w", err)
	}
	done.Purged, done.Busy = done.Purged+len(ends)-len(busy), done.Busy+len(busy)
	return nil
}

// purgeIdle purges all of some incidents, or one by one if work waits for some of
// them. It returns those.
func (b *Bot) purgeIdle(ctx context.Context, ids []incident.ID) (busy []incident.ID, err error) {
	if err = b.Store.Purge(ctx, ids...); !errors.Is(err, store.ErrBusy) {
		return nil, err
	}
	for _, id := range ids {
		switch err := b.Store.Purge(ctx, id); {
		case errors.Is(err, store.ErrBusy):
			busy = append(busy, id)
		case err != nil:
			return nil, err
		}
	}
	return busy, nil
}

// beside erases what lies beside the chain of incidents that are gone: texts, sealed
// secrets, and what rooms show of them.
func (b *Bot) beside(ctx context.Context, ids []incident.ID) ([]store.Value, error) {
	var erased []store.Value
	for _, id := range ids {
		for _, prefix := range []string{textPrefix(id), sealedPrefix(id), placeKey(id, "")} {
			values, err := b.Store.Values(ctx, prefix)
			if err != nil {
				return nil, fmt.Errorf("load what lies beside %s: %w", id, err)
			}
			for _, v := range values {
				erased = append(erased, store.Value{Key: v.Key})
			}
		}
	}
	return erased, nil
}
