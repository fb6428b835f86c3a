package api_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"twokey/bot/api"
	"twokey/store/bolt"
)

// serveBackup serves a store's copies from a folder of the test.
func serveBackup(t *testing.T, b *api.Backup) *api.Client {
	t.Helper()
	server := httptest.NewServer(api.New(api.Config{Token: token, Backup: b, Log: slog.New(slog.DiscardHandler)}))
	t.Cleanup(server.Close)
	return &api.Client{URL: server.URL, Token: token, HTTP: server.Client()}
}

// copies is a backup whose store is so many bytes.
func copies(t *testing.T, n int) *api.Backup {
	body := bytes.Repeat([]byte("0123456789abcdef"), n/16+1)[:n]
	return &api.Backup{Dir: t.TempDir(), Copy: func(_ context.Context, w io.Writer) error {
		_, err := w.Write(body)
		return err
	}}
}

func wantNothingLeft(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestABackupArrivesAsItIs(t *testing.T) {
	w := newWorld(t)
	db, ok := w.bot.Store.(*bolt.Store)
	if !ok {
		t.Fatal("another store")
	}
	b := &api.Backup{Dir: t.TempDir(), Copy: db.Backup}
	var got bytes.Buffer
	if err := serveBackup(t, b).Backup(t.Context(), &got); err != nil {
		t.Fatal(err)
	}
	wantNothingLeft(t, b.Dir)
	path := filepath.Join(t.TempDir(), "copy")
	if err := os.WriteFile(path, got.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	want, err := db.Load(t.Context(), "inc-1")
	if err != nil {
		t.Fatal(err)
	}
	err = bolt.Examine(path, func(s *bolt.Store) error {
		records, err := s.Load(t.Context(), "inc-1")
		if len(records) != len(want) || records[len(records)-1].Hash != want[len(want)-1].Hash {
			t.Errorf("%d records, want %d", len(records), len(want))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestALongBackupArrivesWhole(t *testing.T) {
	var got bytes.Buffer
	if err := serveBackup(t, copies(t, 3<<20+7)).Backup(t.Context(), &got); err != nil || got.Len() != 3<<20+7 {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
}

func TestBackupsNeedTheToken(t *testing.T) {
	c := serveBackup(t, copies(t, 100))
	for _, authorization := range []string{"", "Bearer wrong"} {
		if status, body := get(t, c.URL+"/api/backup", authorization); status != http.StatusUnauthorized || strings.Contains(body, "0123") {
			t.Errorf("%q: %d %s", authorization, status, body)
		}
	}
	c.Token = "wrong"
	if err := c.Backup(t.Context(), io.Discard); !errors.Is(err, api.ErrToken) {
		t.Error(err)
	}
	if err := serveBackup(t, nil).Backup(t.Context(), io.Discard); !errors.Is(err, api.ErrNoAPI) {
		t.Error(err)
	}
}

// middle is somebody between bot and client.
func middle(t *testing.T, change func(w http.ResponseWriter, answer *http.Response, body []byte)) *api.Client {
	t.Helper()
	bot := serveBackup(t, copies(t, 200_000))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, bot.URL+r.URL.Path, nil)
		q.Header = r.Header
		answer, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Error(err)
			return
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		w.Header().Set("Repr-Digest", answer.Header.Get("Repr-Digest"))
		change(w, answer, body)
	}))
	t.Cleanup(server.Close)
	return &api.Client{URL: server.URL, Token: token, HTTP: server.Client()}
}

func TestABackupThatBrokeOffOrChangedIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w http.ResponseWriter, answer *http.Response, body []byte)
		want   error
	}{
		"cut off": {func(w http.ResponseWriter, answer *http.Response, body []byte) {
			w.Header().Set("Content-Length", answer.Header.Get("Content-Length"))
			_, _ = w.Write(body[:len(body)-1])
			panic(http.ErrAbortHandler)
		}, api.ErrPartial},
		"cut off where it says nothing of its length": {func(w http.ResponseWriter, _ *http.Response, body []byte) {
			_ = http.NewResponseController(w).Flush()
			_, _ = w.Write(body[:len(body)-1])
		}, api.ErrPartial},
		"shorter than it was": {func(w http.ResponseWriter, _ *http.Response, body []byte) {
			w.Header().Set("Content-Length", "100000")
			_, _ = w.Write(body[:100_000])
		}, api.ErrDigest},
		"changed": {func(w http.ResponseWriter, answer *http.Response, body []byte) {
			w.Header().Set("Content-Length", answer.Header.Get("Content-Length"))
			body[1000] ^= 1
			_, _ = w.Write(body)
		}, api.ErrDigest},
		"without a digest": {func(w http.ResponseWriter, answer *http.Response, body []byte) {
			w.Header().Set("Content-Length", answer.Header.Get("Content-Length"))
			w.Header().Del("Repr-Digest")
			_, _ = w.Write(body)
		}, api.ErrDigest},
	} {
		t.Run(name, func(t *testing.T) {
			if err := middle(t, c.change).Backup(t.Context(), io.Discard); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func TestABackupThatCantBeWrittenIsTheReadersTrouble(t *testing.T) {
	wrong := errors.New("disk full here")
	r, w := io.Pipe()
	_ = r.CloseWithError(wrong)
	if err := serveBackup(t, copies(t, 100)).Backup(t.Context(), w); !errors.Is(err, wrong) {
		t.Error(err)
	}
}

func TestAStoreThatCantBeCopiedIsNoBackup(t *testing.T) {
	b := copies(t, 100)
	b.Copy = func(_ context.Context, w io.Writer) error {
		_, _ = w.Write([]byte("half of it"))
		return errors.New("the disk has a hole at swordfish")
	}
	c := serveBackup(t, b)
	if status, body := get(t, c.URL+"/api/backup", "Bearer "+token); status != http.StatusInternalServerError || strings.Contains(body, "swordfish") || strings.Contains(body, "half") {
		t.Errorf("%d %s", status, body)
	}
	wantNothingLeft(t, b.Dir)
}

// A copy never takes the disk that the store needs.
func TestACopyTakesNoMoreRoomThanItMay(t *testing.T) {
	for room, want := range map[int64]error{0: api.ErrNoRoom, 99: api.ErrNoRoom, 100: nil} {
		b := copies(t, 100)
		b.Room = func(string) (int64, error) { return room, nil }
		if err := serveBackup(t, b).Backup(t.Context(), io.Discard); !errors.Is(err, want) {
			t.Errorf("room for %d: %v, want %v", room, err, want)
		}
		wantNothingLeft(t, b.Dir)
	}
}

func TestOneBackupAtATime(t *testing.T) {
	b, begun, goOn := copies(t, 100), make(chan struct{}), make(chan struct{})
	quick := b.Copy
	b.Copy = func(ctx context.Context, w io.Writer) error {
		begun <- struct{}{}
		<-goOn
		return quick(ctx, w)
	}
	c := serveBackup(t, b)
	first := make(chan error, 1)
	go func() { first <- c.Backup(t.Context(), io.Discard) }()
	<-begun
	if err := c.Backup(t.Context(), io.Discard); !errors.Is(err, api.ErrBusy) {
		t.Errorf("a second one: %v", err)
	}
	close(goOn)
	if err := <-first; err != nil {
		t.Error(err)
	}
	go func() { <-begun }()
	if err := c.Backup(t.Context(), io.Discard); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// The store is let go of before the first byte is sent: whoever reads slowly, or
// stops, holds up nothing.
func TestASlowReaderHoldsNothingOfTheStore(t *testing.T) {
	b, over := copies(t, 64<<20), make(chan struct{})
	quick := b.Copy
	b.Copy = func(ctx context.Context, w io.Writer) error {
		defer close(over)
		return quick(ctx, w)
	}
	c := serveBackup(t, b)
	ctx, leave := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+"/api/backup", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := c.HTTP.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if _, err := io.ReadFull(answer.Body, make([]byte, 10)); err != nil { // and then no more: far less than is sent
		t.Fatal(err)
	}
	<-over
	if err := c.Backup(t.Context(), io.Discard); !errors.Is(err, api.ErrBusy) {
		t.Errorf("it was all read already: %v", err)
	}
	leave()
}

// deadlines is a connection that notes until when it may be written to.
type deadlines struct {
	*httptest.ResponseRecorder

	set   []time.Time
	sizes []int
}

// SetWriteDeadline makes it known to [http.ResponseController].
func (d *deadlines) SetWriteDeadline(at time.Time) error {
	d.set, d.sizes = append(d.set, at), append(d.sizes, d.Body.Len())
	return nil
}

func TestAReaderMustTakeSomethingEachMinute(t *testing.T) {
	h := api.New(api.Config{Token: token, Backup: copies(t, 5<<19), Log: slog.New(slog.DiscardHandler)})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/backup", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	h.ServeHTTP(d, r)
	if want := []int{0, 1 << 20, 2 << 20, 5 << 19}; !slices.Equal(d.sizes, want) {
		t.Fatalf("deadlines were set after %d bytes, want %d", d.sizes, want)
	}
	for i, at := range d.set {
		if at.IsZero() != (i == len(d.set)-1) {
			t.Errorf("deadline %d is %s: each part has one, and none is left for the next request", i, at)
		}
	}
}
