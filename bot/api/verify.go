package api

import (
	"context"
	"errors"
	"fmt"

	"twokey/incident"
)

// Verification says whether the record holds. A history whose last records were
// cut off still holds together: compare the heads with those in chat or in the
// heads file.
type Verification struct {
	OK   bool      `json:"ok"`
	Logs []Checked `json:"incidents"` // by number, then the system log
}

// Checked is one history.
type Checked struct {
	ID      incident.ID   `json:"id"`
	OK      bool          `json:"ok"`
	Records int           `json:"records"`
	Head    incident.Hash `json:"head,omitempty"`
	Broken  uint64        `json:"broken_at,omitempty"` // the first record that does not hold
	Why     string        `json:"why,omitempty"`       // gap, edited, reordered, foreign, missing or unreadable
}

// Why a history can't even be checked, beside those of [incident.BrokenError].
const (
	WhyMissing    = "missing"    // numbers have no gaps, and this one is not there
	WhyUnreadable = "unreadable" // what is stored is no record of this incident
)

// Verify implements [Reader].
func (l *Local) Verify(ctx context.Context) (Verification, error) {
	v := Verification{OK: true}
	ids, err := l.all(ctx)
	if err != nil {
		return v, err
	}
	for _, id := range ids {
		c, err := l.verify(ctx, id)
		if err != nil {
			return v, err
		}
		v.OK = v.OK && c.OK
		v.Logs = append(v.Logs, c)
	}
	return v, nil
}

func (l *Local) verify(ctx context.Context, id incident.ID) (Checked, error) {
	c := Checked{ID: id}
	records, err := l.Source.Load(ctx, id)
	switch {
	case ctx.Err() != nil:
		return c, ctx.Err()
	case err != nil:
		c.Why = WhyUnreadable
		return c, nil //nolint:nilerr // that it can't be read is the finding
	case len(records) == 0 && id != incident.System:
		c.Why = WhyMissing
		return c, nil
	}
	c.Records = len(records)
	if c.Records > 0 {
		c.Head = records[c.Records-1].Hash
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

// all lists every log. Numbers have no gaps, so incidents that are gone from the
// index are found too.
func (l *Local) all(ctx context.Context) ([]incident.ID, error) {
	last := uint64(0)
	for before := incident.ID(""); ; {
		page, err := l.Source.List(ctx, Filter{Limit: MaxLimit, Before: before})
		if err != nil {
			return nil, err
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
	ids := make([]incident.ID, 0, last+1)
	for n := uint64(1); n <= last; n++ {
		ids = append(ids, incident.NewID(n))
	}
	return append(ids, incident.System), ctx.Err()
}

// exists counts what can't be read as there: to be reported, not passed over.
func (l *Local) exists(ctx context.Context, id incident.ID) bool {
	records, err := l.Source.Load(ctx, id)
	return ctx.Err() == nil && (err != nil || len(records) > 0)
}
