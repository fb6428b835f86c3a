package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"twokey/store/bolt"
)

// watched is a readiness over a real file.
func watched(t *testing.T) (r *readiness, path string, log *safeBuffer) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "twokey.db")
	s, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	log = &safeBuffer{}
	return newReadiness(s, s.Check, time.Now, slog.New(slog.NewTextHandler(log, nil))), path, log
}

func (r *readiness) status(ctx context.Context) int {
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/readyz", nil))
	return w.Code
}

func TestAFileThatIsGoneIsToldOnceThoughNobodyAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, path, log := watched(t)
		ctx, stop := context.WithCancel(t.Context())
		defer synctest.Wait()
		defer stop()
		go r.watch(ctx)
		told := func(text string, want int) {
			t.Helper()
			time.Sleep(2*watchEvery + time.Millisecond) // of the fake clock
			synctest.Wait()
			if got := strings.Count(log.String(), text); got != want {
				t.Errorf("%q was told %d times, want %d:\n%s", text, got, want, log)
			}
		}
		told("ready", 0)
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
		told("not ready", 1)
		told("not ready", 1)
		if got := r.status(ctx); got != http.StatusServiceUnavailable {
			t.Errorf("ready without a file: %d", got)
		}
		if err := os.Rename(path+".away", path); err != nil {
			t.Fatal(err)
		}
		told("ready again", 1)
		if got := r.status(ctx); got != http.StatusOK {
			t.Errorf("not ready with the file back: %d", got)
		}
		told("ready", 2)
	})
}

func TestAWatchedFileIsNotWrittenWhileAllIsWell(t *testing.T) {
	r, path, _ := watched(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		r.look(t.Context())
	}
	after, err := os.ReadFile(path)
	if err != nil || string(before) != string(after) {
		t.Errorf("looking wrote to the file: %v", err)
	}
}

func TestErrorsOfTheStoreSayWhatToDo(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{bolt.ErrLocked, "stop the other one"},
		{bolt.ErrReadOnlyDisk, "incidents, show, export and verify work"},
		{bolt.ErrFull, "make room"},
		{bolt.ErrDamaged, "restore a backup"},
		{bolt.ErrReplaced, "put it back"},
		{bolt.ErrEmpty, "restore a backup"},
		{bolt.ErrForeign, "store.bolt.path"},
	} {
		if got := inWords(c.err); !errors.Is(got, c.err) || !strings.Contains(got.Error(), c.want) {
			t.Errorf("%q does not say %q", got, c.want)
		}
	}
}
