package sandbox

import (
	"regexp"
	"slices"
	"strconv"

	"twokey/actions/rampolicy"
)

var ramPolicies = map[string]operation{
	"CreatePolicy":          {write: true, needs: []string{"PolicyName", "PolicyDocument"}, params: []string{"Description"}, resources: policyResource, handle: createPolicy},
	"GetPolicy":             {needs: []string{"PolicyName", "PolicyType"}, resources: policyResource, handle: getPolicy},
	"DeletePolicy":          {write: true, needs: []string{"PolicyName"}, params: []string{"CascadingDelete"}, resources: policyResource, handle: deletePolicy},
	"CreatePolicyVersion":   {write: true, needs: []string{"PolicyName", "PolicyDocument"}, params: []string{"SetAsDefault", "RotateStrategy"}, resources: policyResource, handle: createVersion},
	"ListPolicyVersions":    {needs: []string{"PolicyName", "PolicyType"}, resources: policyResource, handle: listVersions},
	"ListEntitiesForPolicy": {needs: []string{"PolicyName", "PolicyType"}, resources: policyResource, handle: listEntities},
	"AttachPolicyToUser":    {write: true, needs: []string{"UserName", "PolicyName", "PolicyType"}, resources: userAndPolicy, handle: attach},
	"DetachPolicyFromUser":  {write: true, needs: []string{"UserName", "PolicyName", "PolicyType"}, resources: userAndPolicy, handle: detach},
	"ListPoliciesForUser":   {needs: []string{"UserName"}, resources: userResource, handle: policiesOfUser},
}

var policyName = regexp.MustCompile(`^[a-zA-Z0-9-]+$`)

const longestPolicyName = 128

func createPolicy(c *call) (map[string]any, *Error) {
	name := c.param("PolicyName")
	switch {
	case !policyName.MatchString(name):
		return nil, bad("InvalidParameter.PolicyName.InvalidChars", "The policy name has characters that are not allowed.")
	case len(name) > longestPolicyName:
		return nil, bad("InvalidParameter.PolicyName.Length", "The policy name is too long.")
	}
	v, refused := c.document("v1")
	switch {
	case refused != nil:
		return nil, refused
	case c.world.policies[name] != nil:
		return nil, exists("Policy")
	case len(c.world.policies) >= c.cloud.quotas.Policies:
		return nil, limit("Policy")
	}
	p := &policy{
		PolicyRef: PolicyRef{Custom, name}, description: c.param("Description"),
		created: c.now, updated: c.now, versions: []version{v}, standing: v.id, last: 1,
	}
	c.world.policies[name] = p
	return map[string]any{"Policy": p.row()}, nil
}

// document reads the policy document of a call with the reader that the bot uses.
func (c *call) document(id string) (version, *Error) {
	text := c.param("PolicyDocument")
	if len(text) > c.cloud.quotas.PolicySize {
		return version{}, bad("InvalidParameter.PolicyDocument.Length", "The policy document is too long.")
	}
	doc, err := rampolicy.Parse([]byte(text))
	if err != nil {
		return version{}, bad("MalformedPolicyDocument", "The policy document is malformed.")
	}
	return version{id: id, text: text, doc: doc, created: c.now}, nil
}

func getPolicy(c *call) (map[string]any, *Error) {
	p, refused := c.policy()
	if refused != nil {
		return nil, refused
	}
	row := p.row()
	row["AttachmentCount"], row["UpdateDate"] = c.world.attachments(p.PolicyRef), stamp(p.updated)
	return map[string]any{"Policy": row, "DefaultPolicyVersion": p.current().row(p)}, nil
}

func deletePolicy(c *call) (map[string]any, *Error) {
	p := c.world.policies[c.param("PolicyName")]
	if p == nil {
		return nil, absent("Policy")
	}
	for _, u := range c.world.users {
		if attachedAt(u.attached, p.PolicyRef) >= 0 {
			return nil, conflict("Policy.User")
		}
	}
	for _, g := range c.world.groups {
		if attachedAt(g.attached, p.PolicyRef) >= 0 {
			return nil, conflict("Policy.Group")
		}
	}
	if len(p.versions) > 1 && c.param("CascadingDelete") != "true" {
		return nil, conflict("Policy.Version")
	}
	delete(c.world.policies, p.Name)
	return nil, nil
}

func createVersion(c *call) (map[string]any, *Error) {
	p := c.world.policies[c.param("PolicyName")]
	if p == nil {
		return nil, absent("Policy")
	}
	v, refused := c.document("v" + strconv.Itoa(p.last+1))
	if refused != nil {
		return nil, refused
	}
	if len(p.versions) >= c.cloud.quotas.VersionsPerPolicy {
		at := slices.IndexFunc(p.versions, func(v version) bool { return v.id != p.standing })
		if c.param("RotateStrategy") != "DeleteOldestNonDefaultVersionWhenLimitExceeded" || at < 0 {
			return nil, limit("Policy.Version")
		}
		p.versions = slices.Delete(p.versions, at, at+1)
	}
	p.versions, p.updated = append(p.versions, v), c.now
	p.last++
	if c.param("SetAsDefault") == "true" {
		p.standing = v.id
	}
	return map[string]any{"PolicyVersion": v.row(p)}, nil
}

func listVersions(c *call) (map[string]any, *Error) {
	p, refused := c.policy()
	if refused != nil {
		return nil, refused
	}
	list := []any{}
	for _, v := range p.versions {
		list = append(list, v.row(p))
	}
	return map[string]any{"PolicyVersions": map[string]any{"PolicyVersion": list}}, nil
}

// policy is the one that a call names by name and type.
func (c *call) policy() (*policy, *Error) {
	ref := PolicyRef{c.param("PolicyType"), c.param("PolicyName")}
	if ref.Type != System && ref.Type != Custom {
		return nil, bad("InvalidParameter.PolicyType", "The policy type must be System or Custom.")
	}
	if p := c.world.policy(ref); p != nil {
		return p, nil
	}
	return nil, absent("Policy")
}

func (w *world) policy(ref PolicyRef) *policy {
	if ref.Type == System {
		return systemPolicies[ref.Name]
	}
	return w.policies[ref.Name]
}

func (p *policy) current() version {
	for _, v := range p.versions {
		if v.id == p.standing {
			return v
		}
	}
	return version{}
}

func (p *policy) row() map[string]any {
	return map[string]any{
		"PolicyName": p.Name, "PolicyType": p.Type, "Description": p.description,
		"DefaultVersion": p.standing, "CreateDate": stamp(p.created),
	}
}

func (v version) row(p *policy) map[string]any {
	return map[string]any{
		"VersionId": v.id, "IsDefaultVersion": v.id == p.standing, "PolicyDocument": v.text, "CreateDate": stamp(v.created),
	}
}
