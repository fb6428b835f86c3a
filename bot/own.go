package bot

import (
	"context"
	"fmt"

	"twokey/actions"
	"twokey/incident"
	"twokey/store"
)

// seeOwn writes down what the leaked key is to the bot itself. The first look asks
// nobody: a key that leaked in public may be refused everything already. When the
// bot was given other credentials, that is written down too.
func (b *Bot) seeOwn(ctx context.Context, s incident.State) (incident.State, error) {
	if s.Lookup() {
		return s, nil
	}
	own := incident.No
	for _, account := range b.Accounts {
		insider, ok := account.(actions.Insider)
		if !ok {
			continue
		}
		said := insider.Own(s.Target())
		if said == incident.Yes || said == incident.OwnSibling && own == incident.No {
			own = said
		}
	}
	if own == incident.No && s.KeyFact(incident.FactOwn) == "" {
		return s, nil // as with nearly every key
	}
	return b.observe(ctx, s, []actions.Sight{{
		Of: incident.OfKey(s.Key), AsOf: b.Now(), Source: "own credentials", Facts: map[incident.FactName]string{incident.FactOwn: own},
	}})
}

// ownLeaks are the open incidents about a key that the bot works with in an
// account: while there is one, it changes nothing there. It reads what the bot
// works with now, so new credentials end that. Two people who call such an incident
// a false alarm end it too.
func (b *Bot) ownLeaks(ctx context.Context, name string) ([]incident.ID, error) {
	account, ok := b.account(name)
	if !ok {
		return nil, nil
	}
	insider, ok := account.(actions.Insider)
	if !ok {
		return nil, nil
	}
	var leaks []incident.ID
	for _, key := range insider.Keys() {
		open, err := b.Store.Find(ctx, store.Query{Open: true, Key: key, Limit: 1})
		if err != nil {
			return nil, fmt.Errorf("find incidents about the bot's own key: %w", err)
		}
		for _, found := range open {
			s, err := b.state(ctx, found.Incident)
			if err != nil {
				return nil, err
			}
			if !s.FalseAlarm {
				leaks = append(leaks, s.ID)
			}
		}
	}
	return leaks, nil
}
