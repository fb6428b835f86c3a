package alicloud

import "strings"

// sensitive are the operations that somebody who found a key makes, and an owner
// rarely: they give power, hide, spend, run code, give data away or destroy it. One
// that is done after the leak is evidence of theft, wherever it comes from, unless
// it was done from the same address before. Names are as policies write them; a
// "*" at the end stands for the rest.
//
// The sources are the quarantine policy of "Solutions to AccessKey pair leaks"
// (step 1), the operations that Alibaba Cloud's restrictive protection blocks (RAM
// docs: Restrictive protection of leaked AccessKeys), the operations that AWS
// denies to a leaked key (AWSCompromisedKeyQuarantineV3), each as Alibaba Cloud
// calls it, and what the tables of the products add to them.
var sensitive = []string{
	// Power over identities (RAM docs: List of operations).
	"ram:add*", "ram:attach*", "ram:bind*", "ram:change*", "ram:create*", "ram:delete*", "ram:detach*", "ram:disable*",
	"ram:passrole", "ram:remove*", "ram:restore*", "ram:set*", "ram:unbind*", "ram:update*", "ram:clear*",
	"sts:assumerole*", "cloudsso:create*", "cloudsso:update*", "cloudsso:add*", "cloudsso:provision*",
	"resourcemanager:create*", "resourcemanager:invite*", "resourcemanager:attach*", "resourcemanager:set*",

	// Hiding (ActionTrail docs: List of operations; SLS; Config).
	"actiontrail:delete*", "actiontrail:stoplogging", "actiontrail:updatetrail", "actiontrail:createtrail",
	"log:delete*", "log:putprojectpolicy", "log:stop*", "log:disable*",
	"config:delete*", "config:stop*", "yundun-sas:modifyaccesskeyleakdeal", "yundun-sas:delete*", "yundun-sas:modify*",

	// Spending: computers, models, messages, purchases.
	"ecs:runinstances", "ecs:createinstance", "ecs:createautoprovisioninggroup", "ecs:startinstance", "ecs:startinstances",
	"ecs:purchasereservedinstancesoffering", "ecs:creatededicatedhost*", "ecs:allocatededicatedhosts",
	"eci:createcontainergroup*", "eci:batchcreatecontainergroups", "ess:createscaling*", "cs:createcluster", "cs:scale*",
	"fc:createfunction", "fc:updatefunction*", "fc:createtrigger", "swas-open:create*", "pai*:create*",
	"dysms:send*", "dysms:add*", "dysms:create*", "dysms:batchsend*", "dm:*send*", "dm:create*",
	"bss:create*", "bss:set*", "bss:modify*", "bss:renew*", "bss:convert*", "bssapi:create*", "bssapi:set*", "bssapi:modify*",
	"bssopenapi:create*", "bssopenapi:set*",

	// Code and access to computers.
	"ecs:invokecommand", "ecs:runcommand", "ecs:createcommand", "ecs:sendfile", "ecs:startterminalsession",
	"ecs:attachinstanceramrole", "ecs:modifyinstancemetadataoptions", "ecs:modifyinstanceattribute", "ecs:modifyinstancevnc*",
	"ecs:describeinstancevncurl", "ecs:importkeypair", "ecs:attachkeypair", "ecs:authorizesecuritygroup*", "ecs:deregistermanagedinstance",
	"ecs:replacesystemdisk", "cs:describeclusteruserkubeconfig", "cr:getauthorizationtoken", "oos:startexecution",

	// Giving data away.
	"ecs:modifysnapshotattribute", "ecs:modifyimagesharepermission", "ecs:exportimage", "ecs:copysnapshot", "ecs:copyimage",
	"rds:modifysecurityips", "rds:resetaccount*", "rds:createaccount", "rds:allocateinstancepublicconnection", "rds:createbackup",
	"rds:describebackups", "rds:clonedbinstance", "oss:putbucketacl", "oss:putbucketpolicy", "oss:deletebucketpolicy", "oss:putobjectacl",
	"oss:putbucketreplication", "oss:putbucketpublicaccessblock", "oss:deletebucketpublicaccessblock", "dts:create*",
	"kms:decrypt", "kms:getsecretvalue", "kms:exportdatakey", "kms:createsecret", "kms:putsecretvalue", "kms:setdefault*",

	// Destroying.
	"ecs:delete*", "ecs:release*", "ecs:reinitdisk*", "ecs:stopinstance*", "rds:delete*", "rds:destroy*", "oss:deletebucket*",
	"oss:deleteobject*", "oss:deletemultipleobjects", "oss:putbucketlifecycle", "kms:schedulekeydeletion", "kms:disablekey",
	"kms:deletesecret", "vpc:delete*", "slb:delete*", "alidns:delete*", "alidns:update*",
}

// isSensitive reports whether an action is one of those, whatever its case (RAM
// docs: Policy elements: actions don't mind it).
func isSensitive(action string) bool {
	action = strings.ToLower(action)
	for _, s := range sensitive {
		if matchesAction(s, action) {
			return true
		}
	}
	return false
}

// matchesAction compares with a pattern in small letters.
func matchesAction(pattern, action string) bool {
	first, rest, open := strings.Cut(pattern, "*")
	switch {
	case !open:
		return pattern == action
	case rest == "":
		return strings.HasPrefix(action, first)
	}
	after, found := strings.CutPrefix(action, first)
	if !found {
		return false
	}
	for i := range len(after) + 1 {
		if matchesAction(rest, after[i:]) {
			return true
		}
	}
	return false
}

// probes are what scanners of leaked keys call to see whether a key lives: one read
// that everybody may make, or that tells what is there.
var probes = map[string]bool{
	"sts:GetCallerIdentity": true, "ecs:DescribeRegions": true, "ecs:DescribeInstances": true, "oss:ListBuckets": true, "oss:GetService": true,
	"ram:GetUser": true, "ram:ListUsers": true, "ram:GetAccountAlias": true, "bss:QueryAccountBalance": true, "log:ListProject": true,
}
