package sandbox

import "twokey/actions/rampolicy"

// Policy types.
const (
	System = "System"
	Custom = "Custom"
)

// PolicyRef names a policy; the same name may exist in both types.
type PolicyRef struct{ Type, Name string }

// systemPolicies are a few of Alibaba Cloud's own, cut to what the sandbox can
// evaluate (RAM docs: System policies). Nobody can change or delete them.
var systemPolicies = func() map[string]*policy {
	out := map[string]*policy{}
	for name, actions := range map[string][]string{
		"AdministratorAccess":         {"*"},
		"ReadOnlyAccess":              {"*:Describe*", "*:List*", "*:Get*", "*:Query*", "*:Lookup*"},
		"AliyunECSFullAccess":         {"ecs:*"},
		"AliyunECSReadOnlyAccess":     {"ecs:Describe*", "ecs:List*"},
		"AliyunOSSFullAccess":         {"oss:*"},
		"AliyunOSSReadOnlyAccess":     {"oss:Get*", "oss:List*"},
		"AliyunRAMFullAccess":         {"ram:*"},
		"AliyunRAMReadOnlyAccess":     {"ram:Get*", "ram:List*"},
		"AliyunActionTrailFullAccess": {"actiontrail:*"},
		"AliyunSTSAssumeRoleAccess":   {"sts:AssumeRole"},
	} {
		doc := rampolicy.Document{Version: rampolicy.Version, Statements: []rampolicy.Statement{
			{Effect: rampolicy.Allow, Actions: actions, Resources: []string{"*"}},
		}}
		out[name] = &policy{
			PolicyRef: PolicyRef{System, name}, standing: "v1", last: 1,
			versions: []version{{id: "v1", text: string(doc.Canonical()), doc: doc}},
		}
	}
	return out
}()
