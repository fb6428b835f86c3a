package alicloud

// madeBy says what kind of thing an action leaves behind that goes on without the
// key that made it; empty if none.
func madeBy(action string) string { return makers[action] }

// makers are those actions, with the kinds of findings that they become.
var makers = map[string]string{
	"ram:CreateUser": "made_user", "ram:CreateAccessKey": "made_key", "ram:CreateLoginProfile": "made_login",
	"ram:UpdateLoginProfile": "made_login", "ram:CreateRole": "made_role", "ram:UpdateRole": "made_trust",
	"ram:CreatePolicy": "made_policy", "ram:CreatePolicyVersion": "made_policy", "ram:SetDefaultPolicyVersion": "made_policy",
	"ram:AttachPolicyToUser": "made_grant", "ram:AttachPolicyToGroup": "made_grant", "ram:AttachPolicyToRole": "made_grant",
	"ram:AddUserToGroup": "made_grant", "ram:CreateSAMLProvider": "made_provider", "ram:CreateOIDCProvider": "made_provider",
	"sts:AssumeRole": "assumed_role", "ecs:RunInstances": "made_instance", "ecs:CreateInstance": "made_instance",
}
