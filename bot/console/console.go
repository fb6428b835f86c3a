// Package console is a web page that is a chat platform: a room with cards,
// buttons, dialogs and a command line, seen through the eyes of one of a few
// pretend people. It is what `twokey demo` shows.
//
// It is not a way into a real deployment: whoever reaches the page may be anybody
// on it. So it answers to loopback only, its identities exist nowhere else, and it
// keeps nothing: after a restart every message is gone and the bot posts anew.
package console

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"twokey/bot"
)

// Name is the console's room and its platform.
const Name = "console"

// ErrListening says that somebody listens already: a click has one answer.
var ErrListening = errors.New("the console is listened to already")

// Identity is somebody that the reader of the page can be. It exists only here.
type Identity struct {
	User     string // id on this platform: "ana"
	Name     string // "Ana"
	Stranger bool   // in no configuration: may do nothing, and the page says so
	Lang     string // BCP 47; the page's language until another is chosen
}

// Config is what a console needs. Identities and Words are mandatory.
type Config struct {
	Identities []Identity // the first is who a new reader is
	Title      string     // empty: the catalog's
	// Account is the pretend account beside the room; nil: the room alone. It is
	// asked about once a second for each open page, and after each call of Touch.
	Account func() Pretend
	// Attack makes the thief try again; nil: no button.
	Attack func(context.Context) error
	// Words is a sentence of the catalog, for the ids in [WordIDs].
	Words func(lang, id string, blanks map[string]string) string
	// Redact takes secrets out of what somebody typed before it is shown back to
	// them; nil: it is not shown back.
	Redact func(string) string
	Now    func() time.Time // nil: [time.Now]; its location is the page's time zone
	Log    *slog.Logger     // nil: no log
}

// Console is the room and the page that shows it. Make it with [New].
type Console struct {
	config Config
	sign   signer
	boot   string // differs at every start
	pages  http.Handler
	closed chan struct{}
	close  sync.Once

	mu        sync.Mutex
	listener  *listener
	posts     []*post // oldest first
	byKey     map[string]*post
	byRef     map[bot.Ref]*post
	answers   map[string][]answer // by identity, newest first
	turns     map[string]int      // by form: how often it was answered
	number    int                 // of the last answer
	seq       uint64              // of the last change
	changed   chan struct{}       // closed at the next change
	following int                 // open streams
}

var (
	_ bot.Chat      = (*Console)(nil)
	_ bot.Forgetful = (*Console)(nil)
	_ http.Handler  = (*Console)(nil)
)

// New makes an empty room. Nobody listens yet, so clicks are refused in words.
func New(config Config) *Console {
	if config.Words == nil {
		config.Words = func(_, id string, _ map[string]string) string { return id }
	}
	if config.Redact == nil {
		config.Redact = func(string) string { return "" }
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	c := &Console{
		config: config, sign: newSigner(), boot: rand.Text(), closed: make(chan struct{}), changed: make(chan struct{}),
		byKey: map[string]*post{}, byRef: map[bot.Ref]*post{}, answers: map[string][]answer{}, turns: map[string]int{},
	}
	c.pages = c.routes()
	return c
}

// Room is "console".
func (c *Console) Room() string { return Name }

// Platform is "console".
func (c *Console) Platform() string { return Name }

// Forgets is true: messages live in memory only.
func (c *Console) Forgets() bool { return true }

// Touch tells open pages that the pretend account has changed.
func (c *Console) Touch() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.change()
}

// Close ends the streams of open pages, so that a server can shut down without
// waiting for them. Hand it to [http.Server.RegisterOnShutdown].
func (c *Console) Close() { c.close.Do(func() { close(c.closed) }) }

// change wakes every open page. The caller holds the lock.
func (c *Console) change() {
	c.seq++
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *Console) identity(user string) (Identity, bool) {
	for _, id := range c.config.Identities {
		if id.User == user {
			return id, true
		}
	}
	return Identity{}, false
}
