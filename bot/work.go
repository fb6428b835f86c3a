package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"twokey/incident"
	"twokey/store"
)

// workers is how many jobs of a lane run side by side, so that one account that
// answers nothing holds up no other.
var workers = map[string]int{
	incident.LaneContain: 4, incident.LaneLook: 4, incident.LaneClock: 1, incident.LaneEscalate: 1,
}

// poll bounds how long work can go unnoticed that another process asked for.
const poll = time.Second

// Run does the work, listens to the rooms and watches the clock until ctx ends.
// It returns when everything it started has stopped.
func (b *Bot) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for _, lane := range b.Lanes() {
		for range max(1, workers[lane]) {
			wg.Go(func() { b.workLane(ctx, lane) })
		}
	}
	for _, c := range b.Chats {
		wg.Go(func() { b.listen(ctx, c) })
	}
	wg.Go(func() { b.watchClock(ctx) })
	wg.Wait()
}

// Lanes lists every lane of work there is.
func (b *Bot) Lanes() []string {
	lanes := []string{incident.LaneContain, incident.LaneLook, incident.LaneClock, incident.LaneEscalate}
	for _, room := range b.rooms() {
		lanes = append(lanes, incident.LaneRoom(room))
	}
	return lanes
}

// listen keeps one room's ears open. A platform that fails is tried again; the
// others go on.
func (b *Bot) listen(ctx context.Context, c Chat) {
	for ctx.Err() == nil {
		if err := c.Listen(ctx, b.Handle); err != nil && ctx.Err() == nil {
			b.Log.Error("room does not listen", slog.String("room", c.Room()), slog.Any("error", err))
		}
		sleep(ctx, poll)
	}
}

func (b *Bot) workLane(ctx context.Context, lane string) {
	for ctx.Err() == nil {
		worked, err := b.drain(ctx, lane)
		if err != nil && ctx.Err() == nil {
			b.Log.Error("job", slog.String("lane", lane), slog.Any("error", err))
		}
		if worked && err == nil {
			continue
		}
		b.rest(ctx, lane)
	}
}

// grace is how long a job under way may go on after it was told to stop: a call
// to the cloud that is cut off leaves a question behind.
const grace = 8 * time.Second

// drain does one job that outlives ctx by a little.
func (b *Bot) drain(ctx context.Context, lane string) (bool, error) {
	going, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	defer stop()
	return b.Work(going, lane)
}

// rest waits until the lane has work, or somebody may have asked for some.
func (b *Bot) rest(ctx context.Context, lane string) {
	wait := poll
	if due, ok, err := b.Store.NextDue(ctx, lane); err == nil && ok {
		wait = min(wait, max(0, due.Sub(b.Now())))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-b.wake.lane(lane):
	}
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// Work does one job of a lane that is due. It reports false if there was none.
// A job that fails falls due again, later each time.
func (b *Bot) Work(ctx context.Context, lane string) (bool, error) {
	lease, ok, err := b.Store.Claim(ctx, lane, b.Now(), leaseTime)
	if err != nil || !ok {
		return false, err
	}
	err = b.work(ctx, lease)
	switch {
	case err == nil, errors.Is(err, store.ErrLost):
		return true, nil // done, or somebody else's now
	case ctx.Err() != nil:
		return true, ctx.Err() // the lease ends by itself
	}
	return true, errors.Join(fmt.Errorf("%s: %w", lease.Job.Key, err), b.again(ctx, lease, err))
}

func (b *Bot) work(ctx context.Context, l store.Lease) error {
	switch l.Job.Task {
	case incident.Announce:
		return b.announce(ctx, l)
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
	}
	return b.Store.Finish(ctx, l) // asked for by a newer version
}

// giveUpAfter is how many failures put a line on the card. Trying goes on, at
// the longest wait.
const giveUpAfter = 8

// again gives a failed job back. It never ends in silence: after some failures
// the card says so.
func (b *Bot) again(ctx context.Context, l store.Lease, cause error) error {
	if l.Job.Attempt+1 == giveUpAfter && l.Job.Incident != incident.System {
		giveUp := incident.GiveUp{Task: l.Job.Task, Room: l.Job.Room, Code: code(cause)}
		if _, err := b.Do(ctx, l.Job.Incident, incident.Bot, giveUp); err != nil {
			return err
		}
	}
	return b.Store.Retry(ctx, l, b.Now().Add(backOff(l.Job.Attempt, cause)))
}

// Waiter is an error that says how long to wait before the next try, such as a
// platform's rate limit.
type Waiter interface{ Wait() time.Duration }

// longestWait is the longest time between two tries of a job.
const longestWait = 5 * time.Minute

// backOff doubles from one second.
func backOff(attempt int, cause error) time.Duration {
	wait := min(longestWait, time.Second<<min(attempt, 16))
	if w := Waiter(nil); errors.As(cause, &w) {
		wait = max(wait, w.Wait())
	}
	return wait
}

// expire ends a plan whose votes aged out.
func (b *Bot) expire(ctx context.Context, l store.Lease) error {
	return b.settle(ctx, l, incident.Lapse{Number: l.Job.Number})
}

// settle gives a command as the last thing of a job. A refusal means that the
// job has nothing left to do.
func (b *Bot) settle(ctx context.Context, l store.Lease, c incident.Command) error {
	_, err := b.do(ctx, l.Job.Incident, incident.Bot, c, with{Lease: &l, Finish: true})
	if _, refused := refusal(err); refused {
		return b.Store.Finish(ctx, l)
	}
	return err
}

// refusal tells a decision from a failure.
func refusal(err error) (incident.Refusal, bool) {
	var r incident.Refusal
	ok := errors.As(err, &r)
	return r, ok
}
