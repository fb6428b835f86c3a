package main

import (
	"errors"
	"fmt"
	"net"
	"slices"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/bot/intake"
	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
	"twokey/store/heads"
)

type checkCmd struct {
	Offline bool `help:"Only read the configuration: ask no cloud and no chat, open no store; secrets that are not set are listed." xor:"network"`
	Live    bool `help:"Also compare what this program takes for granted about Alibaba Cloud with the accounts at hand, by reads only." xor:"network"`
}

// Help is shown below the flags.
func (checkCmd) Help() string {
	return `Prints a line for each thing looked at: ok, warn, or FAIL with what to do. Ends with 0 when nothing failed, 1 when something
did, 2 when the configuration itself is wrong. What the bot may and may not do in an account is proved with calls that can have no
effect: they aim at names that nothing has, and show in ActionTrail as failed calls of the bot.`
}

// Run prints the findings.
func (c *checkCmd) Run(e *env, g *globals) error {
	config, r, err := readConfig(g.file(), c.Offline, e.getenv)
	if err != nil {
		return err
	}
	f := &findings{env: e}
	f.ok("configuration: %s", g.file())
	for _, what := range r.unset {
		f.warn("not set here: %s", what)
	}
	f.advise(config)
	if !c.Offline {
		f.store(config)
		f.retention(config)
		f.rooms(config)
		f.accounts(config, c.Live)
		f.github(config)
	}
	if f.failed {
		return errSaid
	}
	return nil
}

// findings prints what was found, one line each.
type findings struct {
	*env

	failed bool
}

func (f *findings) ok(format string, args ...any) {
	f.printf("ok    %s\n", fmt.Sprintf(format, args...))
}

func (f *findings) warn(format string, args ...any) {
	f.printf("warn  %s\n", fmt.Sprintf(format, args...))
}

func (f *findings) fail(format string, args ...any) {
	f.failed = true
	f.printf("FAIL  %s\n", fmt.Sprintf(format, args...))
}

// advise says what is allowed and not wise.
func (f *findings) advise(c *config) {
	f.people(c)
	f.voters(c)
	for _, a := range c.Accounts {
		key := a.Credentials.AccessKeyID != "" && a.Credentials.Type == alicloud.FromAccessKey
		if key && !onThisMachine(a) {
			f.warn("account %s: an AccessKey that never ends can leak too: use ecs_ram_role or oidc_role_arn", a.Name)
		}
	}
	for _, s := range c.Alerts.Sources {
		if s.MayAutomate && (!s.signs() || anyGiven(s.Token)) && !slices.Contains(polledSources(), s.Type) {
			f.warn("source %s: may_automate with a token: whoever learns the token can make the bot act; use a source that signs (secret)", s.Name)
		}
		if intake.Signs(s.Type) && !s.signs() {
			f.warn("source %s: senders of the type %s can sign: give the secret, and nobody else can send in their name", s.Name, s.Type)
		}
	}
	if host, _, _ := net.SplitHostPort(c.Listen); !loopback(host) {
		f.warn("listen %s: other machines can reach it: put TLS in front, tokens travel here", c.Listen)
	}
	if !c.Audit.Key.given() {
		f.warn("audit.key_file: without a key whoever can write the store can rewrite history: head -c 32 /dev/urandom | base64")
	}
	if c.Audit.Heads == "" {
		f.warn("audit.heads: without a file of heads only the cards show that the end of a history was cut off")
	}
	if !c.API.Token.given() {
		f.warn("api.token: without it there is no /api, and show, export and verify work only while the bot is stopped")
	}
}

// people counts who could give the votes that are needed.
func (f *findings) people(c *config) {
	rules, err := c.rules()
	if err != nil {
		f.fail("rules: %s", err)
		return
	}
	for _, t := range []incident.Tier{incident.Reversible, incident.Disruptive, incident.Destructive} {
		have := 0
		for _, m := range rules.Members {
			if rules.Has(m.ID, incident.Voter(t)) {
				have++
			}
		}
		switch need := rules.Need(t); {
		case have < need:
			f.warn("people: %s steps take %d, and %d may vote on them: they stay out of the bot's reach", t, need, have)
		default:
			f.ok("people: %s steps take %d of %d", t, need, have)
		}
	}
}

func onThisMachine(a accountConfig) bool {
	for _, product := range []string{"ram", "ims", "sts"} {
		host, _, err := net.SplitHostPort(hostOf(a.Endpoints[product]))
		if err != nil || !loopback(host) {
			return false
		}
	}
	return true
}

// store opens the file and writes to it.
func (f *findings) store(c *config) {
	path := c.Store.Bolt.Path
	db, err := bolt.Open(path, bolt.Options{Timeout: lockWait})
	if errors.Is(err, bolt.ErrLocked) {
		f.ok("store: %s is open in a running bot", path)
		return
	}
	if err == nil {
		err = db.Append(f.ctx, store.Batch{Values: []store.Value{{Key: "check", Body: []byte{}}}})
		err = errors.Join(err, db.Close())
	}
	if errors.Is(err, bolt.ErrReadOnlyDisk) || errors.Is(err, bolt.ErrDamaged) || errors.Is(err, bolt.ErrFull) || errors.Is(err, bolt.ErrForeign) || errors.Is(err, bolt.ErrEmpty) {
		f.fail("store: %s", inWords(err))
		return
	}
	if err != nil {
		f.fail("store: %s: give the bot's user a directory it may write to (store.bolt.path)", err)
		return
	}
	f.ok("store: %s can be written", path)
	if path := c.Audit.Heads; path != "" {
		if err := heads.Check(path); err != nil {
			f.fail("audit.heads: %s", err)
			return
		}
		f.ok("audit.heads: %s can be written", path)
	}
}

// whatToDo is advice for the usual reasons.
func whatToDo(err error) string {
	switch {
	case errors.Is(err, alicloud.ErrOtherAccount):
		return "the credentials are of another account than the id says"
	case errors.Is(err, alicloud.ErrRoot):
		return "never give the bot root's key: make a role with the policy that  twokey policy  prints"
	case actions.Transient(err):
		return "the cloud did not answer: look at the network, proxies and endpoints"
	}
	return "look at the credentials and at what  twokey policy  prints"
}
