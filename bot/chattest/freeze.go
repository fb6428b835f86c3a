package chattest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"twokey/bot"
)

// Frozen is what remains of a world when everything in it stops: two files and
// the time. Any number of worlds can go on from it.
type Frozen struct {
	Now       time.Time
	salts     int
	db, cloud []byte
}

// Freeze stops a world that was made with [Options.Keep].
func (w *World) Freeze() Frozen {
	w.t.Helper()
	w.Stop()
	return Frozen{Now: w.Clock.Now(), salts: w.salts, db: w.kept(w.Path), cloud: w.kept(w.cloudPath())}
}

// Stop ends a world before its test does.
func (w *World) Stop() {
	w.t.Helper()
	if err := errors.Join(w.db.Close(), w.Cloud.Close()); err != nil {
		w.t.Fatal(err)
	}
}

// Thaw makes a world that goes on from a frozen one.
func Thaw(t *testing.T, f Frozen, o Options, rooms ...bot.Chat) *World {
	t.Helper()
	o.Keep = true
	return begun(t, f, o, rooms)
}

func (w *World) cloudPath() string { return filepath.Join(w.dir, "cloud.json") }

func (w *World) kept(path string) []byte {
	w.t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *World) thaw(f Frozen) {
	w.t.Helper()
	for path, b := range map[string][]byte{w.Path: f.db, w.cloudPath(): f.cloud} {
		if b == nil {
			continue
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
}
