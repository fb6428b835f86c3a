package alicloud_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/actions/alicloud"
	"twokey/actions/rampolicy"
)

// Action for action what "Solutions to AccessKey pair leaks", step 1, tells people
// to attach; the same in its Chinese, English and Japanese editions.
func TestTheSeedIsTheDocumentsOwn(t *testing.T) {
	deny := func(actions ...string) rampolicy.Statement {
		return rampolicy.Statement{Effect: rampolicy.Deny, Actions: actions, Resources: []string{"*"}}
	}
	want := rampolicy.Document{Version: rampolicy.Version, Statements: []rampolicy.Statement{
		deny("ram:AddUserToGroup", "ram:AttachPolicyToGroup", "ram:AttachPolicyToRole", "ram:AttachPolicyToUser",
			"ram:ChangePassword", "ram:CreateAccessKey", "ram:CreateLoginProfile", "ram:CreatePolicyVersion", "ram:CreateRole",
			"ram:CreateUser", "ram:DetachPolicyFromUser", "ram:PassRole", "ram:SetDefaultPolicyVersion", "ram:UpdateAccessKey",
			"ram:SetPasswordPolicy", "ram:UpdateRole", "ram:UpdateLoginProfile", "ram:UpdateUser"),
		deny("ecs:DeleteInstance", "ecs:DeleteInstances", "ecs:DeregisterManagedInstance", "ecs:ReleaseDedicatedHost"),
		deny("rds:DeleteAccount", "rds:DeleteDatabase", "rds:DeleteDBInstance", "rds:DestroyDBInstance"),
		deny("oss:DeleteBucket", "oss:DeleteObject", "oss:PutBucketAcl", "oss:PutBucketPolicy"),
		deny("log:DeleteLogStore", "log:DeleteProject", "log:PutProjectPolicy", "log:DeleteProjectPolicy"),
		deny("dysms:CreateProductNew", "dysms:CreateSmsTemplateNew", "dysms:AddSmsTemplate", "dysms:SendSms", "dysms:SendBatchSms"),
	}}
	if diff := cmp.Diff(want, got(alicloud.QuarantineDocument(alicloud.ProfileSeed))(t)); diff != "" {
		t.Fatalf("the seed (-want +got):\n%s", diff)
	}
}

// The seed does not deny leaving a group, so it is no policy for the group.
func TestOnlyTheHardenedPolicyKeepsItsPrisoner(t *testing.T) {
	for profile, keeps := range map[string]bool{alicloud.ProfileSeed: false, alicloud.ProfileHardened: true} {
		doc := got(alicloud.QuarantineDocument(profile))(t)
		ways := []string{"ram:RemoveUserFromGroup", "ram:DetachPolicyFromGroup", "ram:DeleteGroup", "ram:DeletePolicy", "ram:SetAccessKeyPolicy"}
		if denied := rampolicy.Denies(doc, ways); (len(denied) == len(ways)) != keeps {
			t.Errorf("%s denies %v", profile, denied)
		}
	}
}
