package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"twokey/incident"
	"twokey/store"
)

// knownFile reports whether the system log names an archive. Files that it named
// once it names for ever.
func (b *Bot) knownFile(ctx context.Context, file string) (bool, error) {
	b.checks.mu.Lock()
	files := b.checks.files
	b.checks.mu.Unlock()
	if slices.Contains(files, file) {
		return true, nil
	}
	system, err := b.state(ctx, incident.System)
	if err != nil {
		return false, err
	}
	files = make([]string, len(system.Archives))
	for i, a := range system.Archives {
		files[i] = a.File
	}
	b.checks.mu.Lock()
	defer b.checks.mu.Unlock()
	b.checks.files = files
	return slices.Contains(files, file), nil
}

// errGraves says that somebody wrote to tombstones.
var errGraves = errors.New("what is kept of its incidents has another digest")

// checkGraves compares what is kept of each archive's incidents with the digest
// in the system log. An incident that somebody took out and a tombstone that says
// it was archived don't go together.
func (b *Bot) checkGraves(ctx context.Context) error {
	system, err := b.state(ctx, incident.System)
	if err != nil || len(system.Archives) == 0 {
		return err
	}
	digests, err := b.digests(ctx)
	if err != nil {
		return err
	}
	for _, a := range system.Archives {
		if d := digests[a.File]; d != nil && d.Count == a.Count && d.Sum() == a.Ends {
			continue
		}
		err := fmt.Errorf("archive %s: %w", a.File, errGraves)
		if err := b.damaged(ctx, incident.State{}, incident.Damaged{Of: incident.System, Why: "tombstones"}, err); err != nil {
			return err
		}
	}
	return nil
}

// digests are those of the tombstones of each file. Numbers have no gaps, and the
// newest incidents may have left too.
func (b *Bot) digests(ctx context.Context) (map[string]*incident.EndsDigest, error) {
	newest, err := b.Store.Find(ctx, store.Query{Limit: 1})
	if err != nil {
		return nil, err
	}
	last := uint64(0)
	if len(newest) > 0 {
		last = newest[0].Incident.Number()
	}
	all := make(map[string]*incident.EndsDigest)
	for n := uint64(1); ; n++ {
		t, ok, err := Buried(ctx, b.Store, incident.NewID(n))
		switch {
		case err != nil:
			return nil, err
		case !ok && n > last:
			return all, nil
		case !ok:
			continue
		}
		if all[t.File] == nil {
			all[t.File] = new(incident.EndsDigest)
		}
		all[t.File].Add(t.End)
		if n%retireAtOnce == 0 {
			sleep(ctx, restAll)
		}
	}
}
