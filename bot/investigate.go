package bot

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"twokey/actions"
	"twokey/incident"
	"twokey/store"
)

// investigate asks the cloud whose key it is and what is known of it, then
// offers the next steps. The first card has not waited for it.
func (b *Bot) investigate(ctx context.Context, l store.Lease) error {
	s, err := b.state(ctx, l.Job.Incident)
	if err != nil {
		return err
	}
	if !s.Open() || s.Lookup() {
		return b.Store.Finish(ctx, l)
	}
	s, asked := b.triage(ctx, s)
	if _, refused := refusal(asked); refused {
		return b.over(ctx, l, asked)
	}
	if l, err = b.keep(ctx, l); err != nil {
		return err
	}
	if err := errors.Join(asked, b.offer(ctx, s)); err != nil {
		return err
	}
	return b.append(ctx, store.Batch{Jobs: b.secondLook(s), Lease: &l, Finish: true})
}

// secondLook asks for a look at the moment from which deleting can be offered.
func (b *Bot) secondLook(s incident.State) []incident.Job {
	from := s.DeleteFrom(b.Rules.Playbook.SecondLook)
	if !s.Contained() || !from.After(b.Now()) {
		return nil
	}
	return []incident.Job{lookJob(s, from)}
}

// triage writes down what the cloud says. It returns the state after, also when
// part of the cloud did not answer.
func (b *Bot) triage(ctx context.Context, s incident.State) (incident.State, error) {
	sights, asked := b.owner(ctx, s.Key)
	s, err := b.observe(ctx, s, sights)
	if err != nil {
		return s, err
	}
	account, ok := b.account(s.KeyFact(incident.FactAccount))
	if !ok {
		return s, asked
	}
	sights, err = outside(ctx, func(ctx context.Context) ([]actions.Sight, error) { return account.Evidence(ctx, s.Target()) })
	asked = errors.Join(asked, err)
	s, err = b.observe(ctx, s, sights)
	return s, errors.Join(asked, err)
}

// owner asks every configured account at once. A key that none of them knows is
// called foreign only if all of them answered. Whoever knows it may have an
// error beside what it knows.
func (b *Bot) owner(ctx context.Context, key incident.KeyID) ([]actions.Sight, error) {
	answers, errs := make([][]actions.Sight, len(b.Accounts)), make([]error, len(b.Accounts))
	var wg sync.WaitGroup
	for i, a := range b.Accounts {
		wg.Go(func() {
			answers[i], errs[i] = outside(ctx, func(ctx context.Context) ([]actions.Sight, error) { return a.Owner(ctx, key) })
		})
	}
	wg.Wait()
	for i, sights := range answers {
		if owned(sights) {
			return sights, errs[i]
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("ask whose key it is: %w", err)
	}
	return []actions.Sight{{
		Of: incident.OfKey(key), AsOf: b.Now(), Source: "all accounts",
		Facts: map[incident.FactName]string{incident.FactOwner: incident.OwnerForeign},
	}}, nil
}

func owned(sights []actions.Sight) bool {
	for _, s := range sights {
		if s.Facts[incident.FactOwner] != "" {
			return true
		}
	}
	return false
}

// observe writes down what is new in sights. Most looks show nothing new, and
// then the log is not read again.
func (b *Bot) observe(ctx context.Context, s incident.State, sights []actions.Sight) (incident.State, error) {
	for _, sight := range sights {
		if news, err := b.Rules.Decide(s, incident.Bot, b.at(s), incident.Observe(sight)); err == nil && len(news) == 0 {
			continue
		}
		after, err := b.Do(ctx, s.ID, incident.Bot, incident.Observe(sight))
		if err != nil {
			return s, err
		}
		s = after
	}
	return s, nil
}
