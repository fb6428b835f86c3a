package sandbox_test

import (
	"testing"

	ramsdk "github.com/alibabacloud-go/ram-20150501/v2/client"

	"twokey/actions/sandbox"
)

func TestAPolicyOnARoleBindsItsSessions(t *testing.T) {
	s := start(t, func(o *sandbox.Options) { o.Quotas.CustomPoliciesPerRole = 1 })
	ok(t, s.AddRole("deployer", nil, admin))
	ok(t, s.SetPolicies("alice", admin))
	ok(t, s.AddPolicy("q", deny))
	ok(t, s.AddPolicy("r", deny))
	role := func(action, policy string) error {
		return s.try(t, ram, action, map[string]any{"RoleName": "deployer", "PolicyType": sandbox.Custom, "PolicyName": policy})
	}
	refused(t, s.try(t, ram, "AttachPolicyToRole", map[string]any{"RoleName": "nobody", "PolicyType": sandbox.Custom, "PolicyName": "q"}), 404, "EntityNotExist.Role")
	refused(t, role("AttachPolicyToRole", "none"), 404, "EntityNotExist.Policy")
	refused(t, role("DetachPolicyFromRole", "q"), 404, "EntityNotExist.Role.Policy")
	ok(t, role("AttachPolicyToRole", "q"))
	refused(t, role("AttachPolicyToRole", "q"), 409, "EntityAlreadyExists.Role.Policy")
	refused(t, role("AttachPolicyToRole", "r"), 409, "LimitExceeded.Role.Policy")

	listed, err := s.ram(t, s.bot).ListPoliciesForRole(&ramsdk.ListPoliciesForRoleRequest{RoleName: new("deployer")})
	ok(t, err)
	if n := len(listed.Body.Policies.Policy); n != 2 {
		t.Fatalf("%d policies", n)
	}
	entities, err := s.ram(t, s.bot).ListEntitiesForPolicy(&ramsdk.ListEntitiesForPolicyRequest{PolicyType: new(sandbox.Custom), PolicyName: new("q")})
	ok(t, err)
	if roles := entities.Body.Roles.Role; len(roles) != 1 || *roles[0].RoleName != "deployer" {
		t.Fatalf("%v", roles)
	}
	refused(t, s.try(t, ram, "DeletePolicy", map[string]any{"PolicyName": "q"}), 409, "DeleteConflict.Policy.Role")
	ok(t, role("DetachPolicyFromRole", "q"))
	ok(t, s.try(t, ram, "DeletePolicy", map[string]any{"PolicyName": "q"}))
}
