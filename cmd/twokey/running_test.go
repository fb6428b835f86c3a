package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twokey/bot/api"
	"twokey/bot/console/consoletest"
)

// running is a bot with a pretend account, serving and working as `twokey serve`
// does, with everything that it writes within reach.
type running struct {
	*app

	t    *testing.T
	url  string
	dir  string // the store, the heads and the configuration
	env  map[string]string
	log  *safeBuffer
	stop func() // once more is harmless
}

const runningConfig = `listen: 127.0.0.1:0
audit: {key: ${KEY}, heads: heads.log}
api: {token: ${API}}
accounts: [{name: prod, id: "1234567890123456", mode: sandbox}]
people:
  - {id: ana, name: Ana, roles: [responder, approver]}
  - {id: bo, name: Bo, roles: [responder, approver]}
`

// start runs a bot; prepare may change it before anything is served.
func start(t *testing.T, more string, prepare func(*app)) *running {
	t.Helper()
	return startOn(t, runningConfig, more, prepare)
}

// startOn runs a bot on another configuration than most.
func startOn(t *testing.T, config, more string, prepare func(*app)) *running {
	t.Helper()
	r := &running{
		t: t, dir: t.TempDir(), log: &safeBuffer{},
		env: map[string]string{"KEY": "key-of-the-record-" + rand.Text(), "API": "token-of-the-api", "SCANS": "token-of-the-scans", "LEAKS": "token-of-the-leaks"},
	}
	text := strings.ReplaceAll(config, "heads.log", filepath.Join(r.dir, "heads.log")) +
		"store: {bolt: {path: " + filepath.Join(r.dir, "twokey.db") + "}}\n" + more
	if err := os.WriteFile(r.file(), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r.begin(prepare)
	return r
}

// begin starts a bot on what lies in the folder, for the first time or again.
func (r *running) begin(prepare func(*app)) {
	t := r.t
	t.Helper()
	c, _, err := readConfig(r.file(), false, r.getenv)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	log := slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if r.app, err = newApp(context.WithoutCancel(ctx), c, log, time.Now); err != nil {
		cancel()
		t.Fatal(err)
	}
	if prepare != nil {
		prepare(r.app)
	}
	listener, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	r.url = "http://" + listener.Addr().String()
	served := make(chan error, 1)
	go func() { served <- r.serve(ctx, listener) }()
	stopped := false
	r.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := r.close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(r.stop)
}

func (r *running) file() string { return filepath.Join(r.dir, "twokey.yaml") }

func (r *running) getenv(name string) (string, bool) { v, ok := r.env[name]; return v, ok }

// cli runs a command beside the bot, and gives all that it prints.
func (r *running) cli(args ...string) (code int, printed string) {
	r.t.Helper()
	var out bytes.Buffer
	code = run(&env{ctx: r.t.Context(), stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: r.getenv, now: time.Now},
		append([]string{"--config", r.file()}, args...))
	return code, out.String()
}

// ask makes a request and gives the whole answer, headers too.
func (r *running) ask(method, path, token, body string) (status int, answer string) {
	r.t.Helper()
	q, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	if token != "" {
		q.Header.Set("Authorization", "Bearer "+token)
	}
	got, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer got.Body.Close()
	all, err := io.ReadAll(got.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	var headers strings.Builder
	_ = got.Header.Write(&headers)
	return got.StatusCode, headers.String() + "\n" + string(all)
}

// as is somebody in front of the room.
func (r *running) as(user string) *persona {
	r.t.Helper()
	p := &persona{url: r.url, reader: consoletest.Open(r.url), kept: map[string]consoletest.Form{}}
	if err := p.reader.Be(r.t.Context(), user); err != nil {
		r.t.Fatal(err)
	}
	return p
}

// post sends an alert that must be taken.
func (r *running) post(hook, token string, body any) {
	r.t.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		r.t.Fatal(err)
	}
	if status, answer := r.ask(http.MethodPost, "/hooks/"+hook, token, string(encoded)); status != http.StatusOK {
		r.t.Fatalf("%d %s", status, answer)
	}
}

// settled waits until every incident satisfies done.
func (r *running) settled(done func(api.Incident) bool) []api.Incident {
	r.t.Helper()
	p := r.as("ana")
	var all []api.Incident
	err := p.until(r.t.Context(), func(string) bool {
		var err error
		if all, err = r.reader.Incidents(r.t.Context(), api.Filter{}); err != nil {
			r.t.Fatal(err)
		}
		for _, i := range all {
			if !done(i) {
				return false
			}
		}
		return len(all) > 0
	})
	if err != nil {
		r.t.Fatalf("never settled: %v\n%+v", err, all)
	}
	return all
}
