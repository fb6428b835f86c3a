// Package chattest holds the one story that every chat platform must pass, and
// the world it plays in: a real store, the real SDKs against the sandbox, the
// real catalogs, and a clock that stands still until it is told to move.
//
// It is for tests only and mocks nothing.
package chattest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/bot"
	"twokey/bot/playbook"
	"twokey/bot/view"
	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
)

// World is a bot and everything around it.
type World struct {
	Bot      *bot.Bot
	Cloud    *sandbox.Cloud
	Scene    sandbox.Furnished
	Attacker *sandbox.Attacker
	Clock    *Clock
	Path     string // of the store's file

	dir   string
	salts int
	t     *testing.T
	db    *bolt.Store
}

// Clock stands still until it is told to move. It begins at the machine's time,
// because the SDKs sign with that.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Move lets time pass; a negative d sets the clock back.
func (c *Clock) Move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Options change the world before it begins.
type Options struct {
	Rules   func(*incident.Rules)
	Account func(actions.Account) actions.Account // wraps the account
	Store   func(store.Store) store.Store         // wraps the store
	Log     io.Writer                             // also gets the bot's log
	Keep    bool                                  // the cloud can be frozen

	Receivers map[string]alicloud.Receiver // of new keys, by user name
	People    []bot.Entry                  // nil: [Entries]
}

// People of the story. Eve is on the platforms and in no configuration.
const (
	Ana  incident.Person = "ana"
	Bo   incident.Person = "bo"
	Chen incident.Person = "chen"
)

// Entries are the story's people, on the platforms console, slack, lark and
// dingtalk under their own names.
func Entries() []bot.Entry {
	entry := func(id incident.Person, name string) bot.Entry {
		e := bot.Entry{ID: id, Name: name, Lang: "en"}
		for _, platform := range []string{"console", "slack", "lark", "dingtalk"} {
			e.Accounts = append(e.Accounts, bot.Account{Platform: platform, User: string(id)})
		}
		return e
	}
	return []bot.Entry{entry(Ana, "Ana"), entry(Bo, "Bo"), entry(Chen, "Chen")}
}

func people(o Options) []bot.Entry {
	if o.People != nil {
		return o.People
	}
	return Entries()
}

// Rules are the story's rules: two people for what disrupts or destroys.
func Rules() incident.Rules {
	return incident.Rules{
		Members: []incident.Member{
			{ID: Ana, Roles: []incident.Role{incident.Responder, incident.Approver}},
			{ID: Bo, Roles: []incident.Role{incident.Responder, incident.Approver}},
			{ID: Chen, Roles: []incident.Role{incident.Approver}},
		},
		RequesterCounts: true, Window: 30 * time.Minute, ReasonFrom: incident.Destructive,
		Playbook: standard(), Remind: []time.Duration{5 * time.Minute, 15 * time.Minute},
		Automation: incident.Automation{Cap: 3, History: 14 * 24 * time.Hour},
	}
}

// standard is the embedded playbook, read once.
var standard = sync.OnceValue(playbook.Default)

// New makes a world with these rooms. It ends with the test.
func New(t *testing.T, o Options, rooms ...bot.Chat) *World {
	t.Helper()
	return begun(t, Frozen{Now: time.Now().UTC().Truncate(time.Second)}, o, rooms)
}

// begun makes a world from what was kept of another one; nothing was kept of a
// new one.
func begun(t *testing.T, f Frozen, o Options, rooms []bot.Chat) *World {
	t.Helper()
	w := &World{t: t, Clock: &Clock{now: f.Now}, dir: t.TempDir(), salts: f.salts}
	w.Path = filepath.Join(w.dir, "twokey.db")
	w.thaw(f)
	w.openCloud(o.Keep)
	var err error
	if w.Scene, err = w.Cloud.Furnish(prepared(t)); err != nil {
		t.Fatal(err)
	}
	w.Attacker, err = sandbox.NewAttacker(w.Cloud.URL(), w.Scene.Leaked, sandbox.ThiefSource, sandbox.Theft())
	if err != nil {
		t.Fatal(err)
	}
	w.Start(o, rooms...)
	return w
}

// prepared is the account as an operator leaves it to a bot that may not make
// policies.
func prepared(t *testing.T) sandbox.Premade {
	t.Helper()
	b, err := alicloud.Quarantine{}.Beforehand()
	if err != nil {
		t.Fatal(err)
	}
	p := sandbox.Premade{Policies: map[string]string{}, Group: b.Group, GroupPolicy: b.GroupPolicy}
	for name, doc := range b.Policies {
		p.Policies[name] = string(doc.Canonical())
	}
	return p
}

func (w *World) openCloud(keep bool) {
	w.t.Helper()
	o := sandbox.Options{Now: w.Clock.Now, WireNow: time.Now}
	if keep {
		o.File = w.cloudPath()
	}
	var err error
	if w.Cloud, err = sandbox.Open(o); err != nil {
		w.t.Fatal(err)
	}
	w.Cloud.SetBehaviour(sandbox.Behaviour{UnlimitedLookups: true})
	if err := w.Cloud.Start(w.t.Context(), ""); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = w.Cloud.Close() })
}

// Start opens the store and makes a bot on it: the first one, or the next after
// a crash. The cloud and the clock go on.
func (w *World) Start(o Options, rooms ...bot.Chat) {
	w.t.Helper()
	db, err := bolt.Open(w.Path, bolt.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = db.Close() })
	w.db = db
	words, err := catalogs()
	if err != nil {
		w.t.Fatal(err)
	}
	rules := Rules()
	if o.Rules != nil {
		o.Rules(&rules)
	}
	w.Bot = &bot.Bot{
		Rules: rules, Store: db, Accounts: []actions.Account{w.account(o)}, Chats: rooms, View: words,
		People: bot.People{Entries: people(o)}, Language: "en", Log: w.log(o), Now: w.Clock.Now, Salt: w.salt,
	}
	if o.Account != nil {
		w.Bot.Accounts[0] = o.Account(w.Bot.Accounts[0])
	}
	if o.Store != nil {
		w.Bot.Store = o.Store(db)
	}
}

// account is the real one, aimed at the pretend cloud.
func (w *World) account(o Options) actions.Account {
	w.t.Helper()
	account, err := alicloud.New(alicloud.Config{
		Name: "prod", ID: w.Cloud.Account(), Now: w.Clock.Now,
		Credentials: alicloud.Credentials{
			Type: "access_key", AccessKeyID: w.Scene.Bot.ID, AccessKeySecret: alicloud.Secret(w.Scene.Bot.Secret),
		},
		Endpoints: w.endpoints(), Receivers: o.Receivers,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return account
}

// endpoints send every product's calls to the pretend cloud.
func (w *World) endpoints() map[string]string {
	all := map[string]string{}
	for _, product := range []string{"ram", "ims", "sts", "actiontrail", "ecs", "sas", "bss", "kms", "sls"} {
		all[product] = w.Cloud.URL()
	}
	return all
}

// catalogs are read once: reading them is most of what a world costs.
var catalogs = sync.OnceValues(view.New)

// log shows the bot's log with the test that fails, and copies it where asked.
func (w *World) log(o Options) *slog.Logger {
	var to io.Writer = testLog{w.t}
	if o.Log != nil {
		to = io.MultiWriter(to, o.Log)
	}
	return slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Reopen is the start after a crash: what is left is the file.
func (w *World) Reopen(o Options, rooms ...bot.Chat) {
	w.t.Helper()
	if err := w.db.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.Start(o, rooms...)
}

func (w *World) salt() string {
	w.salts++
	return fmt.Sprintf("salt %d", w.salts)
}

// testLog shows the bot's log with the test that fails.
type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Log(string(b))
	return len(b), nil
}

// settleLimit bounds how many jobs can follow from one thing.
const settleLimit = 500

// Settle does every job that is due, until nothing is.
func (w *World) Settle() {
	w.t.Helper()
	for range settleLimit {
		idle := true
		for _, lane := range w.Bot.Lanes() {
			worked, err := w.Bot.Work(w.t.Context(), lane)
			if err != nil && !errors.Is(err, context.Canceled) {
				w.t.Logf("job in lane %s: %v", lane, err)
			}
			idle = idle && !worked
		}
		if idle {
			return
		}
	}
	w.t.Fatalf("still busy after %d rounds", settleLimit)
}

// After lets time pass and does what fell due.
func (w *World) After(d time.Duration) {
	w.t.Helper()
	w.Clock.Move(d)
	w.Settle()
}

// Alert reports the leaked key, as a source would.
func (w *World) Alert() incident.ID {
	w.t.Helper()
	id, err := w.Hear("")
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// Hear delivers the alert about the leaked key, and says which incident has it.
func (w *World) Hear(delivery string) (incident.ID, error) {
	now := w.Clock.Now()
	_, id, err := w.Bot.Receive(w.t.Context(), incident.Bot, incident.Alert{
		Source: "scans", Type: "gitleaks", ExternalKey: "finding 1", Delivery: delivery, Kind: incident.KindOpen,
		KeyID: incident.KeyID(w.Scene.Leaked.ID), KeyType: "long_term", Confidence: "likely", SecretSeen: true,
		DetectedAt: now.Add(-20 * time.Second), ReceivedAt: now,
	}, incident.AlertText{Places: []incident.Place{{Repo: "acme/web", Path: "deploy/.env", Line: 12, Commit: "3a9005e"}}})
	return id, err
}

// State is what is true of an incident.
func (w *World) State(id incident.ID) incident.State {
	w.t.Helper()
	records, err := w.Bot.Store.Load(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return incident.Fold(records)
}

// KeyStatus is the leaked key's state in the pretend account: Active, Inactive,
// or "bin".
func (w *World) KeyStatus() string {
	for _, u := range w.Cloud.Snapshot().Users {
		for _, k := range u.Keys {
			switch {
			case k.ID != w.Scene.Leaked.ID:
			case k.InBin:
				return "bin"
			default:
				return k.Status
			}
		}
	}
	return ""
}

// Steal makes the attacker's next call and reports whether it went through.
func (w *World) Steal() sandbox.Result {
	w.t.Helper()
	r, err := w.Attacker.Step(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}
