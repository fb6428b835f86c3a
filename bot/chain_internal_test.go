package bot

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"twokey/store/bolt"
)

func TestTheRecordIsReadThroughEveryDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := bolt.Open(filepath.Join(t.TempDir(), "twokey.db"), bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		b := &Bot{Store: db, Log: slog.New(slog.DiscardHandler), Now: time.Now}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); b.watchRecord(ctx) }()
		for day := range 3 {
			time.Sleep(time.Hour)
			if whole := b.Checks().Whole; whole.IsZero() || time.Since(whole) > 2*time.Hour {
				t.Errorf("day %d: read through at %s", day, whole)
			}
			time.Sleep(23 * time.Hour)
		}
		stop()
		<-done
	})
}
