package bot

import (
	"context"
	"log/slog"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"twokey/store/bolt"
)

// The first run is ten minutes after a start, the next a day later.
func TestIncidentsLeaveDaily(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := bolt.Open(filepath.Join(t.TempDir(), "twokey.db"), bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var at []time.Duration
		start := time.Now()
		b := &Bot{Store: db, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
		b.Retention = &Retention{Archive: timed{Archive: nil, asked: func() { at = append(at, time.Since(start)) }}}
		ctx, stop := context.WithTimeout(t.Context(), 50*time.Hour)
		defer stop()
		b.retain(ctx)
		if want := []time.Duration{10 * time.Minute, 24*time.Hour + 10*time.Minute, 48*time.Hour + 10*time.Minute}; !slices.Equal(at, want) {
			t.Errorf("runs at %v, want %v", at, want)
		}
	})
}

// timed is asked for a name by each run.
type timed struct {
	Archive
	asked func()
}

func (a timed) Name(time.Time) (string, error) { a.asked(); return "closed.jsonl.gz", nil }
