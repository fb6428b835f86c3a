package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"twokey/bot"
	"twokey/bot/api"
	"twokey/bot/view"
	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
	"twokey/store/heads"
)

type receiveCmd struct {
	recordFlags

	Incident string `arg:"" help:"inc-7 or 7."`
}

// Help is shown below the flags.
func (receiveCmd) Help() string {
	return "Fetches the sealed secret of the key that this incident created, once: the record says when, and the store " +
		"forgets it. What is printed is armored age text that only its receiver can open:\n\n" +
		"  twokey receive inc-7 | age --decrypt -i key.txt\n\n" +
		"Writes to the bot's file, or asks the running bot when that has the file open."
}

// Run prints the ciphertext to standard output and nothing else there.
func (c *receiveCmd) Run(e *env, g *globals) error {
	id, err := incidentID(c.Incident)
	if err != nil {
		return err
	}
	from, done, err := c.receiver(e, g)
	if err != nil {
		return err
	}
	got, err := from.Receive(e.ctx, id)
	if err = errors.Join(err, done()); err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}
	_, _ = fmt.Fprintf(e.stderr, "twokey: new key %s for %s, sealed for %s; this was the only time\n", got.Key, printable(got.User), got.Receiver)
	e.printf("%s", got.Sealed)
	return nil
}

// receiver is the running bot, or the file of one that does not run.
func (c *receiveCmd) receiver(e *env, g *globals) (from api.Receiver, done func() error, err error) {
	p, err := c.place(e, g)
	if err != nil {
		return nil, nil, err
	}
	remote := func() (api.Receiver, func() error, error) {
		client, err := p.client()
		return client, func() error { return nil }, err
	}
	if p.db == "" {
		return remote()
	}
	if _, err := os.Stat(p.db); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("no bot has kept anything in %s yet, or its file is elsewhere: see store.bolt.path, --db and --data", p.db)
	}
	db, err := bolt.Open(p.db, bolt.Options{Timeout: lockWait})
	switch {
	case errors.Is(err, bolt.ErrLocked):
		return remote()
	case err != nil:
		return nil, nil, inWords(err)
	}
	b, err := p.quiet(e, db)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return api.Hand{Bot: b, Way: incident.WayFile}, db.Close, nil
}

// quiet is a bot on a file that no bot has open: it knows the rules and keeps the
// record, and neither looks into accounts nor talks to anybody. The rooms hear of
// what it wrote when the bot runs again and has news.
func (p place) quiet(e *env, db *bolt.Store) (*bot.Bot, error) {
	words, err := view.New()
	if err != nil {
		return nil, err
	}
	rules, err := p.config.rules()
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	var kept store.Store = db
	if p.heads != "" {
		file, err := heads.Open(p.heads, log)
		if err != nil {
			return nil, fmt.Errorf("audit.heads: %w", err)
		}
		kept = heads.Wrap(db, file, e.now)
	}
	return &bot.Bot{
		Rules: rules, Chain: p.config.chain(), Store: kept, View: words, People: p.config.people(),
		Language: p.config.Language, Drill: p.config.drill(), Log: log, Now: e.now, Salt: rand.Text,
	}, nil
}
