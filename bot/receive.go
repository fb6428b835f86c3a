package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
		verdict, id, err := b.receive(ctx, by, a, words)
		if err == nil {
			err = b.reunite(ctx, a, words, id)
		}
		return verdict, id, err
	}
	return b.hearOf(ctx, a, words)
}

// races bounds how often an alert may find the incident of its key closed
// between two steps. Nobody opens and closes that fast; without a bound a store
// with a name left over would keep one alert busy for ever.
const races = 10

// errRaces says that an alert could be put nowhere.
var errRaces = errors.New("the key's incident was closed again and again")

// receive opens an incident, or adds to the one that has the key.
func (b *Bot) receive(ctx context.Context, by incident.Person, a incident.Alert, words text) (Verdict, incident.ID, error) {
	if verdict, id, ok, err := b.tie(ctx, a, words); ok || err != nil {
		return verdict, id, err
	}
	for range races {
		id, known, err := b.Store.Marked(ctx, nameOf(a), b.Now())
		if err != nil {
			return "", "", fmt.Errorf("find open incident: %w", err)
		}
		if !known {
			id, err = b.open(ctx, by, a, words)
			taken, ok := errors.AsType[*store.TakenError](err)
			switch {
			case err == nil && a.KeyID == "":
				return LookedUp, id, nil
			case err == nil:
				return Opened, id, nil
			case !ok:
				return "", "", err
			case a.Delivery != "" && taken.Mark == deliveryName(a):
				return Duplicate, taken.Incident, nil
			}
			id = taken.Incident
		}
		verdict, err := b.hear(ctx, id, a, words)
		if !errors.Is(err, incident.NotOpen) {
			return verdict, id, err
		}
	}
	return "", "", errRaces
}

// nameOf is the name that the open incident of an alert has taken.
func nameOf(a incident.Alert) string {
	if a.KeyID != "" {
		return openName(a.KeyID)
	}
	return lookupName(a)
}

// open creates an incident with everything it needs, in one transaction.
func (b *Bot) open(ctx context.Context, by incident.Person, a incident.Alert, words text) (incident.ID, error) {
	links, err := b.earlier(ctx, a)
	if err != nil {
		return "", err
	}
	at := b.Now()
	events, err := b.Rules.Decide(incident.State{}, by, at, incident.Open{Alert: a, Links: links})
	if err != nil {
		return "", err
	}
	draft := b.Chain.Draft(incident.State{}, by, at, events)
	var jobs []incident.Job
	id, err := b.Store.Create(ctx, func(id incident.ID) store.Batch {
		batch := store.Batch{Records: draft.Seal(id), Values: append(words.value(id), tied(a, id)...)}
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

// linked bounds the earlier incidents that a new one links: the newest.
const linked = 5

// earlier lists the incidents that a key had before, also those that left the
// store since, and the look-up of the same finding that people have in hand.
func (b *Bot) earlier(ctx context.Context, a incident.Alert) ([]incident.ID, error) {
	key := a.KeyID
	if key == "" {
		return nil, nil
	}
	found, err := b.Store.Find(ctx, store.Query{Key: key, Limit: linked})
	if err != nil {
		return nil, fmt.Errorf("find earlier incidents: %w", err)
	}
	var ids []incident.ID
	if asked(a) {
		ids, err = b.inHand(ctx, a)
	}
	if err != nil {
		return nil, err
	}
	for _, e := range found {
		if !e.Open {
			ids = append(ids, e.Incident)
		}
	}
	left, err := b.former(ctx, key)
	for _, id := range left {
		if len(ids) < linked && !slices.Contains(ids, id) { // one on its way out is in both
			ids = append(ids, id)
		}
	}
	return ids, err
}

func (b *Bot) delivery(a incident.Alert, id incident.ID) []store.Mark {
	if a.Delivery == "" {
		return nil
	}
	now := b.Now()
	return []store.Mark{{Name: deliveryName(a), Incident: id, Now: now, Until: now.Add(deliveryFor)}}
}

// hear adds an alert to an incident, unless the same finding is there. The store
// has just said that the incident is open.
func (b *Bot) hear(ctx context.Context, id incident.ID, a incident.Alert, words text) (Verdict, error) {
	if b.lately.heard(id, a) {
		return Duplicate, nil
	}
	s, err := b.state(ctx, id)
	if err != nil {
		return "", err
	}
	b.lately.keep(s)
	if s.Open() && heard(s, a) {
		return Duplicate, nil
	}
	_, err = b.do(ctx, id, incident.Bot, incident.Hear{Alert: a}, with{Values: append(words.value(id), tied(a, id)...), Marks: b.delivery(a, id)})
	switch {
	case takenBy(err, deliveryName(a)) != nil:
		return Duplicate, nil
	case err != nil:
		return "", err
	}
	return Enriched, nil
}

// enough is how many alerts about one incident are written down. One more says
// nothing then, unless it is the first of its source: no source can keep another
// from being heard.
const enough = 200

// heard reports whether an incident knows a finding already, and what is new about
// it.
func heard(s incident.State, a incident.Alert) bool {
	known := false
	for _, old := range s.Alerts {
		if old.Source != a.Source {
			continue
		}
		if old.ExternalKey == a.ExternalKey && old.Kind == a.Kind && old.News == a.News && a.ExternalKey != "" {
			return true
		}
		known = true
	}
	return known && s.Repeats >= enough
}

// hearOf takes news about a finding: they are added where they belong, and open
// nothing.
func (b *Bot) hearOf(ctx context.Context, a incident.Alert, words text) (Verdict, incident.ID, error) {
	verdict, id, ok, err := b.tie(ctx, a, words)
	if err == nil && !ok {
		verdict, id, err = b.hearNamed(ctx, a, words)
	}
	if verdict == Enriched && a.Kind == incident.KindResolve {
		verdict = Resolved
	}
	return verdict, id, err
}

// hearNamed adds news to the incident that has the name of its key or finding.
func (b *Bot) hearNamed(ctx context.Context, a incident.Alert, words text) (Verdict, incident.ID, error) {
	id, ok, err := b.Store.Marked(ctx, nameOf(a), b.Now())
	if err != nil || !ok {
		return Ignored, "", err
	}
	verdict, err := b.hear(ctx, id, a, words)
	if errors.Is(err, incident.NotOpen) { // closed a moment ago
		return Ignored, "", nil
	}
	return verdict, id, err
}

// ReceiveAlert is [Bot.Receive] for sources, which speak for nobody.
func (b *Bot) ReceiveAlert(ctx context.Context, a incident.Alert, t incident.AlertText) (Verdict, incident.ID, error) {
	return b.Receive(ctx, incident.Bot, a, t)
}
