package main

import (
	"context"
	"strings"
	"time"

	"twokey/actions/alicloud"
	"twokey/incident"
)

// How long one account may take to say who the bot is, and to answer everything
// that is asked of it.
const (
	askTimeout   = 20 * time.Second
	proveTimeout = 2 * time.Minute
)

func (f *findings) accounts(c *config, live bool) {
	for _, a := range c.Accounts {
		if a.mode() == modeSandbox {
			f.ok("account %s: pretend, started with the bot", a.Name)
			continue
		}
		account, err := alicloud.New(c.account(a))
		if err == nil {
			ctx, cancel := context.WithTimeout(f.ctx, askTimeout)
			err = account.Check(ctx)
			cancel()
		}
		if err != nil {
			f.fail("account %s: %s: %s", a.Name, err, whatToDo(err))
			continue
		}
		f.ok("account %s: the credentials are of %s, mode %s", a.Name, a.ID, a.mode())
		f.polled(c, account)
		ctx, cancel := context.WithTimeout(f.ctx, proveTimeout)
		f.permissions(ctx, c, a, account)
		if live {
			f.live(ctx, c, a, account)
		}
		cancel()
	}
}

// permissions proves what the bot may do and what it may not: one line for each
// that is not as it must be, and one that counts the others.
func (f *findings) permissions(ctx context.Context, c *config, a accountConfig, account *alicloud.Account) {
	steps, scope, err := c.granted(a)
	if err != nil {
		f.fail("account %s: permissions: %s", a.Name, err)
		return
	}
	probes, err := account.Probe(ctx, steps, scope)
	if err != nil {
		f.fail("account %s: permissions could not be tried: %s", a.Name, err)
		return
	}
	granted, refused := 0, 0
	var untold []string
	for _, p := range probes {
		switch {
		case p.Answer == alicloud.Untold:
			untold = append(untold, permission(p))
		case p.Fine() && p.Forbidden:
			refused++
		case p.Fine():
			granted++
		case p.Forbidden:
			f.fail("account %s: the bot may %s, which it must never do: attach the policy that  twokey policy bot --account %s  prints: it denies that", a.Name, permission(p), a.Name)
		default:
			f.fail("account %s: the bot may not %s, so %s: add it to the bot's policy, as  twokey policy bot --account %s  prints it", a.Name, permission(p), stops(p), a.Name)
		}
	}
	f.ok("account %s: %d permissions work, %d that must be refused are refused", a.Name, granted, refused)
	if len(untold) > 0 {
		f.warn("account %s: can't tell of %s: no harmless call shows it, or nothing was refused that should be, or it did not answer", a.Name, strings.Join(untold, ", "))
	}
}

func permission(p alicloud.Probe) string {
	if p.On == "" {
		return p.Action
	}
	return p.Action + " on " + p.On
}

// stops says what does not work without a permission.
func stops(p alicloud.Probe) string {
	switch len(p.Steps) {
	case 0:
		return "it does not see what cards say"
	case 1:
		return p.Steps[0] + " stops there"
	}
	return strings.Join(p.Steps, ", ") + " stop there"
}

// live prints what this program takes for granted, as it is in the account.
func (f *findings) live(ctx context.Context, c *config, a accountConfig, account *alicloud.Account) {
	var receivers []string
	for _, o := range c.Owners {
		if id := o.Receiver.KMS.Instance; id != "" && o.Account == a.Name {
			receivers = append(receivers, id)
		}
	}
	for _, b := range account.Live(ctx, receivers) {
		switch b.Holds {
		case incident.Yes:
			f.ok("account %s: yes: %s: %s (%s)", a.Name, b.What, b.Found, b.Source)
		case incident.No:
			f.warn("account %s: no: %s: %s (%s)", a.Name, b.What, b.Found, b.Source)
		default:
			f.warn("account %s: could not tell: %s: %s (%s)", a.Name, b.What, b.Found, b.Source)
		}
	}
}

// voters warns while nobody can vote: an account that is real, and no room to do
// it in.
func (f *findings) voters(c *config) {
	if len(c.Accounts) == 0 || c.hasRoom() {
		return
	}
	f.warn("chat: there is no room, so nobody can vote: the bot hears, looks, records and pages, and carries out only what automation allows. The console is for demo and sandbox accounts")
}
