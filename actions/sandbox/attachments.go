package sandbox

import "slices"

func attach(c *call) (map[string]any, *Error) {
	u, refused := c.user()
	if refused != nil {
		return nil, refused
	}
	u.attached, refused = c.attachTo(u.attached, "User.Policy", c.cloud.quotas.CustomPoliciesPerUser, c.cloud.quotas.SystemPoliciesPerUser)
	return nil, refused
}

func detach(c *call) (map[string]any, *Error) {
	u, refused := c.user()
	if refused != nil {
		return nil, refused
	}
	u.attached, refused = c.detachFrom(u.attached, "User.Policy")
	return nil, refused
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
