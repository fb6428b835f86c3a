package api

import (
	"context"
	"errors"
	"fmt"

	"twokey/incident"
)

// Checked says whether one history holds. A history whose last records were cut
// off still holds together: compare the head with one in chat or in the heads
// file.
type Checked struct {
	ID      incident.ID   `json:"id"`
	OK      bool          `json:"ok"`
	Records int           `json:"records"`
	Head    incident.Hash `json:"head,omitempty"`
	Broken  uint64        `json:"broken_at,omitempty"` // the first record that does not hold
	Why     string        `json:"why,omitempty"`       // gap, edited, reordered, foreign, missing or unreadable

	// Purged is the file that the history was exported to before it was taken out
	// of the store; empty: it is there. Records and Head are what it had then, as
	// the store remembers: compare them with the heads file.
	Purged string `json:"purged_into,omitempty"`

	// Archive is a file that the system log names, and Incidents how many it holds;
	// such a finding is about what the store keeps of them, not about the file.
	Archive   string `json:"archive,omitempty"`
	Incidents int    `json:"archived,omitempty"`

	// Hashes are those of all records, by number; of one history only.
	Hashes map[uint64]incident.Hash `json:"hashes,omitempty"`
}

// Why a history can't even be checked, beside those of [incident.BrokenError].
const (
	WhyMissing    = "missing"    // numbers have no gaps, and this one is not there
	WhyUnreadable = "unreadable" // what is stored is no record of this incident
	WhyUnarchived = "unarchived" // gone, said to be in a file that the system log does not name
	WhyTombstones = "tombstones" // what is kept of an archive's incidents is not what the system log says
)

// Purge is what is left of a history that was exported and taken out.
type Purge struct {
	Seq     uint64        // of its last record
	Hash    incident.Hash // of its last record
	Archive string        // where it is
}

// Verify implements [Reader]. It holds one history at a time.
func (l *Local) Verify(ctx context.Context, each func(Checked) error) error {
	last, err := l.last(ctx)
	if err != nil {
		return err
	}
	g, err := l.graves(ctx)
	if err != nil {
		return err
	}
	for n := uint64(1); n <= last; n++ {
		c, err := l.checkWith(ctx, incident.NewID(n), g)
		if err != nil {
			return err
		}
		if err := each(c); err != nil {
			return err
		}
	}
	system, err := l.check(ctx, incident.System)
	if err != nil {
		return err
	}
	system.Hashes = nil
	for _, c := range append(g.findings(), system) {
		if err := each(c); err != nil {
			return err
		}
	}
	return nil
}

// checkWith checks an incident, and keeps account of what left.
func (l *Local) checkWith(ctx context.Context, id incident.ID, g *graves) (Checked, error) {
	c, err := l.check(ctx, id)
	if err != nil {
		return c, err
	}
	c.Hashes = nil
	p, purged, err := l.Source.Purged(ctx, id) // also of one on its way out
	if err != nil {
		return c, err
	}
	if purged {
		g.add(id, p)
	}
	if c.Purged == "" {
		return c, nil
	}
	if c.OK, err = g.names(ctx, c.Purged); !c.OK {
		c.Why = WhyUnarchived
	}
	return c, err
}

// VerifyOne implements [Reader].
func (l *Local) VerifyOne(ctx context.Context, id incident.ID) (Checked, error) {
	if id.Number() == 0 && id != incident.System {
		return Checked{}, ErrNotFound
	}
	return l.check(ctx, id)
}

func (l *Local) check(ctx context.Context, id incident.ID) (Checked, error) {
	c := Checked{ID: id}
	records, err := l.Source.Load(ctx, id)
	switch {
	case ctx.Err() != nil:
		return c, ctx.Err()
	case err != nil:
		c.Why = WhyUnreadable
		return c, nil //nolint:nilerr // that it can't be read is the finding
	case len(records) == 0:
		return l.absent(ctx, c)
	}
	c.Records, c.Head = len(records), records[len(records)-1].Hash
	c.Hashes = make(map[uint64]incident.Hash, len(records))
	for _, r := range records {
		c.Hashes[r.Seq] = r.Hash
	}
	broken := (*incident.BrokenError)(nil)
	switch err := l.Chain.Check(records); {
	case err == nil:
		c.OK = true
	case errors.As(err, &broken):
		c.Broken, c.Why = broken.Seq, broken.Why
	default:
		return c, fmt.Errorf("check %s: %w", id, err)
	}
	return c, nil
}

// absent tells a history that was taken out from one that is gone. The system
// log begins with the first change of configuration.
func (l *Local) absent(ctx context.Context, c Checked) (Checked, error) {
	p, purged, err := l.Source.Purged(ctx, c.ID)
	switch {
	case err != nil:
		return c, err
	case purged:
		c.OK, c.Records, c.Head, c.Purged = true, int(p.Seq), p.Hash, p.Archive //nolint:gosec // a count of records
	case c.ID == incident.System:
		c.OK = true
	default:
		c.Why = WhyMissing
	}
	return c, nil
}

// last is the highest number of an incident. Numbers have no gaps, so incidents
// that are gone from the index are found too.
func (l *Local) last(ctx context.Context) (uint64, error) {
	last := uint64(0)
	for before := incident.ID(""); ; {
		page, err := l.Source.List(ctx, Filter{Limit: MaxLimit, Before: before})
		if err != nil {
			return 0, err
		}
		for _, e := range page {
			last = max(last, e.Incident.Number())
		}
		if len(page) < MaxLimit {
			break
		}
		before = page[len(page)-1].Incident
	}
	for l.exists(ctx, incident.NewID(last+1)) {
		last++
	}
	return last, ctx.Err()
}

// exists counts what can't be read as there: to be reported, not passed over.
func (l *Local) exists(ctx context.Context, id incident.ID) bool {
	records, err := l.Source.Load(ctx, id)
	if err == nil && len(records) == 0 {
		_, purged, err := l.Source.Purged(ctx, id)
		return err == nil && purged
	}
	return ctx.Err() == nil
}
