package main

import (
	"context"
	"fmt"
	"strings"

	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/bot"
	"twokey/bot/console"
	"twokey/bot/redact"
)

// drill is one pretend account: its cloud, what is in it, and a thief.
type drill struct {
	cloud    *sandbox.Cloud
	scene    sandbox.Furnished
	attacker *sandbox.Attacker
	page     *console.Console // where it is seen; nil: nowhere
}

// newDrill starts a pretend account for a configured one, until ctx ends. What
// happens in it is kept in a file, so that it outlives the bot as a cloud does. It
// is prepared as `twokey policy` asks a real one to be, so that a drill is no
// easier than the real thing.
func newDrill(ctx context.Context, a accountConfig, q alicloud.Quarantine, file string) (*drill, error) {
	premade, err := prepared(q)
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", a.Name, err)
	}
	cloud, err := sandbox.Open(sandbox.Options{Account: a.ID, File: file})
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", a.Name, err)
	}
	d := &drill{cloud: cloud}
	if d.scene, err = cloud.Furnish(premade); err != nil {
		return nil, fmt.Errorf("account %s: %w", a.Name, err)
	}
	if err := cloud.Start(ctx, ""); err != nil {
		return nil, fmt.Errorf("account %s: %w", a.Name, err)
	}
	d.attacker, err = sandbox.NewAttacker(cloud.URL(), d.scene.Leaked, sandbox.ThiefSource, sandbox.Theft())
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", a.Name, err)
	}
	return d, nil
}

// prepared is what an operator makes beforehand for a bot that may not.
func prepared(q alicloud.Quarantine) (sandbox.Premade, error) {
	b, err := q.Beforehand()
	p := sandbox.Premade{Policies: map[string]string{}, Group: b.Group, GroupPolicy: b.GroupPolicy}
	if q.Create {
		return sandbox.Premade{}, err
	}
	for name, doc := range b.Policies {
		p.Policies[name] = string(doc.Canonical())
	}
	return p, err
}

// aimed are an account's settings, pointed at the pretend cloud.
func (d *drill) aimed(c alicloud.Config) alicloud.Config {
	c.Credentials = alicloud.Credentials{
		Type: alicloud.FromAccessKey, AccessKeyID: d.scene.Bot.ID, AccessKeySecret: alicloud.Secret(d.scene.Bot.Secret),
	}
	c.Endpoints = map[string]string{}
	for _, product := range []string{"ram", "ims", "sts", "actiontrail", "sls", "ecs", "sas", "bss", "kms"} {
		c.Endpoints[product] = d.cloud.URL()
	}
	return c
}

// attack makes the thief's next call.
func (d *drill) attack(ctx context.Context) error {
	_, err := d.attacker.Step(ctx)
	if d.page != nil {
		d.page.Touch()
	}
	return err
}

// newConsole is the room of a drill: everybody of the configuration can be chosen
// there, and Eve, whom no configuration knows. It shows the first pretend account.
func (a *app) newConsole(words bot.View) *console.Console {
	first := a.drills[0]
	c := console.Config{Words: words.Say, Now: a.now, Log: a.log, Redact: redactedText, Account: first.pretend, Attack: first.attack}
	for _, p := range a.config.People {
		c.Identities = append(c.Identities, console.Identity{User: p.ID, Name: or(p.Name, p.ID), Lang: p.Language})
	}
	c.Identities = append(c.Identities, console.Identity{User: "eve", Name: "Eve", Stranger: true})
	first.page = console.New(c)
	return first.page
}

func redactedText(typed string) string {
	clean, _ := redact.Text(typed)
	return clean
}

// pretend is the account as the page shows it.
func (d *drill) pretend() console.Pretend {
	s := d.cloud.Snapshot()
	out := console.Pretend{Account: s.Account}
	for _, u := range s.Users {
		out.Users = append(out.Users, d.user(u))
	}
	for _, c := range s.Calls {
		if c.KeyID == d.scene.Bot.ID {
			continue // the bot's own reading would hide the thief
		}
		out.Calls = append(out.Calls, console.Call{
			Seq: c.Seq, At: c.At, Key: c.KeyID, User: c.User, Action: c.Action, Source: c.Source, Code: c.Code,
			Allowed: c.Allowed, Thief: c.Source == sandbox.ThiefSource,
		})
	}
	return out
}

func (d *drill) user(u sandbox.UserView) console.User {
	user := console.User{Name: u.Name}
	for _, k := range u.Keys {
		user.Keys = append(user.Keys, console.Key{
			ID: k.ID, Status: k.Status, Leaked: k.ID == d.scene.Leaked.ID, InBin: k.InBin, Until: k.PurgeAt, Fence: k.Allowed,
		})
	}
	for _, p := range u.Policies {
		user.Policies = append(user.Policies, console.Policy{
			Name: p.Name, Via: p.Via, Quarantine: strings.HasPrefix(p.Name, alicloud.DefaultQuarantine),
		})
	}
	return user
}
