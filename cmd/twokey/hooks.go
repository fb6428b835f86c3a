package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"

	"twokey/bot"
	"twokey/bot/intake"
)

// hooks serves POST /hooks/{name}, an alert source each, but for those that the
// bot asks.
func (a *app) hooks() (http.Handler, error) {
	c := intake.Config{
		Receive: a.bot.ReceiveAlert, Now: a.now, Log: a.log, Pepper: a.config.pepper(),
		Body: int64(a.config.Limits.Body), Report: int64(a.config.Limits.Report), PerSource: a.config.Limits.PerSource,
		Count: func(_ string, v bot.Verdict) { a.metrics.alerts.WithLabelValues(string(v)).Inc() },
		Keep:  a.keep,
	}
	for _, s := range a.config.Alerts.Sources {
		if slices.Contains(polledSources(), s.Type) {
			continue
		}
		source := intake.Source{Name: s.Name, Type: s.Type, Tokens: texts(s.Token), Secrets: texts(s.Secret)}
		if s.Keys.given() {
			source.Keys = []byte(s.Keys.reveal())
		}
		source.Lookup = s.github()
		c.Sources = append(c.Sources, source)
	}
	return intake.New(c)
}

// github is whom a source asks: for keys that its alerts do not tell, with a token
// for that, or for the public keys of partner messages. Nil if it asks nobody.
func (s sourceConfig) github() *intake.GitHub {
	if !s.Lookup.Token.given() && (s.Type != partnerType || s.Keys.given()) {
		return nil
	}
	return &intake.GitHub{API: strings.TrimSuffix(s.Lookup.APIURL, "/"), Token: s.Lookup.Token.reveal(), Of: s.Lookup.Of}
}

func texts(secrets []secret) []string {
	var all []string
	for _, s := range secrets {
		if s.given() {
			all = append(all, s.reveal())
		}
	}
	return all
}

// pepper ties findings of one secret together. It is made of the key of the
// record: without one, findings are not tied.
func (c *config) pepper() []byte {
	if !c.Audit.Key.given() {
		return nil
	}
	h := hmac.New(sha256.New, []byte(c.Audit.Key.reveal()))
	h.Write([]byte("twokey: fingerprints of secrets")) // never the key itself for a second purpose
	return h.Sum(nil)
}
