package bot_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"math"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/view"
	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
)

// How the outside behaves while what people feel is measured.
const (
	outsideP50 = 80 * time.Millisecond
	outsideP99 = time.Second
	oneInFifty = 50 // calls turned away: 2 %
)

// lag waits as long as one call to the outside takes: log-normal, so that the
// median and the slowest in a hundred are as said.
func lag(ctx context.Context) error {
	sigma := math.Log(float64(outsideP99)/float64(outsideP50)) / 2.326
	wait := time.Duration(float64(outsideP50) * math.Exp(sigma*mathrand.NormFloat64()))
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return nil
	}
}

// distant is a cloud that is far away.
type distant struct{ http.RoundTripper }

func (d distant) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := lag(r.Context()); err != nil {
		return nil, err
	}
	return d.RoundTripper.RoundTrip(r)
}

// tooMany is a chat platform's rate limit.
type tooMany struct{}

func (tooMany) Error() string       { return "HTTP 429" }
func (tooMany) Wait() time.Duration { return time.Second }

// sighting is a card that the room has just begun to show.
type sighting struct {
	incident incident.ID
	of, at   time.Time // of: the last record it knows of
}

// busyRoom is a chat platform as people meet it: slow, and at times too busy.
type busyRoom struct {
	*room
	seen func(sighting)
}

func (c busyRoom) call(ctx context.Context) error {
	if err := lag(ctx); err != nil {
		return err
	}
	if mathrand.N(oneInFifty) == 0 {
		return tooMany{}
	}
	return nil
}

func (c busyRoom) Post(ctx context.Context, key string, card bot.Card) (bot.Ref, error) {
	if err := c.call(ctx); err != nil {
		return "", err
	}
	ref, err := c.room.Post(ctx, key, card)
	c.seen(sighting{card.Incident, card.At, time.Now()})
	return ref, err
}

func (c busyRoom) Update(ctx context.Context, ref bot.Ref, card bot.Card) error {
	if err := c.call(ctx); err != nil {
		return err
	}
	err := c.room.Update(ctx, ref, card)
	c.seen(sighting{card.Incident, card.At, time.Now()})
	return err
}

func (c busyRoom) Reply(ctx context.Context, ref bot.Ref, l bot.Line) error {
	if err := c.call(ctx); err != nil {
		return err
	}
	return c.room.Reply(ctx, ref, l)
}

// watchedStore tells of each record as soon as it is durable.
type watchedStore struct {
	store.Store
	wrote func(incident.Record)
}

func (s watchedStore) Append(ctx context.Context, b store.Batch) error {
	err := s.Store.Append(ctx, b)
	for _, r := range b.Records {
		if err == nil {
			s.wrote(r)
		}
	}
	return err
}

// felt is a bot on a real file and a real clock, with the outside as above.
type felt struct {
	b     *testing.B
	bot   *bot.Bot
	cloud *sandbox.Cloud
	bank  sandbox.Furnished

	mu        sync.Mutex
	sightings map[incident.ID][]sighting
	contained map[incident.ID]time.Time
	news      *sync.Cond
}

func newFelt(b *testing.B) *felt {
	b.Helper()
	f := &felt{b: b, sightings: map[incident.ID][]sighting{}, contained: map[incident.ID]time.Time{}}
	f.news = sync.NewCond(&f.mu)
	db, err := bolt.Open(filepath.Join(b.TempDir(), "twokey.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	words, err := view.New()
	if err != nil {
		b.Fatal(err)
	}
	f.openCloud()
	rules := chattest.Rules()
	automatic(&rules)
	rules.Automation.Cap, rules.Automation.Sources = 1000, append(rules.Automation.Sources, "stolen")
	f.bot = &bot.Bot{
		Rules: rules, Store: watchedStore{db, f.wrote}, Accounts: []actions.Account{f.account()},
		Chats: []bot.Chat{busyRoom{newRoom(), f.saw}}, View: words, People: bot.People{Entries: chattest.Entries()},
		Language: "en", Log: slog.New(slog.DiscardHandler), Now: time.Now, Salt: rand.Text,
	}
	return f
}

func (f *felt) openCloud() {
	f.b.Helper()
	var err error
	if f.cloud, err = sandbox.Open(sandbox.Options{}); err != nil {
		f.b.Fatal(err)
	}
	if err := f.cloud.Start(f.b.Context(), ""); err != nil {
		f.b.Fatal(err)
	}
	f.b.Cleanup(func() { _ = f.cloud.Close() })
	if f.bank, err = f.cloud.Furnish(); err != nil {
		f.b.Fatal(err)
	}
	f.cloud.Inject(sandbox.Fault{Kind: sandbox.Throttle, Every: oneInFifty})
}

func (f *felt) account() actions.Account {
	return f.aimed("prod", f.cloud.Account(), f.cloud.URL(), distant{http.DefaultTransport})
}

func (f *felt) aimed(name, id, url string, t http.RoundTripper) actions.Account {
	f.b.Helper()
	a, err := alicloud.New(alicloud.Config{
		Name: name, ID: id, HTTPTransport: t, Quarantine: alicloud.Quarantine{Create: true},
		Credentials: alicloud.Credentials{
			Type: "access_key", AccessKeyID: f.bank.Bot.ID, AccessKeySecret: alicloud.Secret(f.bank.Bot.Secret),
		},
		Endpoints: map[string]string{"ram": url, "ims": url, "sts": url, "actiontrail": url, "ecs": url, "sas": url, "bss": url},
	})
	if err != nil {
		f.b.Fatal(err)
	}
	return a
}

// addSilent adds an account that takes every call and answers none.
func (f *felt) addSilent() {
	over := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-over:
		}
	}))
	f.b.Cleanup(func() { close(over); s.CloseClientConnections(); s.Close() })
	f.bot.Accounts = append([]actions.Account{f.aimed("silent", "1"+strings.Repeat("2", 15), s.URL, &http.Transport{})}, f.bot.Accounts...)
}

// leaky makes a user with a key that has a past.
func (f *felt) leaky(n int) incident.KeyID {
	f.b.Helper()
	name := fmt.Sprintf("service-%d", n)
	f.cloud.AddUser(name)
	k, err := f.cloud.AddKey(name)
	if err != nil {
		f.b.Fatal(err)
	}
	for days := range 6 {
		use := sandbox.Use{At: time.Now().Add(-time.Duration(days+1) * 10 * 24 * time.Hour), Service: "Ecs", Event: "DescribeInstances", Source: sandbox.KnownSource}
		if err := f.cloud.RecordUse(k.ID, use); err != nil {
			f.b.Fatal(err)
		}
	}
	return incident.KeyID(k.ID)
}

func (f *felt) saw(s sighting) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sightings[s.incident] = append(f.sightings[s.incident], s)
	f.news.Broadcast()
}

func (f *felt) wrote(r incident.Record) {
	e, ok := r.Event.(incident.Finished)
	if !ok || e.Outcome != incident.Confirmed {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, known := f.contained[r.Incident]; !known {
		f.contained[r.Incident] = time.Now()
	}
	f.news.Broadcast()
}

// await waits for something that the room shows or the store holds, but not for
// ever: what took longer counts as that long.
func (f *felt) await(ctx context.Context, when func() (time.Time, bool)) time.Time {
	stop := context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.news.Broadcast()
	})
	defer stop()
	f.mu.Lock()
	defer f.mu.Unlock()
	for ctx.Err() == nil {
		if at, ok := when(); ok {
			return at
		}
		f.news.Wait()
	}
	return time.Now()
}

// shows is when the room showed a card that knows of a record.
func (f *felt) shows(id incident.ID, of time.Time) func() (time.Time, bool) {
	return func() (time.Time, bool) {
		for _, s := range f.sightings[id] {
			if !s.of.Before(of) {
				return s.at, true
			}
		}
		return time.Time{}, false
	}
}

func (f *felt) isContained(id incident.ID) func() (time.Time, bool) {
	return func() (time.Time, bool) {
		at, ok := f.contained[id]
		return at, ok
	}
}

// report says how long the slowest took, as a share of all.
func report(b *testing.B, what string, took []time.Duration) {
	slices.Sort(took)
	for _, p := range []int{50, 95, 99} {
		if n := len(took); n > 0 {
			b.ReportMetric(took[(n*p+99)/100-1].Seconds(), fmt.Sprintf("s-%s-p%d", what, p))
		}
	}
}
