package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"twokey/actions"
	"twokey/incident"
	"twokey/store"
)

// investigate asks the cloud whose key it is and what is known of it, then
// offers the next steps, which may contain the leak at once. Only then it asks what
// was done with the key: the audit trail answers slowly. The first card has not
// waited for any of it.
func (b *Bot) investigate(ctx context.Context, l store.Lease) error {
	s, err := b.state(ctx, l.Job.Incident)
	if err != nil {
		return err
	}
	switch {
	case !s.Open():
		return b.Store.Finish(ctx, l)
	case s.Lookup():
		return b.unmask(ctx, l, s)
	}
	leave, ok := b.crowds.enter(l.Job.Lane, s.KeyFact(incident.FactAccount))
	if !ok {
		return b.stepAside(ctx, l)
	}
	defer leave()
	if len(s.Expected()) > 0 {
		ctx = actions.With(ctx, actions.Following)
	}
	s, asked := b.triage(ctx, s)
	if _, refused := refusal(asked); refused {
		return b.over(ctx, l, asked)
	}
	if l, err = b.keep(ctx, l); err != nil {
		return err
	}
	if err := errors.Join(asked, b.introduce(ctx, s), b.offer(ctx, s)); err != nil {
		return err
	}
	if l, err = b.keep(ctx, l); err != nil {
		return err
	}
	s, err = b.pursue(ctx, s)
	jobs := append(b.secondLook(s), b.lookOn(s)...)
	if err != nil { // the steps are offered; only what was done with the key is not known yet
		b.Log.Warn("ask what was done with the key", slog.String("incident", string(s.ID)), slog.Any("error", err))
		jobs = []incident.Job{lookJob(s, b.Now().Add(askAgain))}
	}
	return b.append(ctx, store.Batch{Jobs: jobs, Lease: &l, Finish: true})
}

// maxIntroduced bounds the cards that are drawn anew because of one incident.
const maxIntroduced = 10

// introduce has the cards of the other open incidents of the same user drawn anew: two
// leaked keys of one user name each other.
func (b *Bot) introduce(ctx context.Context, s incident.State) error {
	t := s.Target()
	if t.UserID == "" {
		return nil
	}
	_, others, err := b.sameUser(ctx, s.ID, t)
	if err != nil || len(others) == 0 {
		return err
	}
	var jobs []incident.Job
	for _, id := range others[:min(len(others), maxIntroduced)] {
		for _, room := range b.rooms() {
			jobs = append(jobs, announceJob(id, room, b.Now()))
		}
	}
	return b.append(ctx, store.Batch{Jobs: jobs})
}

// askAgain is when the trail is asked again that did not answer.
const askAgain = 30 * time.Second

// secondLook asks for a look at the moment from which deleting can be offered.
func (b *Bot) secondLook(s incident.State) []incident.Job {
	from := s.DeleteFrom(b.Rules.Playbook.SecondLook)
	if !s.Contained() || !from.After(b.Now()) {
		return nil
	}
	return []incident.Job{lookJob(s, from)}
}

// lookOn asks for the first of the looks that go on while a key of ours can act.
func (b *Bot) lookOn(s incident.State) []incident.Job {
	next := s.NextLook(b.Now())
	if _, ours := b.account(s.KeyFact(incident.FactAccount)); !ours || next.IsZero() || s.Contained() {
		return nil
	}
	return []incident.Job{lookJob(s, next)}
}

// triage writes down what the cloud says. It returns the state after, also when
// part of the cloud did not answer.
func (b *Bot) triage(ctx context.Context, s incident.State) (incident.State, error) {
	s, err := b.seeOwn(ctx, s)
	if err != nil {
		return s, err
	}
	asking := ctx
	switch { // a flood must not use up the account's rate
	case s.Matters():
	case b.Rules.Trusted(s):
		asking = actions.With(ctx, actions.Screening)
	default:
		asking = actions.With(ctx, actions.Sifting)
	}
	sights, asked := b.owner(asking, s.Key)
	if s, err = b.observe(ctx, s, sights); err == nil {
		s, err = b.seeOwn(ctx, s)
	}
	if err != nil {
		return s, err
	}
	account, ok := b.account(s.KeyFact(incident.FactAccount))
	if !ok {
		return s, asked
	}
	sights, err = outside(ctx, func(ctx context.Context) ([]actions.Sight, error) {
		return account.Evidence(ctx, s.Target(), s.FirstSign())
	})
	asked = errors.Join(asked, err)
	s, err = b.observe(ctx, s, sights)
	return s, errors.Join(asked, err)
}

// pursue looks at what was done with the key, opens incidents for keys that it
// made, and offers what that makes advisable.
func (b *Bot) pursue(ctx context.Context, s incident.State) (incident.State, error) {
	tried := b.unoffered(s)
	s, asked := b.watch(ctx, s)
	if _, refused := refusal(asked); refused {
		return s, nil
	}
	err := b.follow(ctx, s)
	if s.Open() && slices.ContainsFunc(b.unoffered(s), func(a asking) bool { return !among(tried, a) }) {
		err = errors.Join(err, b.offer(ctx, s))
	}
	return s, errors.Join(asked, err)
}

// among reports whether a step on the same aim is one of those.
func among(steps []asking, one asking) bool {
	return slices.ContainsFunc(steps, func(a asking) bool { return a.aim().Rivals(one.aim()) })
}

// watch asks what the key and its user did since the first sign of the leak.
func (b *Bot) watch(ctx context.Context, s incident.State) (incident.State, error) {
	account, ok := b.account(s.KeyFact(incident.FactAccount))
	if !ok || s.KeyFact(incident.FactUserID) == "" {
		return s, nil
	}
	sights, asked := outside(ctx, func(ctx context.Context) ([]actions.Sight, error) {
		return account.Activity(ctx, s.Target(), s.FirstSign())
	})
	s, err := b.observe(ctx, s, sights)
	return s, errors.Join(asked, err)
}

// owner asks every configured account at once. The first that knows the key wins,
// and the others are let go: one that answers nothing holds up nobody. Whoever
// knows it may have an error beside what it knows. A key that none of them knows
// is called foreign only if all of them answered.
func (b *Bot) owner(ctx context.Context, key incident.KeyID) ([]actions.Sight, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan ownerAnswer, len(b.Accounts)) // who is let go has somewhere to put its answer
	for _, a := range b.Accounts {
		go func() { answers <- b.ownerIn(ctx, a, key) }()
	}
	var errs []error
	for range b.Accounts {
		got := <-answers
		if owned(got.sights) {
			return got.sights, got.err
		}
		errs = append(errs, got.err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("ask whose key it is: %w", err)
	}
	return []actions.Sight{{
		Of: incident.OfKey(key), AsOf: b.Now(), Source: "all accounts",
		Facts: map[incident.FactName]string{incident.FactOwner: incident.OwnerForeign},
	}}, nil
}

type ownerAnswer struct {
	sights []actions.Sight
	err    error
}

// errSilent says that an account was not asked: it let the last question time out,
// and somebody else is finding out whether it still does.
var errSilent = errors.New("the account answers nothing")

func (b *Bot) ownerIn(ctx context.Context, a actions.Account, key incident.KeyID) ownerAnswer {
	leave, ok := b.crowds.ask(a.Name())
	if !ok {
		return ownerAnswer{err: errSilent}
	}
	defer leave()
	sights, err := outside(ctx, func(ctx context.Context) ([]actions.Sight, error) { return a.Owner(ctx, key) })
	b.crowds.heard(a.Name(), err)
	return ownerAnswer{sights, err}
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
