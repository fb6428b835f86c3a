package sandbox

var ramRolePolicies = map[string]operation{
	"AttachPolicyToRole":   {write: true, needs: []string{"RoleName", "PolicyName", "PolicyType"}, resources: roleAndPolicy, handle: attachToRole},
	"DetachPolicyFromRole": {write: true, needs: []string{"RoleName", "PolicyName", "PolicyType"}, resources: roleAndPolicy, handle: detachFromRole},
	"ListPoliciesForRole":  {needs: []string{"RoleName"}, resources: roleResource, handle: policiesOfRole},
}

// roleAndPolicy are both ends of an attachment; the caller needs both.
func roleAndPolicy(c *call) []string { return append(roleResource(c), c.policyARN()) }

func attachToRole(c *call) (map[string]any, *Error) {
	r, refused := c.role()
	if refused != nil {
		return nil, refused
	}
	r.attached, refused = c.attachTo(r.attached, "Role.Policy", c.cloud.quotas.CustomPoliciesPerRole, c.cloud.quotas.SystemPoliciesPerRole)
	return nil, refused
}

func detachFromRole(c *call) (map[string]any, *Error) {
	r, refused := c.role()
	if refused != nil {
		return nil, refused
	}
	r.attached, refused = c.detachFrom(r.attached, "Role.Policy")
	return nil, refused
}

func policiesOfRole(c *call) (map[string]any, *Error) {
	r, refused := c.role()
	if refused != nil {
		return nil, refused
	}
	return c.attachmentRows(r.attached), nil
}

// entities are the roles that have a policy, as ListEntitiesForPolicy lists them.
func (c *call) entities(p *policy) []any {
	list := []any{}
	for _, name := range sortedKeys(c.world.roles) {
		r := c.world.roles[name]
		if at := attachedAt(r.attached, p.PolicyRef); at >= 0 {
			list = append(list, map[string]any{
				"RoleName": r.name, "RoleId": r.id, "Arn": c.roleARN(r), "Description": r.description, "AttachDate": stamp(r.attached[at].at),
			})
		}
	}
	return list
}
