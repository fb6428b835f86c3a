package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"twokey/actions"
	"twokey/incident"
	"twokey/store"
)

// look reads back what confirmed steps promised, and what the key is now. It is
// the check after a step, the guard, and the watch after closing: one mechanism.
// A look that fails is a failed job: it is made again soon, and never ends in
// silence.
func (b *Bot) look(ctx context.Context, l store.Lease) error {
	s, err := b.state(ctx, l.Job.Incident)
	if err != nil {
		return err
	}
	if s.Seq == 0 {
		return b.Store.Finish(ctx, l) // it left the store
	}
	leave, ok := b.crowds.enter(l.Job.Lane, s.KeyFact(incident.FactAccount))
	if !ok {
		return b.stepAside(ctx, l)
	}
	defer leave()
	ctx = actions.With(ctx, actions.Following)
	var failed []error
	for _, p := range s.Expected() {
		if l, err = b.keep(ctx, l); err != nil {
			return err
		}
		failed = append(failed, b.lookAt(ctx, s, p))
	}
	if l, err = b.keep(ctx, l); err != nil {
		return err
	}
	s, err = b.lookAtKey(ctx, s)
	failed = append(failed, err)
	if !s.Lookup() && s.MergedInto == "" {
		s, err = b.watch(ctx, s)
		failed = append(failed, err, b.follow(ctx, s))
	}
	err = errors.Join(failed...)
	switch {
	case err == nil, s.NextLook(b.Now()).IsZero(): // it was the last one
	case isReadOnly(err):
		return b.over(ctx, l, err)
	default:
		return err
	}
	return b.lookNext(ctx, l, s)
}

func isReadOnly(err error) bool { return errors.Is(err, incident.ReadOnly) }

// lookNext ends a look and asks for the next one. What may be offered now that
// was not before, time alone having brought that about, is offered.
func (b *Bot) lookNext(ctx context.Context, l store.Lease, s incident.State) error {
	next := s.NextLook(b.Now())
	if next.IsZero() {
		return b.Store.Finish(ctx, l)
	}
	jobs := append(b.secondLook(s), lookJob(s, next))
	if s.Open() && len(b.unoffered(s)) > 0 {
		if err := b.offer(ctx, s); err != nil {
			b.Log.Warn("offer after a look", slog.String("incident", string(s.ID)), slog.Any("error", err))
			jobs = append(jobs, investigateJob(s, b.Now())) // it tries again until it can
		}
	}
	return b.append(ctx, store.Batch{Jobs: jobs, Lease: &l, Finish: true})
}

// lookAtKey looks at the key itself. Closed, and the key lives again: reopened.
func (b *Bot) lookAtKey(ctx context.Context, s incident.State) (incident.State, error) {
	if s.Lookup() || s.MergedInto != "" {
		return s, nil
	}
	sights, asked := b.owner(ctx, s.Key)
	if fresh, ok := s.NewKey(); ok {
		seen, err := b.rotation(ctx, s, fresh)
		sights, asked = append(sights, seen...), errors.Join(asked, err)
	}
	s, err := b.observe(ctx, s, sights)
	if err == nil {
		s, err = b.seeOwn(ctx, s)
	}
	if err := errors.Join(asked, err); err != nil {
		return s, err
	}
	if s.Closed.IsZero() || s.KeyFact(incident.FactStatus) != incident.KeyActive {
		return s, nil
	}
	after, err := b.Do(ctx, s.ID, incident.Bot, incident.Reopen{Why: "key_active"})
	_, refused := refusal(err)
	switch {
	case refused: // people closed it knowing that
		return s, nil
	case takenBy(err, openName(s.Key)) != nil: // a newer incident has the key
		return s, nil
	case err != nil:
		return s, err
	}
	return after, nil
}

// rotation looks whether a new key has taken the old one's place.
func (b *Bot) rotation(ctx context.Context, s incident.State, fresh incident.KeyID) ([]actions.Sight, error) {
	account, _ := b.account(s.KeyFact(incident.FactAccount))
	r, ok := account.(actions.Rotator)
	if !ok {
		return nil, nil
	}
	return outside(ctx, func(ctx context.Context) ([]actions.Sight, error) { return r.Rotation(ctx, s.Target(), fresh) })
}

// lookAt reads one step back. Found undone, it asks who did that.
func (b *Bot) lookAt(ctx context.Context, s incident.State, p incident.Proposal) error {
	action, ok := b.action(p.Plan.Target, p.Plan.Step)
	if !ok {
		return nil // no longer configured: nobody can look
	}
	if r, ok := action.(actions.Reconciler); ok && p.Outcome == incident.NotSeen && p.Result == "" {
		return b.lookFor(ctx, s, p, r)
	}
	holds, err := outside(ctx, func(ctx context.Context) (bool, error) { return action.Verify(ctx, carried(p)) })
	switch {
	case err != nil:
		return fmt.Errorf("read %s back: %w", p.Plan.Step, err)
	case holds:
		return b.sawStep(ctx, s, p, incident.Confirmed)
	case p.StoodAt.IsZero(): // it never took: nobody undid it
		return b.sawStep(ctx, s, p, incident.NotConfirmed)
	}
	return b.guard(ctx, s, p, action)
}

// lookFor looks what became of a step that must not be made twice and whose call was
// never answered.
func (b *Bot) lookFor(ctx context.Context, s incident.State, p incident.Proposal, r actions.Reconciler) error {
	found := incident.LookBack{Number: p.Number, Outcome: incident.Rejected, Code: codeNotMade}
	out, err := outside(ctx, func(ctx context.Context) (actions.Outcome, error) {
		out, _, err := r.Reconcile(ctx, p.Plan)
		return out, err
	})
	if _, err := b.observe(ctx, s, out.Sights); err != nil {
		return err
	}
	switch {
	case unanswered(err):
		return fmt.Errorf("look for what %s made: %w", p.Plan.Step, err)
	case err != nil:
		found.Code, found.Result = code(err), out.Result
	}
	_, err = b.Do(ctx, s.ID, incident.Bot, found)
	return err
}

func (b *Bot) sawStep(ctx context.Context, s incident.State, p incident.Proposal, o incident.Outcome) error {
	if p.Outcome == o {
		return nil
	}
	_, err := b.Do(ctx, s.ID, incident.Bot, incident.LookBack{Number: p.Number, Outcome: o})
	return err
}

// guard says who undid a step, and does it again if that was the leaked identity
// itself. Against a person it only alarms. It alarms before the audit trail
// knows a name, and again when it does.
func (b *Bot) guard(ctx context.Context, s incident.State, p incident.Proposal, action actions.Action) error {
	by, asked := b.undoer(ctx, p)
	report := incident.Report{Number: p.Number, Who: by.Who, Thief: by.Thief, Person: b.named(p.Plan.Target.Account, by.Who)}
	if by.Who != "" || p.Outcome != incident.NotConfirmed {
		if _, err := b.Do(ctx, s.ID, incident.Bot, report); err != nil {
			return err
		}
	}
	if !by.Thief {
		return asked
	}
	fresh, err := planned(ctx, action, p.Plan.Target, p.Plan.Params)
	switch {
	case errors.Is(err, actions.ErrNothingToDo): // it is there again, or was all the time
		return nil
	case err != nil:
		return fmt.Errorf("plan %s again: %w", p.Plan.Step, err)
	}
	_, err = b.Do(ctx, s.ID, incident.Bot, incident.Reapply{Plan: fresh})
	if _, refused := refusal(err); refused {
		return nil // the alarm is on the card
	}
	return err
}

func (b *Bot) undoer(ctx context.Context, p incident.Proposal) (actions.Undoer, error) {
	account, ok := b.account(p.Plan.Target.Account)
	if !ok {
		return actions.Undoer{}, nil
	}
	return outside(ctx, func(ctx context.Context) (actions.Undoer, error) { return account.Undoer(ctx, carried(p), p.Finished) })
}

// named returns the person of the configuration whose RAM user that is.
func (b *Bot) named(account, user string) incident.Person {
	for _, m := range b.Rules.Members {
		for _, u := range m.RAM {
			if u.Account == account && u.User == user && user != "" {
				return m.ID
			}
		}
	}
	return ""
}
