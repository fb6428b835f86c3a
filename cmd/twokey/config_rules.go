package main

import (
	"fmt"

	"twokey/actions/alicloud"
	"twokey/bot/playbook"
	"twokey/incident"
)

// rules are what the configuration makes of the rules. The floors are theirs.
func (c *config) rules() (incident.Rules, error) {
	book, raise, err := playbookOf(c)
	if err != nil {
		return incident.Rules{}, err
	}
	r := incident.Rules{
		People: make(map[incident.Tier]int), RequesterCounts: c.Approval.RequesterCounts, Window: c.Approval.Window,
		CrossPlatform: c.Approval.CrossPlatform, AloneAfter: c.Approval.AloneAfter, Playbook: book, Raise: raise,
		Remind: c.Escalation.Remind, Webhook: c.Escalation.Webhook.URL != "",
		Automation: incident.Automation{Cap: c.Automation.Cap, History: c.Automation.History},
	}
	if c.Approval.Reason != "none" {
		r.ReasonFrom = incident.Tier(c.Approval.Reason)
	}
	for tier, n := range c.Approval.People {
		r.People[incident.Tier(tier)] = n
	}
	for _, p := range c.People {
		r.Members = append(r.Members, p.member())
	}
	for _, u := range c.Protected.Users {
		r.Protected = append(r.Protected, incident.RAMUser(u))
	}
	for _, role := range c.Protected.Roles {
		r.ProtectedRoles = append(r.ProtectedRoles, incident.RAMRole(role))
	}
	for _, a := range c.Accounts {
		if a.mode() == modeObserve {
			r.Observe = append(r.Observe, a.Name)
		}
	}
	for _, s := range c.Alerts.Sources {
		if s.MayAutomate {
			r.Automation.Sources = append(r.Automation.Sources, s.Name)
		}
	}
	for _, rule := range c.Automation.Rules {
		when := make(incident.Conditions)
		for fact, values := range rule.When {
			when[fact] = values
		}
		r.Automation.Rules = append(r.Automation.Rules, incident.AutoRule{When: when, Do: rule.Do})
	}
	return r, nil
}

func (p personConfig) member() incident.Member {
	m := incident.Member{ID: incident.Person(p.ID)}
	for _, role := range p.Roles {
		m.Roles = append(m.Roles, incident.Role(role))
	}
	for _, u := range p.RAM {
		m.RAM = append(m.RAM, incident.RAMUser(u))
	}
	return m
}

// playbookOf is the deployment's own playbook with the tiers that it raises, or
// the one that comes along.
func playbookOf(c *config) (incident.Playbook, map[string]incident.Tier, error) {
	if c.Playbook == "" {
		return playbook.Default(), nil, nil
	}
	body, err := readOwn(c.Playbook, maxConfig)
	if err != nil {
		return incident.Playbook{}, nil, fmt.Errorf("%s: %w", c.Playbook, err)
	}
	book, err := playbook.Parse(c.Playbook, body, incident.Steps())
	if err != nil {
		return incident.Playbook{}, nil, err
	}
	raise, err := playbook.Raise(c.Playbook, body, incident.Steps())
	return book, raise, err
}

// chain seals and checks the record; without a key whoever writes the file could
// write a history.
func (c *config) chain() incident.Chain {
	if !c.Audit.Key.given() {
		return incident.Chain{}
	}
	return incident.Chain{Key: []byte(c.Audit.Key.reveal())}
}

// account is an account as its own room wants it.
func (c *config) account(a accountConfig) alicloud.Config {
	cred := a.Credentials
	return alicloud.Config{
		Name: a.Name, ID: a.ID, Site: a.Site, Regions: a.Regions, Endpoints: a.Endpoints,
		Observe:        a.mode() == modeObserve,
		ProtectedRoles: c.rolesProtected(a.Name),
		Logs:           alicloud.Logs{OSS: a.Logs.OSS, SLS: a.Logs.SLS, Columns: a.Logs.Columns},
		Receivers:      c.receivers(a.Name),
		Quarantine:     alicloud.Quarantine(c.Quarantine), Fence: alicloud.Fence(c.Fence),
		Credentials: alicloud.Credentials{
			Type: cred.Type, Role: cred.Role, RoleARN: cred.RoleARN, SessionName: cred.SessionName, ExternalID: cred.ExternalID,
			OIDCProvider: cred.OIDCProviderARN, OIDCTokenFile: cred.OIDCTokenFile, STSEndpoint: cred.STSEndpoint,
			AccessKeyID: cred.AccessKeyID, AccessKeySecret: alicloud.Secret(cred.AccessKeySecret.reveal()),
		},
	}
}

// rolesProtected names the roles of an account that no step touches.
func (c *config) rolesProtected(account string) []string {
	var names []string
	for _, role := range c.Protected.Roles {
		if role.Account == account {
			names = append(names, role.Role)
		}
	}
	return names
}

// receivers are who gets the new keys of an account's users, and how.
func (c *config) receivers(account string) map[string]alicloud.Receiver {
	all := map[string]alicloud.Receiver{}
	for _, o := range c.Owners {
		if o.Account != account || o.Receiver == (receiverConfig{}) {
			continue
		}
		r := alicloud.Receiver{Person: o.Person}
		if vault := o.Receiver.KMS; o.Receiver.Kind == "" {
			r.KMS = &alicloud.KMSReceiver{Instance: vault.Instance, Region: vault.Region, Key: vault.Key}
		} else if p, ok := c.person(o.Person); ok {
			r.Age = p.Age
		}
		all[o.User] = r
	}
	return all
}

// sites says which console people of each account use.
func (c *config) sites() map[string]string {
	sites := make(map[string]string, len(c.Accounts))
	for _, a := range c.Accounts {
		sites[a.Name] = a.Site
	}
	return sites
}
