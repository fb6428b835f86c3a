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

// Hold stops every start until a person says go.
func (b *Bot) Hold(ctx context.Context, why string) error {
	_, err := b.Do(ctx, incident.System, incident.Bot, incident.Hold{Why: why})
	return err
}

const (
	clockEvery = 10 * time.Second
	clockJump  = 2 * time.Minute
)

// watchClock compares the wall clock with the monotonic one. A jump makes votes
// live or die wrongly, so it stops new starts until a person looks.
func (b *Bot) watchClock(ctx context.Context) {
	wall, mono := b.Now().Round(0), time.Now()
	for ctx.Err() == nil {
		sleep(ctx, clockEvery)
		if jumped(wall, b.Now().Round(0), time.Since(mono)) && ctx.Err() == nil {
			b.Log.Error("clock jumped")
			if err := b.Hold(ctx, incident.HoldClock); err != nil {
				b.Log.Error("hold", slog.Any("error", err))
			}
		}
		wall, mono = b.Now().Round(0), time.Now()
	}
}

// jumped reports whether the wall clock moved by more than two minutes more or
// less than really passed.
func jumped(before, after time.Time, passed time.Duration) bool {
	return (after.Sub(before) - passed).Abs() > clockJump
}
