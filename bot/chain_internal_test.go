package bot

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"twokey/incident"
	"twokey/store"
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

// deadDisk reads a few histories and then nothing more.
type deadDisk struct {
	store.Store
	left int
}

func (d *deadDisk) Load(ctx context.Context, id incident.ID) ([]incident.Record, error) {
	if d.left--; d.left < 0 {
		return nil, errors.New("the disk is gone")
	}
	return d.Store.Load(ctx, id)
}

func TestAStoreThatFailsIsNoDamage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := bolt.Open(filepath.Join(t.TempDir(), "twokey.db"), bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		b := &Bot{Store: db, Log: slog.New(slog.DiscardHandler), Now: time.Now}
		if _, err := db.Create(t.Context(), func(id incident.ID) store.Batch {
			records := b.Chain.Seal(incident.State{}, id, incident.Bot, time.Now(), []incident.Event{incident.Opened{}})
			return store.Batch{Records: records, Index: []incident.Index{incident.Fold(records).Index()}}
		}); err != nil {
			t.Fatal(err)
		}
		for left := range 3 { // of the system log, of the open incident, of the same among all
			b.Store = &deadDisk{db, left}
			if err := b.checkRecord(t.Context()); err == nil {
				t.Errorf("after %d histories: no error", left)
			}
			if got := b.Checks(); len(got.Broken) != 0 || !got.Whole.IsZero() {
				t.Errorf("after %d histories: %+v", left, got)
			}
		}
		b.Store = db
		if err := b.checkRecord(t.Context()); err != nil || b.Checks().Whole.IsZero() {
			t.Errorf("%v, %+v", err, b.Checks())
		}
	})
}
