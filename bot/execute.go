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

// tries is how often a call that does not get through is made again.
const tries = 6

// notYet is the code of a call that went through while its effect can't be read
// yet: Alibaba Cloud takes seconds to spread changes.
const notYet = "NotYet"

// execute carries out one authorized plan. Before it touches the cloud it writes
// that it will; if it finds that already written, an earlier worker died or a
// call did not get through, and the cloud is read before anything is done.
func (b *Bot) execute(ctx context.Context, l store.Lease) error {
	records, err := b.Store.Load(ctx, l.Job.Incident)
	if err != nil {
		return fmt.Errorf("load %s: %w", l.Job.Incident, err)
	}
	if err := b.Chain.Check(records); err != nil {
		return b.untrusted(ctx, l, err)
	}
	p, ok := incident.Fold(records).Proposal(l.Job.Number)
	if !ok || p.Status != incident.StatusReady && p.Status != incident.StatusRunning {
		return b.Store.Finish(ctx, l) // over already
	}
	action, ok := b.action(p.Plan.Target, p.Plan.Step)
	if !ok {
		return b.unable(ctx, l, p)
	}
	e := &execution{b, l, p, action}
	if p.Status == incident.StatusRunning {
		return e.resume(ctx)
	}
	return e.start(ctx)
}

// CodeBroken is the code of a job given up because its votes can't be trusted:
// somebody edited the record.
const CodeBroken = "RecordBroken"

// untrusted leaves a plan alone whose votes somebody may have written. The card
// says so; people act by hand, and `twokey verify` names the record.
func (b *Bot) untrusted(ctx context.Context, l store.Lease, broken error) error {
	b.Log.Error("nothing starts on a broken record", slog.String("incident", string(l.Job.Incident)), slog.Any("error", broken))
	if l.Job.Attempt == 0 {
		giveUp := incident.GiveUp{Task: l.Job.Task, Code: CodeBroken}
		if _, err := b.Do(ctx, l.Job.Incident, incident.Bot, giveUp); err != nil {
			return err
		}
	}
	return b.Store.Retry(ctx, l, b.Now().Add(longestWait))
}

// unable ends a plan whose step or account is no longer configured.
func (b *Bot) unable(ctx context.Context, l store.Lease, p incident.Proposal) error {
	if p.Status == incident.StatusReady {
		if _, err := b.Do(ctx, l.Job.Incident, incident.Bot, incident.Start{Number: p.Number}); err != nil {
			return b.put(ctx, l, err)
		}
	}
	return b.settle(ctx, l, incident.Finish{Number: p.Number, Outcome: incident.Rejected, Code: "NotConfigured"})
}

// put decides what a refused start means for the job: a hold only delays it.
func (b *Bot) put(ctx context.Context, l store.Lease, err error) error {
	switch r, refused := refusal(err); {
	case !refused:
		return err
	case r == incident.OnHold:
		return b.Store.Retry(ctx, l, b.Now().Add(5*time.Second))
	}
	return b.Store.Finish(ctx, l)
}

type execution struct {
	*Bot
	lease  store.Lease
	p      incident.Proposal
	action actions.Action
}

func (e *execution) do(ctx context.Context, c incident.Command) error {
	_, err := e.Bot.do(ctx, e.lease.Job.Incident, incident.Bot, c, with{Lease: &e.lease})
	return err
}

func (e *execution) start(ctx context.Context) error {
	if err := e.do(ctx, incident.Start{Number: e.p.Number}); err != nil {
		return e.put(ctx, e.lease, err)
	}
	return e.run(ctx)
}

// resume reads first. What is found done is done; what is not, goes on only
// while the votes still count: it never runs late.
func (e *execution) resume(ctx context.Context) error {
	done, err := e.verify(ctx)
	switch {
	case err != nil:
		return e.tryLater(ctx, code(err), incident.NotSeen)
	case done:
		return e.finish(ctx, incident.Finish{Outcome: incident.Confirmed, Found: e.p.Tries == 0})
	}
	err = e.do(ctx, incident.Resume{Number: e.p.Number})
	if err != nil {
		return e.put(ctx, e.lease, err) // refused for good, the plan has ended with it
	}
	return e.run(ctx)
}

// run compares what people agreed to with what is, calls, and reads back.
func (e *execution) run(ctx context.Context) error {
	fresh, err := e.plan(ctx)
	switch {
	case errors.Is(err, actions.ErrNothingToDo):
		return e.readBack(ctx, actions.Outcome{}, nil)
	case actions.Transient(err) || errors.Is(err, context.DeadlineExceeded):
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
	return e.readBack(ctx, out, err)
}

func (e *execution) plan(ctx context.Context) (incident.Plan, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return e.action.Plan(ctx, e.p.Plan.Target, e.p.Plan.Params)
}

func (e *execution) call(ctx context.Context) (actions.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return e.action.Run(ctx, e.p.Plan)
}

func (e *execution) verify(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return e.action.Verify(ctx, e.p.Plan)
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
		return e.finish(ctx, incident.Finish{Outcome: incident.Confirmed, Result: out.Result})
	case called != nil && !actions.Transient(called) && code(called) != codeTimeout:
		if err != nil {
			return e.tryLater(ctx, code(err), incident.NotSeen)
		}
		return e.finish(ctx, incident.Finish{Outcome: incident.Rejected, Code: code(called)})
	case err != nil:
		return e.tryLater(ctx, code(err), incident.NotSeen)
	case called != nil:
		return e.tryLater(ctx, code(called), incident.NotConfirmed)
	}
	return e.tryLater(ctx, notYet, incident.NotConfirmed)
}

// tryLater writes down a call that did not get through, and ends with outcome
// when it was made often enough. Looks go on after that.
func (e *execution) tryLater(ctx context.Context, code string, outcome incident.Outcome) error {
	if e.p.Tries+1 >= tries {
		return e.finish(ctx, incident.Finish{Outcome: outcome, Code: code})
	}
	again := e.Now().Add(backOff(e.p.Tries, nil))
	if err := e.do(ctx, incident.Try{Number: e.p.Number, Code: code, Again: again}); err != nil {
		return err
	}
	return e.Store.Retry(ctx, e.lease, again)
}

func (e *execution) finish(ctx context.Context, f incident.Finish) error {
	f.Number = e.p.Number
	return e.settle(ctx, e.lease, f)
}

const codeTimeout = "Timeout"

// code is an error as a record may hold it: the cloud's code, or a word for what
// went wrong. Never a text: texts can hold anything.
func code(err error) string {
	switch c := actions.Code(err); {
	case c != "":
		return c
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return codeTimeout
	case errors.Is(err, actions.ErrOwnIdentity):
		return "OwnIdentity"
	case errors.Is(err, actions.ErrNoTarget):
		return "NoTarget"
	case errors.Is(err, ErrGone):
		return "Gone"
	}
	return "Internal"
}
