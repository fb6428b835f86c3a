package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"twokey/incident"
)

// ArchivedError says that an incident left the store, and where it is.
type ArchivedError struct {
	Incident incident.ID `json:"incident"`
	File     string      `json:"archive"`     // its name
	Records  uint64      `json:"records"`     // how many it holds of the incident
	At       time.Time   `json:"at,omitzero"` // when the file was written down
}

func (e *ArchivedError) Error() string {
	return fmt.Sprintf("archived %s in %s, with %d records, and no longer in the store", e.At.UTC().Format("2006-01-02 15:04:05Z"), e.File, e.Records)
}

// gone is why an incident is not there.
func (l *Local) gone(ctx context.Context, id incident.ID) error {
	p, purged, err := l.Source.Purged(ctx, id)
	if err != nil {
		return err
	}
	if !purged {
		return ErrNotFound
	}
	system, err := l.Source.Load(ctx, incident.System)
	if err != nil {
		return err
	}
	for _, r := range system {
		if a, ok := r.Event.(incident.Archived); ok && a.File == p.Archive {
			return &ArchivedError{id, p.Archive, p.Seq, r.At}
		}
	}
	return ErrNotFound // whoever says that it was archived is not the bot
}

// archivedAnswer is the body of 410 Gone.
type archivedAnswer struct {
	Error string `json:"error"`
	*ArchivedError
}

func failArchived(w http.ResponseWriter, e *ArchivedError) {
	write(w, http.StatusGone, archivedAnswer{e.Error(), e})
}

// graves tells histories that were archived from those that somebody took out.
// What the store keeps of a purged history lies beside the chain, so two things
// must hold: the system log names its archive, and all that the store keeps of an
// archive's incidents has the digest that the system log gives.
type graves struct {
	archives func(context.Context) ([]incident.Archived, error)
	before   []incident.Archived // what the system log named when the round began
	named    map[string]bool     // files that it names, as far as was asked
	digests  map[string]*incident.EndsDigest
}

func (l *Local) graves(ctx context.Context) (*graves, error) {
	g := &graves{archives: l.archives, named: make(map[string]bool), digests: make(map[string]*incident.EndsDigest)}
	var err error
	g.before, err = l.archives(ctx)
	for _, a := range g.before {
		g.named[a.File] = true
	}
	return g, err
}

// archives lists what the system log names. One that can't be read names none;
// it is a finding of its own.
func (l *Local) archives(ctx context.Context) ([]incident.Archived, error) {
	records, err := l.Source.Load(ctx, incident.System)
	if err != nil {
		return nil, ctx.Err()
	}
	return incident.Fold(records).Archives, nil
}

// add takes what the store keeps of a purged history, by number.
func (g *graves) add(id incident.ID, p Purge) {
	if g.digests[p.Archive] == nil {
		g.digests[p.Archive] = new(incident.EndsDigest)
	}
	g.digests[p.Archive].Add(incident.End{Incident: id, Seq: p.Seq, Hash: p.Hash})
}

// names reports whether the system log names a file. One that it did not name
// when the round began may have come since.
func (g *graves) names(ctx context.Context, file string) (bool, error) {
	if named, asked := g.named[file]; asked {
		return named, nil
	}
	now, err := g.archives(ctx)
	g.named[file] = slices.ContainsFunc(now, func(a incident.Archived) bool { return a.File == file })
	return g.named[file], err
}

// findings are whether the archives are as they were written down. Those that
// came while the round went on are for the next.
func (g *graves) findings() []Checked {
	var all []Checked
	for _, a := range g.before {
		c := Checked{ID: incident.System, Archive: a.File, Incidents: a.Count}
		if d := g.digests[a.File]; d != nil && d.Count == a.Count && d.Sum() == a.Ends {
			c.OK = true
		} else {
			c.Why = WhyTombstones
		}
		all = append(all, c)
	}
	return all
}

// Archives implements [Reader].
func (l *Local) Archives(ctx context.Context) ([]incident.Archived, error) {
	records, err := l.Source.Load(ctx, incident.System)
	return incident.Fold(records).Archives, err
}

// Archives implements [Reader].
func (c *Client) Archives(ctx context.Context) (all []incident.Archived, err error) {
	return all, c.get(ctx, "/api/archives", nil, &all)
}

func (h handler) archives(w http.ResponseWriter, r *http.Request) {
	all, err := h.Reader.Archives(r.Context())
	if all == nil {
		all = []incident.Archived{}
	}
	h.answer(w, r, all, err)
}
