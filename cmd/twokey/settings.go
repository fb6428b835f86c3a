package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"twokey/actions/alicloud/seal"
	"twokey/bot"
	"twokey/incident"
	"twokey/store"
)

// setting names one thing that decides who may do what: {"may_approve", "ana"}.
type setting struct{ what, who string }

// MarshalText makes a setting the key of a JSON object.
func (s setting) MarshalText() ([]byte, error) { return []byte(s.what + " " + s.who), nil }

// UnmarshalText is the reverse of MarshalText.
func (s *setting) UnmarshalText(text []byte) error {
	s.what, s.who, _ = strings.Cut(string(text), " ")
	return nil
}

// settings are the values of all settings. A change of them is told to every
// room. They hold no secret.
type settings map[setting]string

// settings lays a configuration and the rules made of it out flat.
func (c *config) settings(r incident.Rules) settings {
	s := settings{
		{"window", ""}:           r.Window.String(),
		{"requester_counts", ""}: yesNo(r.RequesterCounts),
		{"cross_platform", ""}:   yesNo(r.CrossPlatform),
		{"reason", ""}:           string(r.ReasonFrom),
		{"alone_after", ""}:      r.AloneAfter.String(),
		{"protected", ""}:        users(r.Protected),
		{"protected_roles", ""}:  roles(r.ProtectedRoles),
		{"quarantine", ""}:       quarantineOf(c.Quarantine),
		{"automation", ""}:       digestOf(r.Automation),
		{"playbook", ""}:         r.Playbook.Name + " " + digestOf([]any{r.Playbook, r.Raise})[:8],
	}
	for _, t := range []incident.Tier{incident.Reversible, incident.Disruptive, incident.Destructive} {
		s[setting{"need", string(t)}] = strconv.Itoa(r.Need(t))
	}
	for i, p := range c.People {
		s.person(p, r.Members[i])
	}
	for _, o := range c.Owners {
		s[setting{"owner", o.Account + "/" + o.User}] = o.Person
		s[setting{"receiver", o.Account + "/" + o.User}] = c.receiverOf(o)
	}
	for _, a := range c.Accounts {
		s[setting{"mode", a.Name}] = a.mode()
	}
	maps.DeleteFunc(s, func(_ setting, value string) bool { return value == "" })
	return s
}

// receiverOf is who gets a user's new keys, and how, so that nobody is put in their
// place quietly; empty if nobody does.
func (c *config) receiverOf(o ownerConfig) string {
	switch vault := o.Receiver.KMS; {
	case o.Receiver == receiverConfig{}:
		return ""
	case o.Receiver.Kind == "":
		return o.Person + " kms " + strings.Join([]string{vault.Instance, vault.Region, vault.Key}, "/")
	}
	p, _ := c.person(o.Person)
	to, err := seal.Parse(p.Age)
	if err != nil {
		return o.Person // the configuration is refused for that
	}
	return o.Person + " age " + to.Fingerprint()
}

func (s settings) person(p personConfig, m incident.Member) {
	only := incident.Rules{Members: []incident.Member{m}}
	if only.Has(m.ID, incident.Approver) {
		s[setting{"may_approve", p.ID}] = incident.Yes
	}
	if only.Has(m.ID, incident.Responder) {
		s[setting{"may_respond", p.ID}] = incident.Yes
	}
	accounts := make([]string, 0, 3)
	for _, a := range p.accounts() {
		accounts = append(accounts, a.Platform+"/"+a.Tenant+"/"+a.User)
	}
	slices.Sort(accounts)
	s[setting{"accounts", p.ID}] = strings.Join(accounts, ", ")
	s[setting{"ram_users", p.ID}] = users(m.RAM)
}

func users(all []incident.RAMUser) string {
	names := make([]string, len(all))
	for i, u := range all {
		names[i] = u.Account + "/" + u.User
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func quarantineOf(q quarantineConfig) string {
	text := q.Profile + " " + q.Policy + " " + q.Group + " " + q.Hardened
	if q.Create {
		text += " create"
	}
	return text
}

func roles(all []incident.RAMRole) string {
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = r.Account + "/" + r.Role
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func yesNo(b bool) string {
	if b {
		return incident.Yes
	}
	return incident.No
}

// digestOf is over the JSON form, which sorts the keys of maps.
func digestOf(value any) string {
	body, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("settings do not encode: %v", err)) // plain data: cannot happen
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// changesFrom lists what differs, by name. Of a first configuration, without
// before, it lists only who may do what.
func (s settings) changesFrom(before settings) []incident.Change {
	var all []incident.Change
	names := maps.Clone(s)
	maps.Copy(names, before)
	for _, name := range slices.SortedFunc(maps.Keys(names), byName) {
		from, to := before[name], s[name]
		if from == to || before == nil && name.what != "may_approve" && name.what != "may_respond" {
			continue
		}
		all = append(all, incident.Change{What: name.what, Who: name.who, From: from, To: to})
	}
	return all
}

func byName(a, b setting) int { return strings.Compare(a.who+"\n"+a.what, b.who+"\n"+b.what) }

// settingsKey is where the last settings are kept, to tell what changed.
const settingsKey = "config/current"

// configured writes a changed configuration into the system log. What it is
// compared with is kept only after that: a crash in between tells twice rather
// than never.
func configured(ctx context.Context, b *bot.Bot, now settings) error {
	kept, known, err := b.Store.Value(ctx, settingsKey)
	if err != nil {
		return fmt.Errorf("read the settings before: %w", err)
	}
	var before settings
	if known {
		if err := json.Unmarshal(kept, &before); err != nil {
			return fmt.Errorf("read the settings before: %w", err)
		}
	}
	if err := b.Configured(ctx, digestOf(now), now.changesFrom(before)); err != nil {
		return fmt.Errorf("write the configuration down: %w", err)
	}
	body, err := json.Marshal(now)
	if err != nil {
		return fmt.Errorf("write the settings down: %w", err)
	}
	return b.Store.Append(ctx, store.Batch{Values: []store.Value{{Key: settingsKey, Body: body}}})
}
