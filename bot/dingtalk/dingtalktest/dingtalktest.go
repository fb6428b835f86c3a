// Package dingtalktest is a pretend DingTalk organisation for tests: a server on
// loopback with staff, groups, cards and messages, that checks what it is sent and
// answers with DingTalk's own error codes. Robots reach it as they reach DingTalk, over
// the REST interface, the older one, Stream and session webhooks; a test acts for the
// people in it, and reads what a group and each of them is shown.
//
// It is not a mock and knows nothing of twokey. What it answers is from DingTalk's
// pages, not from a live organisation; the vendor's own clients were seen to accept it.
package dingtalktest

import (
	"context"
	"crypto/rand"
	"net/http/httptest"
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

// App is who the robot is. Everything is made at random.
type App struct {
	Corp                   string // "ding…"
	ClientID, ClientSecret string
	RobotCode              string // the ClientID, as for an organisation's own robot
}

// Shared is the template that is there for everybody; more come with
// [Org.AddTemplate].
const Shared = "382e4302-551d-4880-bf29-a30acfab2e71.schema"

// Org is the server and everything in it. Make it with [New]; its methods may be called
// from any goroutine.
type Org struct {
	App App
	// Grace is between the word that a connection ends and its end, in which nothing
	// comes over it. [New] sets it to 10 s (DingTalk docs: stream 协议); change it before
	// robots connect.
	Grace time.Duration

	server *httptest.Server
	done   chan struct{} // closed when the server ends
	busy   sync.WaitGroup

	mu        sync.Mutex
	changed   chan struct{} // closed and renewed at each change
	seq       int           // of messages
	tokens    map[string]bool
	tickets   map[string][]string // topics that came with them
	templates map[string]bool
	users     map[string]*User
	groups    map[string][]string // members, by openConversationId
	scenes    []*Scene
	cards     map[string]*Card
	messages  []*Message
	calls     map[string]int
	faults    []*injected
	sockets   []*socket
	pongs     int
	turn      int // which socket is next
	sent      []*Frame
	last      *Frame
}

// User is somebody of the organisation, or outside of it.
type User struct {
	ID, Name string // staff id; display name
	Corp     string // empty: this organisation's
	Left     bool   // not active any more
}

// New starts an organisation on loopback. It has the robot in it and nothing else, and
// ends with the test.
func New(t T) *Org {
	t.Helper()
	id := "ding" + rand.Text()[:16]
	o := &Org{
		App:   App{Corp: "ding" + rand.Text()[:16], ClientID: id, ClientSecret: rand.Text(), RobotCode: id},
		Grace: 10 * time.Second, done: make(chan struct{}), changed: make(chan struct{}), tokens: map[string]bool{}, tickets: map[string][]string{},
		templates: map[string]bool{Shared: true}, users: map[string]*User{}, groups: map[string][]string{}, cards: map[string]*Card{},
		calls: map[string]int{},
	}
	o.server = httptest.NewServer(o.routes())
	t.Cleanup(o.close)
	return o
}

// URL is the base of both interfaces: "http://127.0.0.1:1234".
func (o *Org) URL() string { return o.server.URL }

func (o *Org) close() {
	close(o.done)
	o.Drop()
	o.server.CloseClientConnections()
	o.server.Close()
	o.busy.Wait()
}

// AddUser lets somebody in, and returns the staff id.
func (o *Org) AddUser(u User) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if u.ID == "" {
		u.ID = "manager" + rand.Text()[:8]
	}
	if u.Corp == "" {
		u.Corp = o.App.Corp
	}
	o.users[u.ID] = &u
	return u.ID
}

// Leave ends somebody's time in the organisation.
func (o *Org) Leave(user string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.users[user].Left = true
}

// Group opens a group with the robot and these people in it.
func (o *Org) Group(members ...string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.group(members)
}

// group opens a group. Ids are in base64, so they can have a slash. The lock is held.
func (o *Org) group(members []string) string {
	id := "cid" + rand.Text()[:8] + "/" + rand.Text()[:8] + "=="
	o.groups[id] = members
	return id
}

// AddTemplate publishes a card template.
func (o *Org) AddTemplate(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.templates[id] = true
}

// RemoveTemplate takes one away; also the shared one can go.
func (o *Org) RemoveTemplate(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.templates, id)
}

// RemoveCard takes a card away, as an administrator can.
func (o *Org) RemoveCard(track string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.cards, track)
	for i := 0; i < len(o.messages); i++ {
		if o.messages[i].Card != nil && o.messages[i].Card.Track == track {
			o.messages = append(o.messages[:i], o.messages[i+1:]...)
			i--
		}
	}
	o.touch()
}

// Expire ends all tokens: the next calls are answered InvalidAuthentication.
func (o *Org) Expire() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.tokens)
}

// Calls is how often a path was called, with faults.
func (o *Org) Calls(path string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.calls[path]
}

// touch tells those who wait that something changed. The lock is held.
func (o *Org) touch() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// patience is how long a test waits for what a robot does in its own time. It is only a
// bound for what never comes.
const patience = 20 * time.Second

// Await waits until done says so, looking again after each change. It fails the test if
// that never comes.
func (o *Org) Await(t T, what string, done func() bool) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		o.mu.Lock()
		changed := o.changed
		o.mu.Unlock()
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
