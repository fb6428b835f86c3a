package main

import (
	"context"
	"errors"
	"time"

	"twokey/bot"
	"twokey/bot/api"
	"twokey/incident"
	"twokey/store"
	"twokey/store/heads"
)

// ledger is a store as package api reads it.
type ledger struct{ store.Store }

var _ api.Source = ledger{}

// List implements [api.Source].
func (l ledger) List(ctx context.Context, f api.Filter) ([]incident.Index, error) {
	return l.Find(ctx, store.Query{Open: f.Open, Limit: f.Limit, Before: f.Before})
}

// Texts implements [api.Source].
func (l ledger) Texts(ctx context.Context, id incident.ID) (map[incident.Words]string, error) {
	return bot.Texts(ctx, l.Store, id)
}

// Purged implements [api.Source]. A side value that says nothing of the kind is
// none.
func (l ledger) Purged(ctx context.Context, id incident.ID) (api.Purge, bool, error) {
	p, ok, err := heads.Purged(ctx, l.Store, id)
	if errors.Is(err, heads.ErrPurge) {
		return api.Purge{}, false, nil
	}
	return api.Purge{Seq: p.Seq, Hash: p.Hash, Archive: p.Archive}, ok, err
}

// local reads a store of this process, in the words of a configuration.
func local(s store.Store, c *config, rules incident.Rules, view bot.View, now func() time.Time) *api.Local {
	people := c.people()
	return &api.Local{
		Source: ledger{s}, Chain: c.chain(), View: view, Language: c.Language, Now: now,
		Scene: bot.Scene{Rules: rules, Names: people.Names(), Owners: people.Owners, Drill: c.drill()},
	}
}
