package sandbox

import (
	"maps"
	"slices"
	"time"

	"twokey/actions/rampolicy"
)

// world is everything but the log: the part of the account that reads may see late.
type world struct {
	root     *user // its name is empty; holds the root keys
	users    map[string]*user
	groups   map[string]*group
	policies map[string]*policy // custom ones, by name
	roles    map[string]*role
	sessions map[string]*session // of roles, by the id of their temporary key
	secrets  map[string]*vaultSecret
	estate

	binned     map[string]*user // in the recycle bin, by id
	preference preference
}

type user struct {
	id, name, display, email, comments string
	created, updated                   time.Time
	keys                               []key
	bin                                []key
	attached                           []attachment
	groups                             map[string]time.Time // name -> joined
	login                              *Login
	mfa                                bool
	recycled, purgeAt                  time.Time // while in the recycle bin
}

// key is an AccessKey, in use or in the recycle bin (then recycled is set).
type key struct {
	id                string
	secret            Secret
	active            bool
	created, updated  time.Time
	recycled, purgeAt time.Time
	fence             string // its network policy as it was set; empty: none
	restricted        bool   // Alibaba Cloud's restrictive protection is on
}

type group struct {
	id, name string
	created  time.Time
	attached []attachment
}

type attachment struct {
	PolicyRef
	at time.Time
}

type policy struct {
	PolicyRef
	description      string
	created, updated time.Time
	versions         []version
	standing         string // id of the default version
	last             int    // number of the newest version ever
}

type version struct {
	id      string
	text    string
	doc     rampolicy.Document
	created time.Time
}

// past is a world as it was until a moment.
type past struct {
	until time.Time
	world *world
}

func newWorld() *world {
	return &world{
		root:  &user{groups: map[string]time.Time{}},
		users: map[string]*user{}, groups: map[string]*group{}, policies: map[string]*policy{},
		roles: map[string]*role{}, sessions: map[string]*session{}, secrets: map[string]*vaultSecret{}, estate: newEstate(),
		binned: map[string]*user{}, preference: usualPreference(),
	}
}

func (w *world) clone() *world {
	out := newWorld()
	out.root = w.root.clone()
	for name, u := range w.users {
		out.users[name] = u.clone()
	}
	for id, u := range w.binned {
		out.binned[id] = u.clone()
	}
	out.preference = w.preference.clone()
	for name, g := range w.groups {
		copied := *g
		copied.attached = slices.Clone(g.attached)
		out.groups[name] = &copied
	}
	for name, p := range w.policies {
		copied := *p
		copied.versions = slices.Clone(p.versions)
		out.policies[name] = &copied
	}
	for name, r := range w.roles {
		copied := *r
		copied.attached = slices.Clone(r.attached)
		out.roles[name] = &copied
	}
	maps.Copy(out.sessions, w.sessions) // one never changes
	out.estate = w.estate.clone()
	out.secrets = cloneSecrets(w.secrets)
	return out
}

func (u *user) clone() *user {
	out := *u
	out.keys, out.bin, out.attached = slices.Clone(u.keys), slices.Clone(u.bin), slices.Clone(u.attached)
	out.groups = map[string]time.Time{}
	maps.Copy(out.groups, u.groups)
	if u.login != nil {
		login := *u.login
		out.login = &login
	}
	return &out
}

// seen is the world that reads get at the moment: the present, or an older one
// while reads lag. The caller holds the lock.
func (c *Cloud) seen(now time.Time) *world {
	then := now.Add(-c.behaviour.ReadLag)
	for _, p := range c.older {
		if p.until.After(then) {
			return p.world
		}
	}
	return c.world
}

// remember keeps the present as the past, right before a write. The caller holds
// the lock.
func (c *Cloud) remember(now time.Time) {
	if c.behaviour.ReadLag == 0 {
		return
	}
	then := now.Add(-c.behaviour.ReadLag)
	c.older = slices.DeleteFunc(c.older, func(p past) bool { return !p.until.After(then) })
	c.older = append(c.older, past{until: now, world: c.world.clone()})
}

// owner finds a key that is in use, root's included.
func (w *world) owner(id string) (*user, *key) {
	for _, u := range w.holders() {
		if k := u.key(id); k != nil {
			return u, k
		}
	}
	return nil, nil
}

// holders are root and all users, in the order of names.
func (w *world) holders() []*user {
	out := []*user{w.root}
	for _, name := range sortedKeys(w.users) {
		out = append(out, w.users[name])
	}
	return out
}

func (u *user) key(id string) *key {
	for i := range u.keys {
		if u.keys[i].id == id {
			return &u.keys[i]
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
