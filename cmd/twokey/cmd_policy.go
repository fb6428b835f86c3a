package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"twokey/actions/alicloud"
	"twokey/actions/rampolicy"
)

type policyCmd struct {
	What    string `arg:"" optional:"" enum:"all,bot,quarantine" default:"all" help:"all, bot, or quarantine: with one of the last two the output is nothing but JSON."`
	Account string `placeholder:"NAME" help:"Which account of the configuration; the first when not given."`
	Own     string `placeholder:"ARN" help:"The user or role that the bot runs as: the policy then denies it to touch itself."`
}

// Help is shown below the flags.
func (policyCmd) Help() string {
	return `bot: the least policy for the steps switched on in the account (in mode observe: only looking), to attach to the role that the
bot runs as. quarantine: what is attached to the user of a leaked key; it only denies. The bot makes that one by itself.`
}

// Run prints the policies.
func (c *policyCmd) Run(e *env, g *globals) error {
	config, _, err := readConfig(g.file(), true, e.getenv)
	if err != nil {
		return err
	}
	account, err := config.named(c.Account)
	if err != nil {
		return err
	}
	documents := []struct {
		what, title string
		make        func() (rampolicy.Document, error)
	}{
		{"bot", "least policy of the bot in " + account.Name, func() (rampolicy.Document, error) { return c.least(config, account) }},
		{"quarantine", "quarantine policy " + config.Quarantine.Policy, func() (rampolicy.Document, error) {
			return alicloud.QuarantineDocument(config.Quarantine.Profile)
		}},
	}
	for _, d := range documents {
		if c.What != "all" && c.What != d.what {
			continue
		}
		doc, err := d.make()
		if err != nil {
			return err
		}
		if c.What == "all" {
			e.printf("# %s\n", d.title)
		}
		e.printf("%s\n", indented(doc))
	}
	return nil
}

func (c *config) named(name string) (accountConfig, error) {
	for _, a := range c.Accounts {
		if name == "" || a.Name == name {
			return a, nil
		}
	}
	return accountConfig{}, usageError(fmt.Sprintf("--account: there is no account %q in the configuration", name))
}

func (c *policyCmd) least(config *config, a accountConfig) (rampolicy.Document, error) {
	scope := alicloud.Scope{AccountID: a.ID, Policy: config.Quarantine.Policy, Own: c.Own}
	if a.mode() == modeObserve {
		return alicloud.LeastPolicy(nil, scope)
	}
	settings := config.account(a)
	if a.mode() == modeSandbox {
		settings.Credentials = alicloud.Credentials{}
	}
	account, err := alicloud.New(settings)
	if err != nil {
		return rampolicy.Document{}, err
	}
	return alicloud.LeastPolicy(account.Actions().Names(), scope)
}

func indented(doc rampolicy.Document) string {
	var b bytes.Buffer
	if err := json.Indent(&b, doc.Canonical(), "", "  "); err != nil {
		return string(doc.Canonical())
	}
	return b.String()
}
