package sandbox

import (
	"fmt"
	"maps"
	"time"

	"twokey/actions/rampolicy"
)

// saved is the account as it lies in a file. Its names are the format: changing
// one means a new number in [format]. Secrets are plain text here and nowhere else,
// because a [Secret] encodes to nothing.
type saved struct {
	Account   string
	Seq       int
	Root      savedUser
	Users     []savedUser         `json:",omitempty"`
	UserBin   []savedUser         `json:",omitempty"`
	Groups    []savedGroup        `json:",omitempty"`
	Policies  []savedPolicy       `json:",omitempty"`
	Secrets   []savedSecret       `json:",omitempty"`
	Roles     []savedRole         `json:",omitempty"`
	Sessions  []savedSession      `json:",omitempty"`
	Instances map[string]string   `json:",omitempty"` // of earlier versions: regions by id
	Estate    *savedEstate        `json:",omitempty"`
	Logs      map[string][]LogRow `json:",omitempty"`
	Furnished *savedFurnished     `json:",omitempty"`
	Trail     []savedEvent        `json:",omitempty"`

	Preference *preference `json:",omitempty"` // none: the usual one
}

type savedUser struct {
	ID       string
	Name     string               `json:",omitempty"`
	Display  string               `json:",omitempty"`
	Email    string               `json:",omitempty"`
	Comments string               `json:",omitempty"`
	Created  time.Time            `json:",omitzero"`
	Updated  time.Time            `json:",omitzero"`
	Keys     []savedKey           `json:",omitempty"`
	Bin      []savedKey           `json:",omitempty"`
	Attached []savedAttachment    `json:",omitempty"`
	Groups   map[string]time.Time `json:",omitempty"`
	Login    *Login               `json:",omitempty"`
	MFA      bool                 `json:",omitempty"`
	Recycled time.Time            `json:",omitzero"`
	PurgeAt  time.Time            `json:",omitzero"`
}

type savedKey struct {
	ID       string
	Secret   string
	Active   bool      `json:",omitempty"`
	Created  time.Time `json:",omitzero"`
	Updated  time.Time `json:",omitzero"`
	Recycled time.Time `json:",omitzero"`
	PurgeAt  time.Time `json:",omitzero"`

	Fence      string `json:",omitempty"`
	Restricted bool   `json:",omitempty"`
}

type savedGroup struct {
	ID, Name string
	Created  time.Time         `json:",omitzero"`
	Attached []savedAttachment `json:",omitempty"`
}

type savedAttachment struct {
	PolicyRef
	At time.Time
}

// savedPolicy holds documents as text: they are parsed again on reading.
type savedPolicy struct {
	Name        string
	Description string    `json:",omitempty"`
	Created     time.Time `json:",omitzero"`
	Updated     time.Time `json:",omitzero"`
	Versions    []savedVersion
	Standing    string
	Last        int
}

type savedVersion struct {
	ID, Text string
	Created  time.Time
}

type savedFurnished struct {
	Bot, Leaked, Idle, Root savedKey
	Victim                  string
}

// state is what a file keeps of the account. The caller holds the lock.
func (c *Cloud) state() saved {
	out := saved{
		Account: c.account, Seq: c.seq, Root: c.world.root.saved(), Estate: c.world.kept(), Logs: c.logs,
		Furnished: c.furnished.saved(), Trail: each(c.lasting(), event.saved), Preference: &c.world.preference,
	}
	for _, id := range sortedKeys(c.world.binned) {
		out.UserBin = append(out.UserBin, c.world.binned[id].saved())
	}
	for _, name := range sortedKeys(c.world.users) {
		out.Users = append(out.Users, c.world.users[name].saved())
	}
	for _, name := range sortedKeys(c.world.groups) {
		g := c.world.groups[name]
		out.Groups = append(out.Groups, savedGroup{g.id, g.name, g.created, each(g.attached, attachment.saved)})
	}
	for _, name := range sortedKeys(c.world.policies) {
		out.Policies = append(out.Policies, c.world.policies[name].saved())
	}
	for _, name := range sortedKeys(c.world.roles) {
		out.Roles = append(out.Roles, c.world.roles[name].saved())
	}
	for _, id := range sortedKeys(c.world.sessions) {
		out.Sessions = append(out.Sessions, c.world.sessions[id].saved())
	}
	for _, name := range sortedKeys(c.world.secrets) {
		out.Secrets = append(out.Secrets, c.world.secrets[name].saved())
	}
	return out
}

// restore makes the account what the file says; on an error it is left as it was.
func (c *Cloud) restore(s saved) error {
	w := newWorld()
	w.root = s.Root.user()
	for _, u := range s.Users {
		w.users[u.Name] = u.user()
	}
	for _, u := range s.UserBin {
		w.binned[u.ID] = u.user()
	}
	if s.Preference != nil {
		w.preference = *s.Preference
	}
	for _, g := range s.Groups {
		w.groups[g.Name] = &group{id: g.ID, name: g.Name, created: g.Created, attached: each(g.Attached, savedAttachment.attachment)}
	}
	for _, p := range s.Policies {
		policy, err := p.policy()
		if err != nil {
			return err
		}
		w.policies[p.Name] = policy
	}
	for _, r := range s.Roles {
		w.roles[r.Name] = r.role()
	}
	for _, s := range s.Sessions {
		w.sessions[s.KeyID] = s.session()
	}
	w.estate = s.estate()
	for _, kept := range s.Secrets {
		w.secrets[kept.Name] = kept.secret()
	}
	c.world, c.seq, c.trail, c.furnished = w, s.Seq, each(s.Trail, savedEvent.event), s.Furnished.furnished()
	if s.Logs != nil {
		c.logs = s.Logs
	}
	return nil
}

func (u *user) saved() savedUser {
	return savedUser{
		ID: u.id, Name: u.name, Display: u.display, Email: u.email, Comments: u.comments, Created: u.created, Updated: u.updated,
		Keys: each(u.keys, key.saved), Bin: each(u.bin, key.saved), Attached: each(u.attached, attachment.saved),
		Groups: u.groups, Login: u.login, MFA: u.mfa, Recycled: u.recycled, PurgeAt: u.purgeAt,
	}
}

func (s savedUser) user() *user {
	u := &user{
		id: s.ID, name: s.Name, display: s.Display, email: s.Email, comments: s.Comments, created: s.Created, updated: s.Updated,
		keys: each(s.Keys, savedKey.key), bin: each(s.Bin, savedKey.key), attached: each(s.Attached, savedAttachment.attachment),
		groups: map[string]time.Time{}, login: s.Login, mfa: s.MFA, recycled: s.Recycled, purgeAt: s.PurgeAt,
	}
	maps.Copy(u.groups, s.Groups)
	return u
}

func (k key) saved() savedKey {
	return savedKey{k.id, string(k.secret), k.active, k.created, k.updated, k.recycled, k.purgeAt, k.fence, k.restricted}
}

func (s savedKey) key() key {
	return key{s.ID, Secret(s.Secret), s.Active, s.Created, s.Updated, s.Recycled, s.PurgeAt, s.Fence, s.Restricted}
}

func (a attachment) saved() savedAttachment { return savedAttachment{a.PolicyRef, a.at} }

func (s savedAttachment) attachment() attachment { return attachment{s.PolicyRef, s.At} }

func (p *policy) saved() savedPolicy {
	return savedPolicy{
		p.Name, p.description, p.created, p.updated,
		each(p.versions, func(v version) savedVersion { return savedVersion{v.id, v.text, v.created} }), p.standing, p.last,
	}
}

func (s savedPolicy) policy() (*policy, error) {
	p := &policy{
		PolicyRef: PolicyRef{Custom, s.Name}, description: s.Description, created: s.Created, updated: s.Updated,
		standing: s.Standing, last: s.Last,
	}
	for _, v := range s.Versions {
		doc, err := rampolicy.Parse([]byte(v.Text))
		if err != nil {
			return nil, fmt.Errorf("policy %q, version %q: %w", s.Name, v.ID, err)
		}
		p.versions = append(p.versions, version{v.ID, v.Text, doc, v.Created})
	}
	return p, nil
}

func (f *Furnished) saved() *savedFurnished {
	if f == nil {
		return nil
	}
	plain := func(k Key) savedKey { return savedKey{ID: k.ID, Secret: string(k.Secret)} }
	return &savedFurnished{plain(f.Bot), plain(f.Leaked), plain(f.Idle), plain(f.Root), f.Victim}
}

func (s *savedFurnished) furnished() *Furnished {
	if s == nil {
		return nil
	}
	of := func(k savedKey) Key { return Key{k.ID, Secret(k.Secret)} }
	return &Furnished{Bot: of(s.Bot), Leaked: of(s.Leaked), Idle: of(s.Idle), Root: of(s.Root), Victim: s.Victim}
}

// each is the list with every member changed; nothing stays nothing.
func each[A, B any](list []A, change func(A) B) []B {
	var out []B
	for _, a := range list {
		out = append(out, change(a))
	}
	return out
}
