package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"twokey/actions"
	"twokey/incident"
	"twokey/store"
)

// offer puts the playbook's next steps before people, with a plan each, and
// carries out what automation may. After a false alarm it offers to take
// everything back instead.
func (b *Bot) offer(ctx context.Context, s incident.State) error {
	var catalog actions.Catalog
	if account, ok := b.account(s.KeyFact(incident.FactAccount)); ok {
		catalog = account.Actions()
	}
	if s.FalseAlarm {
		return b.offerUndo(ctx, s, catalog)
	}
	plans, err := b.plans(ctx, s, catalog)
	useless, err2 := b.useless(ctx, s, catalog)
	errs := []error{err, err2}
	for _, p := range slices.Concat(useless, b.byHand(s), plans) {
		after, err := b.propose(ctx, s, p)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s = after
	}
	return errors.Join(errs...)
}

// asking is a step that is to be planned, and on what.
type asking struct {
	actions.Action
	target    incident.Target
	params    map[string]string
	otherwise actions.Action // if there is nothing to do; may be nil
}

// plans reads the cloud for every step that may be offered now, side by side,
// in the order of the playbook; then for what can be done about users and roles
// that the leaked key made or took on. Steps with nothing to do are left out, and
// so are those that cannot be done as things are; errors of the others come beside the
// plans that could be made.
func (b *Bot) plans(ctx context.Context, s incident.State, catalog actions.Catalog) ([]incident.Plan, error) {
	var steps []asking
	for _, next := range b.Rules.Playbook.Next(s) {
		if a, ok := catalog[next.Step]; ok && offers(next) && !s.Busy(incident.Plan{Step: next.Step, Target: s.Target()}) {
			steps = append(steps, asking{Action: a, target: s.Target(), params: params(s)})
		}
	}
	steps = append(steps, leading(s, catalog)...)
	all, errs := make([]incident.Plan, len(steps)), make([]error, len(steps))
	var wg sync.WaitGroup
	for i, a := range steps {
		wg.Go(func() {
			all[i], errs[i] = planned(ctx, a, a.target, a.params)
			if a.otherwise != nil && errors.Is(errs[i], actions.ErrNothingToDo) {
				all[i], errs[i] = planned(ctx, a.otherwise, a.target, a.params)
			}
		})
	}
	wg.Wait()
	var some []incident.Plan
	for i, err := range errs {
		switch {
		case err == nil:
			some = append(some, all[i])
		case errors.Is(err, actions.ErrNothingToDo), errors.Is(err, actions.ErrNotNamed), errors.Is(err, actions.ErrOwnIdentity),
			errors.Is(err, actions.ErrNotHere), refuses(err):
			errs[i] = nil
		default:
			errs[i] = fmt.Errorf("plan %s: %w", steps[i].Name(), err)
		}
	}
	return some, errors.Join(errs...)
}

// offers reports whether a step is planned for people now. Looks are not: they
// take nobody's vote, and whoever wants one presses for it. Nor is what takes many
// looks to plan: those of the containment beside it must not wait for them.
func offers(next incident.Next) bool {
	return next.Now && incident.StepTier(next.Step) != incident.Look && next.Step != incident.StepTrim
}

// refuses reports whether a plan can't be made for a reason that trying again does
// not change: whoever asks for the step is told it in words.
func refuses(err error) bool {
	_, named := refusal(err)
	return named
}

// planned makes a plan of a step, read from the cloud as it is now.
func planned(ctx context.Context, a actions.Action, t incident.Target, params map[string]string) (incident.Plan, error) {
	return outside(ctx, func(ctx context.Context) (incident.Plan, error) { return a.Plan(ctx, t, params) })
}

// params tells every step since when use of the key counts as theft: a thief
// must not be able to make a containment look harmful, or drift, by calling
// something new.
func params(s incident.State) map[string]string {
	return map[string]string{actions.KnownBefore: s.FirstSign().UTC().Format(time.RFC3339)}
}

// propose offers a plan, or lets it run by itself if every condition holds. A
// refusal is no failure: the plan stands already, or its time has not come.
func (b *Bot) propose(ctx context.Context, s incident.State, p incident.Plan) (incident.State, error) {
	if b.Rules.WhyNotAuto(s, p) == nil {
		after, err := b.automate(ctx, s, p)
		if _, refused := refusal(err); !refused {
			return after, err
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
	for n := range b.Rules.Automation.Cap {
		now := b.Now()
		slot := store.Mark{Name: slotName(p.Target.Account, n), Incident: s.ID, Now: now, Until: now.Add(autoFor)}
		after, err := b.do(ctx, s.ID, incident.Bot, incident.Automate{Plan: p}, with{Marks: []store.Mark{slot}})
		switch taken := takenBy(err, slot.Name); {
		case taken == nil:
			return after, err
		case taken.Incident == s.ID: // fence and quarantine of one key are one containment
			return b.Do(ctx, s.ID, incident.Bot, incident.Automate{Plan: p})
		}
	}
	return s, incident.AutoCap
}

// offerUndo offers to take back every containment that stands, newest first.
func (b *Bot) offerUndo(ctx context.Context, s incident.State, catalog actions.Catalog) error {
	var errs []error
	for _, done := range slices.Backward(s.Expected()) {
		p, err := b.reverse(ctx, catalog, done)
		switch {
		case errors.Is(err, actions.ErrNothingToDo), errors.Is(err, incident.NothingToUndo):
			continue
		case err != nil:
			errs = append(errs, err)
			continue
		}
		after, err := b.propose(ctx, s, p)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s = after
	}
	return errors.Join(errs...)
}

// reverse plans to take a confirmed step back.
func (b *Bot) reverse(ctx context.Context, catalog actions.Catalog, done incident.Proposal) (incident.Plan, error) {
	r, ok := catalog[done.Plan.Step].(actions.Reverser)
	if !ok || done.UndoneBy != 0 {
		return incident.Plan{}, incident.NothingToUndo
	}
	p, err := outside(ctx, func(ctx context.Context) (incident.Plan, error) { return r.Reverse(ctx, carried(done)) })
	if err != nil {
		return incident.Plan{}, fmt.Errorf("plan to undo %s: %w", done.Plan.Step, err)
	}
	p.Undoes = done.Number
	return p, nil
}
