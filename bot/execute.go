package bot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"twokey/actions"
	"twokey/incident"
	"twokey/store"
)

// tries is how often a call that does not get through is made again.
const tries = 6

// CodeBroken is the code of a job given up because its votes can't be trusted:
// somebody edited the record.
const CodeBroken = "RecordBroken"

// Codes of this package for why a step ended as it did.
const (
	codeNotYet        = "NotYet"        // done, while its effect can't be read yet: changes take seconds to spread
	codeNotMade       = "NotMade"       // the call was cut off and had no effect; ask again
	codeNotConfigured = "NotConfigured" // the step or its account is no longer configured
)

// execute carries out one authorized plan. Before it touches the cloud it writes
// that it will; if it finds that already written, an earlier worker died or a
// call did not get through, and the cloud is read before anything is done.
func (b *Bot) execute(ctx context.Context, l store.Lease) error {
	records, err := b.Store.Load(ctx, l.Job.Incident)
	if err != nil {
		return fmt.Errorf("load %s: %w", l.Job.Incident, err)
	}
	s := incident.Fold(records)
	if err := b.Chain.Check(records); err != nil {
		return b.untrusted(ctx, l, s, err)
	}
	if err := b.CheckSystem(ctx); err != nil {
		return err
	}
	p, ok := s.Proposal(l.Job.Number)
	if !ok || p.Status != incident.StatusReady && p.Status != incident.StatusRunning {
		return b.Store.Finish(ctx, l) // over already
	}
	leave, ok := b.crowds.enter(l.Job.Lane, p.Plan.Target.Account)
	if !ok {
		return b.stepAside(ctx, l)
	}
	defer leave()
	ctx = actions.With(ctx, actions.Containing)
	action, ok := b.action(p.Plan.Target, p.Plan.Step)
	e := &execution{b, l, p, action}
	switch {
	case !ok:
		return e.unable(ctx)
	case p.Status == incident.StatusRunning:
		return e.resume(ctx)
	}
	return e.start(ctx)
}

// untrusted leaves a plan alone whose votes somebody may have written. Rooms and
// card say so; people act by hand, and `twokey verify` names the record.
func (b *Bot) untrusted(ctx context.Context, l store.Lease, s incident.State, broken error) error {
	if err := b.damaged(ctx, s, damageOf(s.ID, broken), broken); err != nil {
		return err
	}
	return b.later(ctx, l, longestWait)
}

type execution struct {
	*Bot
	lease  store.Lease
	p      incident.Proposal
	action actions.Action
}

// do gives a command while the lease is held: whoever lost it writes nothing.
func (e *execution) do(ctx context.Context, c incident.Command) error {
	_, err := e.Bot.do(ctx, e.lease.Job.Incident, incident.Bot, c, with{Lease: &e.lease})
	return err
}

// unable ends a plan whose step or account is no longer configured. If it was
// started, the call may have been made: then nobody knows what is so.
func (e *execution) unable(ctx context.Context) error {
	end := incident.Finish{Outcome: incident.NotSeen, Code: codeNotConfigured}
	if e.p.Status == incident.StatusReady {
		if err := e.do(ctx, incident.Start{Number: e.p.Number}); err != nil {
			return e.over(ctx, e.lease, err)
		}
		end.Outcome = incident.Rejected
	}
	return e.finish(ctx, end)
}

func (e *execution) start(ctx context.Context) error {
	if err := e.do(ctx, incident.Start{Number: e.p.Number}); err != nil {
		return e.over(ctx, e.lease, err)
	}
	e.p.Started = e.Now()
	return e.run(ctx)
}

// resume reads first. What is found done is done; what is not, goes on only
// while the votes still count: it never runs late.
func (e *execution) resume(ctx context.Context) error {
	if r, ok := e.action.(actions.Reconciler); ok {
		return e.reconcile(ctx, r)
	}
	done, err := e.verify(ctx)
	switch {
	case err != nil:
		return e.tryLater(ctx, code(err), incident.NotSeen)
	case done:
		return e.finish(ctx, incident.Finish{Outcome: incident.Confirmed, Found: e.p.Tries == 0})
	}
	if err := e.do(ctx, incident.Resume{Number: e.p.Number}); err != nil {
		return e.over(ctx, e.lease, err) // refused for good, the plan has ended with it
	}
	return e.run(ctx)
}

// settling is how long a change may take to be seen. Until then, a call that was
// never answered has not been seen to have had no effect.
const settling = 30 * time.Second

// reconcile ends a started plan that must not be made again: after a crash, and
// after a call whose answer was lost.
func (e *execution) reconcile(ctx context.Context, r actions.Reconciler) error {
	var done bool
	out, err := outside(ctx, func(ctx context.Context) (out actions.Outcome, err error) {
		out, done, err = r.Reconcile(ctx, e.p.Plan)
		return out, err
	})
	switch {
	case unanswered(err):
		return e.tryLater(ctx, code(err), incident.NotSeen)
	case err == nil && !done && e.Now().Sub(e.p.Started) < settling:
		return e.tryLater(ctx, codeNotYet, incident.NotSeen)
	case err != nil:
		return e.end(ctx, incident.Finish{Outcome: incident.Rejected, Code: code(err)}, out)
	case done:
		return e.end(ctx, incident.Finish{Outcome: incident.Confirmed, Found: true}, out)
	}
	return e.end(ctx, incident.Finish{Outcome: incident.Rejected, Code: codeNotMade}, out)
}

// run compares what people agreed to with what is, calls, and reads back.
func (e *execution) run(ctx context.Context) error {
	fresh, err := e.plan(ctx)
	switch {
	case errors.Is(err, actions.ErrNothingToDo):
		return e.readBack(ctx, actions.Outcome{}, nil)
	case unanswered(err):
		return e.tryLater(ctx, code(err), incident.NotSeen)
	case err != nil:
		return e.finish(ctx, incident.Finish{Outcome: incident.Rejected, Code: code(err)})
	}
	if moved := drift(e.p.Plan, fresh); len(moved) > 0 {
		return e.settle(ctx, e.lease, incident.Void{Number: e.p.Number, Moved: moved})
	}
	// The call below must not outlive the lease: whoever takes the job next
	// would make it again.
	if e.lease, err = e.Store.Extend(ctx, e.lease, e.Now().Add(leaseTime)); err != nil {
		return err
	}
	out, err := e.call(ctx)
	if r, ok := e.action.(actions.Reconciler); ok {
		return e.madeOnce(ctx, r, out, err)
	}
	return e.readBack(ctx, out, err)
}

// madeOnce ends a step that must not be made again, whatever became of it. What it
// brought is written down now or lost: reading back goes on in later looks.
func (e *execution) madeOnce(ctx context.Context, r actions.Reconciler, out actions.Outcome, called error) error {
	switch {
	case called != nil && out.Result == "" && unanswered(called):
		return e.reconcile(ctx, r)
	case called != nil:
		return e.end(ctx, incident.Finish{Outcome: incident.Rejected, Code: code(called)}, out)
	}
	e.p.Result = out.Result
	f := incident.Finish{Outcome: incident.Confirmed}
	switch done, err := e.verify(ctx); {
	case err != nil:
		f.Outcome, f.Code = incident.NotSeen, code(err)
	case !done:
		f.Outcome, f.Code = incident.NotConfirmed, codeNotYet
	}
	return e.end(ctx, f, out)
}

func (e *execution) plan(ctx context.Context) (incident.Plan, error) {
	return planned(ctx, e.action, e.p.Plan.Target, e.p.Plan.Params)
}

func (e *execution) call(ctx context.Context) (actions.Outcome, error) {
	return outside(ctx, func(ctx context.Context) (actions.Outcome, error) { return e.action.Run(ctx, e.p.Plan) })
}

func (e *execution) verify(ctx context.Context) (bool, error) {
	return outside(ctx, func(ctx context.Context) (bool, error) { return e.action.Verify(ctx, carried(e.p)) })
}

// carried is a plan together with what carrying it out made: reading back and
// taking back are about that.
func carried(p incident.Proposal) incident.Plan {
	if p.Result == "" {
		return p.Plan
	}
	plan := p.Plan
	if plan.Params = maps.Clone(plan.Params); plan.Params == nil {
		plan.Params = map[string]string{}
	}
	plan.Params[actions.Made] = p.Result
	return plan
}

// unanswered reports whether an error leaves open what is so: the cloud did not
// answer, not in time, or this program broke on the way.
func unanswered(err error) bool {
	_, broke := errors.AsType[*panicError](err)
	return broke || actions.Transient(err) || err != nil && code(err) == codeTimeout
}

// drift is what moved between the plan people agreed to and the same plan made
// anew, including an impact that got worse.
func drift(agreed, fresh incident.Plan) []incident.Drift {
	moved := agreed.DriftFrom(fresh)
	if fresh.Impact.WorseThan(agreed.Impact) {
		moved = append(moved, incident.Drift{
			Fact: incident.Fact{Of: incident.OfKey(agreed.Target.Key), Name: "impact", Value: actions.List(agreed.Impact.Breaks)},
			Now:  actions.List(fresh.Impact.Breaks),
		})
	}
	return moved
}

// readBack looks at what is so, whatever the call returned.
func (e *execution) readBack(ctx context.Context, out actions.Outcome, called error) error {
	done, err := e.verify(ctx)
	switch {
	case err == nil && done:
		return e.end(ctx, incident.Finish{Outcome: incident.Confirmed}, out)
	case err != nil:
		return e.tryLater(ctx, code(err), incident.NotSeen)
	case unanswered(called):
		return e.tryLater(ctx, code(called), incident.NotConfirmed)
	case called != nil:
		return e.finish(ctx, incident.Finish{Outcome: incident.Rejected, Code: code(called)})
	}
	return e.tryLater(ctx, codeNotYet, incident.NotConfirmed)
}

// tryLater writes down a call that did not get through and asks for the next
// try, and ends with outcome when it was made often enough. Looks go on after
// that.
func (e *execution) tryLater(ctx context.Context, code string, outcome incident.Outcome) error {
	if e.p.Tries+1 >= tries {
		return e.finish(ctx, incident.Finish{Outcome: outcome, Code: code})
	}
	due := e.Now().Add(backOff(e.p.Tries, nil))
	_, err := e.Bot.do(ctx, e.lease.Job.Incident, incident.Bot, incident.Try{Number: e.p.Number, Code: code, Again: due},
		with{Jobs: []incident.Job{anew(e.lease, due)}, Lease: &e.lease, Finish: true})
	return e.over(ctx, e.lease, err)
}

// end writes down how the step ended together with what it brought: what a look
// saw of identities, what it found, and a secret sealed for its receiver.
func (e *execution) end(ctx context.Context, f incident.Finish, out actions.Outcome) error {
	id := e.lease.Job.Incident
	if len(out.Sights) > 0 {
		s, err := e.state(ctx, id)
		if err != nil {
			return err
		}
		if _, err := e.observe(ctx, s, out.Sights); err != nil {
			return err
		}
	}
	var values []store.Value
	f.Number, f.Result = e.p.Number, out.Result
	if len(out.Findings.Items) > 0 || !out.Findings.AsOf.IsZero() {
		found := e.findings(out.Findings)
		f.Findings, values = found.Words, append(values, found.value(id)...)
	}
	if len(out.Sealed) > 0 {
		var sealed store.Value
		f.Sealed, sealed = e.seal(id, out.Sealed)
		values = append(values, sealed)
	}
	return e.settle(ctx, e.lease, f, values...)
}

func (e *execution) finish(ctx context.Context, f incident.Finish) error {
	f.Number = e.p.Number
	return e.settle(ctx, e.lease, f)
}
