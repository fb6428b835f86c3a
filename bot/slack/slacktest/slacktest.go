// Package slacktest is a pretend Slack workspace for tests: a server on loopback
// with people, channels, messages and open views, that checks what it is sent and
// answers with Slack's own error codes. Bots reach it as they reach Slack, over the
// Web API, Socket Mode, signed POSTs and response URLs; a test acts for the people
// in it, and reads what the room and each of them is shown.
//
// It is not a mock, knows nothing of twokey, and keeps no rate limits of its own:
// they are among its faults.
package slacktest

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"
)

// T is what the package needs of a *testing.T.
type T interface {
	Helper()
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
	Context() context.Context
}

// App is who the bot is in the workspace. Everything is made at random.
type App struct {
	Team, Domain string // "T…", "acme"
	ID           string // "A…"
	BotUser      string // "U…", its name is "twokey"
	BotID        string // "B…"
	Command      string // "/leak"

	BotToken, AppToken, SigningSecret string
}

// Options change the workspace; the zero value is an ordinary one.
type Options struct {
	Now       func() time.Time // of messages and triggers; nil: time.Now
	WireNow   func() time.Time // of signatures; nil: time.Now
	Scopes    []string         // of the bot; nil: [AllScopes]
	PingEvery time.Duration    // on each socket; 0: every second
	AckWithin time.Duration    // how long an app may take to answer; 0: 3 s, as on Slack
}

// Workspace is the server and everything in it. Make it with [New]; its methods
// may be called from any goroutine.
type Workspace struct {
	App App

	o      Options
	server *httptest.Server
	done   chan struct{} // closed when the server ends
	busy   sync.WaitGroup

	mu        sync.Mutex
	changed   chan struct{} // closed and renewed at each change
	lastTS    int64         // microseconds, so that no two messages share one
	seq       int           // of what people are shown
	scopes    []string
	revoked   bool
	users     []*User
	channels  []*channel
	triggers  map[string]*trigger
	responses map[string]*responseURL
	views     map[string]*view
	stacks    map[string][]*view // open modals of each user, the one on top last
	shown     map[string][]Shown // privately, by user
	drawn     []Drawn
	calls     map[string]int
	faults    []*injected
	sockets   []*Socket
	tickets   map[string]bool
	turn      int // which socket is next
	sent      []*Envelope
	last      *delivery
	receiver  *Receiver
}

// New starts a workspace on loopback. It has the bot in it and nothing else, and
// ends with the test.
func New(t T, o Options) *Workspace {
	t.Helper()
	w := &Workspace{
		App: newApp(), o: o.withDefaults(), done: make(chan struct{}), changed: make(chan struct{}),
		triggers: map[string]*trigger{}, responses: map[string]*responseURL{}, views: map[string]*view{},
		stacks: map[string][]*view{}, shown: map[string][]Shown{}, calls: map[string]int{}, tickets: map[string]bool{},
	}
	w.scopes = w.o.Scopes
	w.users = []*User{{ID: w.App.BotUser, Name: "twokey", Team: w.App.Team, Bot: true}}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", w.serveAPI)
	mux.HandleFunc("/link/", w.serveLink)
	mux.HandleFunc("/response/{id}", w.serveResponse)
	w.server = httptest.NewServer(mux)
	t.Cleanup(w.close)
	return w
}

func newApp() App {
	return App{
		Team: newID("T"), Domain: "acme", ID: newID("A"), BotUser: newID("U"), BotID: newID("B"), Command: "/leak",
		BotToken: "xoxb-" + rand.Text(), AppToken: "xapp-1-" + rand.Text(), SigningSecret: rand.Text(),
	}
}

func newID(letter string) string { return letter + rand.Text()[:10] }

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.WireNow == nil {
		o.WireNow = time.Now
	}
	if o.Scopes == nil {
		o.Scopes = AllScopes()
	}
	if o.PingEvery == 0 {
		o.PingEvery = time.Second
	}
	if o.AckWithin == 0 {
		o.AckWithin = 3 * time.Second
	}
	return o
}

// URL is the base of the Web API, with its slash at the end, as a client wants it:
// "http://127.0.0.1:1234/api/".
func (w *Workspace) URL() string { return w.server.URL + "/api/" }

func (w *Workspace) close() {
	close(w.done)
	w.Drop()
	w.server.Close()
	w.busy.Wait()
}

// Revoke takes the bot's tokens back: from now on every call is answered
// token_revoked.
func (w *Workspace) Revoke() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.revoked = true
}

// SetScopes changes what the bot may do, as a new installation does.
func (w *Workspace) SetScopes(scopes ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.scopes = slices.Clone(scopes)
}

// touch tells those who wait that something changed. The lock is held.
func (w *Workspace) touch() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// patience is how long a test waits for what a bot does in its own time. It is
// only a bound for what never comes.
const patience = 20 * time.Second

// await waits until done says so; done is called with the lock held. It fails the
// test if that never comes.
func (w *Workspace) await(t T, what string, done func() bool) {
	t.Helper()
	if !w.within(t.Context(), patience, done) {
		t.Fatalf("waited in vain for %s", what)
	}
}

// within waits until done says so, and reports whether it did in time.
func (w *Workspace) within(ctx context.Context, d time.Duration, done func() bool) bool {
	late := time.NewTimer(d)
	defer late.Stop()
	for {
		w.mu.Lock()
		ok, changed := done(), w.changed
		w.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-changed:
		case <-late.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// Await waits until done says so, looking again after each change in the
// workspace. It fails the test if that never comes.
func (w *Workspace) Await(t T, what string, done func() bool) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		if done() {
			return
		}
		select {
		case <-changed:
		case <-late.C:
			t.Fatalf("waited in vain for %s", what)
		case <-t.Context().Done():
			t.Fatalf("the test ended while it waited for %s", what)
		}
	}
}
