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
// carries out what automation may, as soon as its plan is there. After a false alarm
// it offers to take everything back instead.
func (b *Bot) offer(ctx context.Context, s incident.State) error {
	catalog := b.catalog(s)
	if s.FalseAlarm {
		return b.offerUndo(ctx, s, catalog)
	}
	var errs []error
	put := func(plans []incident.Plan, err error) {
		errs = append(errs, err)
		for _, p := range plans {
			after, err := b.propose(ctx, s, p)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			s = after
		}
	}
	contain, others := apart(drafted(ctx, b.due(s)))
	put(plans(contain))
	put(b.useless(ctx, s, catalog))
	put(b.byHand(s), nil)
	put(plans(others))
	return errors.Join(errs...)
}

// catalog is what can be done in the account that the key is of.
func (b *Bot) catalog(s incident.State) actions.Catalog {
	account, ok := b.account(s.KeyFact(incident.FactAccount))
	if !ok {
		return nil
	}
	return account.Actions()
}

// asking is a step that is to be planned, and on what.
type asking struct {
	actions.Action
	target    incident.Target
	params    map[string]string
	otherwise actions.Action // if there is nothing to do; may be nil
}

// aim is what its plan will be about.
func (a asking) aim() incident.Plan {
	return incident.Plan{Step: a.Name(), Target: a.target, Params: a.params}
}

// due are the steps that may be offered now, in the order of the playbook; then what
// can be done about users and roles that the leaked key made or took on.
func (b *Bot) due(s incident.State) []asking {
	catalog := b.catalog(s)
	var steps []asking
	for _, next := range b.Rules.Playbook.Next(s) {
		if a, ok := catalog[next.Step]; ok && offers(next) && !s.Busy(incident.Plan{Step: next.Step, Target: s.Target()}) {
			steps = append(steps, asking{Action: a, target: s.Target(), params: params(s)})
		}
	}
	return append(steps, leading(s, catalog)...)
}

// unoffered are the steps that are due and on no card: new ones, and those that could
// not be planned.
func (b *Bot) unoffered(s incident.State) []asking {
	if s.FalseAlarm {
		return nil
	}
	return slices.DeleteFunc(b.due(s), func(a asking) bool {
		_, waits := s.WaitingFor(a.aim())
		return waits
	})
}

// draft is a plan that is being made. Plan waits for it.
type draft struct {
	asking
	plan func() (incident.Plan, error)
}

// drafted has plans made of all steps, side by side.
func drafted(ctx context.Context, steps []asking) []draft {
	drafts := make([]draft, len(steps))
	for i, a := range steps {
		plan := sync.OnceValues(func() (incident.Plan, error) {
			p, err := planned(ctx, a, a.target, a.params)
			if a.otherwise != nil && errors.Is(err, actions.ErrNothingToDo) {
				return planned(ctx, a.otherwise, a.target, a.params)
			}
			return p, err
		})
		drafts[i] = draft{a, plan}
		go plan() //nolint:errcheck // whoever asks for the plan is told
	}
	return drafts
}

// apart puts what may run before anybody voted first: it must not wait until the
// slowest of the other plans is there.
func apart(drafts []draft) (contain, others []draft) {
	for _, d := range drafts {
		if incident.MayAutomate(d.Name()) {
			contain = append(contain, d)
		} else {
			others = append(others, d)
		}
	}
	return contain, others
}

// plans waits for plans. Steps with nothing to do are left out, and so are those
// that cannot be done as things are; errors of the others come beside the plans that
// could be made.
func plans(drafts []draft) ([]incident.Plan, error) {
	var made []incident.Plan
	var errs []error
	for _, d := range drafts {
		p, err := d.plan()
		switch {
		case err == nil:
			made = append(made, p)
		case errors.Is(err, actions.ErrNothingToDo), errors.Is(err, actions.ErrNotNamed), errors.Is(err, actions.ErrOwnIdentity),
			errors.Is(err, actions.ErrNotHere), refuses(err):
		default:
			errs = append(errs, fmt.Errorf("plan %s: %w", d.Name(), err))
		}
	}
	return made, errors.Join(errs...)
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
