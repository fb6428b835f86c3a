package bot

import (
	"context"
	"errors"
	"fmt"

	"twokey/incident"
	"twokey/store"
)

// Verdict is what became of one finding.
type Verdict string

// The verdicts.
const (
	Opened    Verdict = "open"      // a new incident
	Duplicate Verdict = "duplicate" // heard before; nothing new
	LookedUp  Verdict = "lookup"    // an incident without a key id: a person must look
	Enriched  Verdict = "enrich"    // added to an open incident
	Resolved  Verdict = "resolve"   // the source says it is over; noted, nothing closed
	Ignored   Verdict = "ignore"
	Rejected  Verdict = "reject"
)

// Receive takes one alert, after redaction. When it returns, what it said is on
// disk. The alert is only data: nothing in it is obeyed.
func (b *Bot) Receive(ctx context.Context, by incident.Person, a incident.Alert, t incident.AlertText) (Verdict, incident.ID, error) {
	words, err := b.details(t)
	if err != nil {
		return "", "", err
	}
	a.Details = words.Words
	switch a.Kind {
	case incident.KindOpen, incident.KindLookup:
		return b.receive(ctx, by, a, words)
	}
	return b.hearOf(ctx, a, words)
}

// receive opens an incident, or adds to the one that has the key.
func (b *Bot) receive(ctx context.Context, by incident.Person, a incident.Alert, words text) (Verdict, incident.ID, error) {
	for {
		id, err := b.open(ctx, by, a, words)
		taken := (*store.TakenError)(nil)
		switch {
		case err == nil && a.KeyID == "":
			return LookedUp, id, nil
		case err == nil:
			return Opened, id, nil
		case !errors.As(err, &taken):
			return "", "", err
		case a.Delivery != "" && taken.Mark == deliveryName(a):
			return Duplicate, taken.Incident, nil
		}
		verdict, err := b.hear(ctx, taken.Incident, a, words)
		if r, refused := refusal(err); refused && r == incident.NotOpen && ctx.Err() == nil {
			continue // closed a moment ago
		}
		return verdict, taken.Incident, err
	}
}

// open creates an incident with everything it needs, in one transaction.
func (b *Bot) open(ctx context.Context, by incident.Person, a incident.Alert, words text) (incident.ID, error) {
	var links []incident.ID
	if a.KeyID != "" {
		earlier, err := b.Store.Find(ctx, store.Query{Key: a.KeyID, Limit: 5})
		if err != nil {
			return "", fmt.Errorf("find earlier incidents: %w", err)
		}
		for _, e := range earlier {
			if !e.Open {
				links = append(links, e.Incident)
			}
		}
	}
	at := b.Now()
	events, err := b.Rules.Decide(incident.State{}, by, at, incident.Open{Alert: a, Links: links})
	if err != nil {
		return "", err
	}
	var jobs []incident.Job
	id, err := b.Store.Create(ctx, func(id incident.ID) store.Batch {
		batch := store.Batch{Records: b.Chain.Seal(incident.State{}, id, by, at, events), Values: words.value(id)}
		b.complete(&batch, incident.State{}, incident.Fold(batch.Records))
		batch.Marks = append(batch.Marks, b.delivery(a, id)...)
		jobs = batch.Jobs
		return batch
	})
	if err != nil {
		return "", fmt.Errorf("open incident: %w", err)
	}
	b.wake.all(jobs)
	return id, nil
}

func (b *Bot) delivery(a incident.Alert, id incident.ID) []store.Mark {
	if a.Delivery == "" {
		return nil
	}
	now := b.Now()
	return []store.Mark{{Name: deliveryName(a), Incident: id, Now: now, Until: now.Add(deliveryFor)}}
}

// hear adds an alert to an open incident, unless the same finding is there.
func (b *Bot) hear(ctx context.Context, id incident.ID, a incident.Alert, words text) (Verdict, error) {
	s, err := b.state(ctx, id)
	if err != nil {
		return "", err
	}
	if s.Open() && heard(s, a) {
		return Duplicate, nil
	}
	_, err = b.do(ctx, id, incident.Bot, incident.Hear{Alert: a}, with{Values: words.value(id), Marks: b.delivery(a, id)})
	if taken := (*store.TakenError)(nil); errors.As(err, &taken) {
		return Duplicate, nil
	}
	return Enriched, err
}

// heard reports whether an incident knows a finding, or has heard so many that
// one more says nothing.
func heard(s incident.State, a incident.Alert) bool {
	const enough = 200
	if s.Repeats >= enough {
		return true
	}
	for _, old := range s.Alerts {
		if old.Source == a.Source && old.ExternalKey == a.ExternalKey && old.Kind == a.Kind && a.ExternalKey != "" {
			return true
		}
	}
	return false
}

// hearOf takes news about a finding: they are added where they belong, and open
// nothing.
func (b *Bot) hearOf(ctx context.Context, a incident.Alert, words text) (Verdict, incident.ID, error) {
	name := lookupName(a)
	if a.KeyID != "" {
		name = openName(a.KeyID)
	}
	id, ok, err := b.Store.Marked(ctx, name, b.Now())
	if err != nil || !ok {
		return Ignored, "", err
	}
	verdict, err := b.hear(ctx, id, a, words)
	if _, refused := refusal(err); refused {
		return Ignored, "", nil
	}
	if verdict == Enriched && a.Kind == incident.KindResolve {
		verdict = Resolved
	}
	return verdict, id, err
}

// enterKey names the key of a look-up. If the key has an incident, the look-up
// is merged into it: both sides are one append.
func (b *Bot) enterKey(ctx context.Context, id incident.ID, by incident.Person, key incident.KeyID) (incident.State, error) {
	s, err := b.Do(ctx, id, by, incident.EnterKey{Key: key})
	taken := (*store.TakenError)(nil)
	if !errors.As(err, &taken) {
		return s, err
	}
	return b.merge(ctx, id, by, taken.Incident)
}

func (b *Bot) merge(ctx context.Context, from incident.ID, by incident.Person, into incident.ID) (incident.State, error) {
	for {
		s, batch, refused, err := b.decide(ctx, from, by, incident.Merge{Into: into})
		if err := errors.Join(refused, err); err != nil {
			return s, err
		}
		other, absorbed, refused, err := b.decide(ctx, into, by, incident.Absorb{From: from, Head: s.Head})
		if err := errors.Join(refused, err); err != nil {
			return s, err
		}
		batch.Records = append(batch.Records, absorbed.Records...)
		batch.Jobs = append(batch.Jobs, absorbed.Jobs...)
		batch.Index = append(batch.Index, absorbed.Index...)
		batch.Marks = append(batch.Marks, absorbed.Marks...)
		batch.Release = append(batch.Release, absorbed.Release...)
		switch err := b.append(ctx, batch); {
		case err == nil:
			return other, nil
		case errors.Is(err, store.ErrConflict) && ctx.Err() == nil:
			continue
		default:
			return s, fmt.Errorf("merge %s into %s: %w", from, into, err)
		}
	}
}

// ReceiveAlert is [Bot.Receive] for sources, which speak for nobody.
func (b *Bot) ReceiveAlert(ctx context.Context, a incident.Alert, t incident.AlertText) (Verdict, incident.ID, error) {
	return b.Receive(ctx, incident.Bot, a, t)
}
