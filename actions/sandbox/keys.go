package sandbox

import (
	"net/http"
	"slices"
	"time"
)

// Statuses of an AccessKey.
const (
	Active   = "Active"
	Inactive = "Inactive"
)

// binDays is how long the recycle bin keeps a key (RAM docs: AccessKey recycle bin).
const binDays = 30

// The key calls of RAM and IMS differ only in how they name the user. An empty
// user name means the caller in all of them (RAM docs: UserName, where it may be left out).
var (
	ramKeys = map[string]operation{
		"ListAccessKeys":       {params: []string{"UserName"}, resources: userResource, handle: listKeys},
		"CreateAccessKey":      {write: true, params: []string{"UserName"}, resources: userResource, handle: createKey},
		"UpdateAccessKey":      {write: true, needs: []string{"UserAccessKeyId", "Status"}, params: []string{"UserName"}, resources: userResource, handle: updateKey},
		"DeleteAccessKey":      {write: true, needs: []string{"UserAccessKeyId"}, params: []string{"UserName"}, resources: userResource, handle: deleteKey},
		"GetAccessKeyLastUsed": {needs: []string{"UserAccessKeyId"}, params: []string{"UserName"}, resources: userResource, handle: keyLastUsed},
	}
	imsKeys = map[string]operation{
		"ListAccessKeys":       {params: []string{"UserPrincipalName"}, resources: userResource, handle: listKeys},
		"CreateAccessKey":      {write: true, params: []string{"UserPrincipalName"}, resources: userResource, handle: createKey},
		"UpdateAccessKey":      {write: true, needs: []string{"UserAccessKeyId", "Status"}, params: []string{"UserPrincipalName"}, resources: userResource, handle: updateKey},
		"DeleteAccessKey":      {write: true, needs: []string{"UserAccessKeyId"}, params: []string{"UserPrincipalName"}, resources: userResource, handle: deleteKey},
		"GetAccessKeyLastUsed": {needs: []string{"UserAccessKeyId"}, params: []string{"UserPrincipalName"}, resources: userResource, handle: keyLastUsed},

		"ListAccessKeysInRecycleBin":     {needs: []string{"UserId"}, handle: listBin},
		"GetAccessKeyInfoInRecycleBin":   {needs: []string{"UserAccessKeyId"}, handle: getBin},
		"RestoreAccessKeyFromRecycleBin": {write: true, needs: []string{"UserId", "UserAccessKeyId"}, handle: restoreKey},
	}
)

func listKeys(c *call) (map[string]any, *Error) {
	u, refused := c.user()
	if refused != nil {
		return nil, refused
	}
	list := []any{}
	for _, k := range u.keys {
		row := map[string]any{"AccessKeyId": k.id, "Status": status(k.active), "CreateDate": stamp(k.created)}
		if c.request.product == ims {
			row["UpdateDate"] = stamp(k.updated)
		}
		list = append(list, row)
	}
	return map[string]any{"AccessKeys": map[string]any{"AccessKey": list}}, nil
}

// createKey is the only answer that ever holds a secret.
func createKey(c *call) (map[string]any, *Error) {
	u, refused := c.user()
	if refused != nil {
		return nil, refused
	}
	if len(u.keys) >= c.cloud.quotas.KeysPerUser {
		return nil, limit("User.AccessKey")
	}
	k := key{id: newKeyID(), secret: newSecret(), active: true, created: c.now, updated: c.now}
	u.keys = append(u.keys, k)
	c.created = map[string]any{"AccessKey": map[string]any{"AccessKeyId": k.id, "Status": Active, "CreateDate": stamp(k.created)}}
	return map[string]any{"AccessKey": map[string]any{
		"AccessKeyId": k.id, "AccessKeySecret": string(k.secret), "Status": Active, "CreateDate": stamp(k.created),
	}}, nil
}

func updateKey(c *call) (map[string]any, *Error) {
	want := c.param("Status")
	if want != Active && want != Inactive {
		return nil, bad("InvalidParameter.Status", "The status must be Active or Inactive.")
	}
	_, k, refused := c.userKey()
	if refused != nil {
		return nil, refused
	}
	if k.active == (want == Active) && c.cloud.behaviour.RefuseSameStatus {
		return nil, bad("InvalidParameter.Status", "The AccessKey has this status already.") // code not documented
	}
	k.active, k.updated = want == Active, c.now
	return nil, nil
}

func deleteKey(c *call) (map[string]any, *Error) {
	u, k, refused := c.userKey()
	if refused != nil {
		return nil, refused
	}
	if k.active && !c.cloud.behaviour.AcceptDeleteActive {
		return nil, &Error{ // code not documented
			Status: http.StatusConflict, Code: "DeleteConflict.AccessKey.Active",
			Message: "The AccessKey must be disabled before it is deleted.",
		}
	}
	gone := *k
	gone.recycled, gone.purgeAt = c.now, c.now.Add(binDays*24*time.Hour)
	u.keys = slices.DeleteFunc(u.keys, func(k key) bool { return k.id == gone.id })
	u.bin = append(u.bin, gone)
	if over := len(u.bin) - c.cloud.quotas.BinKeysPerUser; over > 0 {
		u.bin = slices.Delete(u.bin, 0, over)
	}
	return nil, nil
}

// keyLastUsed has no date for a key that was never seen.
func keyLastUsed(c *call) (map[string]any, *Error) {
	_, k, refused := c.userKey()
	if refused != nil {
		return nil, refused
	}
	used := map[string]any{}
	if e, ok := c.cloud.lastUse(k.id, c.now); ok {
		used["LastUsedDate"] = stamp(e.at)
		if c.request.product == ims {
			used["ServiceName"] = e.service
		}
	}
	return map[string]any{"AccessKeyLastUsed": used}, nil
}

// userKey is the key that a call names, which must be of the user it names.
func (c *call) userKey() (*user, *key, *Error) {
	u, refused := c.user()
	if refused != nil {
		return nil, nil, refused
	}
	if k := u.key(c.param("UserAccessKeyId")); k != nil {
		return u, k, nil
	}
	return nil, nil, absent("User.AccessKey")
}

func listBin(c *call) (map[string]any, *Error) {
	u := c.world.userByID(c.param("UserId"))
	if u == nil {
		u = c.inBin(c.param("UserId"))
	}
	if u == nil {
		return nil, absent("User")
	}
	list := []any{}
	for _, k := range u.kept(c.now) {
		list = append(list, binned(k))
	}
	return map[string]any{"AccessKeys": map[string]any{"AccessKey": list}}, nil
}

func getBin(c *call) (map[string]any, *Error) {
	owners := c.world.holders()[1:] // not root
	for _, id := range sortedKeys(c.world.binned) {
		owners = append(owners, c.world.binned[id])
	}
	for _, u := range owners {
		for _, k := range u.kept(c.now) {
			if k.id != c.param("UserAccessKeyId") {
				continue
			}
			row := binned(k)
			row["UserId"], row["UserPrincipalName"], row["UserRecycled"] = u.id, c.cloud.principal(u), !u.recycled.IsZero()
			return map[string]any{"AccessKey": row}, nil
		}
	}
	return nil, absent("User.AccessKey")
}

func restoreKey(c *call) (map[string]any, *Error) {
	u := c.world.userByID(c.param("UserId"))
	if u == nil {
		return nil, absent("User")
	}
	at := slices.IndexFunc(u.bin, func(k key) bool {
		return k.id == c.param("UserAccessKeyId") && c.now.Before(k.purgeAt)
	})
	if at < 0 {
		return nil, absent("User.AccessKey")
	}
	if len(u.keys) >= c.cloud.quotas.KeysPerUser {
		return nil, limit("User.AccessKey")
	}
	k := u.bin[at]
	u.bin = slices.Delete(u.bin, at, at+1)
	k.recycled, k.purgeAt, k.updated = time.Time{}, time.Time{}, c.now
	k.active = c.cloud.behaviour.RestoreActive
	u.keys = append(u.keys, k)
	return nil, nil
}

// kept are the keys in the bin whose time is not over.
func (u *user) kept(now time.Time) []key {
	return slices.DeleteFunc(slices.Clone(u.bin), func(k key) bool { return !now.Before(k.purgeAt) })
}

func binned(k key) map[string]any {
	return map[string]any{
		"AccessKeyId": k.id, "CreateDate": stamp(k.created), "RecycleDate": stamp(k.recycled), "DeleteDate": stamp(k.purgeAt),
	}
}

func status(active bool) string {
	if active {
		return Active
	}
	return Inactive
}
