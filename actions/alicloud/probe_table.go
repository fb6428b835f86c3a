package alicloud

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// harmless is a call that can have no effect, whatever the bot may do.
type harmless struct {
	action  string // as policies name it
	on      string // see [Probe.On]
	product string // who checks the permission
	writes  bool
	at      endpoint
	version string
	params  params
	there   bool // what it asks for may be there: being refused it shows nothing but that
}

// name is the API's name of the call.
func (h harmless) name() string {
	_, name, _ := strings.Cut(h.action, ":")
	return name
}

// product is where calls of one kind go.
type product struct {
	name, version string
	at            endpoint
}

func (a *Account) ramProduct() product { return product{"ram", ramVersion, a.endpoints.ram} }
func (a *Account) imsProduct() product { return product{"ims", imsVersion, a.endpoints.ims} }
func (a *Account) trailProduct() product {
	return product{"actiontrail", trailVersion, a.endpoints.trail[a.trailRegions()[0]]}
}

func (a *Account) ecsProduct() product {
	return product{"ecs", "2014-05-26", a.endpoints.ecs[a.regions[0]]}
}

func (a *Account) kmsProduct() product {
	return product{"kms", "2016-01-20", a.endpoints.kms[a.regions[0]]}
}
func (a *Account) sasProduct() product { return product{"sas", "2018-12-03", a.endpoints.sas} }
func (a *Account) bssProduct() product { return product{"bss", "2017-12-14", a.endpoints.bss} }

const ramVersion = "2015-05-01"

func (p product) looks(action string, with params) harmless {
	return harmless{action: action, product: p.name, at: p.at, version: p.version, params: with}
}

// finds is a look at what is there.
func (p product) finds(action string, with params) harmless {
	h := p.looks(action, with)
	h.there = true
	return h
}

func (p product) changes(action string, with params) harmless {
	h := p.looks(action, with)
	h.writes = true
	return h
}

// writeProbes are the probes of what steps write. Each aims at a name that nothing
// has, so whoever may do it is told that it does not exist. Not here, because no
// call is known that surely changes nothing: ram:SetSecurityPreference (any value
// it takes is set for the whole account), kms:CreateSecret (any name it takes is
// made), ram:CreateGroup and ram:AttachPolicyToGroup (granted on the one group,
// where they take effect), and ram:PassRole (no API, only asked about by others).
func (a *Account) writeProbes(n nobody) []harmless {
	ram, ims, ecs := a.ramProduct(), a.imsProduct(), a.ecsProduct()
	instances := `["` + n.instance + `"]`
	return []harmless{
		// No user has the name, so no key is found, made, changed or deleted.
		ram.changes("ram:UpdateAccessKey", params{"UserName": n.name, "UserAccessKeyId": n.key, "Status": "Inactive"}),
		ram.changes("ram:DeleteAccessKey", params{"UserName": n.name, "UserAccessKeyId": n.key}),
		ram.changes("ram:CreateAccessKey", params{"UserName": n.name}),
		ims.changes("ram:SetAccessKeyPolicy", params{
			"UserPrincipalName": n.principal, "UserAccessKeyId": n.key, "AccessKeyPolicy": `{"Version":1,"Status":"Inactive","Statements":[]}`,
		}),
		// Neither user nor key is in the recycle bin.
		ims.changes("ram:RestoreAccessKeyFromRecycleBin", params{"UserId": n.id, "UserAccessKeyId": n.key}),
		ims.changes("ram:RestoreUserFromRecycleBin", params{"UserId": n.id}),
		// No user has the name, so nothing is attached, detached, joined or left.
		ram.changes("ram:AttachPolicyToUser", params{"UserName": n.name, "PolicyName": a.quarantine.name, "PolicyType": custom}),
		ram.changes("ram:DetachPolicyFromUser", params{"UserName": n.name, "PolicyName": a.quarantine.name, "PolicyType": custom}),
		ram.changes("ram:AddUserToGroup", params{"UserName": n.name, "GroupName": a.quarantine.group}),
		ram.changes("ram:RemoveUserFromGroup", params{"UserName": n.name, "GroupName": a.quarantine.group}),
		// No user has the name, so no log-on changes and nobody is deleted.
		ram.changes("ram:UpdateLoginProfile", params{"UserName": n.name, "MFABindRequired": "true"}),
		ram.changes("ram:DeleteLoginProfile", params{"UserName": n.name}),
		ims.changes("ram:DeleteUser", params{"UserPrincipalName": n.principal}),
		// No role or group has the name.
		ram.changes("ram:AttachPolicyToRole", params{"RoleName": n.name, "PolicyName": a.quarantine.name, "PolicyType": custom}),
		ram.changes("ram:DetachPolicyFromRole", params{"RoleName": n.name, "PolicyName": a.quarantine.name, "PolicyType": custom}),
		ram.changes("ram:DetachPolicyFromGroup", params{"GroupName": n.name, "PolicyName": a.quarantine.name, "PolicyType": custom}),
		ram.changes("ram:UpdateRole", params{"RoleName": n.name, "NewAssumeRolePolicyDocument": notAPolicy}),
		// The document is no policy, so none is made of it; the name is one that the
		// bot may make, because it may make no other.
		ram.changes("ram:CreatePolicy", params{"PolicyName": a.quarantine.name, "PolicyDocument": notAPolicy}),
		// No instance has the id.
		ecs.changes("ecs:AttachInstanceRamRole", params{"RegionId": a.regions[0], "RamRoleName": n.name, "InstanceIds": instances}),
		ecs.changes("ecs:DetachInstanceRamRole", params{"RegionId": a.regions[0], "RamRoleName": n.name, "InstanceIds": instances}),
		ecs.changes("ecs:ModifyInstanceMetadataOptions", params{
			"RegionId": a.regions[0], "InstanceId": n.instance, "HttpEndpoint": "enabled", "HttpTokens": "optional",
		}),
		// No secret has the name, so nothing is put anywhere; what would be put is no secret.
		a.kmsProduct().looks("kms:DescribeSecret", params{"SecretName": n.name}),
		a.kmsProduct().changes("kms:PutSecretValue", params{"SecretName": n.name, "VersionId": n.name, "SecretData": n.name}),
		// Leaks are numbered from 1.
		a.sasProduct().changes("yundun-sas:ModifyAccessKeyLeakDeal", params{"Id": "0", "Type": "manual", "Remark": "probe"}),
	}
}

// notAPolicy has no statement: no edition of RAM takes it.
const notAPolicy = "{}"

// notAName is no name of a user, group or role: too long by a hundred characters,
// and with some that none may have (RAM docs: Limits).
var notAName = "no name/" + strings.Repeat("-", 160)

// forbiddenProbes are the probes of what the bot must never do. If it may after
// all, they do nothing either.
func (a *Account) forbiddenProbes(n nobody) []harmless {
	ram, ims := a.ramProduct(), a.imsProduct()
	own := []harmless{
		// Neither user nor key is in the recycle bin: there is nothing to purge.
		ims.changes("ram:DeleteAccessKeyInRecycleBin", params{"UserId": n.id, "UserAccessKeyId": n.key}),
		ims.changes("ram:DeleteUserInRecycleBin", params{"UserId": n.id}),
		// No user or role can be called that.
		ram.changes("ram:CreateUser", params{"UserName": notAName}),
		ram.changes("ram:CreateRole", params{"RoleName": notAName, "AssumeRolePolicyDocument": notAPolicy}),
		// No user has the name; the password is one that no user gets.
		ram.changes("ram:CreateLoginProfile", params{"UserName": n.name, "Password": "-"}),
		// No group can be called that, and none has the name.
		ram.changes("ram:CreateGroup", params{"GroupName": notAName}),
		ram.changes("ram:AttachPolicyToGroup", params{"GroupName": n.name, "PolicyName": a.quarantine.name, "PolicyType": custom}),
		// No policy has the name.
		ram.changes("ram:CreatePolicyVersion", params{"PolicyName": n.name, "PolicyDocument": notAPolicy}),
		ram.changes("ram:SetDefaultPolicyVersion", params{"PolicyName": n.name, "VersionId": "v1"}),
		// No instance has the id.
		a.ecsProduct().changes("ecs:DeleteInstance", params{"InstanceId": n.instance}),
		a.ecsProduct().changes("ecs:DeleteInstances", params{"RegionId": a.regions[0], "InstanceId.1": n.instance}),
		// No secret has the name; reading it would change nothing anyway.
		a.kmsProduct().looks("kms:GetSecretValue", params{"SecretName": n.name}),
	}
	return append(own, a.writeProbes(n)...) // what another choice of steps would grant
}

// limitProbes prove that what is granted is granted on no more than the one thing.
func (a *Account) limitProbes(n nobody, own *identity, s Scope) []harmless {
	ram := a.ramProduct()
	// No user has the name, so nobody becomes an administrator.
	free := ram.changes("ram:AttachPolicyToUser", params{"UserName": n.name, "PolicyName": "AdministratorAccess", "PolicyType": "System"})
	free.on = "policy AdministratorAccess"
	// No user has the name, so nobody joins anything.
	join := ram.changes("ram:AddUserToGroup", params{"UserName": n.name, "GroupName": n.name})
	join.on = "any group"
	var out []harmless
	if !s.GiveBack {
		out = append(out, free, join)
	}
	for _, name := range slices.Sorted(maps.Keys(own.names)) {
		// The bot's own user or role, which has no such policy attached; nothing has.
		h := ram.changes("ram:DetachPolicyFromUser", params{"UserName": name, "PolicyName": n.name, "PolicyType": custom})
		if own.role {
			h = ram.changes("ram:DetachPolicyFromRole", params{"RoleName": name, "PolicyName": n.name, "PolicyType": custom})
		}
		h.on = "itself"
		out = append(out, h)
	}
	return out
}

// lookProbes are the probes of what is looked at. They look for what is not there.
// Not here: ram:GenerateCredentialReport, which makes a report,
// log:GetLogStoreLogs, which only the configured projects could answer, and
// yundun-sas:DescribeAccessKeyLeakDetail, which says of no leak that the caller may.
func (a *Account) lookProbes(n nobody) []harmless {
	ram, ims, trail, ecs := a.ramProduct(), a.imsProduct(), a.trailProduct(), a.ecsProduct()
	now := a.now().UTC()
	out := []harmless{
		ims.looks("ram:GetUser", params{"UserAccessKeyId": n.key}),
		ram.looks("ram:ListAccessKeys", params{"UserName": n.name}),
		ims.looks("ram:ListAccessKeysInRecycleBin", params{"UserId": n.id}),
		ims.looks("ram:GetAccessKeyInfoInRecycleBin", params{"UserAccessKeyId": n.key}),
		ram.looks("ram:ListPoliciesForUser", params{"UserName": n.name}),
		ram.looks("ram:ListGroupsForUser", params{"UserName": n.name}),
		ram.looks("ram:ListPoliciesForGroup", params{"GroupName": n.name}),
		ram.looks("ram:ListPoliciesForRole", params{"RoleName": n.name}),
		ram.finds("ram:GetPolicy", params{"PolicyName": a.quarantine.name, "PolicyType": custom}),
		ram.finds("ram:ListEntitiesForPolicy", params{"PolicyName": a.quarantine.name, "PolicyType": custom}),
		ram.looks("ram:GetGroup", params{"GroupName": n.name}),
		ram.looks("ram:GetRole", params{"RoleName": n.name}),
		ram.finds("ram:ListRoles", params{"MaxItems": "1"}),
		ram.finds("ram:ListUsers", params{"MaxItems": "1"}),
		ram.looks("ram:ListUsersForGroup", params{"GroupName": n.name}),
		ram.looks("ram:GetAccessKeyLastUsed", params{"UserName": n.name, "UserAccessKeyId": n.key}),
		ims.looks("ram:GetLoginProfile", params{"UserPrincipalName": n.principal}),
		ims.looks("ram:GetUserMFAInfo", params{"UserPrincipalName": n.principal}),
		ims.looks("ram:GetAccessKeyPolicy", params{"UserPrincipalName": n.principal, "UserAccessKeyId": n.key}),
		ims.looks("ram:GetUserInRecycleBin", params{"UserId": n.id}),
		ims.finds("ram:ListUsersInRecycleBin", params{"MaxItems": "1"}),
		ims.finds("ram:GetAccountSummary", nil),
		ims.finds("ram:GetAccountMFAInfo", nil),
		ims.finds("ram:GetAccountSecurityPracticeReport", nil),
		ims.finds("ram:GetSecurityPreference", nil),
		ims.finds("ram:GetCredentialReport", params{"MaxItems": "1"}),
		trail.finds("actiontrail:LookupEvents", params{
			"LookupAttribute.1.Key": "EventAccessKeyId", "LookupAttribute.1.Value": n.key, "MaxResults": "1",
			"StartTime": now.Add(-time.Hour).Format(trailTime), "EndTime": now.Format(trailTime),
		}),
		trail.finds("actiontrail:GetAccessKeyLastUsedInfo", params{"AccessKey": n.key}),
		trail.finds("actiontrail:GetAccessKeyLastUsedProducts", params{"AccessKey": n.key}),
		trail.finds("actiontrail:DescribeTrails", nil),
		ecs.finds("ecs:DescribeRegions", nil),
		ecs.finds("ecs:DescribeInstances", params{"RegionId": a.regions[0], "InstanceIds": `["` + n.instance + `"]`}),
		ecs.finds("ecs:DescribeInstanceRamRole", params{"RegionId": a.regions[0], "InstanceIds": `["` + n.instance + `"]`}),
		ecs.finds("ecs:DescribeEipAddresses", params{"RegionId": a.regions[0], "PageSize": "1"}),
		ecs.finds("ecs:DescribeNetworkInterfaces", params{"RegionId": a.regions[0], "MaxResults": "1"}),
		a.sasProduct().finds("yundun-sas:DescribeAccesskeyLeakList", params{"CurrentPage": "1", "PageSize": "1", "Query": n.key}),
		a.sasProduct().finds("yundun-aegis:DescribeAccesskeyLeakList", params{"CurrentPage": "1", "PageSize": "1", "Query": n.key}),
		a.bssProduct().finds("bssapi:QueryAccountBill", params{"BillingCycle": now.Format("2006-01"), "PageNum": "1", "PageSize": "1"}),
		a.bssProduct().finds("bssapi:DescribeInstanceBill", params{"BillingCycle": now.Format("2006-01"), "MaxResults": "1"}),
	}
	for _, of := range []string{"Events", "Ips", "Resources"} {
		out = append(out, trail.finds("actiontrail:GetAccessKeyLastUsed"+of, params{"AccessKey": n.key, "ServiceName": "Ecs"}))
	}
	return out
}
