package main

import (
	"slices"
	"strings"

	"twokey/bot/intake"
)

// checkSources finds what is wrong with the sources of alerts.
func (r *reader) checkSources(c *config) {
	names := r.unique("the source")
	for i, s := range c.Alerts.Sources {
		at := index("alerts.sources", i)
		if !plainName.MatchString(s.Name) || s.Name == "chat" {
			r.at(at+".name", "want a short name of a-z, 0-9, - and _ that is not chat")
		}
		names(at+".name", s.Name)
		if s.Type == "" {
			r.at(at+".type", "say what sends: generic, gitleaks, github, sas, …")
		} else {
			r.oneOf(at+".type", s.Type, intake.Types()...)
		}
		if slices.Contains(polledSources(), s.Type) {
			r.checkPolled(at, c, s)
		} else {
			r.checkSender(at, s)
		}
		r.checkLookup(at+".lookup", s)
	}
}

// checkLookup is for sources whose alerts do not tell the key.
func (r *reader) checkLookup(at string, s sourceConfig) {
	r.url(at+".api_url", s.Lookup.APIURL)
	switch {
	case s.Type != "github" && (s.Lookup.Token.given() || len(s.Lookup.Of) > 0):
		r.at(at, "only the type github can be asked for a key")
	case len(s.Lookup.Of) > 0 && !s.Lookup.Token.given():
		r.at(at, "asking GitHub takes a token")
	}
	for i, of := range s.Lookup.Of {
		if err := intake.CheckOf(of); err != nil {
			r.at(index(at+".of", i), "want owner/repository, or an organization")
		}
	}
}

// checkPolled is for sources that the bot asks.
func (r *reader) checkPolled(at string, c *config, s sourceConfig) {
	switch {
	case s.proven():
		r.at(at, "the type %s is asked by the bot, with the account's credentials: it takes no token and no secret", s.Type)
	case s.Account != "" && !slices.ContainsFunc(c.Accounts, func(a accountConfig) bool { return a.Name == s.Account }):
		r.at(at+".account", "no account is called %q", s.Account)
	}
}

// checkSender is for sources that send: something must prove who they are.
func (r *reader) checkSender(at string, s sourceConfig) {
	switch {
	case s.Account != "":
		r.at(at+".account", "only sources that the bot asks have an account: %s", strings.Join(polledSources(), ", "))
	case s.Type == partnerType: // GitHub's own keys
	case s.Keys.given():
		r.at(at+".keys", "only the type %s has public keys", partnerType)
	case !s.proven():
		r.at(at, "nothing proves who sends: give a token or a secret")
	}
}

const partnerType = "github-partner"

// proven reports whether a sender can prove who it is.
func (s sourceConfig) proven() bool { return s.signs() || anyGiven(s.Token) }

// signs reports whether a sender signs what it sends.
func (s sourceConfig) signs() bool { return anyGiven(s.Secret) || s.Type == partnerType }

func anyGiven(all []secret) bool { return slices.ContainsFunc(all, secret.given) }
