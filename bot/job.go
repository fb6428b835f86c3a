package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"twokey/incident"
	"twokey/store"
)

// leaseTime is longer than any two calls it covers, so that nobody else takes a
// job that is still being done.
const leaseTime = time.Minute

// Work does one job of a lane that is due. It reports false if there was none.
// A job that fails falls due again, later each time.
func (b *Bot) Work(ctx context.Context, lane string) (bool, error) {
	l, ok, err := b.Store.Claim(ctx, lane, b.Now(), leaseTime)
	if err != nil || !ok {
		return false, err
	}
	began := b.Now()
	err = errors.Join(b.survives(ctx, l), b.work(ctx, l))
	switch {
	case err == nil, errors.Is(err, store.ErrLost):
		return true, nil // done, or somebody else's now
	case ctx.Err() != nil:
		return true, b.handBack(ctx, l)
	}
	return true, errors.Join(fmt.Errorf("%s: %w", l.Job.Key, err), b.again(ctx, l, began, err))
}

func (b *Bot) work(ctx context.Context, l store.Lease) (err error) {
	defer caught(&err)
	switch l.Job.Task {
	case incident.Announce:
		return b.announce(ctx, l)
	case incident.Admit:
		return b.admit(ctx, l)
	case incident.Summarize:
		return b.summarize(ctx, l)
	case incident.Investigate:
		return b.investigate(ctx, l)
	case incident.Execute:
		return b.execute(ctx, l)
	case incident.LookAgain:
		return b.look(ctx, l)
	case incident.Remind:
		return b.remind(ctx, l)
	case incident.Escalate:
		return b.escalate(ctx, l)
	case incident.Expire:
		return b.expire(ctx, l)
	case incident.Forget:
		return b.forget(ctx, l)
	}
	return b.later(ctx, l, longestWait) // a newer version asked for it, and may come back
}

// expire ends a plan whose votes aged out.
func (b *Bot) expire(ctx context.Context, l store.Lease) error {
	return b.settle(ctx, l, incident.Lapse{Number: l.Job.Number})
}

// settle gives a command as the last thing of a job, in one append with the end
// of the job.
func (b *Bot) settle(ctx context.Context, l store.Lease, c incident.Command, values ...store.Value) error {
	_, err := b.do(ctx, l.Job.Incident, incident.Bot, c, with{Values: values, Lease: &l, Finish: true})
	return b.over(ctx, l, err)
}

// over decides what a refusal means for a job: there is nothing left to do. But
// a hold ends, and a record that this version does not know can be read by the
// next one: such jobs wait.
func (b *Bot) over(ctx context.Context, l store.Lease, err error) error {
	switch r, refused := refusal(err); {
	case !refused:
		return err
	case r == incident.OnHold, r == incident.OwnLeaked:
		return b.later(ctx, l, heldWait)
	case r == incident.ReadOnly:
		return b.later(ctx, l, longestWait)
	}
	return b.Store.Finish(ctx, l)
}

// heldWait is how often a job looks whether a hold has ended.
const heldWait = 5 * time.Second

// later puts a job off that has not failed.
func (b *Bot) later(ctx context.Context, l store.Lease, wait time.Duration) error {
	return b.instead(ctx, l, anew(l, b.Now().Add(wait)))
}

// instead ends a lease's job and asks for another in the same append.
func (b *Bot) instead(ctx context.Context, l store.Lease, j incident.Job) error {
	return b.append(ctx, store.Batch{Jobs: []incident.Job{j}, Lease: &l, Finish: true})
}

// anew is a lease's job asked for once more.
func anew(l store.Lease, due time.Time) incident.Job {
	j := l.Job
	j.Due, j.Attempt = due, 0
	return j
}

// keep makes sure that a lease covers the next calls. It returns
// [store.ErrLost] if somebody else has taken the job: call nothing then.
func (b *Bot) keep(ctx context.Context, l store.Lease) (store.Lease, error) {
	now := b.Now()
	if l.Until.Sub(now) > 2*callTimeout {
		return l, nil
	}
	return b.Store.Extend(ctx, l, now.Add(leaseTime))
}

// handBack returns a job that was cut off by the end of the program, so that the
// next start need not wait for the lease to run out.
func (b *Bot) handBack(ctx context.Context, l store.Lease) error {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return errors.Join(ctx.Err(), b.Store.Retry(last, l, b.Now()))
}

// giveUpAfter is how many failures put a line on the card. Trying goes on, at
// the longest wait.
const giveUpAfter = 8

// again gives a failed job back. It never ends in silence: after some failures
// the card says so.
func (b *Bot) again(ctx context.Context, l store.Lease, began time.Time, cause error) error {
	wait, noted := backOff(l.Job.Attempt, cause), error(nil)
	if l.Job.Task == incident.Announce {
		wait, noted = b.fallBehind(ctx, l, began, cause)
	}
	if err := errors.Join(noted, b.Store.Retry(ctx, l, b.Now().Add(wait))); err != nil {
		return err
	}
	if l.Job.Attempt+1 == giveUpAfter {
		return b.giveUp(ctx, l.Job, code(cause))
	}
	return nil
}

// survives tells of a job that was begun so often that it must have failed in a
// way that could not be told at the time, such as by ending the program.
func (b *Bot) survives(ctx context.Context, l store.Lease) error {
	if l.Job.Attempt < giveUpAfter {
		return nil
	}
	known, err := b.knownToFail(ctx, l.Job)
	if err != nil || known {
		return err
	}
	if l.Job.Task == incident.Announce {
		_, err = b.fallBehind(ctx, l, b.Now(), crashed{})
	}
	return errors.Join(err, b.giveUp(ctx, l.Job, code(crashed{})))
}

// knownToFail reports whether the failures of a job were told.
func (b *Bot) knownToFail(ctx context.Context, j incident.Job) (bool, error) {
	if j.Task == incident.Announce {
		p, err := b.placeOf(ctx, j.Incident, j.Room)
		return !p.Since.IsZero(), err
	}
	s, err := b.state(ctx, j.Incident)
	return slices.ContainsFunc(s.Stuck, func(k incident.Stuck) bool { return k.Task == j.Task && k.Room == j.Room }), err
}

// crashed stands for a failure that nobody lived to tell.
type crashed struct{}

func (crashed) Error() string       { return "the program ended" }
func (crashed) Code() string        { return "Crashed" }
func (crashed) Wait() time.Duration { return behindAfter } // it is no hiccup

// giveUp puts a failing job on the card. The system log has no card; its rooms
// are told of nothing but itself.
func (b *Bot) giveUp(ctx context.Context, j incident.Job, code string) error {
	if j.Incident == incident.System {
		return nil
	}
	_, err := b.Do(ctx, j.Incident, incident.Bot, incident.GiveUp{Task: j.Task, Room: j.Room, Code: code})
	if _, refused := refusal(err); refused {
		return nil
	}
	return err
}

// Waiter is an error that says how long to wait before the next try, such as a
// platform's rate limit.
type Waiter interface{ Wait() time.Duration }

const (
	longestWait = 5 * time.Minute // between two tries of a job
	longestAsk  = time.Hour       // that a platform may ask for
)

// backOff doubles from one second, or waits as long as was asked for.
func backOff(attempt int, cause error) time.Duration {
	return orAsked(min(longestWait, time.Second<<min(attempt, 16)), cause)
}

// orAsked is a wait, or as long as was asked for.
func orAsked(wait time.Duration, cause error) time.Duration {
	if w := Waiter(nil); errors.As(cause, &w) {
		wait = max(wait, min(longestAsk, w.Wait()))
	}
	return wait
}
