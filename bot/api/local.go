package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"twokey/bot"
	"twokey/incident"
)

// Source is what a [Local] reader needs of a store.
type Source interface {
	// List finds incidents, newest first.
	List(ctx context.Context, f Filter) ([]incident.Index, error)

	// Load returns the records of one incident, oldest first; none if there is
	// no such incident.
	Load(ctx context.Context, id incident.ID) ([]incident.Record, error)

	// Purged is what is left of an incident that was exported and taken out; false
	// if it was not.
	Purged(ctx context.Context, id incident.ID) (Purge, bool, error)

	// Texts are what the words of an incident stand for.
	Texts(ctx context.Context, id incident.ID) (map[incident.Words]string, error)
}

// Local reads a store of this process.
type Local struct {
	Source   Source
	Chain    incident.Chain
	View     bot.View
	Scene    bot.Scene // what does not depend on the incident: Rules, Names, Owners, Steps, Drill, Site
	Language string    // of rooms
	Now      func() time.Time

	// Describe adds what only a running bot knows; nil: nothing is added.
	Describe func(ctx context.Context, s *Status) error
}

var _ Reader = (*Local)(nil)

// Status implements [Reader].
func (l *Local) Status(ctx context.Context) (Status, error) {
	s := Status{Now: l.Now().UTC(), Drill: l.Scene.Drill, Accounts: []Account{}, Rooms: []Room{}, Lanes: []Lane{}}
	open, err := l.Source.List(ctx, Filter{Open: true, Limit: MaxLimit})
	if err != nil {
		return s, err
	}
	system, err := l.Source.Load(ctx, incident.System)
	if err != nil {
		return s, err
	}
	state := incident.Fold(system)
	s.Open, s.Held, s.Config = len(open), state.Held, state.Config
	if l.Describe != nil {
		return s, l.Describe(ctx, &s)
	}
	return s, nil
}

// Incidents implements [Reader].
func (l *Local) Incidents(ctx context.Context, f Filter) ([]Incident, error) {
	found, err := l.Source.List(ctx, f)
	if err != nil {
		return nil, err
	}
	list := make([]Incident, 0, len(found))
	for _, e := range found {
		i, err := l.Incident(ctx, e.Incident)
		if _, left := errors.AsType[*ArchivedError](err); left {
			continue // a moment ago
		}
		if err != nil {
			return nil, err
		}
		list = append(list, i)
	}
	return list, nil
}

// Incident implements [Reader].
func (l *Local) Incident(ctx context.Context, id incident.ID) (Incident, error) {
	if id.Number() == 0 {
		return Incident{}, ErrNotFound
	}
	records, err := l.load(ctx, id)
	if err != nil {
		return Incident{}, err
	}
	return shape(incident.Fold(records), l.Scene.Owners), nil
}

// load is the one way to records: no record, no incident, or one that left.
func (l *Local) load(ctx context.Context, id incident.ID) ([]incident.Record, error) {
	records, err := l.Source.Load(ctx, id)
	if err == nil && len(records) == 0 {
		err = l.gone(ctx, id)
	}
	return records, err
}

// Timeline implements [Reader].
func (l *Local) Timeline(ctx context.Context, id incident.ID, lang string) ([]Entry, error) {
	if id.Number() == 0 && id != incident.System {
		return nil, ErrNotFound
	}
	records, err := l.load(ctx, id)
	if err != nil {
		return nil, err
	}
	scene := l.Scene
	if scene.Texts, err = l.Source.Texts(ctx, id); err != nil {
		return nil, err
	}
	if scene.Lang = lang; lang == "" {
		scene.Lang = l.Language
	}
	scene.Now = l.Now()
	entries := make([]Entry, len(records))
	for i, r := range records {
		scene.State = scene.State.Apply(r) // a line says what was so then
		line, _ := l.View.Line(scene, r)
		plan, _ := scene.State.Proposal(planOf(r))
		entries[i] = Entry{r.Seq, r.At, r.By, r.Event.Kind(), plan.Plan.Step, plan.Number, line.Text, r.Hash}
	}
	return entries, nil
}

// Export implements [Reader].
func (l *Local) Export(ctx context.Context, w io.Writer) error {
	last, err := l.last(ctx)
	if err != nil {
		return err
	}
	for n := uint64(1); n <= last+1; n++ {
		id := incident.NewID(n)
		if n > last {
			id = incident.System
		}
		records, err := l.Source.Load(ctx, id)
		if err != nil {
			return err
		}
		for _, r := range records {
			if err := exportTo(w, r); err != nil {
				return fmt.Errorf("export %s/%d: %w", id, r.Seq, err)
			}
		}
	}
	return nil
}

// errSeveralLines says that a record was not written by this program: it would
// break the format of one record in one line.
var errSeveralLines = errors.New("the record has several lines; verify tells more")

// exportTo keeps the record's bytes as they are, so that the hash can be
// computed from the line.
func exportTo(w io.Writer, r incident.Record) error {
	if bytes.ContainsAny(r.Bytes, "\r\n") {
		return errSeveralLines
	}
	_, err := fmt.Fprintf(w, "{\"hash\":%q,\"record\":%s}\n", r.Hash, r.Bytes)
	return err
}
