package bot

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"twokey/incident"
)

// workersOf is how many jobs of a lane run side by side. Those of one incident in
// one room are one job, so a room keeps its order whatever their number.
func workersOf(lane string) int {
	trusted, _ := incident.SiftLanes()
	switch {
	case lane == incident.LaneContain, lane == incident.LaneLook:
		return 16
	case slices.Contains(trusted, lane):
		return 8
	case lane == incident.LaneEscalate:
		return 2
	case strings.HasPrefix(lane, incident.LaneRoom("")):
		return 4
	}
	return 1
}

// poll bounds how long work can go unnoticed that another process asked for.
const poll = time.Second

// Run does the work, listens to the rooms and watches the clock until ctx ends.
// It returns when everything it started has stopped.
func (b *Bot) Run(ctx context.Context) {
	var wg sync.WaitGroup
	b.staff(ctx, &wg, ownLanes())
	for _, c := range b.Chats {
		wg.Go(func() { b.listen(ctx, c) })
		wg.Go(func() {
			// Only then: who works on what a room has forgotten would write it down again.
			b.welcomeUntilDone(ctx, c.Room())
			b.staff(ctx, &wg, lanesOf(c.Room()))
		})
	}
	wg.Go(func() { b.watchClock(ctx) })
	wg.Go(func() { b.watchRecord(ctx) })
	wg.Go(func() { b.retain(ctx) })
	wg.Wait()
}

// staff starts the workers of lanes.
func (b *Bot) staff(ctx context.Context, wg *sync.WaitGroup, lanes []string) {
	for _, lane := range lanes {
		for range workersOf(lane) {
			wg.Go(func() { b.workLane(ctx, lane) })
		}
	}
}

// Lanes lists every lane of work there is.
func (b *Bot) Lanes() []string {
	lanes := ownLanes()
	for _, room := range b.rooms() {
		lanes = append(lanes, lanesOf(room)...)
	}
	return lanes
}

// ownLanes are those of no room.
func ownLanes() []string {
	lanes := []string{incident.LaneContain, incident.LaneLook, incident.LaneClock, incident.LaneLater, incident.LaneEscalate}
	trusted, others := incident.SiftLanes()
	return slices.Concat(lanes, trusted, others)
}

func lanesOf(room string) []string {
	return []string{incident.LaneRoom(room), incident.LaneDoor(room, true), incident.LaneDoor(room, false)}
}

// listen keeps one room's ears open. A platform that fails is tried again; the
// others go on.
func (b *Bot) listen(ctx context.Context, c Chat) {
	for ctx.Err() == nil {
		if err := b.hearRoom(ctx, c); err != nil && ctx.Err() == nil {
			b.Log.Error("room does not listen", slog.String("room", c.Room()), slog.Any("error", err))
		}
		sleep(ctx, poll)
	}
}

func (b *Bot) hearRoom(ctx context.Context, c Chat) (err error) {
	defer caught(&err)
	return c.Listen(ctx, b.Handle)
}

func (b *Bot) workLane(ctx context.Context, lane string) {
	for ctx.Err() == nil {
		worked, err := b.drain(ctx, lane)
		if err != nil && ctx.Err() == nil {
			b.Log.Error("job", slog.String("lane", lane), slog.Any("error", err))
		}
		switch {
		case worked: // there may be more
		case err != nil:
			sleep(ctx, poll) // a store that fails is not asked all the time
		default:
			b.rest(ctx, lane)
		}
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
