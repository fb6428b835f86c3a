package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// safeBuffer is a log that handlers of several connections write to.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// served is a bot with a pretend account whose handler is served.
type served struct {
	*app

	url string
	log *safeBuffer
}

func serveDrill(t *testing.T, more string) *served {
	t.Helper()
	text := `listen: 127.0.0.1:0
store: {bolt: {path: ` + filepath.Join(t.TempDir(), "twokey.db") + `}}
accounts: [{name: prod, id: "1234567890123456", mode: sandbox}]
people: [{id: ana, name: Ana, roles: [responder, approver]}]
alerts: {sources: [{name: scans, type: generic, token: ${T}}]}
` + more
	s := &served{log: &safeBuffer{}}
	var err error
	s.app, err = newApp(t.Context(), parsedConfig(t, text, map[string]string{"T": "hook-token", "API": "api-token"}),
		slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	handler, err := s.handler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(func() { s.console.Close(); server.Close(); _ = s.close() })
	s.url = server.URL
	return s
}

func (s *served) ask(t *testing.T, method, path, token, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	b, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got.StatusCode, string(b)
}

func TestWhatIsServed(t *testing.T) {
	s := serveDrill(t, "api: {token: ${API}}\n")
	for _, row := range []struct {
		method, path, token string
		want                int
	}{
		{"GET", "/healthz", "", 200},
		{"GET", "/readyz", "", 200},
		{"GET", "/metrics", "", 200},
		{"GET", "/console/", "", 200},
		{"GET", "/api/status", "", 401},
		{"GET", "/api/status", "hook-token", 401},
		{"GET", "/api/status", "api-token", 200},
		{"POST", "/hooks/scans", "", 401},
		{"POST", "/hooks/nobody", "", 401},
		{"POST", "/hooks/nobody", "hook-token", 401},
		{"POST", "/hooks/scans", "api-token", 401},
		{"POST", "/hooks/scans", "hook-token", 200},
		{"GET", "/", "", 404},
	} {
		if got, body := s.ask(t, row.method, row.path, row.token, "not json"); got != row.want {
			t.Errorf("%s %s with %q: %d, want %d: %s", row.method, row.path, row.token, got, row.want, body)
		}
	}
}

func TestWithoutAPITokenThereIsNoAPIAndWithoutADrillNoConsole(t *testing.T) {
	s := serveDrill(t, "")
	if got, _ := s.ask(t, "GET", "/api/status", "", ""); got != http.StatusNotFound {
		t.Errorf("/api: %d", got)
	}
	c := parsedConfig(t, oneAccount+"store: {bolt: {path: "+filepath.Join(t.TempDir(), "t.db")+"}}", nil)
	a, err := newApp(t.Context(), c, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	handler, err := a.handler()
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/console/", nil))
	if w.Code != http.StatusNotFound || len(a.bot.Chats) != 0 || a.bot.Drill {
		t.Errorf("console %d, rooms %d, drill %v", w.Code, len(a.bot.Chats), a.bot.Drill)
	}
}

func TestReadyMeansTheStoreCanBeWritten(t *testing.T) {
	s := serveDrill(t, "")
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	handler, err := s.handler()
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("ready with a closed store: %d", w.Code)
	}
	w = httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/healthz", nil))
	if w.Code != http.StatusOK {
		t.Errorf("alive: %d", w.Code)
	}
}

func TestMetricsCountAndNameNobody(t *testing.T) {
	s := serveDrill(t, "")
	key := s.drills[0].scene.Leaked.ID
	for range 2 {
		if status, body := s.ask(t, "POST", "/hooks/scans?token=hook-token", "", `{"key_id": "`+key+`", "id": "1"}`); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
	}
	_, text := s.ask(t, "GET", "/metrics", "", "")
	for _, want := range []string{
		`twokey_alerts_total{verdict="open"} 1`, `twokey_alerts_total{verdict="duplicate"} 1`, `twokey_incidents_open 1`,
		`twokey_jobs_late_seconds{lane="look"}`, `twokey_room_last_inbound_timestamp_seconds{room="console"} 0`, `twokey_room_failing_seconds{room="console"} 0`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(text, key) {
		t.Error("a key id is in the metrics")
	}
	if strings.Contains(s.log.String(), "hook-token") {
		t.Errorf("a query string is in the log: %s", s.log)
	}
}

func TestServeStopsInOrder(t *testing.T) {
	s := serveDrill(t, "")
	listener, err := listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.serve(ctx, listener) }()
	var d net.Dialer
	c, err := d.DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := d.DialContext(t.Context(), "tcp", listener.Addr().String()); err == nil {
		t.Error("it still listens")
	}
}
