package bot

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"twokey/actions"
	"twokey/incident"
	"twokey/store"
)

// investigate asks the cloud whose key it is and what is known of it, then
// offers the next steps. The first card has not waited for it.
func (b *Bot) investigate(ctx context.Context, l store.Lease) error {
	id := l.Job.Incident
	s, err := b.state(ctx, id)
	if err != nil {
		return err
	}
	if !s.Open() || s.Lookup() {
		return b.Store.Finish(ctx, l)
	}
	s, asked := b.triage(ctx, s)
	if r, refused := refusal(asked); refused {
		b.Log.Debug("triage", "incident", id, "refusal", string(r))
		return b.Store.Finish(ctx, l)
	}
	offered := b.offer(ctx, s)
	if err := errors.Join(asked, offered); err != nil {
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
	sights, err = account.Evidence(ctx, s.Target())
	asked = errors.Join(asked, err)
	s, err = b.observe(ctx, s, sights)
	return s, errors.Join(asked, err)
}

// owner asks every configured account at once. A key that none of them knows is
// called foreign only if all of them answered.
func (b *Bot) owner(ctx context.Context, key incident.KeyID) ([]actions.Sight, error) {
	answers, errs := make([][]actions.Sight, len(b.Accounts)), make([]error, len(b.Accounts))
	var wg sync.WaitGroup
	for i, a := range b.Accounts {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, callTimeout)
			defer cancel()
			answers[i], errs[i] = a.Owner(ctx, key)
		})
	}
	wg.Wait()
	for _, sights := range answers {
		if owned(sights) {
			return sights, nil
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

func (b *Bot) observe(ctx context.Context, s incident.State, sights []actions.Sight) (incident.State, error) {
	for _, sight := range sights {
		after, err := b.Do(ctx, s.ID, incident.Bot, incident.Observe(sight))
		if err != nil {
			return s, err
		}
		s = after
	}
	return s, nil
}

// offer puts the playbook's next steps before people, with a plan each, and
// carries out what automation may. After a false alarm it offers to take
// everything back instead.
func (b *Bot) offer(ctx context.Context, s incident.State) error {
	account, ok := b.account(s.KeyFact(incident.FactAccount))
	if !ok {
		return nil
	}
	if s.FalseAlarm {
		return b.offerUndo(ctx, s, account.Actions())
	}
	var errs []error
	for _, p := range b.plans(ctx, s, account.Actions()) {
		errs = append(errs, p.err)
		if p.err != nil {
			continue
		}
		after, err := b.propose(ctx, s, p.plan)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s = after
	}
	return errors.Join(errs...)
}

type planned struct {
	plan incident.Plan
	err  error
}

// plans reads the cloud for every step that may be offered now, side by side,
// in the order of the playbook. Steps with nothing to do are left out.
func (b *Bot) plans(ctx context.Context, s incident.State, catalog actions.Catalog) []planned {
	var steps []actions.Action
	for _, next := range b.Rules.Playbook.Next(s) {
		if a, ok := catalog[next.Step]; ok && next.Now && !s.Busy(next.Step) {
			steps = append(steps, a)
		}
	}
	all := make([]planned, len(steps))
	var wg sync.WaitGroup
	for i, a := range steps {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, callTimeout)
			defer cancel()
			all[i].plan, all[i].err = a.Plan(ctx, s.Target(), params(s))
		})
	}
	wg.Wait()
	var some []planned
	for i, p := range all {
		switch {
		case errors.Is(p.err, actions.ErrNothingToDo), errors.Is(p.err, actions.ErrOwnIdentity):
		case p.err != nil:
			some = append(some, planned{err: fmt.Errorf("plan %s: %w", steps[i].Name(), p.err)})
		default:
			some = append(some, p)
		}
	}
	return some
}

// propose offers a plan, or lets it run by itself if every condition holds. A
// refusal is no failure: the plan stands already, or its time has not come.
func (b *Bot) propose(ctx context.Context, s incident.State, p incident.Plan) (incident.State, error) {
	if b.Rules.WhyNotAuto(s, p) == nil {
		after, err := b.automate(ctx, s, p)
		if r, refused := refusal(err); !refused {
			return after, err
		} else if r != incident.AutoCap {
			s = after
		}
	}
	after, err := b.Do(ctx, s.ID, incident.Bot, incident.Propose{Plan: p})
	if _, refused := refusal(err); refused {
		return after, nil
	}
	return after, err
}

// automate takes one of the account's slots for the hour in the same append, so
// that no number of alerts, side by side, gets past the cap.
func (b *Bot) automate(ctx context.Context, s incident.State, p incident.Plan) (incident.State, error) {
	for slot := range b.Rules.Automation.Cap {
		mark := store.Mark{
			Name: fmt.Sprintf("auto/%s/%d", p.Target.Account, slot), Incident: s.ID, Now: b.Now(), Until: b.Now().Add(autoFor),
		}
		after, err := b.do(ctx, s.ID, incident.Bot, incident.Automate{Plan: p}, with{Marks: []store.Mark{mark}})
		if taken := (*store.TakenError)(nil); errors.As(err, &taken) {
			continue
		}
		return after, err
	}
	return s, incident.AutoCap
}

// offerUndo offers to take back every containment that stands, newest first.
func (b *Bot) offerUndo(ctx context.Context, s incident.State, catalog actions.Catalog) error {
	var errs []error
	for _, done := range s.Expected() {
		p, err := b.reverse(ctx, catalog, done)
		switch {
		case errors.Is(err, actions.ErrNothingToDo), errors.Is(err, incident.NothingToUndo):
			continue
		case err != nil:
			errs = append(errs, err)
			continue
		}
		if s, err = b.propose(ctx, s, p); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// reverse plans to take a confirmed step back.
func (b *Bot) reverse(ctx context.Context, catalog actions.Catalog, done incident.Proposal) (incident.Plan, error) {
	r, ok := catalog[done.Plan.Step].(actions.Reverser)
	if !ok || done.UndoneBy != 0 {
		return incident.Plan{}, incident.NothingToUndo
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	p, err := r.Reverse(ctx, done.Plan)
	if err != nil {
		return incident.Plan{}, fmt.Errorf("plan to undo %s: %w", done.Plan.Step, err)
	}
	p.Undoes = done.Number
	return p, nil
}

// params tells every step since when use of the key counts as theft: a thief
// must not be able to make a containment look harmful, or drift, by calling
// something new.
func params(s incident.State) map[string]string {
	return map[string]string{actions.KnownBefore: s.FirstSign().UTC().Format(time.RFC3339)}
}
