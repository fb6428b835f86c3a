package rampolicy_test

import (
	"testing"

	"twokey/actions/rampolicy"
)

// TestDocumentedCases is what Alibaba Cloud's documents say about evaluation, case
// by case, with where they say it. It does not go through the sandbox, which
// evaluates with the code under test.
//
//	elements    https://www.alibabacloud.com/help/document_detail/93738.html   Basic elements of a permission policy
//	syntax      https://www.alibabacloud.com/help/document_detail/93739.html   Policy structure and syntax
//	evaluation  https://help.aliyun.com/en/ram/policy-evaluation-process       How RAM evaluates policies
//	leaks       Solutions to AccessKey pair leaks, step 1
func TestDocumentedCases(t *testing.T) {
	const (
		readECS  = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:Describe*","Resource":"*"}]}`
		allECS   = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:*","Resource":"*"}]}`
		noDelete = `{"Version":"1","Statement":[{"Effect":"Deny","Action":"ecs:DeleteInstance","Resource":"*"}]}`
		both     = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:*","Resource":"*"},{"Effect":"Deny","Action":"ecs:DeleteInstance","Resource":"*"}]}`
		list     = `{"Version":"1","Statement":[{"Effect":"Allow","Action":["oss:ListBuckets","ecs:Describe*","rds:Describe*"],"Resource":"*"}]}`
		allBut   = `{"Version":"1","Statement":[{"Effect":"Allow","NotAction":["ecs:DeleteInstance"],"Resource":"*"}]}`
		denyBut  = `{"Version":"1","Statement":[{"Effect":"Deny","NotAction":"ecs:DescribeInstances","Resource":"*"}]}`
		instance = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:*","Resource":["acs:ecs:*:*:instance/inst-001","acs:ecs:*:*:instance/inst-002"]}]}`
		bucket   = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:*","Resource":["acs:oss:*:*:mybucket","acs:oss:*:*:mybucket/*"]}]}`
		seed     = `{"Version":"1","Statement":[{"Effect":"Deny","Action":["ram:CreateUser","ram:AttachPolicyToUser"],"Resource":"*"}]}`
		admin    = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	)
	for _, row := range []struct {
		source, says     string
		docs             []string
		action, resource string
		want             rampolicy.Decision
	}{
		{"evaluation", "deny by default", nil, "ecs:DescribeInstances", "*", implicit},
		{"evaluation", "deny by default: only what a policy allows", []string{readECS}, "rds:DescribeDBInstances", "*", implicit},
		{"evaluation", "explicit deny overrides allow, in another policy", []string{allECS, noDelete}, "ecs:DeleteInstance", "*", explicit},
		{"evaluation", "explicit deny overrides allow, in whichever order", []string{noDelete, allECS}, "ecs:DeleteInstance", "*", explicit},
		{"elements", "Deny takes precedence within one policy", []string{both}, "ecs:DeleteInstance", "*", explicit},
		{"elements", "Deny takes nothing that it does not name", []string{both}, "ecs:StopInstance", "*", allowed},
		{"elements", "ecs:Describe* is every action that begins so", []string{readECS}, "ecs:DescribeInstances", "*", allowed},
		{"elements", "ecs:Describe* is no other action", []string{readECS}, "ecs:StartInstance", "*", implicit},
		{"elements", "the part before the colon is the service", []string{readECS}, "rds:DescribeInstances", "*", implicit},
		{"elements", "several operations in one statement", []string{list}, "rds:DescribeDBInstances", "*", allowed},
		{"elements", "several operations, and no other", []string{list}, "oss:GetObject", "*", implicit},
		{"elements", "NotAction: all operations except those", []string{allBut}, "rds:DeleteDBInstance", "*", allowed},
		{"elements", "NotAction: the exceptions are not covered", []string{allBut}, "ecs:DeleteInstance", "*", implicit},
		{"syntax", "NotAction is not a deny: another statement may allow it", []string{allBut, allECS}, "ecs:DeleteInstance", "*", allowed},
		{"elements", "Deny with NotAction: all denied except those", []string{admin, denyBut}, "ecs:StopInstance", "*", explicit},
		{"elements", "Deny with NotAction: the exceptions are not denied", []string{admin, denyBut}, "ecs:DescribeInstances", "*", allowed},
		{"elements", "acs:ecs:*:*:instance/inst-001", []string{instance}, "ecs:StopInstance", "acs:ecs:cn-hangzhou:1:instance/inst-001", allowed},
		{"elements", "an instance that is not listed", []string{instance}, "ecs:StopInstance", "acs:ecs:cn-hangzhou:1:instance/inst-003", implicit},
		{"elements", "acs:oss:*:*:mybucket is the bucket", []string{bucket}, "oss:PutBucketAcl", "acs:oss:oss-cn-hangzhou:1:mybucket", allowed},
		{"elements", "acs:oss:*:*:mybucket/* is every object in it", []string{bucket}, "oss:GetObject", "acs:oss:oss-cn-hangzhou:1:mybucket/a/b", allowed},
		{"elements", "another bucket", []string{bucket}, "oss:GetObject", "acs:oss:oss-cn-hangzhou:1:yours/a", implicit},
		{"leaks", "the quarantine binds an administrator", []string{admin, seed}, "ram:CreateUser", "acs:ram::1:user/x", explicit},
		{"leaks", "and leaves the workload alone", []string{admin, seed}, "ecs:DescribeInstances", "*", allowed},
	} {
		t.Run(row.source+": "+row.says, func(t *testing.T) {
			var docs []rampolicy.Document
			for _, d := range row.docs {
				docs = append(docs, parse(t, d))
			}
			if got := rampolicy.Evaluate(docs, row.action, row.resource).Decision; got != row.want {
				t.Errorf("%s on %s: %v, want %v", row.action, row.resource, got, row.want)
			}
		})
	}
}
