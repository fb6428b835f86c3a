package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"twokey/actions/rampolicy"
)

// What seeding can refuse; compare with errors.Is.
var (
	ErrNoUser   = errors.New("no such user in the sandbox")
	ErrNoGroup  = errors.New("no such group in the sandbox")
	ErrNoPolicy = errors.New("no such policy in the sandbox")
	ErrKeyTaken = errors.New("key id is taken")
	ErrNoKey    = errors.New("no such key in the sandbox")
	ErrName     = errors.New("not a name that RAM takes")
)

// Login is a user's console access.
type Login struct {
	MFARequired, ResetRequired, Disabled bool
	LastLogin                            time.Time
}

// Use is a call that happened before the story begins. A zero At is now.
type Use struct {
	At       time.Time
	Service  string // as ActionTrail names it: "Ecs", "Oss"
	Event    string // "DescribeInstances"
	Source   string // address, in a VPC "172.16.0.9@vpc-1", or the name of a cloud service
	Write    bool
	Resource string
	Region   string // empty: the account's; LookupEvents tells of no other
}

// seed changes the present, past included: what is seeded was always there.
func (c *Cloud) seed(f func(w *world, now time.Time) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.older = nil
	return c.change(func() error { return f(c.world, c.now()) })
}

// seedUser does the same to one user.
func (c *Cloud) seedUser(name string, change func(w *world, u *user, now time.Time) error) error {
	return c.seed(func(w *world, now time.Time) error {
		u := w.users[name]
		if u == nil {
			return fmt.Errorf("user %q: %w", name, ErrNoUser)
		}
		return change(w, u, now)
	})
}

// AddUser adds a RAM user with nothing attached and returns its id; an existing
// user's id is returned as it is. The id is empty, and nobody is added, when the
// file of the account can't be written.
func (c *Cloud) AddUser(name string) (id string) {
	if c.seed(func(w *world, now time.Time) error { id = w.seedUser(name, now).id; return nil }) != nil {
		return ""
	}
	return id
}

func (w *world) seedUser(name string, now time.Time) *user {
	if w.users[name] == nil {
		w.users[name] = &user{
			id: digits(18), name: name, display: name, created: now, updated: now, groups: map[string]time.Time{},
		}
	}
	return w.users[name]
}

// RemoveUser takes a user away for good, with everything of it.
func (c *Cloud) RemoveUser(name string) error {
	return c.seedUser(name, func(w *world, _ *user, _ time.Time) error { delete(w.users, name); return nil })
}

// AddKey gives the user an Active key with a new id and secret. Seeding may go
// beyond the quota.
func (c *Cloud) AddKey(name string) (Key, error) { return c.AddKeyWithID(name, newKeyID()) }

// AddKeyWithID is AddKey with a given id, for a story that starts from an alert.
func (c *Cloud) AddKeyWithID(name, id string) (Key, error) {
	var out Key
	err := c.seedUser(name, func(w *world, u *user, now time.Time) (err error) {
		out, err = w.seedKey(u, id, now)
		return err
	})
	return out, err
}

// AddRootKey gives the account itself an Active key.
func (c *Cloud) AddRootKey() (Key, error) { return c.AddRootKeyWithID(newKeyID()) }

// AddRootKeyWithID is AddRootKey with a given id.
func (c *Cloud) AddRootKeyWithID(id string) (Key, error) {
	var out Key
	err := c.seed(func(w *world, now time.Time) (err error) {
		out, err = w.seedKey(w.root, id, now)
		return err
	})
	return out, err
}

// seedKeyOf changes one key that is in use.
func (c *Cloud) seedKeyOf(id string, change func(*key)) error {
	return c.seed(func(w *world, _ time.Time) error {
		_, k := w.owner(id)
		if k == nil {
			return fmt.Errorf("key %q: %w", id, ErrNoKey)
		}
		change(k)
		return nil
	})
}

func (w *world) seedKey(u *user, id string, now time.Time) (Key, error) {
	if _, k := w.owner(id); k != nil {
		return Key{}, fmt.Errorf("key %q: %w", id, ErrKeyTaken)
	}
	k := key{id: id, secret: newSecret(), active: true, created: now, updated: now}
	u.keys = append(u.keys, k)
	return Key{ID: k.id, Secret: k.secret}, nil
}

// AddPolicy adds a custom policy, or replaces its document.
func (c *Cloud) AddPolicy(name, document string) error {
	return c.seed(func(w *world, now time.Time) error { return w.seedPolicy(name, document, now) })
}

func (w *world) seedPolicy(name, document string, now time.Time) error {
	doc, err := rampolicy.Parse([]byte(document))
	if err != nil {
		return fmt.Errorf("policy %q: %w", name, err)
	}
	w.policies[name] = &policy{
		PolicyRef: PolicyRef{Custom, name}, created: now, updated: now, standing: "v1", last: 1,
		versions: []version{{id: "v1", text: document, doc: doc, created: now}},
	}
	return nil
}

// SetPolicies attaches exactly these policies to the user.
func (c *Cloud) SetPolicies(name string, refs ...PolicyRef) error {
	return c.seedUser(name, func(w *world, u *user, now time.Time) error {
		list, err := w.attach(refs, now)
		if err == nil {
			u.attached = list
		}
		return err
	})
}

// AddGroup adds a group, or replaces its policies.
func (c *Cloud) AddGroup(name string, refs ...PolicyRef) error {
	return c.seed(func(w *world, now time.Time) error { return w.seedGroup(name, refs, now) })
}

func (w *world) seedGroup(name string, refs []PolicyRef, now time.Time) error {
	list, err := w.attach(refs, now)
	if err != nil {
		return err
	}
	if w.groups[name] == nil {
		w.groups[name] = &group{id: "g-" + letters(16), name: name, created: now}
	}
	w.groups[name].attached = list
	return nil
}

// Join makes the user a member of the group.
func (c *Cloud) Join(name, group string) error {
	return c.seedUser(name, func(w *world, u *user, now time.Time) error {
		if w.groups[group] == nil {
			return fmt.Errorf("group %q: %w", group, ErrNoGroup)
		}
		u.groups[group] = now
		return nil
	})
}

// SetLogin gives the user console access; nil takes it away.
func (c *Cloud) SetLogin(name string, login *Login) error {
	return c.seedUser(name, func(_ *world, u *user, _ time.Time) error {
		u.login = nil
		if login != nil {
			copied := *login
			u.login = &copied
		}
		return nil
	})
}

// SetMFA binds or unbinds the user's MFA device; an empty name is root.
func (c *Cloud) SetMFA(name string, bound bool) error {
	if name == "" {
		return c.seed(func(w *world, _ time.Time) error { w.root.mfa = bound; return nil })
	}
	return c.seedUser(name, func(_ *world, u *user, _ time.Time) error { u.mfa = bound; return nil })
}

// AddInstance starts a pretend instance in the account's region and returns its id;
// an empty one, and there is none, when the file of the account can't be written.
func (c *Cloud) AddInstance() (id string) {
	if c.seed(func(w *world, _ time.Time) error { id = w.seedInstance(c.region); return nil }) != nil {
		return ""
	}
	return id
}

func (w *world) seedInstance(region string) (id string) {
	id = newInstanceID()
	w.instances[id] = &instance{id: id, region: region}
	return id
}

// RecordUse writes a past use of a key into the log.
func (c *Cloud) RecordUse(keyID string, u Use) error {
	return c.seed(func(_ *world, now time.Time) error { return c.seedUse(keyID, u, now) })
}

func (c *Cloud) seedUse(keyID string, u Use, now time.Time) error {
	owner, _ := c.world.owner(keyID)
	if owner == nil {
		return fmt.Errorf("key %q: %w", keyID, ErrNoKey)
	}
	address, vpc, _ := strings.Cut(u.Source, "@")
	e := event{
		id: requestID(), at: u.At, service: u.Service, name: u.Event, write: u.Write, keyID: keyID,
		accountType: ramUser, ownerID: owner.id, userName: owner.name, source: address, vpc: vpc, region: or(u.Region, c.region),
		resource: u.Resource, params: map[string]string{},
	}
	if u.At.IsZero() {
		e.at = now
	}
	if owner == c.world.root {
		e.accountType, e.userName = rootAccount, "root"
	}
	c.record(e)
	return nil
}

func (w *world) attach(refs []PolicyRef, now time.Time) ([]attachment, error) {
	var out []attachment
	for _, ref := range refs {
		if w.policy(ref) == nil {
			return nil, fmt.Errorf("%s policy %q: %w", ref.Type, ref.Name, ErrNoPolicy)
		}
		if !slices.ContainsFunc(out, func(a attachment) bool { return a.PolicyRef == ref }) {
			out = append(out, attachment{ref, now})
		}
	}
	return out, nil
}

// AddRole adds a role with exactly these policies, or replaces them; the users and
// roles that may take it on are named by ARN, and nobody named is the whole
// account. A name or a document that RAM would not take is an error.
func (c *Cloud) AddRole(name string, trusts []string, refs ...PolicyRef) error {
	if len(trusts) == 0 {
		trusts = []string{"acs:ram::" + c.account + ":root"}
	}
	trust, err := json.Marshal(map[string]any{"Version": "1", "Statement": []any{
		map[string]any{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": map[string]any{"RAM": trusts}},
	}})
	if err != nil {
		return fmt.Errorf("role %q: %w", name, err)
	}
	return c.seed(func(w *world, now time.Time) error {
		list, err := w.attach(refs, now)
		if err != nil {
			return err
		}
		if !roleNameShape.MatchString(name) {
			return fmt.Errorf("role %q: %w", name, ErrName)
		}
		if w.roles[name] == nil {
			w.roles[name] = &role{id: digits(18), name: name, created: now, updated: now, longest: usualSession}
		}
		w.roles[name].trust, w.roles[name].attached = string(trust), list
		return nil
	})
}
