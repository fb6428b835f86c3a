package bot

import (
	"context"
	"errors"
	"fmt"

	"twokey/incident"
	"twokey/store"
)

// What is told of a leak without its key is known again by two names: the fingerprint
// of its secret, which nobody can make who does not have the secret, and what the
// finding is called at a source that the bot itself has asked for the key. It is news
// about the key then, or about the same look-up, and no look-up of its own.

func secretKey(fingerprint string) string { return "secret/" + fingerprint }

// findingKey is only written for alerts whose key the bot asked for: what a sender
// calls a finding proves nothing.
func findingKey(a incident.Alert) string { return "finding/" + a.Source + "/" + a.ExternalKey }

// asked reports whether an alert has the source's own answer to which key it is.
func asked(a incident.Alert) bool { return a.Asked && a.KeyID != "" && a.ExternalKey != "" }

// ties are the names under which an alert is known again.
func ties(a incident.Alert) []string {
	var names []string
	if a.SecretPrint != "" {
		names = append(names, secretKey(a.SecretPrint))
	}
	if asked(a) {
		names = append(names, findingKey(a))
	}
	return names
}

// tied remembers where an alert is dealt with: the last one counts, which has the key
// if any has.
func tied(a incident.Alert, id incident.ID) []store.Value {
	var values []store.Value
	for _, name := range ties(a) {
		values = append(values, store.Value{Key: name, Body: []byte(id)})
	}
	return values
}

// tie adds an alert without a key to the open incident that it is known to belong to;
// false if there is none.
func (b *Bot) tie(ctx context.Context, a incident.Alert, words text) (Verdict, incident.ID, bool, error) {
	if a.KeyID != "" {
		return "", "", false, nil
	}
	for _, name := range append(ties(a), findingKey(a)) {
		id, err := b.tiedTo(ctx, name)
		if err != nil {
			return "", "", false, err
		}
		if id == "" {
			continue
		}
		if verdict, err := b.hear(ctx, id, a, words); !errors.Is(err, incident.NotOpen) {
			return verdict, id, true, err
		}
	}
	return "", "", false, nil
}

// tiedTo is the open incident that a name leads to; none if it was closed, or is gone:
// then the alert stands for itself.
func (b *Bot) tiedTo(ctx context.Context, name string) (incident.ID, error) {
	kept, _, err := b.Store.Value(ctx, name)
	if err != nil {
		return "", fmt.Errorf("find the incident of a finding: %w", err)
	}
	id := incident.ID(kept)
	if s, err := b.state(ctx, id); id == "" || err != nil || !s.Open() {
		return "", nil //nolint:nilerr // what can't be read takes no alert in
	}
	return id, nil
}

// untie forgets what leads to an incident, but not what leads to a newer one by now.
func (b *Bot) untie(ctx context.Context, id incident.ID, records []incident.Record) ([]store.Value, error) {
	var erased []store.Value
	for _, r := range records {
		for _, name := range ties(alertIn(r)) {
			kept, _, err := b.Store.Value(ctx, name)
			if err != nil {
				return nil, fmt.Errorf("find what leads to %s: %w", id, err)
			}
			if incident.ID(kept) == id {
				erased = append(erased, store.Value{Key: name})
			}
		}
	}
	return erased, nil
}

func alertIn(r incident.Record) incident.Alert {
	switch e := r.Event.(type) {
	case incident.Opened:
		return e.Alert
	case incident.Heard:
		return e.Alert
	}
	return incident.Alert{}
}

// reunite brings a look-up and the incident of its key together, when the source has
// told the key after all: it did not answer when the alert came, and lists it later.
// A look-up that nobody has touched is merged. One that a person has in hand stays
// theirs: it is told the key, and asks whether that is it.
func (b *Bot) reunite(ctx context.Context, a incident.Alert, words text, id incident.ID) error {
	from, into, err := b.halves(ctx, a, id)
	if err != nil || from == "" || into == "" || from == into {
		return err
	}
	_, err = b.merge(ctx, from, incident.Bot, into, nil)
	if !errors.Is(err, incident.NotAllowed) {
		if _, refused := refusal(err); refused {
			return nil // one of them ended meanwhile, or a person named another key
		}
		return err
	}
	return b.tellKey(ctx, from, a, words)
}

// halves are the look-up and the key's incident of one finding, of which an alert has
// just come to one.
func (b *Bot) halves(ctx context.Context, a incident.Alert, id incident.ID) (from, into incident.ID, err error) {
	switch {
	case asked(a):
		from, err = b.lookupOf(ctx, a)
		return from, id, err
	case a.KeyID == "" && a.Kind == incident.KindLookup:
		into, err = b.tiedTo(ctx, findingKey(a)) // told while this one was being opened
		return id, into, err
	}
	return "", "", nil
}

// lookupOf is the open incident that has a finding's name; none if there is none.
func (b *Bot) lookupOf(ctx context.Context, a incident.Alert) (incident.ID, error) {
	id, _, err := b.Store.Marked(ctx, lookupName(a), b.Now())
	if err != nil {
		return "", fmt.Errorf("find look-up: %w", err)
	}
	return id, nil
}

// inHand is the look-up of a finding that a person has touched.
func (b *Bot) inHand(ctx context.Context, a incident.Alert) ([]incident.ID, error) {
	id, err := b.lookupOf(ctx, a)
	if err != nil || id == "" {
		return nil, err
	}
	s, err := b.state(ctx, id)
	if err != nil || !s.Touched {
		return nil, err
	}
	return []incident.ID{id}, nil
}

// tellKey adds an alert with the key to the look-up that wants it. Its name is left
// with the key's incident, which has taken it.
func (b *Bot) tellKey(ctx context.Context, from incident.ID, a incident.Alert, words text) error {
	s, err := b.state(ctx, from)
	if err != nil || heard(s, a) {
		return err
	}
	_, err = b.do(ctx, from, incident.Bot, incident.Hear{Alert: a}, with{Values: words.value(from)})
	if _, refused := refusal(err); refused {
		return nil
	}
	return err
}
