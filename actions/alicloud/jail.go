package alicloud

import (
	"context"
	"slices"

	ram "github.com/alibabacloud-go/ram-20150501/v2/client"
	"github.com/alibabacloud-go/tea/dara"

	"twokey/actions"
	"twokey/actions/rampolicy"
	"twokey/incident"
)

// Parameters of a plan that quarantines a user through a group, because the user
// has no room for one more policy.
const (
	paramVia    = "via" // viaGroup; absent: attached to the user itself
	paramGroup  = "group"
	paramCreate = "create" // yes: what the account lacks is made first
	viaGroup    = "group"
)

// quarantine is how power is taken from a leaked identity: a policy on the user,
// or, where that has no room, a group with a policy.
type quarantine struct {
	name   string
	doc    rampolicy.Document
	group  string
	hard   string             // name of the group's policy
	harder rampolicy.Document // the hardened profile always: the seed lets its prisoner leave a group
	create bool               // policies and group may be made by the bot
}

// cell is one of the two ways to be held.
type cell struct {
	policy  string
	doc     rampolicy.Document
	group   string // empty: the user itself
	missing bool   // the account lacks some of it
}

// cell is the way that a plan names.
func (q quarantine) cell(params map[string]string) cell {
	if params[paramVia] == viaGroup {
		return cell{policy: q.hard, doc: q.harder, group: q.group}
	}
	return cell{policy: q.name, doc: q.doc}
}

// names reports whether a plan's parameters are of this cell: the configuration
// may have changed since.
func (c cell) names(params map[string]string) bool {
	return params[paramPolicy] == c.policy && params[paramGroup] == c.group
}

func (c cell) params(into map[string]string) {
	into[paramPolicy] = c.policy
	if c.missing {
		into[paramCreate] = incident.Yes
	}
	if c.group != "" {
		into[paramVia], into[paramGroup] = viaGroup, c.group
	}
}

// held reports whether the user is in this cell, as far as a list of its policies
// and groups tells. What the policy says is read elsewhere.
func (c cell) held(see sighting) bool {
	if c.group == "" {
		return slices.Contains(see.direct, refTo(custom, c.policy))
	}
	return slices.Contains(see.groups, c.group) && slices.Contains(see.through, refTo(custom, c.policy))
}

// ready refuses a cell that the account does not have and the bot may not make,
// one that is not what people agree to, and a group that gives its members
// anything. It says what is missing.
func (s step) ready(ctx context.Context, c cell, hash string) (cell, error) {
	if err := c.same(s.name, hash); err != nil {
		return c, err
	}
	if c.missing = hash == incident.Absent; c.missing {
		if err := s.mayCreate(ctx, c); err != nil {
			return c, err
		}
	}
	if c.group == "" {
		return c, nil
	}
	whole, err := s.walls(ctx, c)
	c.missing = c.missing || !whole
	return c, err
}

// same refuses a policy of our name with another content: somebody else's, or
// edited by somebody.
func (c cell) same(step, hash string) error {
	if hash != incident.Absent && hash != c.doc.Hash() {
		return &actions.Error{Op: step, Code: CodeDiffers, Err: ErrDiffers}
	}
	return nil
}

func (s step) mayCreate(ctx context.Context, c cell) error {
	if !s.quarantine.create {
		return &actions.Error{Op: s.name, Code: CodeNoPolicy, Err: incident.NoQuarantine}
	}
	quota := s.limits(ctx).policySize
	if problems := rampolicy.Lint(c.doc, quota); len(problems) > 0 {
		return &actions.Error{Op: s.name, Code: CodeTooLong}
	}
	return nil
}

// walls reads what the group has: the policy or nothing. A group that is not there,
// or has no policy, is refused unless the bot may make it.
func (s step) walls(ctx context.Context, c cell) (whole bool, err error) {
	has, err := s.groupPolicies(ctx, c.group)
	if err != nil && !absent(err) {
		return false, err
	}
	whole = slices.Contains(has, refTo(custom, c.policy))
	switch {
	case len(has) > 1, len(has) == 1 && !whole:
		return false, &actions.Error{Op: s.name, Code: CodeGroupEdited, Err: incident.QuarantineGroup}
	case !whole && !s.quarantine.create:
		return false, &actions.Error{Op: s.name, Code: CodeNoGroup, Err: incident.NoQuarantine}
	}
	return whole, nil
}

// build sees to it that the account has the cell. Whoever makes it in the same
// moment is compared too.
func (s step) build(ctx context.Context, c cell) error {
	if err := s.ensure(ctx, c); err != nil || c.group == "" {
		return err
	}
	whole, err := s.walls(ctx, c)
	if err != nil || whole {
		return err
	}
	if err := s.createGroup(ctx, c.group); err != nil && actions.Code(err) != "EntityAlreadyExists.Group" {
		return err
	}
	if err := s.attachToGroup(ctx, c.group, c.policy); err != nil && actions.Code(err) != "EntityAlreadyExists.Group.Policy" {
		return err
	}
	_, err = s.walls(ctx, c)
	return err
}

// ensure sees to it that the account has the policy with our content.
func (s step) ensure(ctx context.Context, c cell) error {
	hash, err := s.storedHash(ctx, c.policy)
	if err != nil {
		return err
	}
	if hash == incident.Absent {
		if err := s.mayCreate(ctx, c); err != nil {
			return err
		}
		err := s.createPolicy(ctx, c.policy, string(c.doc.Canonical()))
		if actions.Code(err) != "EntityAlreadyExists.Policy" {
			return err
		}
		if hash, err = s.documentHash(ctx, c.policy); err != nil {
			return err
		}
	}
	return c.same(s.name, hash)
}

// lock puts the user into the cell; found there is done.
func (s step) lock(ctx context.Context, user string, c cell) error {
	done, err := "EntityAlreadyExists.User.Policy", error(nil)
	if c.group == "" {
		err = s.attach(ctx, user, c.policy)
	} else {
		done, err = "EntityAlreadyExists.User.Group", s.lockUp(ctx, user, c.group)
	}
	if actions.Code(err) == done {
		return nil
	}
	return err
}

// unlock takes the user out of the cell; found outside is done.
func (s step) unlock(ctx context.Context, user string, c cell) error {
	done, err := "EntityNotExist.User.Policy", error(nil)
	if c.group == "" {
		err = s.detach(ctx, user, c.policy)
	} else {
		done, err = "EntityNotExist.User.Group", s.letOut(ctx, user, c.group)
	}
	if actions.Code(err) == done {
		return nil
	}
	return err
}

// createGroup makes a group (RAM docs: CreateGroup).
func (a *Account) createGroup(ctx context.Context, group string) error {
	return a.ram(ctx, write("ram:CreateGroup"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		_, err := c.CreateGroupWithContext(ctx, &ram.CreateGroupRequest{
			GroupName: &group, Comments: new("twokey puts users here whose AccessKey leaked and who have no room for one more policy."),
		}, r)
		return err
	}, group)
}

// attachToGroup gives a group the custom policy (RAM docs: AttachPolicyToGroup).
func (a *Account) attachToGroup(ctx context.Context, group, policy string) error {
	return a.ram(ctx, write("ram:AttachPolicyToGroup"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		_, err := c.AttachPolicyToGroupWithContext(ctx, &ram.AttachPolicyToGroupRequest{GroupName: &group, PolicyName: &policy, PolicyType: new(custom)}, r)
		return err
	}, group, policy)
}

// lockUp puts a user into the quarantine group (RAM docs: AddUserToGroup).
func (a *Account) lockUp(ctx context.Context, user, group string) error {
	return a.ram(ctx, write("ram:AddUserToGroup"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		_, err := c.AddUserToGroupWithContext(ctx, &ram.AddUserToGroupRequest{UserName: &user, GroupName: &group}, r)
		return err
	}, user, group)
}

// letOut takes a user from the quarantine group (RAM docs: RemoveUserFromGroup).
func (a *Account) letOut(ctx context.Context, user, group string) error {
	return a.ram(ctx, write("ram:RemoveUserFromGroup"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		_, err := c.RemoveUserFromGroupWithContext(ctx, &ram.RemoveUserFromGroupRequest{UserName: &user, GroupName: &group}, r)
		return err
	}, user, group)
}
