package intake_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/intake"
	"twokey/incident"
	"twokey/store/bolt"
)

// BenchmarkHook measures what an alert costs before it is stored: authentication,
// parsing, redaction, normalising, the log line and the answer.
func BenchmarkHook(b *testing.B) {
	handler := benched(b, func(context.Context, incident.Alert, incident.AlertText) (bot.Verdict, incident.ID, error) {
		return bot.Opened, "inc-1", nil
	})
	for _, c := range []struct{ name, source, body string }{
		{"one finding", "scans", oneFinding(keyID(1))},
		{"a report", "leaks", string(encode(b, []leak{idIn("deploy/.env", 12, keyID(1)), secretIn("generic-api-key", "deploy/.env", 13, secret(1))}))},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				deliver(b, handler, c.source, c.body, "open")
			}
		})
	}
}

// BenchmarkHookToDisk is the same with everything behind it: many senders at once,
// each alert a new incident on the disk before its sender is answered.
func BenchmarkHookToDisk(b *testing.B) {
	db, err := bolt.Open(filepath.Join(b.TempDir(), "twokey.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	twokey := &bot.Bot{
		Store: db, Chain: incident.Chain{Key: []byte("a key of thirty-two characters..")}, Now: time.Now, Salt: rand.Text, Log: slog.New(slog.DiscardHandler),
	}
	handler := benched(b, twokey.ReceiveAlert)
	deliver(b, handler, "scans", oneFinding(keyID(0)), "open")
	var number atomic.Uint64
	for _, c := range []struct {
		name, verdict string
		key           func() uint64
	}{
		{"new", "open", func() uint64 { return number.Add(1) }},
		{"told again", "duplicate", func() uint64 { return 0 }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(64 / runtime.GOMAXPROCS(0))
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					deliver(b, handler, "scans", oneFinding(keyID(c.key())), c.verdict)
				}
			})
		})
	}
}

// benched is the hooks without a limit that a benchmark could meet.
func benched(b *testing.B, receive func(context.Context, incident.Alert, incident.AlertText) (bot.Verdict, incident.ID, error)) http.Handler {
	b.Helper()
	log := slog.New(slog.NewJSONHandler(nowhere{}, nil)) // written, as it is at work, and not kept
	handler, err := intake.New(intake.Config{
		Sources: []intake.Source{
			{Name: "scans", Type: "generic", Tokens: []string{token}}, {Name: "leaks", Type: "gitleaks", Tokens: []string{token}},
		},
		Receive: receive, PerSource: 1 << 30, Now: time.Now, Log: log, Pepper: []byte("pepper"),
	})
	if err != nil {
		b.Fatal(err)
	}
	return handler
}

// deliver posts one alert, which must get its verdict.
func deliver(b *testing.B, handler http.Handler, source, body, verdict string) {
	r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, intake.Prefix+source, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	w := &answered{header: http.Header{}}
	handler.ServeHTTP(w, r)
	if w.status != http.StatusOK || !bytes.Contains(w.body.Bytes(), []byte(`"`+verdict+`"`)) {
		b.Error(w.status, w.body.String())
	}
}

// oneFinding is an alert as a scanner behind a generic source sends it.
func oneFinding(key string) string {
	return fmt.Sprintf(`{"access_key_id":%q,"id":"finding-7","title":"AccessKey in deploy/.env of acme/web","severity":"high",
		"repository":"acme/web","path":"deploy/.env","line":12,"commit":"3a9005e4218e70147c47a810c93f57c3b56d6522","author":"Dewi",
		"url":"https://github.com/acme/web/blob/3a9005e4218e70147c47a810c93f57c3b56d6522/deploy/.env#L12",
		"match":"ALIBABA_CLOUD_ACCESS_KEY_SECRET=%s","time":"2026-09-10T03:00:00Z"}`, key, secret(1))
}

// answered keeps an answer at no cost of its own.
type answered struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *answered) Header() http.Header         { return w.header }
func (w *answered) WriteHeader(status int)      { w.status = status }
func (w *answered) Write(b []byte) (int, error) { return w.body.Write(b) }

// nowhere takes everything.
type nowhere struct{}

func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
