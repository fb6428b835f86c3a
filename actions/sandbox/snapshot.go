package sandbox

import (
	"slices"
	"time"
)

// Snapshot is a copy of the account for a page: the present, whatever lags, and
// never a secret.
type Snapshot struct {
	Account, Alias string
	At             time.Time
	Users          []UserView
	RootKeys       []KeyView
	Policies       []string // custom ones
	Roles          []RoleView
	Instances      []string
	Calls          []CallView // newest first
}

// UserView is a RAM user.
type UserView struct {
	Name, ID, Principal string
	Keys                []KeyView // in the recycle bin too
	Policies            []PolicyView
	Groups              []string
	Console, MFA        bool
}

// RoleView is a RAM role.
type RoleView struct {
	Name, ID string
	Policies []PolicyView
}

// KeyView is an AccessKey. PurgeAt is set while it is in the recycle bin: until
// then it can be restored.
type KeyView struct {
	ID, Status string
	Created    time.Time
	LastUsed   time.Time // zero: never
	InBin      bool
	PurgeAt    time.Time
	Fence      string // its network policy as it was set; empty: none
	Allowed    string // where that lets it be used from; empty: anywhere
}

// PolicyView is a policy that applies to a user; Via is the group, empty when it
// is attached directly.
type PolicyView struct {
	PolicyRef
	Via string
}

// CallView is one call. User is empty for a key nobody here owns, "root" for root's.
// Action and KeyID of a refused call are a stranger's words: escape them.
type CallView struct {
	Seq                                          int
	At                                           time.Time
	KeyID, User, Service, Action, Source, Detail string
	Write, Allowed                               bool
	Code                                         string // why it was refused
}

// maxCalls is how many calls a Snapshot shows.
const maxCalls = 200

// Snapshot copies the account as it is now.
func (c *Cloud) Snapshot() Snapshot {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	out := Snapshot{
		Account: c.account, Alias: c.alias, At: now,
		Policies: sortedKeys(c.world.policies), Instances: sortedKeys(c.world.instances),
	}
	last := map[string]time.Time{}
	for _, e := range c.trail {
		if e.used() && e.at.After(last[e.keyID]) {
			last[e.keyID] = e.at
		}
	}
	for _, u := range c.world.holders() {
		keys := u.views(now, last)
		if u == c.world.root {
			out.RootKeys = keys
			continue
		}
		out.Users = append(out.Users, UserView{
			Name: u.name, ID: u.id, Principal: c.principal(u), Keys: keys, Policies: c.world.applying(u),
			Groups: sortedKeys(u.groups), Console: u.login != nil, MFA: u.mfa,
		})
	}
	for _, name := range sortedKeys(c.world.roles) {
		r := c.world.roles[name]
		out.Roles = append(out.Roles, RoleView{r.name, r.id, each(r.attached, func(a attachment) PolicyView { return PolicyView{a.PolicyRef, ""} })})
	}
	recent := c.trail[max(0, len(c.trail)-maxCalls):]
	for _, e := range slices.Backward(recent) {
		out.Calls = append(out.Calls, e.view())
	}
	return out
}

func (u *user) views(now time.Time, last map[string]time.Time) []KeyView {
	var out []KeyView
	for _, k := range u.keys {
		out = append(out, KeyView{ID: k.id, Status: status(k.active), Created: k.created, LastUsed: last[k.id], Fence: k.fence, Allowed: k.fences().where()})
	}
	for _, k := range u.kept(now) {
		out = append(out, KeyView{
			ID: k.id, Status: status(k.active), Created: k.created, LastUsed: last[k.id], InBin: true, PurgeAt: k.purgeAt,
		})
	}
	return out
}

func (w *world) applying(u *user) []PolicyView {
	var out []PolicyView
	for _, a := range u.attached {
		out = append(out, PolicyView{a.PolicyRef, ""})
	}
	for _, name := range sortedKeys(u.groups) {
		for _, a := range w.groups[name].attached {
			out = append(out, PolicyView{a.PolicyRef, name})
		}
	}
	return out
}

func (e event) view() CallView {
	return CallView{
		Seq: e.seq, At: e.at, KeyID: e.keyID, User: e.userName, Service: e.service, Action: e.name, Source: e.source,
		Detail: e.resource, Write: e.write, Allowed: e.code == "", Code: e.code,
	}
}
