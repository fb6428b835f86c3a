package sandbox

import (
	"regexp"
	"slices"
	"time"
)

var ramGroups = map[string]operation{
	"CreateGroup":           {write: true, needs: []string{"GroupName"}, params: []string{"Comments"}, resources: groupResource, handle: createGroup},
	"AddUserToGroup":        {write: true, needs: []string{"UserName", "GroupName"}, resources: userAndGroup, handle: joinGroup},
	"RemoveUserFromGroup":   {write: true, needs: []string{"UserName", "GroupName"}, resources: userAndGroup, handle: leaveGroup},
	"AttachPolicyToGroup":   {write: true, needs: []string{"GroupName", "PolicyName", "PolicyType"}, resources: groupAndPolicy, handle: attachToGroup},
	"DetachPolicyFromGroup": {write: true, needs: []string{"GroupName", "PolicyName", "PolicyType"}, resources: groupAndPolicy, handle: detachFromGroup},
	"ListGroupsForUser":     {needs: []string{"UserName"}, resources: userResource, handle: groupsOfUser},
	"ListPoliciesForGroup":  {needs: []string{"GroupName"}, resources: groupResource, handle: policiesOfGroup},
}

func groupResource(c *call) []string { return []string{c.arn("group/" + c.param("GroupName"))} }

// userAndGroup are both ends of a membership; the caller needs both.
func userAndGroup(c *call) []string { return append(userResource(c), groupResource(c)...) }

func groupAndPolicy(c *call) []string { return append(groupResource(c), c.policyARN()) }

var groupName = regexp.MustCompile(`^[a-zA-Z0-9.-]{1,64}$`)

func createGroup(c *call) (map[string]any, *Error) {
	name := c.param("GroupName")
	switch {
	case !groupName.MatchString(name):
		return nil, bad("InvalidParameter.GroupName.InvalidChars", "The group name has characters that are not allowed.")
	case c.world.groups[name] != nil:
		return nil, exists("Group")
	case len(c.world.groups) >= c.cloud.quotas.Groups:
		return nil, limit("Group")
	}
	g := &group{id: "g-" + letters(16), name: name, created: c.now}
	c.world.groups[name] = g
	return map[string]any{"Group": map[string]any{
		"GroupName": g.name, "GroupId": g.id, "Comments": c.param("Comments"), "CreateDate": stamp(g.created),
	}}, nil
}

func joinGroup(c *call) (map[string]any, *Error) {
	u, g, refused := c.userAndGroup()
	switch {
	case refused != nil:
		return nil, refused
	case !u.groups[g.name].IsZero():
		return nil, exists("User.Group")
	case len(u.groups) >= c.cloud.quotas.GroupsPerUser:
		return nil, limit("User.Group")
	}
	u.groups[g.name] = c.now
	return nil, nil
}

func leaveGroup(c *call) (map[string]any, *Error) {
	u, g, refused := c.userAndGroup()
	switch {
	case refused != nil:
		return nil, refused
	case u.groups[g.name].IsZero():
		return nil, absent("User.Group")
	}
	delete(u.groups, g.name)
	return nil, nil
}

func (c *call) userAndGroup() (*user, *group, *Error) {
	u, refused := c.user()
	if refused != nil {
		return nil, nil, refused
	}
	g, refused := c.group()
	return u, g, refused
}

// group is the one that a call names.
func (c *call) group() (*group, *Error) {
	if g := c.world.groups[c.param("GroupName")]; g != nil {
		return g, nil
	}
	return nil, absent("Group")
}

func attachToGroup(c *call) (map[string]any, *Error) {
	g, refused := c.group()
	if refused != nil {
		return nil, refused
	}
	g.attached, refused = c.attachTo(g.attached, "Group.Policy", c.cloud.quotas.CustomPoliciesPerGroup, c.cloud.quotas.SystemPoliciesPerGroup)
	return nil, refused
}

func detachFromGroup(c *call) (map[string]any, *Error) {
	g, refused := c.group()
	if refused != nil {
		return nil, refused
	}
	g.attached, refused = c.detachFrom(g.attached, "Group.Policy")
	return nil, refused
}

// attachTo is a list of attachments with the policy that the call names, which the
// quotas for each type must have room for.
func (c *call) attachTo(list []attachment, what string, customs, systems int) ([]attachment, *Error) {
	p, refused := c.policy()
	switch {
	case refused != nil:
		return list, refused
	case attachedAt(list, p.PolicyRef) >= 0:
		return list, exists(what)
	}
	quota, same := customs, 0
	if p.Type == System {
		quota = systems
	}
	for _, a := range list {
		if a.Type == p.Type {
			same++
		}
	}
	if same >= quota {
		return list, limit(what)
	}
	return append(slices.Clone(list), attachment{p.PolicyRef, c.now}), nil
}

// detachFrom is a list of attachments without the policy that the call names.
func (c *call) detachFrom(list []attachment, what string) ([]attachment, *Error) {
	p, refused := c.policy()
	if refused != nil {
		return list, refused
	}
	at := attachedAt(list, p.PolicyRef)
	if at < 0 {
		return list, absent(what)
	}
	return slices.Delete(slices.Clone(list), at, at+1), nil
}

func policiesOfGroup(c *call) (map[string]any, *Error) {
	g, refused := c.group()
	if refused != nil {
		return nil, refused
	}
	return c.attachmentRows(g.attached), nil
}

func groupsOfUser(c *call) (map[string]any, *Error) {
	u, refused := c.user()
	if refused != nil {
		return nil, refused
	}
	list := []any{}
	for _, name := range sortedKeys(u.groups) {
		if g := c.world.groups[name]; g != nil {
			list = append(list, map[string]any{"GroupName": name, "GroupId": g.id, "Comments": "", "JoinDate": stamp(u.groups[name])})
		}
	}
	return map[string]any{"Groups": map[string]any{"Group": list}}, nil
}

// Leave takes the user out of the group, as somebody in the console would.
func (c *Cloud) Leave(name, group string) error {
	return c.seedUser(name, func(_ *world, u *user, _ time.Time) error {
		delete(u.groups, group)
		return nil
	})
}
