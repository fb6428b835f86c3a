package bot

import (
	"context"
	"iter"
	"log/slog"
	"time"

	"twokey/incident"
)

// Retention says when incidents leave the store, and where to. Its fields are
// set once; Compacter and Witness may be left out.
type Retention struct {
	Closed    time.Duration // how long an incident stays after closing; never less than [incident.Rest]
	Archive   Archive
	Compacter Compacter
	Witness   Witness
	Pause     time.Duration // between two pages, so that intake always comes first
}

// Archive is where incidents go.
type Archive interface {
	// Name is a name that no file has.
	Name(at time.Time) (string, error)

	// Write makes a file of that name, durable and read back, that holds whole
	// histories and ends as want says; one that was made before a crash is taken.
	// It returns want with the file's SHA256.
	Write(ctx context.Context, want incident.Archived, histories iter.Seq2[[]incident.Record, error]) (incident.Archived, error)

	// Check reads a file back, demands that it is the one that was written down,
	// and returns where each incident in it ends.
	Check(ctx context.Context, a incident.Archived) ([]incident.End, error)
}

// Compacter is a file that can be written anew without what was removed from it,
// while it is in use.
type Compacter interface {
	Compact(ctx context.Context) error

	// Free says how many bytes of the file hold nothing, and how many it has.
	Free() (free, total int64)
}

// Witness is told outside of the store where histories end that are about to
// leave it. What can't be told keeps them in.
type Witness interface {
	Leaving(ctx context.Context, ends []incident.End) error
}

// How often incidents leave. The first time is some while after a start, when
// there is nothing more urgent.
const (
	retainFirst = 10 * time.Minute
	retainEvery = 24 * time.Hour
	retainMore  = time.Minute // after a run that left some for the next
	retainAgain = time.Hour   // after one that failed
)

// retain lets incidents leave until ctx ends.
func (b *Bot) retain(ctx context.Context) {
	if b.Retention == nil {
		return
	}
	wait := retainFirst
	for sleep(ctx, wait); ctx.Err() == nil; sleep(ctx, wait) {
		done, err := b.Retain(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			b.Log.Error("archive closed incidents; they stay until it works", slog.Any("error", err))
			wait = retainAgain
		case done.More:
			wait = retainMore
		default:
			wait = retainEvery
		}
	}
}

// Retained is what one run did.
type Retained struct {
	File      string // the new archive; empty: none was made
	Purged    int    // incidents that left the store
	Busy      int    // archived, and still there: work waits for them
	More      bool   // there are more to go
	Compacted bool
}

// Retain lets incidents leave that were closed long ago: one archive of them at
// most. A run that was cut off, by a crash or a full disk, is taken up where it
// was: an incident is fenced off and named for a file in one append, the file is
// written and read back, the system log holds what is in it, and only then it is
// removed here. On hold nothing leaves.
func (b *Bot) Retain(ctx context.Context) (done Retained, err error) {
	defer caught(&err)
	held, err := b.held(ctx)
	if err != nil || held {
		return done, err
	}
	if err := b.leaveAll(ctx, &done); err != nil {
		return done, err
	}
	if done.File, done.More, err = b.retire(ctx); err != nil {
		return done, err
	}
	if done.File != "" {
		if err := b.leaveAll(ctx, &done); err != nil {
			return done, err
		}
	}
	done.Compacted, err = b.compact(ctx, done.Purged > 0)
	return done, err
}

// compact writes the file anew when more than half of it holds nothing, whatever
// freed it. A small one always when something left: that takes a moment, and
// what was erased is gone from the disk at once.
func (b *Bot) compact(ctx context.Context, left bool) (bool, error) {
	c := b.Retention.Compacter
	if c == nil {
		return false, nil
	}
	if free, total := c.Free(); free <= total/2 && (!left || total > smallFile) {
		return false, nil
	}
	return true, c.Compact(ctx)
}

// smallFile is the size in bytes up to which a file is written anew in a moment.
const smallFile = 64 << 20
