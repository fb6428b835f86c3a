package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"twokey/actions"
	"twokey/incident"
	"twokey/store"
)

// look reads back what confirmed steps promised, and what the key is now. It is
// the check after a step, the guard, and the watch after closing: one mechanism.
func (b *Bot) look(ctx context.Context, l store.Lease) error {
	s, err := b.state(ctx, l.Job.Incident)
	if err != nil {
		return err
	}
	var errs []error
	for _, p := range s.Expected() {
		errs = append(errs, b.lookAt(ctx, s, p))
	}
	s, err = b.lookAtKey(ctx, s)
	errs = append(errs, err)
	if s.Open() && b.somethingNew(s) {
		errs = append(errs, b.offer(ctx, s))
	}
	if err := errors.Join(errs...); err != nil {
		b.Log.Warn("look", slog.String("incident", string(s.ID)), slog.Any("error", err))
	}
	return b.lookNext(ctx, l, s)
}

// lookNext finishes the job and asks for the next look, with a fresh card: the
// card says when the last look was.
func (b *Bot) lookNext(ctx context.Context, l store.Lease, s incident.State) error {
	next := s.NextLook(b.Now())
	if next.IsZero() {
		return b.Store.Finish(ctx, l)
	}
	jobs := append(b.secondLook(s), lookJob(s, next))
	return b.append(ctx, store.Batch{Jobs: jobs, Lease: &l, Finish: true})
}

// lookJob asks for a look, besides those that records ask for.
func lookJob(s incident.State, due time.Time) incident.Job {
	return incident.Job{
		Key: "look/" + string(s.ID), Lane: incident.LaneLook, Task: incident.LookAgain, Incident: s.ID, Seq: s.Seq, Due: due,
	}
}

// somethingNew reports whether a step may be offered now that nobody has been
// offered: time alone can bring that about.
func (b *Bot) somethingNew(s incident.State) bool {
	account, ok := b.account(s.KeyFact(incident.FactAccount))
	if !ok || s.FalseAlarm {
		return false
	}
	for _, next := range b.Rules.Playbook.Next(s) {
		_, known := account.Actions()[next.Step]
		_, waits := s.Waiting(next.Step)
		if known && next.Now && !waits && !s.Busy(next.Step) {
			return true
		}
	}
	return false
}

func (b *Bot) lookAtKey(ctx context.Context, s incident.State) (incident.State, error) {
	if s.Lookup() || s.MergedInto != "" {
		return s, nil
	}
	sights, err := b.owner(ctx, s.Key)
	if err != nil {
		return s, err
	}
	if s, err = b.observe(ctx, s, sights); err != nil {
		return s, err
	}
	if s.Closed.IsZero() || s.KeyFact(incident.FactStatus) != incident.KeyActive {
		return s, nil
	}
	after, err := b.Do(ctx, s.ID, incident.Bot, incident.Reopen{Why: "key_active"})
	if _, refused := refusal(err); refused {
		return s, nil // people closed it knowing that
	}
	if taken := (*store.TakenError)(nil); errors.As(err, &taken) {
		return s, nil // a newer incident has the key
	}
	return after, err
}

// lookAt reads one step back. Found undone, it asks who did that.
func (b *Bot) lookAt(ctx context.Context, s incident.State, p incident.Proposal) error {
	action, ok := b.action(p.Plan.Target, p.Plan.Step)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	holds, err := action.Verify(ctx, p.Plan)
	switch {
	case err != nil:
		return fmt.Errorf("read %s back: %w", p.Plan.Step, err)
	case holds:
		_, err = b.Do(ctx, s.ID, incident.Bot, incident.LookBack{Number: p.Number, Outcome: incident.Confirmed})
		return err
	case p.Outcome == incident.NotSeen:
		_, err = b.Do(ctx, s.ID, incident.Bot, incident.LookBack{Number: p.Number, Outcome: incident.NotConfirmed})
		return err
	}
	return b.guard(ctx, s, p, action)
}

// guard says who undid a step, and does it again if that was the leaked identity
// itself. Against a person it only alarms.
func (b *Bot) guard(ctx context.Context, s incident.State, p incident.Proposal, action actions.Action) error {
	if p.StoodAt.IsZero() {
		return nil // it never took: nobody undid it
	}
	account, ok := b.account(p.Plan.Target.Account)
	if !ok {
		return nil
	}
	by, err := account.Undoer(ctx, p.Plan, p.Finished)
	if err != nil {
		b.Log.Warn("ask who undid a step", slog.String("incident", string(s.ID)), slog.Any("error", err))
	}
	report := incident.Report{Number: p.Number, Who: by.Who, Thief: by.Thief, Person: b.named(p.Plan.Target.Account, by.Who)}
	if _, err := b.Do(ctx, s.ID, incident.Bot, report); err != nil {
		return err
	}
	fresh, err := action.Plan(ctx, p.Plan.Target, p.Plan.Params)
	if err != nil {
		return fmt.Errorf("plan %s again: %w", p.Plan.Step, err)
	}
	_, err = b.Do(ctx, s.ID, incident.Bot, incident.Reapply{Plan: fresh})
	if _, refused := refusal(err); refused {
		return nil // the alarm is on the card
	}
	return err
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
