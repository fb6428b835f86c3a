package sandbox

import "slices"

func attach(c *call) (map[string]any, *Error) {
	u, p, refused := c.userAndPolicy()
	switch {
	case refused != nil:
		return nil, refused
	case attachedAt(u.attached, p.PolicyRef) >= 0:
		return nil, exists("User.Policy")
	}
	quota := c.cloud.quotas.CustomPoliciesPerUser
	if p.Type == System {
		quota = c.cloud.quotas.SystemPoliciesPerUser
	}
	same := 0
	for _, a := range u.attached {
		if a.Type == p.Type {
			same++
		}
	}
	if same >= quota {
		return nil, limit("User.Policy")
	}
	u.attached = append(u.attached, attachment{p.PolicyRef, c.now})
	return nil, nil
}

func detach(c *call) (map[string]any, *Error) {
	u, p, refused := c.userAndPolicy()
	if refused != nil {
		return nil, refused
	}
	at := attachedAt(u.attached, p.PolicyRef)
	if at < 0 {
		return nil, absent("User.Policy")
	}
	u.attached = slices.Delete(u.attached, at, at+1)
	return nil, nil
}

func (c *call) userAndPolicy() (*user, *policy, *Error) {
	u, refused := c.user()
	if refused != nil {
		return nil, nil, refused
	}
	p, refused := c.policy()
	return u, p, refused
}

func attachedAt(list []attachment, ref PolicyRef) int {
	return slices.IndexFunc(list, func(a attachment) bool { return a.PolicyRef == ref })
}

func (w *world) attachments(ref PolicyRef) int {
	n := 0
	for _, u := range w.users {
		if attachedAt(u.attached, ref) >= 0 {
			n++
		}
	}
	for _, g := range w.groups {
		if attachedAt(g.attached, ref) >= 0 {
			n++
		}
	}
	return n
}

// policiesOfUser lists direct attachments only, not those through groups (RAM
// docs: ListPoliciesForUser).
func policiesOfUser(c *call) (map[string]any, *Error) {
	u, refused := c.user()
	if refused != nil {
		return nil, refused
	}
	return c.attachmentRows(u.attached), nil
}

func policiesOfGroup(c *call) (map[string]any, *Error) {
	g := c.world.groups[c.param("GroupName")]
	if g == nil {
		return nil, absent("Group")
	}
	return c.attachmentRows(g.attached), nil
}

func (c *call) attachmentRows(attached []attachment) map[string]any {
	list := []any{}
	for _, a := range attached {
		row := map[string]any{"PolicyName": a.Name, "PolicyType": a.Type, "AttachDate": stamp(a.at)}
		if p := c.world.policy(a.PolicyRef); p != nil {
			row["DefaultVersion"], row["Description"] = p.standing, p.description
		}
		list = append(list, row)
	}
	return map[string]any{"Policies": map[string]any{"Policy": list}}
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

func listEntities(c *call) (map[string]any, *Error) {
	p, refused := c.policy()
	if refused != nil {
		return nil, refused
	}
	users, groups := []any{}, []any{}
	for _, name := range sortedKeys(c.world.users) {
		u := c.world.users[name]
		if at := attachedAt(u.attached, p.PolicyRef); at >= 0 {
			users = append(users, map[string]any{"UserName": u.name, "UserId": u.id, "DisplayName": u.display, "AttachDate": stamp(u.attached[at].at)})
		}
	}
	for _, name := range sortedKeys(c.world.groups) {
		g := c.world.groups[name]
		if at := attachedAt(g.attached, p.PolicyRef); at >= 0 {
			groups = append(groups, map[string]any{"GroupName": g.name, "Comments": "", "AttachDate": stamp(g.attached[at].at)})
		}
	}
	return map[string]any{
		"Users":  map[string]any{"User": users},
		"Groups": map[string]any{"Group": groups},
		"Roles":  map[string]any{"Role": []any{}},
	}, nil
}
