package sandbox

import (
	"net/http"
	"strings"

	"twokey/actions/rampolicy"
)

// authorize asks the policies of the calling RAM user, direct and through groups.
// Root may do everything: no policy reaches it (RAM docs: Policy evaluation
// process).
func (c *call) authorize(op operation) *Error {
	if op.action == "" || c.caller == c.world.root {
		return nil
	}
	docs := c.world.documents(c.caller)
	kind := "SubUser"
	if c.session != nil {
		kind = "AssumedRoleUser"
	}
	if c.cloud.behaviour.LeaksAsSAS {
		op.action = strings.Replace(op.action, "yundun-aegis:", "yundun-sas:", 1)
	}
	for _, resource := range op.resources(c) {
		if v := rampolicy.Evaluate(docs, op.action, resource); v.Decision != rampolicy.Allowed {
			return c.denied(op, kind, v)
		}
	}
	return nil
}

func (c *call) denied(op operation, kind string, v rampolicy.Verdict) *Error {
	return &Error{
		Status: http.StatusForbidden, Code: "NoPermission",
		Message: "You are not authorized to do this action. You should be authorized by RAM.",
		Detail: map[string]any{
			"AuthAction": op.action, "AuthPrincipalType": kind,
			"AuthPrincipalOwnerId": c.cloud.account, "AuthPrincipalDisplayName": c.caller.id,
			"NoPermissionType": v.Decision.String(), "PolicyType": "AccountLevelIdentityBasedPolicy",
		},
	}
}

// documents are the default versions of all policies that apply to a user.
func (w *world) documents(u *user) []rampolicy.Document {
	var out []rampolicy.Document
	take := func(list []attachment) {
		for _, a := range list {
			if p := w.policy(a.PolicyRef); p != nil {
				out = append(out, p.current().doc)
			}
		}
	}
	take(u.attached)
	for name := range u.groups {
		if g := w.groups[name]; g != nil {
			take(g.attached)
		}
	}
	return out
}

func anyResource(*call) []string { return []string{"*"} }

// userResource is the user that a call names, the caller when it names none.
func userResource(c *call) []string {
	name := c.userName()
	if name == "" {
		name = c.caller.name
	}
	return []string{c.arn("user/" + name)}
}

func policyResource(c *call) []string { return []string{c.policyARN()} }

// userAndPolicy are both ends of an attachment; the caller needs both.
func userAndPolicy(c *call) []string { return append(userResource(c), c.policyARN()) }

func (c *call) policyARN() string {
	owner := c.cloud.account
	if c.param("PolicyType") == System {
		owner = "system"
	}
	return "acs:ram::" + owner + ":policy/" + c.param("PolicyName")
}

func (c *call) arn(relative string) string { return "acs:ram::" + c.cloud.account + ":" + relative }
