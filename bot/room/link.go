package room

import (
	"context"
	"time"
)

// LongestPause is between two tries to open a connection: more is long at night.
const LongestPause = 15 * time.Second

// enduring is how long a connection lived that was no failed try.
const enduring = time.Minute

// Reconnect opens a connection anew whenever it ends, until ctx does: after a second at
// first, then after longer and longer. Closed is told why one ended, and when the next
// is tried.
func Reconnect(ctx context.Context, connect func(context.Context) error, closed func(err error, again time.Duration)) {
	for pause := time.Second; ctx.Err() == nil; pause = min(2*pause, LongestPause) {
		began := time.Now()
		err := connect(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > enduring {
			pause = time.Second
		}
		closed(err, pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}
