package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/bot"
	"twokey/bot/api"
	"twokey/bot/console"
	"twokey/bot/escalation"
	"twokey/bot/lark"
	"twokey/bot/slack"
	"twokey/bot/view"
	"twokey/store"
	"twokey/store/bolt"
	"twokey/store/heads"
)

// app is a bot with everything around it: built from a configuration, ready to
// run.
type app struct {
	config  *config
	bot     *bot.Bot
	store   store.Store
	db      *bolt.Store // what lies under store
	backup  api.Backup
	heads   *heads.File // nil: none is kept
	ready   *readiness
	reader  *api.Local
	metrics *metrics
	console *console.Console // nil but in a drill
	slack   *slack.Chat      // nil unless configured
	lark    *lark.Chat       // nil unless configured
	drills  []*drill         // the pretend accounts
	log     *slog.Logger
	now     func() time.Time
}

// newApp opens the store, makes the accounts and the rooms, and writes a changed
// configuration down. Ctx is the life of the pretend accounts. Whoever gets an
// app closes it.
func newApp(ctx context.Context, c *config, log *slog.Logger, now func() time.Time) (*app, error) {
	a := &app{config: c, log: log, now: now}
	if err := a.assemble(ctx); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

func (a *app) assemble(ctx context.Context) error {
	if err := a.openStore(); err != nil {
		return err
	}
	words, err := view.New()
	if err != nil {
		return err
	}
	rules, err := a.config.rules()
	if err != nil {
		return err
	}
	accounts, err := a.accounts(ctx)
	if err != nil {
		return err
	}
	a.ready = newReadiness(a.store, a.db.Check, a.now, a.log)
	a.metrics = newMetrics(prometheus.NewRegistry(), a.store, a.now)
	a.bot = &bot.Bot{
		Rules: rules, Chain: a.config.chain(), Store: a.store, Accounts: accounts, Chats: a.rooms(words), View: words,
		People: a.config.people(), Mention: a.config.Escalation.Mention, Webhook: a.webhook(), Language: a.config.Language, Drill: a.config.drill(),
		Sites: a.config.sites(), Links: a.config.Links, Log: a.log, Now: a.now, Salt: rand.Text,
		Heard: a.metrics.heard,
	}
	a.bot.Retention = a.retention(a.db)
	a.metrics.lanes, a.metrics.checks, a.metrics.heads = a.bot.Lanes(), a.bot.Checks, a.heads
	a.metrics.failing = a.bot.Failing
	for _, room := range a.bot.Chats {
		a.metrics.rooms = append(a.metrics.rooms, room.Room())
	}
	a.reader = local(a.store, a.config, rules, words, a.now)
	a.reader.Describe = a.describe
	if err := errors.Join(a.holdIfOld(ctx), a.bot.CheckSystem(ctx)); err != nil {
		return err
	}
	return configured(ctx, a.bot, a.config.settings(rules))
}

func (a *app) openStore() error {
	db, err := bolt.Open(a.config.Store.Bolt.Path, bolt.Options{})
	if err != nil {
		return inWords(err)
	}
	a.store, a.db = db, db
	a.backup = api.Backup{Copy: db.Backup, Dir: filepath.Dir(a.config.Store.Bolt.Path), Room: roomFor}
	if file := a.config.Audit.Heads; file != "" {
		if a.heads, err = heads.Open(file, a.log); err != nil {
			return fmt.Errorf("audit.heads: %w", err)
		}
		a.store = heads.Wrap(db, a.heads, a.now)
	}
	return nil
}

// accounts makes what is configured; pretend ones are started first.
func (a *app) accounts(ctx context.Context) ([]actions.Account, error) {
	var all []actions.Account
	for _, configured := range a.config.Accounts {
		settings := a.config.account(configured)
		if configured.mode() == modeSandbox {
			d, err := newDrill(ctx, configured, settings.Quarantine, a.config.Store.Bolt.Path+"."+configured.Name+".json")
			if err != nil {
				return nil, err
			}
			a.drills = append(a.drills, d)
			settings = d.aimed(settings)
			a.log.Warn("pretend account: no cloud is touched", slog.String("account", configured.Name),
				slog.String("in_use", d.scene.Leaked.ID), slog.String("idle", d.scene.Idle.ID))
		}
		account, err := alicloud.New(settings)
		if err != nil {
			return nil, err
		}
		all = append(all, account)
	}
	return all, nil
}

func (a *app) webhook() bot.Webhook {
	hook := a.config.Escalation.Webhook
	if hook.URL == "" {
		return nil
	}
	return &escalation.Webhook{
		URL: hook.URL, Key: escalation.Key(hook.Secret.reveal()), HTTP: &http.Client{Timeout: webhookTimeout},
	}
}

const webhookTimeout = 15 * time.Second

// describe adds to the status what only the running bot knows.
func (a *app) describe(ctx context.Context, s *api.Status) error {
	s.Version = version()
	for _, account := range a.config.Accounts {
		s.Accounts = append(s.Accounts, api.Account{Name: account.Name, ID: account.ID, Mode: account.mode()})
	}
	for _, c := range a.bot.Chats {
		room := api.Room{Name: c.Room(), Platform: c.Platform(), Inbound: a.metrics.inbound(c.Room())}
		if down, failing := a.bot.Failing(c.Room()); failing {
			room.Failing, room.Why = down.Since, down.Why
		}
		s.Rooms = append(s.Rooms, room)
	}
	s.Record = a.record()
	for _, lane := range a.bot.Lanes() {
		due, _, err := a.store.NextDue(ctx, lane)
		if err != nil {
			return err
		}
		s.Lanes = append(s.Lanes, api.Lane{Name: lane, Due: due})
	}
	return nil
}

// record is how the evidence stands.
func (a *app) record() *api.Record {
	found := a.bot.Checks()
	r := &api.Record{Checked: found.Whole, Broken: make([]api.Broken, len(found.Broken))}
	for i, d := range found.Broken {
		r.Broken[i] = api.Broken{ID: d.Of, At: d.Seq, Why: d.Why}
	}
	if err := a.heads.Failing(); err != nil {
		r.Heads = err.Error()
	}
	return r
}

// close ends what newApp began, also when it did not get to the end.
func (a *app) close() error {
	var errs []error
	for _, d := range a.drills {
		errs = append(errs, d.cloud.Close())
	}
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	return errors.Join(errs...)
}
