package sandbox

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	ramUsers = map[string]operation{
		"GetUser":    {params: []string{"UserName"}, resources: userResource, handle: getUser},
		"ListUsers":  {params: []string{"Marker", "MaxItems"}, resources: allUsers, handle: listUsers},
		"CreateUser": {write: true, needs: []string{"UserName"}, params: []string{"DisplayName", "Comments"}, resources: userResource, handle: createUser},
	}
	imsUsers = map[string]operation{
		"GetUser":           {params: []string{"UserAccessKeyId", "UserId", "UserPrincipalName"}, handle: findUser},
		"ListUsers":         {params: []string{"Marker", "MaxItems"}, resources: allUsers, handle: listUsers},
		"GetAccountSummary": {handle: accountSummary},
	}
	stsCalls = map[string]operation{"GetCallerIdentity": {handle: callerIdentity}}
	stsRoles = map[string]operation{
		"AssumeRole": {write: true, needs: []string{"RoleArn", "RoleSessionName"}, params: []string{"DurationSeconds"}, resources: roleInARN, handle: assumeRole},
	}
)

func allUsers(c *call) []string { return []string{c.arn("user/*")} }

// userName is the user a call names, whichever product's parameter it uses; empty
// when it names none.
func (c *call) userName() string {
	if c.request.product != ims {
		return c.param("UserName")
	}
	name, domain, found := strings.Cut(c.param("UserPrincipalName"), "@")
	ours := domain == c.cloud.alias+mailSuffix || domain == c.cloud.account+mailSuffix
	if found && (!ours || name == "") {
		return c.param("UserPrincipalName") // nobody here is called so
	}
	return name
}

const mailSuffix = ".onaliyun.com"

func (c *Cloud) principal(u *user) string { return u.name + "@" + c.alias + mailSuffix }

// user is the user a call names; an empty name is the caller, root included.
func (c *call) user() (*user, *Error) {
	name := c.userName()
	if name == "" {
		return c.itself()
	}
	if u := c.world.users[name]; u != nil {
		return u, nil
	}
	return nil, absent("User")
}

// itself is the caller as a user. A role session is none.
func (c *call) itself() (*user, *Error) {
	if c.session != nil {
		return nil, absent("User") // code not documented
	}
	return c.caller, nil
}

func (w *world) userByID(id string) *user {
	for _, u := range w.users {
		if u.id == id {
			return u
		}
	}
	return nil
}

func getUser(c *call) (map[string]any, *Error) {
	u, refused := c.user()
	if refused != nil {
		return nil, refused
	}
	return map[string]any{"User": c.row(u)}, nil
}

// findUser is IMS GetUser: exactly one of three parameters. A root key is of no
// user, so it finds nobody (api-shapes.md).
func findUser(c *call) (map[string]any, *Error) {
	id, key, name := c.param("UserId"), c.param("UserAccessKeyId"), c.param("UserPrincipalName")
	var u *user
	switch {
	case id != "" && key == "" && name == "":
		u = c.world.userByID(id)
	case key != "" && id == "" && name == "":
		if u, _ = c.world.owner(key); u == c.world.root {
			u = nil
		}
	case name != "" && id == "" && key == "":
		u = c.world.users[c.userName()]
	default:
		return nil, bad("InvalidParameter", "Exactly one of UserId, UserPrincipalName and UserAccessKeyId is needed.")
	}
	if u == nil {
		return nil, absent("User")
	}
	return map[string]any{"User": c.row(u)}, nil
}

func listUsers(c *call) (map[string]any, *Error) {
	names := sortedKeys(c.world.users)
	from, _ := slices.BinarySearch(names, c.param("Marker"))
	size := clamp(c.param("MaxItems"), 100, 1, 1000)
	rest := names[from:]
	page := rest[:min(size, len(rest))]
	list := []any{}
	for _, name := range page {
		list = append(list, c.row(c.world.users[name]))
	}
	out := map[string]any{"IsTruncated": len(page) < len(rest), "Users": map[string]any{"User": list}}
	if len(page) < len(rest) {
		out["Marker"] = rest[len(page)] // the first name of the next page
	}
	return out, nil
}

func (c *call) row(u *user) map[string]any {
	out := map[string]any{
		"UserId": u.id, "DisplayName": u.display, "Email": u.email, "MobilePhone": "", "Comments": u.comments,
		"CreateDate": stamp(u.created), "UpdateDate": stamp(u.updated), "LastLoginDate": "",
	}
	if u.login != nil {
		out["LastLoginDate"] = stamp(u.login.LastLogin)
	}
	if c.request.product == ims {
		out["UserPrincipalName"] = c.cloud.principal(u)
	}
	if c.request.product == ram || c.request.action == "GetUser" {
		out["UserName"] = u.name
	}
	return out
}

var userNameShape = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,64}$`)

func createUser(c *call) (map[string]any, *Error) {
	name := c.param("UserName")
	if !userNameShape.MatchString(name) {
		return nil, bad("InvalidParameter.UserName.InvalidChars", "The user name has characters that are not allowed.")
	}
	if c.world.users[name] != nil {
		return nil, exists("User")
	}
	if len(c.world.users) >= c.cloud.quotas.Users {
		return nil, limit("User")
	}
	u := &user{
		id: digits(18), name: name, display: c.param("DisplayName"), comments: c.param("Comments"),
		created: c.now, updated: c.now, groups: map[string]time.Time{},
	}
	c.world.users[name] = u
	c.created = map[string]any{"User": c.row(u)}
	return map[string]any{"User": c.row(u)}, nil
}

func accountSummary(c *call) (map[string]any, *Error) {
	q := c.cloud.quotas
	return map[string]any{"SummaryMap": map[string]any{
		"Users": len(c.world.users), "Groups": len(c.world.groups), "Policies": len(c.world.policies),
		"UsersQuota": q.Users, "PoliciesQuota": q.Policies, "PolicySizeQuota": q.PolicySize,
		"VersionsPerPolicyQuota": q.VersionsPerPolicy, "AccessKeysPerUserQuota": q.KeysPerUser,
		"AccountAccessKeysPerAccountQuota": q.KeysPerUser, "AttachedPoliciesPerUserQuota": q.CustomPoliciesPerUser,
		"AttachedSystemPoliciesPerUserQuota": q.SystemPoliciesPerUser, "GroupsQuota": q.Groups, "GroupsPerUserQuota": q.GroupsPerUser,
		"ConditionsPerAKPolicyQuota": q.RulesPerFence, "IPItemsPerAKPolicyQuota": q.AddressesPerFence,
		"AttachedPoliciesPerGroupQuota": q.CustomPoliciesPerGroup, "AttachedSystemPoliciesPerGroupQuota": q.SystemPoliciesPerGroup,
		"AttachedPoliciesPerRoleQuota": q.CustomPoliciesPerRole, "AttachedSystemPoliciesPerRoleQuota": q.SystemPoliciesPerRole,
		"Roles": len(c.world.roles),
	}}, nil
}

func callerIdentity(c *call) (map[string]any, *Error) {
	if c.caller == c.world.root {
		return map[string]any{
			"AccountId": c.cloud.account, "IdentityType": "Account", "Arn": c.arn("root"),
			"PrincipalId": c.cloud.account, "UserId": c.cloud.account,
		}, nil
	}
	if c.session != nil {
		return map[string]any{
			"AccountId": c.cloud.account, "IdentityType": "AssumedRoleUser",
			"Arn":         c.arn("assumed-role/" + c.session.role + "/" + c.session.name),
			"PrincipalId": c.session.principal(c.caller.id), "RoleId": c.caller.id,
		}, nil
	}
	return map[string]any{
		"AccountId": c.cloud.account, "IdentityType": "RAMUser", "Arn": c.arn("user/" + c.caller.name),
		"PrincipalId": c.caller.id, "UserId": c.caller.id,
	}, nil
}

func clamp(text string, otherwise, low, high int) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return otherwise
	}
	return min(max(n, low), high)
}
