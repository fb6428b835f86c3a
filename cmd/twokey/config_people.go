package main

import (
	"fmt"
	"slices"

	"twokey/actions/alicloud/seal"
	"twokey/bot"
	"twokey/incident"
)

func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

func (r *reader) checkPeople(c *config) {
	ids := r.unique("the person")
	whose := make(map[bot.Account]int)
	users := make(map[userConfig]int)
	for i, p := range c.People {
		at := index("people", i)
		switch {
		case !plainName.MatchString(p.ID):
			r.at(at+".id", "want a short name of a-z, 0-9, - and _")
		case p.ID == string(incident.Bot) || p.ID == string(incident.System):
			r.at(at+".id", "%q is the program's own name", p.ID)
		}
		ids(at+".id", p.ID)
		for j, role := range p.Roles {
			r.oneOf(index(at+".roles", j), role, string(incident.Responder), string(incident.Approver))
		}
		if p.Language != "" {
			r.oneOf(at+".language", p.Language, languages()...)
		}
		if p.Age != "" {
			if _, err := seal.Parse(p.Age); err != nil {
				r.at(at+".age", "%s", err)
			}
		}
		for _, a := range p.accounts() {
			r.checkAccountOf(c, at, i, a, whose)
		}
		for j, u := range p.RAM {
			path := index(at+".ram", j)
			r.user(c, path, u)
			if first, taken := users[u]; taken && first != i {
				r.at(path, "the RAM user %s in %s is %s's already", u.User, u.Account, c.People[first].ID)
			}
			users[u] = i
		}
	}
	r.checkNamed(c)
}

// checkAccountOf refuses an account that is two people's: nobody could say who
// voted. It would count as a stranger's.
func (r *reader) checkAccountOf(c *config, at string, i int, a bot.Account, whose map[bot.Account]int) {
	path := at + "." + a.Platform
	if a.Tenant == "" || a.User == "" {
		r.at(path, "want both parts, such as {team: T1, user: U1}: users of other teams must not pass for this one")
		return
	}
	if first, taken := whose[a]; taken {
		r.at(path, "this account is %s's already: an account belongs to one person", c.People[first].ID)
		return
	}
	whose[a] = i
}

func (r *reader) user(c *config, path string, u userConfig) {
	if u.User == "" {
		r.at(path+".user", "name the RAM user")
	}
	if !slices.ContainsFunc(c.Accounts, func(a accountConfig) bool { return a.Name == u.Account }) {
		r.at(path+".account", "there is no account %q under accounts", u.Account)
	}
}

// checkNamed looks at the places where people are named.
func (r *reader) checkNamed(c *config) {
	person := func(path, id string) {
		if _, ok := c.person(id); !ok {
			r.at(path, "there is nobody %q under people", id)
		}
	}
	users := make(map[userConfig]bool)
	for i, o := range c.Owners {
		at, u := index("owners", i), userConfig{o.Account, o.User}
		r.user(c, at, u)
		person(at+".person", o.Person)
		if users[u] {
			r.at(at, "the RAM user has an owner already: one person answers for it")
		}
		users[u] = true
		r.checkReceiver(c, at+".receiver", o)
	}
	for i, u := range c.Protected.Users {
		r.user(c, index("protected.users", i), u)
	}
	for i, role := range c.Protected.Roles {
		r.user(c, index("protected.roles", i), userConfig{role.Account, or(role.Role, "-")})
	}
	for i, id := range c.Escalation.Mention {
		person(index("escalation.mention", i), string(id))
	}
}

func (r *reader) checkReceiver(c *config, at string, o ownerConfig) {
	switch {
	case o.Receiver == receiverConfig{}:
	case o.Receiver.Kind == "age":
		if p, ok := c.person(o.Person); ok && p.Age == "" {
			r.at(at, "%s has no age recipient under people", o.Person)
		}
	case o.Receiver.Kind != "":
		r.at(at, "want age or {kms: {instance: …}}")
	case o.Receiver.KMS.Instance == "":
		r.at(at, "name the KMS instance: {kms: {instance: kst-…}}")
	}
}

func (c *config) person(id string) (personConfig, bool) {
	i := slices.IndexFunc(c.People, func(p personConfig) bool { return p.ID == id })
	if i < 0 {
		return personConfig{}, false
	}
	return c.People[i], true
}

// accounts are a person's chat accounts on every platform.
func (p personConfig) accounts() []bot.Account {
	var all []bot.Account
	for _, a := range p.Slack {
		all = append(all, bot.Account{Platform: "slack", Tenant: a.Team, User: a.User})
	}
	for _, a := range p.Lark {
		all = append(all, bot.Account{Platform: "lark", Tenant: a.Tenant, User: a.User})
	}
	for _, a := range p.DingTalk {
		all = append(all, bot.Account{Platform: "dingtalk", Tenant: a.Corp, User: a.User})
	}
	return all
}

// people is who is who. In a drill everybody is also on the console, under
// their own id; the console exists nowhere else.
func (c *config) people() bot.People {
	people := bot.People{Owners: make(map[incident.RAMUser]incident.Person)}
	for _, p := range c.People {
		e := bot.Entry{ID: incident.Person(p.ID), Name: or(p.Name, p.ID), Lang: p.Language, Accounts: p.accounts()}
		if c.drill() {
			e.Accounts = append(e.Accounts, bot.Account{Platform: "console", User: p.ID})
		}
		people.Entries = append(people.Entries, e)
	}
	for _, o := range c.Owners {
		people.Owners[incident.RAMUser{Account: o.Account, User: o.User}] = incident.Person(o.Person)
	}
	return people
}
