package sandbox

import (
	"fmt"
	"time"
)

// Furnished is what [Cloud.Furnish] puts into an account.
type Furnished struct {
	Bot    Key    // of user twokey, who administers the account
	Leaked Key    // of user ci-deploy, who deploys and has too much power
	Victim string // "ci-deploy"
	Idle   Key    // of user old-reports, silent for 200 days
	Root   Key
}

// The addresses of the furnished story (RFC 5737: for documentation).
const (
	KnownSource = "203.0.113.7"   // where ci-deploy has always called from
	ThiefSource = "198.51.100.66" // where nobody has
)

const day = 24 * time.Hour

// Premade is what an operator put into the account beforehand, for a bot that may
// not make it: custom policies by name, and a group with one of them.
type Premade struct {
	Policies           map[string]string // name to document
	Group, GroupPolicy string            // empty: no group
}

// Furnish fills an account with people, keys and a past, for demos, drills and the
// stories of tests; all of it or, on an error, nothing. An account that is furnished
// already, be it by a process that was killed, is left as it is: the same keys are
// returned, whatever has become of them, and nothing that was premade is put back.
func (c *Cloud) Furnish(premade ...Premade) (Furnished, error) {
	var out Furnished
	err := c.seed(func(w *world, now time.Time) error {
		if c.furnished == nil {
			made, err := c.furnish(w, now)
			if err != nil {
				return err
			}
			for _, p := range premade {
				if err := w.prepare(p, now); err != nil {
					return err
				}
			}
			c.furnished = &made
		}
		out = *c.furnished
		return nil
	})
	if err != nil {
		return Furnished{}, fmt.Errorf("furnish sandbox: %w", err)
	}
	return out, nil
}

func (c *Cloud) furnish(w *world, now time.Time) (Furnished, error) {
	f := Furnished{Victim: "ci-deploy"}
	hired := now.Add(-210 * day) // before any key was used
	for _, row := range []struct {
		into     *Key
		user     string
		policies []string
	}{
		{&f.Bot, "twokey", []string{"AdministratorAccess"}},
		{&f.Leaked, f.Victim, []string{"AliyunECSFullAccess", "AliyunRAMFullAccess"}},
		{&f.Idle, "old-reports", []string{"AliyunECSReadOnlyAccess"}},
	} {
		var err error
		if *row.into, err = w.seedPerson(row.user, row.policies, hired); err != nil {
			return f, err
		}
	}
	var err error
	if f.Root, err = w.seedKey(w.root, newKeyID(), hired); err != nil {
		return f, err
	}
	w.seedInstance(c.region)
	return f, c.past(f, now)
}

// prepare adds what was premade.
func (w *world) prepare(p Premade, now time.Time) error {
	for name, document := range p.Policies {
		if err := w.seedPolicy(name, document, now); err != nil {
			return err
		}
	}
	if p.Group == "" {
		return nil
	}
	return w.seedGroup(p.Group, []PolicyRef{{Custom, p.GroupPolicy}}, now)
}

// seedPerson adds a user with system policies and a key.
func (w *world) seedPerson(name string, policies []string, now time.Time) (Key, error) {
	u := w.seedUser(name, now)
	var refs []PolicyRef
	for _, p := range policies {
		refs = append(refs, PolicyRef{System, p})
	}
	var err error
	if u.attached, err = w.attach(refs, now); err != nil {
		return Key{}, err
	}
	return w.seedKey(u, newKeyID(), now)
}

// past is four months of deploying, and a report that was forgotten.
func (c *Cloud) past(f Furnished, now time.Time) error {
	for ago := 120 * day; ago > 0; ago -= 5 * day {
		use := Use{At: now.Add(-ago), Service: "Ecs", Event: "DescribeInstances", Source: KnownSource}
		if err := c.seedUse(f.Leaked.ID, use, now); err != nil {
			return err
		}
	}
	last := Use{At: now.Add(-4 * time.Minute), Service: "Ecs", Event: "StartInstance", Source: KnownSource, Write: true}
	if err := c.seedUse(f.Leaked.ID, last, now); err != nil {
		return err
	}
	return c.seedUse(f.Idle.ID, Use{At: now.Add(-200 * day), Service: "Ecs", Event: "DescribeInstances", Source: KnownSource}, now)
}
