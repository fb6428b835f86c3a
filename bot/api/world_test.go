package api_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"twokey/bot"
	"twokey/bot/api"
	"twokey/bot/playbook"
	"twokey/bot/view"
	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
	"twokey/store/heads"
)

const token = "a token of a test"

// leaked is put together here, so that no scanner takes it for a real one.
var leaked = incident.KeyID("LTAI" + "5tAPItestKey00000001")

var began = time.Date(2026, 11, 21, 2, 55, 0, 0, time.UTC)

// world is a bot with one incident, a note and a plan that one person approved.
type world struct {
	t    *testing.T
	path string
	bot  *bot.Bot
	now  time.Time
	read *api.Local
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, path: filepath.Join(t.TempDir(), "twokey.db"), now: began}
	words, err := view.New()
	if err != nil {
		t.Fatal(err)
	}
	roles := []incident.Role{incident.Responder, incident.Approver}
	rules := incident.Rules{
		Members:         []incident.Member{{ID: "ana", Roles: roles}, {ID: "bo", Roles: roles}},
		RequesterCounts: true, Window: 30 * time.Minute, Playbook: playbook.Default(),
	}
	owners := map[incident.RAMUser]incident.Person{{Account: "prod", User: "ci-deploy"}: "ana"}
	w.bot = &bot.Bot{
		Rules: rules, Store: w.open(), View: words, Language: "en", Log: slog.New(slog.DiscardHandler), Now: w.clock,
		Salt: func() string { return "salt" }, People: bot.People{Entries: []bot.Entry{{ID: "ana", Name: "Ana"}, {ID: "bo", Name: "Bo"}}},
	}
	w.read = &api.Local{
		Source: source{w.bot.Store}, View: words, Language: "en", Now: w.clock,
		Scene: bot.Scene{Rules: rules, Names: w.bot.People.Names(), Owners: owners},
	}
	w.story()
	return w
}

func (w *world) open() store.Store {
	w.t.Helper()
	db, err := bolt.Open(w.path, bolt.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = db.Close() })
	return db
}

// clock gives every decision a second of its own.
func (w *world) clock() time.Time {
	w.now = w.now.Add(time.Second)
	return w.now
}

func (w *world) story() {
	w.t.Helper()
	alert := incident.Alert{Source: "scans", Type: "generic", Kind: incident.KindOpen, KeyID: leaked, ReceivedAt: began}
	if _, _, err := w.bot.Receive(w.t.Context(), incident.Bot, alert, incident.AlertText{}); err != nil {
		w.t.Fatal(err)
	}
	w.do(incident.Bot, incident.Observe{Of: incident.OfKey(leaked), AsOf: began, Source: "ims:GetUser", Facts: map[incident.FactName]string{
		incident.FactOwner: incident.OwnerRAM, incident.FactAccount: "prod", incident.FactAccountID: "1234567890123456",
		incident.FactUser: "ci-deploy", incident.FactUserID: "200000000000000001", incident.FactStatus: incident.KeyActive,
	}})
	w.do("ana", incident.Reply{Question: incident.Rotatable, Value: incident.No})
	s := w.do("ana", incident.Propose{Plan: incident.Plan{Step: incident.StepKeyDisable, Target: incident.Target{
		Account: "prod", AccountID: "1234567890123456", User: "ci-deploy", UserID: "200000000000000001", Key: leaked,
	}}})
	w.do("ana", incident.Approve{Number: 1, Digest: s.Proposals[0].Digest, Platform: "console"})
}

func (w *world) do(by incident.Person, c incident.Command) incident.State {
	w.t.Helper()
	s, err := w.bot.Do(w.t.Context(), "inc-1", by, c)
	if err != nil {
		w.t.Fatalf("%T by %s: %v", c, by, err)
	}
	return s
}

// serve starts a server with the API and returns its address.
func (w *world) serve(token string) string {
	server := httptest.NewServer(api.New(api.Config{Token: token, Reader: w.read, Log: slog.New(slog.DiscardHandler)}))
	w.t.Cleanup(server.Close)
	return server.URL
}

func (w *world) client() *api.Client {
	return &api.Client{URL: w.serve(token), Token: token, HTTP: http.DefaultClient}
}

// tamper changes the file behind the store's back.
func (w *world) tamper(change func(tx *bbolt.Tx) error) {
	w.t.Helper()
	if err := w.bot.Store.Close(); err != nil {
		w.t.Fatal(err)
	}
	db, err := bbolt.Open(w.path, 0o600, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := db.Update(change); err != nil {
		w.t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.bot.Store = w.open()
	w.read.Source = source{w.bot.Store}
}

// source is the store as the program wires it.
type source struct{ store.Store }

func (s source) List(ctx context.Context, f api.Filter) ([]incident.Index, error) {
	return s.Find(ctx, store.Query{Open: f.Open, Limit: f.Limit, Before: f.Before})
}

func (s source) Purged(ctx context.Context, id incident.ID) (api.Purge, bool, error) {
	p, ok, err := heads.Purged(ctx, s.Store, id)
	return api.Purge{Seq: p.Seq, Hash: p.Hash, Archive: p.Archive}, ok, err
}

func (s source) Texts(ctx context.Context, id incident.ID) (map[incident.Words]string, error) {
	values, err := s.Values(ctx, "text/"+string(id)+"/")
	texts := make(map[incident.Words]string)
	for _, v := range values {
		sum := sha256.Sum256(v.Body)
		_, text, _ := strings.Cut(string(v.Body), "\n")
		texts[incident.Words(hex.EncodeToString(sum[:]))] = text
	}
	return texts, err
}
