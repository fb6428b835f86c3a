package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"twokey/actions/alicloud"
	"twokey/actions/rampolicy"
	"twokey/incident"
)

type policyCmd struct {
	What    string `arg:"" optional:"" enum:"all,bot,quarantine,terraform,cli" default:"all" help:"all, bot or quarantine: the policies, with one of the last two nothing but JSON. terraform or cli: what makes them in the account."`
	Account string `placeholder:"NAME" help:"Which account of the configuration; the first when not given."`
	Own     string `placeholder:"ARN" help:"The user or role that the bot runs as: the policy then denies it to touch itself. Taken from the configuration where that names a role."`
}

// Help is shown below the flags.
func (policyCmd) Help() string {
	return `bot: the least policy for the steps that the playbook names and the steps that take them back (in mode observe: only looking), to
attach to the role that the bot runs as. quarantine: what is attached to the user of a leaked key; it only denies. Somebody makes that
one beforehand, with the output of terraform or cli; the bot compares it and may attach no other.`
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
	p, err := c.policies(config, account)
	if err != nil {
		return err
	}
	switch c.What {
	case "terraform":
		e.printf("%s", p.terraform())
	case "cli":
		e.printf("%s", p.cli())
	case "bot":
		for _, doc := range p.bot {
			e.printf("%s\n", indented(doc))
		}
		if warning := p.warning(); warning != "" {
			_, _ = fmt.Fprintln(e.stderr, "twokey: "+warning)
		}
	case "quarantine":
		e.printf("%s\n", indented(p.quarantine))
	default:
		p.all(e)
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

// policies are what the bot's account needs, and for whom.
type policies struct {
	account    string
	steps      []string
	scope      alicloud.Scope
	bot        []rampolicy.Document // more than one where RAM's limit asks for it
	names      quarantineConfig
	quarantine rampolicy.Document
	hardened   rampolicy.Document // of the quarantine group, for users who have no room for one more policy
	grantee    grantee
}

func (c *policyCmd) policies(config *config, a accountConfig) (policies, error) {
	steps, scope, err := config.granted(a)
	if err != nil {
		return policies{}, err
	}
	p := policies{account: a.Name, steps: steps, scope: scope, names: config.Quarantine, grantee: granteeOf(a, c.Own)}
	if p.scope.Own = c.Own; c.Own == "" {
		p.scope.Own = p.grantee.arn(a.ID)
	}
	least, err := alicloud.LeastPolicy(p.steps, p.scope)
	if err != nil {
		return policies{}, err
	}
	if p.bot, err = alicloud.Fit(least, alicloud.MaxPolicy); err != nil {
		return policies{}, err
	}
	if p.hardened, err = alicloud.QuarantineDocument(alicloud.ProfileHardened); err != nil {
		return policies{}, err
	}
	p.quarantine, err = alicloud.QuarantineDocument(config.Quarantine.Profile)
	return p, err
}

// granted are the steps that are switched on in an account, and what the bot's
// policy there may hold.
func (c *config) granted(a accountConfig) ([]string, alicloud.Scope, error) {
	book, _, err := playbookOf(c)
	if err != nil {
		return nil, alicloud.Scope{}, err
	}
	return alicloud.SwitchedOn(stepsOf(book)), alicloud.Scope{
		AccountID: a.ID, Policy: c.Quarantine.Policy, Group: c.Quarantine.Group, Hardened: c.Quarantine.Hardened,
		Looks: a.mode() == modeObserve, Create: c.Quarantine.Create, GiveBack: c.Permissions.GiveBack,
	}, nil
}

// stepsOf are the steps that a playbook names, and those that are offered for
// what its looks find: users and roles that the leaked key made or took on.
func stepsOf(book incident.Playbook) []string {
	var names []string
	for _, row := range book.Rows {
		for _, s := range row.Steps {
			names = append(names, s.Step)
		}
	}
	if slices.Contains(names, incident.StepAuditDescendants) {
		names = append(names, incident.StepUserDeactivate, incident.StepRoleQuarantine)
	}
	return names
}

func (p policies) all(e *env) {
	for i, doc := range p.bot {
		e.printf("# %s: least policy of the bot in %s%s\n", p.botName(i), p.account, p.part(i))
		if warning := p.warning(); warning != "" {
			e.printf("# %s\n", warning)
		}
		e.printf("%s\n", indented(doc))
	}
	e.printf("# quarantine policy %s\n%s\n", p.names.Policy, indented(p.quarantine))
	if p.apart() {
		e.printf("# policy %s of the quarantine group %s, for users who have no room for one more\n%s\n", p.names.Hardened, p.names.Group, indented(p.hardened))
	}
}

// apart reports whether the group's policy is another one than the users'.
func (p policies) apart() bool { return p.names.Hardened != p.names.Policy }

// botName is what the n-th of the bot's own policies is called.
func (p policies) botName(n int) string {
	if n == 0 {
		return "twokey-bot"
	}
	return fmt.Sprintf("twokey-bot-%d", n+1)
}

func (p policies) part(n int) string {
	if len(p.bot) == 1 {
		return ""
	}
	return fmt.Sprintf(", part %d of %d: RAM allows %d bytes in one", n+1, len(p.bot), alicloud.MaxPolicy)
}

// warning names the way to more power that an opt-in opens; empty without one.
func (p policies) warning() string {
	paths := alicloud.Escalates(p.steps, p.scope)
	if len(paths) == 0 {
		return ""
	}
	return "ESCALATION PATH: with " + strings.Join(paths, ", ") + " whoever holds the bot's credentials can make anybody an administrator. " +
		"quarantine.create and permissions.give_back ask for it. Without the first somebody makes the quarantine policy beforehand " +
		"(twokey policy terraform, or cli); without the second somebody puts permissions back by hand."
}

func indented(doc rampolicy.Document) string {
	var b bytes.Buffer
	if err := json.Indent(&b, doc.Canonical(), "", "  "); err != nil {
		return string(doc.Canonical())
	}
	return b.String()
}
