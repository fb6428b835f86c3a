package bot

import (
	"context"
	"log/slog"
	"time"

	"twokey/incident"
)

// Configured writes a changed configuration into the system log, which every
// room is told in words.
func (b *Bot) Configured(ctx context.Context, digest string, changes []incident.Change) error {
	_, err := b.Do(ctx, incident.System, incident.Bot, incident.Configure{Digest: digest, Changes: changes})
	return err
}

// Hold stops every start until a person says go. Every card says so.
func (b *Bot) Hold(ctx context.Context, why string) error {
	if _, err := b.Do(ctx, incident.System, incident.Bot, incident.Hold{Why: why}); err != nil {
		return err
	}
	return b.redraw(ctx, b.rooms(), false)
}

const (
	clockEvery = 10 * time.Second
	clockJump  = 2 * time.Minute
)

// watchClock compares the wall clock with the monotonic one. A jump makes votes
// live or die wrongly, so it stops new starts until a person looks.
func (b *Bot) watchClock(ctx context.Context) {
	w := b.clock()
	for sleep(ctx, clockEvery); ctx.Err() == nil; sleep(ctx, clockEvery) {
		w = b.checkClock(ctx, w)
	}
}

// reading is both clocks at one moment.
type reading struct{ wall, mono time.Time }

func (b *Bot) clock() reading { return reading{b.Now().Round(0), time.Now()} }

// checkClock holds the bot if the clock jumped since a reading. It returns what
// to compare with next: the old reading again if the hold could not be written.
func (b *Bot) checkClock(ctx context.Context, since reading) reading {
	now := b.clock()
	if !jumped(since.wall, now.wall, now.mono.Sub(since.mono)) {
		return now
	}
	b.Log.Error("clock jumped")
	if err := b.Hold(ctx, incident.HoldClock); err != nil {
		b.Log.Error("hold", slog.Any("error", err))
		return since
	}
	return now
}

// jumped reports whether the wall clock moved by more than two minutes more or
// less than really passed.
func jumped(before, after time.Time, passed time.Duration) bool {
	return (after.Sub(before) - passed).Abs() > clockJump
}
