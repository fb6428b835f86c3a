package bot_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/view"
	"twokey/incident"
	"twokey/store"
	"twokey/store/archive"
	"twokey/store/bolt"
)

const year = 365 * 24 * time.Hour

// tester is what tests and rapid's properties have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Context() context.Context
}

// office is a bot without a cloud that keeps closed incidents for a year.
type office struct {
	tester

	bot  *bot.Bot
	db   *bolt.Store
	room *room
	dir  archive.Dir
	path string
	now  time.Time
	r    *reaper
	n    int // of keys that leaked
}

// catalogs are read once: reading them is most of what a start costs.
var catalogs = sync.OnceValues(view.New)

// newOffice is in a directory of its own. Whoever gets one closes its store.
func newOffice(t tester, dir string) *office {
	t.Helper()
	o := &office{
		tester: t, room: newRoom(), path: filepath.Join(dir, "twokey.db"), r: &reaper{left: -1},
		now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		dir: archive.Dir{Path: filepath.Join(dir, "archive"), Chain: incident.Chain{Key: []byte("only for tests")}},
	}
	if err := os.Mkdir(o.dir.Path, 0o700); err != nil {
		t.Fatalf("%v", err)
	}
	o.open()
	return o
}

func quietOffice(t *testing.T) *office {
	t.Helper()
	o := newOffice(t, t.TempDir())
	t.Cleanup(func() { _ = o.db.Close() })
	return o
}

// open is a start: of the first bot, or of the next after a crash.
func (o *office) open() {
	o.Helper()
	words, err := catalogs()
	if err != nil {
		o.Fatalf("%v", err)
	}
	if o.db, err = bolt.Open(o.path, bolt.Options{}); err != nil {
		o.Fatalf("%v", err)
	}
	o.r.revive()
	o.bot = &bot.Bot{
		Rules: chattest.Rules(), Chain: o.dir.Chain, Store: mortalStore{o.db, o.r}, Chats: []bot.Chat{mortalRoom{o.room, o.r}}, View: words,
		People: bot.People{Entries: chattest.Entries()}, Language: "en", Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return o.now }, Salt: func() string { return fmt.Sprintf("salt %d", o.n) },
		Retention: &bot.Retention{Closed: year, Archive: mortalArchive{o.dir, o.r}},
	}
}

func (o *office) restart() {
	o.Helper()
	if err := o.db.Close(); err != nil {
		o.Fatalf("%v", err)
	}
	o.open()
}

// settle does all the work that is due.
func (o *office) settle() {
	o.Helper()
	for range 1000 {
		idle := true
		for _, lane := range o.bot.Lanes() {
			worked, err := o.bot.Work(o.Context(), lane)
			if err != nil && !errors.Is(err, errDead) {
				o.Fatalf("lane %s: %v", lane, err)
			}
			idle = idle && !worked
		}
		if idle {
			return
		}
	}
	o.Fatalf("still busy")
}

// pass lets time pass: looks go on for a day after closing, and see what they see.
func (o *office) pass(d time.Duration) {
	o.Helper()
	o.now = o.now.Add(25 * time.Hour)
	o.settle()
	o.now = o.now.Add(d - 25*time.Hour)
	o.settle()
}

func (o *office) key(n int) incident.KeyID {
	return incident.KeyID(fmt.Sprintf("LTAI"+"5tRetain%08d", n))
}

// leaks opens an incident of a key.
func (o *office) leaks(key incident.KeyID) incident.ID {
	o.Helper()
	o.n++
	_, id, err := o.bot.ReceiveAlert(o.Context(), incident.Alert{
		Source: "scans", Type: "gitleaks", Kind: incident.KindOpen, KeyID: key, ExternalKey: fmt.Sprint(o.n), ReceivedAt: o.now,
	}, incident.AlertText{Title: planted + " title", Author: "somebody"})
	if err != nil {
		o.Fatalf("%v", err)
	}
	return id
}

// planted is in every text beside the chain.
const planted = "planted-words"

// do must succeed.
func (o *office) do(id incident.ID, by incident.Person, c incident.Command) {
	o.Helper()
	if _, err := o.bot.Do(o.Context(), id, by, c); err != nil {
		o.Fatalf("%s: %T: %v", id, c, err)
	}
}

// ends closes an incident whose key was seen Inactive.
func (o *office) ends(id incident.ID) {
	o.Helper()
	s := o.state(id)
	o.do(id, incident.Bot, incident.Observe{Of: incident.OfKey(s.Key), AsOf: o.now, Source: "ims:GetUser", Facts: map[incident.FactName]string{
		incident.FactStatus: incident.KeyInactive, incident.FactAccount: "prod", incident.FactUserID: "2019/1", incident.FactOwner: incident.OwnerRAM,
	}})
	o.do(id, chattest.Ana, incident.Close{})
}

// closed is n incidents of n keys that were closed at this time.
func (o *office) closed(n int) []incident.ID {
	o.Helper()
	var ids []incident.ID
	for range n {
		id := o.leaks(o.key(o.n + 1))
		o.say(chattest.Bo, "note "+planted+" "+string(id))
		o.ends(id)
		ids = append(ids, id)
	}
	o.settle()
	return ids
}

func (o *office) say(who incident.Person, text string) bot.Answer {
	return o.bot.Handle(o.Context(), bot.Input{From: bot.Account{Platform: "console", User: string(who)}, Room: "room", Text: text})
}

func (o *office) load(id incident.ID) []incident.Record {
	o.Helper()
	records, err := o.db.Load(o.Context(), id)
	if err != nil {
		o.Fatalf("%v", err)
	}
	return records
}

func (o *office) state(id incident.ID) incident.State {
	o.Helper()
	return incident.Fold(o.load(id))
}

// retain must succeed.
func (o *office) retain() bot.Retained {
	o.Helper()
	done, err := o.bot.Retain(o.Context())
	if err != nil {
		o.Fatalf("Retain: %v", err)
	}
	return done
}

// archives are the files, checked against what the system log says of them: every
// record there is in one.
func (o *office) archives() map[incident.ID]incident.End {
	o.Helper()
	all := make(map[incident.ID]incident.End)
	for _, a := range o.state(incident.System).Archives {
		ends, err := o.dir.Check(o.Context(), a)
		if err != nil {
			o.Errorf("%v", err)
		}
		for _, e := range ends {
			if _, twice := all[e.Incident]; twice {
				o.Errorf("%s is in two archives", e.Incident)
			}
			all[e.Incident] = e
		}
	}
	return all
}

// files are the names in the archive's directory, hidden ones too.
func (o *office) files() []string {
	o.Helper()
	entries, err := os.ReadDir(o.dir.Path)
	if err != nil {
		o.Fatalf("%v", err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// texts are the side values that hold planted words.
func (o *office) texts() (keys []string) {
	o.Helper()
	values, err := o.db.Values(o.Context(), "text/")
	if err != nil {
		o.Fatalf("%v", err)
	}
	for _, v := range values {
		keys = append(keys, v.Key)
	}
	return keys
}

func (o *office) listed() (ids []incident.ID) {
	o.Helper()
	found, err := o.db.Find(o.Context(), store.Query{Limit: 1000})
	if err != nil {
		o.Fatalf("%v", err)
	}
	for _, e := range found {
		ids = append(ids, e.Incident)
	}
	return ids
}
