// Package larktest is a pretend Lark tenant for tests: a server on loopback with
// people, groups, messages and cards, that checks what it is sent and answers with
// Lark's own error codes. Bots reach it as they reach Lark, over the Open API, a long
// connection, or encrypted and signed POSTs; a test acts for the people in it, and
// reads what the group and each of them is shown.
//
// It is not a mock and knows nothing of twokey. What it knows of Lark is from the
// vendor's documents; only the vendor's own clients were seen to accept it.
package larktest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http/httptest"
	"strings"
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

// App is who the bot is in the tenant. Everything is made at random.
type App struct {
	ID, Secret, EncryptKey string
	OpenID                 string // of the bot: what a mention of it holds
	Tenant                 string // tenant key
}

// VerificationToken is in every event, as the older way to tell that it is from Lark.
const VerificationToken = "verification" //nolint:gosec // a pretended one

// Options change the tenant; the zero value is an ordinary one.
type Options struct {
	Now          func() time.Time // of messages, and what uuids and edits are held against; nil: time.Now
	WireNow      func() time.Time // of signatures; nil: time.Now
	AnswerWithin time.Duration    // how long a bot may take; 0: 3 s, as on Lark
	PingEvery    int              // seconds between the client's pings; 0: 120, as on Lark
}

// Tenant is the server and everything in it. Make it with [New]; its methods may be
// called from any goroutine.
type Tenant struct {
	App App

	o      Options
	server *httptest.Server
	done   chan struct{} // closed when the server ends
	busy   sync.WaitGroup

	mu       sync.Mutex
	changed  chan struct{} // closed and renewed at each change
	tokens   map[string]bool
	withheld map[string]bool // permissions that the app lacks
	users    []*User
	chats    []*chat
	messages []*Message
	uuids    map[string]string // of messages and groups, to what they made
	calls    map[string]int
	faults   []*injected
	sockets  []*socket
	tickets  map[string]bool
	waiting  map[string]*waiter // answers that a delivery waits for
	receiver *Receiver
	last     *delivery
	toasts   map[string][]Toast // by user
	cards    []string           // every card that was taken
}

// New starts a tenant on loopback. It has the bot in it and nothing else, and ends with
// the test.
func New(t T, o Options) *Tenant {
	t.Helper()
	x := &Tenant{
		App: newApp(), o: o.withDefaults(), done: make(chan struct{}), changed: make(chan struct{}),
		tokens: map[string]bool{}, withheld: map[string]bool{}, uuids: map[string]string{}, calls: map[string]int{},
		tickets: map[string]bool{}, waiting: map[string]*waiter{}, toasts: map[string][]Toast{},
	}
	x.server = httptest.NewServer(x.routes())
	t.Cleanup(x.close)
	return x
}

func newApp() App {
	id := make([]byte, 8) // the vendor's client for Node takes no other form
	_, _ = rand.Read(id)  // never fails
	return App{ID: "cli_" + hex.EncodeToString(id), Secret: rand.Text(), EncryptKey: rand.Text(), OpenID: newID("ou_"), Tenant: strings.ToLower(rand.Text()[:16])}
}

func newID(kind string) string { return kind + strings.ToLower(rand.Text()) }

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.WireNow == nil {
		o.WireNow = time.Now
	}
	if o.AnswerWithin == 0 {
		o.AnswerWithin = 3 * time.Second
	}
	if o.PingEvery == 0 {
		o.PingEvery = 120
	}
	return o
}

// URL is what stands in place of https://open.feishu.cn.
func (x *Tenant) URL() string { return x.server.URL }

func (x *Tenant) close() {
	close(x.done)
	x.Drop()
	x.server.Close()
	x.busy.Wait()
}

// Revoke makes every token that was given out worthless, as Lark may at any time.
func (x *Tenant) Revoke() {
	x.mu.Lock()
	defer x.mu.Unlock()
	clear(x.tokens)
}

// Permission is something that the app may be without.
type Permission string

// Permissions whose lack is pretended.
const (
	ReadMessages Permission = "im:message:readonly"            // [GET] of a message
	UserStatus   Permission = "contact:user.employee:readonly" // whether somebody left
)

// Withhold takes a permission from the app.
func (x *Tenant) Withhold(p Permission) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.withheld[string(p)] = true
}

// touch tells those who wait that something changed. The lock is held.
func (x *Tenant) touch() {
	close(x.changed)
	x.changed = make(chan struct{})
}

// patience is how long a test waits for what a bot does in its own time. It is only a
// bound for what never comes.
const patience = 20 * time.Second

// Await waits until done says so, looking again after each change in the tenant. It
// fails the test if that never comes.
func (x *Tenant) Await(t T, what string, done func() bool) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		x.mu.Lock()
		changed := x.changed
		x.mu.Unlock()
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
