package main

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/bot"
	"twokey/bot/intake"
	"twokey/incident"
	"twokey/store"
)

// polledSources are the types of alert sources that this version asks.
func polledSources() []string { return []string{intake.SecurityCenter} }

// asks reports whether a source is asked about an account: without a name, about
// all of them.
func (s sourceConfig) asks(account string) bool {
	return slices.Contains(polledSources(), s.Type) && (s.Account == "" || s.Account == account)
}

// leaker is an account that Security Center can be asked about.
type leaker interface {
	Name() string
	Leaks(ctx context.Context, since time.Time, known func(id int64) bool) ([]alicloud.Leak, error)
}

var _ leaker = (*alicloud.Account)(nil)

// poller asks what is configured to be asked.
func (a *app) poller() *intake.Poller {
	p := &intake.Poller{
		Receive: a.bot.ReceiveAlert, Now: a.now, Log: a.log,
		Count: func(_ string, v bot.Verdict) { a.metrics.alerts.WithLabelValues(string(v)).Inc() },
		Delivered: func(ctx context.Context, name string) (bool, error) {
			_, kept, err := a.store.Value(ctx, name)
			return kept, err
		},
		Keep: a.keep,
		Code: codeOf,
	}
	for _, s := range a.config.Alerts.Sources {
		if g := s.github(); g != nil && len(g.Of) > 0 {
			p.Polled = append(p.Polled, intake.AskGitHub(s.Name, g))
		}
		for _, account := range a.bot.Accounts {
			if asked, ok := account.(leaker); ok && s.asks(account.Name()) {
				p.Polled = append(p.Polled, intake.Polled{Source: s.Name, Account: account.Name(), Ask: ask(asked)})
			}
		}
	}
	return p
}

// keep remembers for ever that something was delivered.
func (a *app) keep(ctx context.Context, name string) error {
	return a.store.Append(ctx, store.Batch{Values: []store.Value{{Key: name, Body: []byte("1")}}})
}

// ask lists an account's leaks as reports. It waits for looks that people wait for.
func ask(account leaker) func(context.Context, time.Time, func(string) bool) ([]intake.Report, error) {
	return func(ctx context.Context, since time.Time, known func(string) bool) ([]intake.Report, error) {
		name := func(id int64) string { return strconv.FormatInt(id, 10) }
		ctx = actions.With(ctx, actions.Following)
		leaks, err := account.Leaks(ctx, since, func(id int64) bool { return known(name(id)) })
		reports := make([]intake.Report, len(leaks))
		for i, l := range leaks {
			owner := incident.OwnerRAM
			if l.Root {
				owner = incident.OwnerRoot
			}
			reports[i] = intake.Report{
				ID: name(l.ID), Key: l.Key, Owner: owner, Detected: l.Detected, URL: l.URL, Repo: l.Repo, File: l.File, Author: l.Author,
			}
		}
		return reports, err
	}
}

// codeOf is an error of an account as a log may hold it.
func codeOf(err error) string {
	code, lacks := actions.Code(err), actions.Lacking(err)
	answered, ok := errors.AsType[intake.StatusError](err)
	switch {
	case ok:
		return answered.Error()
	case lacks != "":
		return code + " " + lacks
	case code != "":
		return code
	}
	return "Store"
}

// polled checks that the sources that are asked about an account may be asked.
func (f *findings) polled(c *config, account *alicloud.Account) {
	for _, s := range c.Alerts.Sources {
		if !s.asks(account.Name()) {
			continue
		}
		ctx, cancel := context.WithTimeout(f.ctx, askTimeout)
		_, err := account.Leaks(ctx, f.now(), nil)
		cancel()
		switch lacks := actions.Lacking(err); {
		case lacks != "":
			f.fail("source %s: account %s: the bot lacks %s: add it to its policy ( twokey policy  prints it)", s.Name, account.Name(), lacks)
		case err != nil:
			f.fail("source %s: account %s: %s: is Security Center switched on there?", s.Name, account.Name(), err)
		default:
			f.ok("source %s: Security Center of account %s answers", s.Name, account.Name())
		}
	}
}

// github checks that GitHub lists the alerts that it is asked for.
func (f *findings) github(c *config) {
	for _, s := range c.Alerts.Sources {
		g := s.github()
		if g == nil || len(g.Of) == 0 {
			continue
		}
		ctx, cancel := context.WithTimeout(f.ctx, askTimeout)
		_, err := g.Alerts(ctx, f.now(), func(string) bool { return true })
		cancel()
		if err != nil {
			f.fail("source %s: %s: may the token read secret scanning alerts there?", s.Name, err)
			continue
		}
		f.ok("source %s: GitHub lists the alerts of %s", s.Name, strings.Join(g.Of, ", "))
	}
}
