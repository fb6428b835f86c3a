package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Users are deleted by RAM, which wants them stripped, and by IMS, of which no
// document says so. Both move them to the recycle bin, which only IMS opens (RAM
// docs: Delete a RAM user).
var (
	ramUserBin = map[string]operation{
		"DeleteUser": {write: true, needs: []string{"UserName"}, resources: userResource, handle: deleteUser},
	}
	imsUserBin = map[string]operation{
		"DeleteUser":                {write: true, params: []string{"UserId", "UserPrincipalName"}, resources: foundResource, handle: deleteFoundUser},
		"ListUsersInRecycleBin":     {params: []string{"Filter", "Marker", "MaxItems"}, handle: listUserBin},
		"GetUserInRecycleBin":       {params: []string{"UserId", "UserAccessKeyId"}, handle: getUserInBin},
		"RestoreUserFromRecycleBin": {write: true, needs: []string{"UserId"}, handle: restoreUser},
	}
)

// found is the user of an IMS call, by id or by principal; nobody if both or none
// is given.
func (c *call) found() *user {
	id, name := c.param("UserId"), c.userName()
	switch {
	case (id == "") == (name == ""):
		return nil
	case id != "":
		return c.world.userByID(id)
	}
	return c.world.users[name]
}

func foundResource(c *call) []string {
	if u := c.found(); u != nil {
		return []string{c.arn("user/" + u.name)}
	}
	return []string{c.arn("user/*")}
}

func deleteUser(c *call) (map[string]any, *Error) {
	u, refused := c.user()
	if refused != nil {
		return nil, refused
	}
	if what := u.leftovers(); what != "" {
		return nil, conflict("User." + what)
	}
	c.binUser(u)
	return nil, nil
}

func deleteFoundUser(c *call) (map[string]any, *Error) {
	u := c.found()
	if u == nil {
		return nil, absent("User")
	}
	if what := u.leftovers(); what != "" && !c.cloud.behaviour.AcceptDeleteLeftovers {
		return nil, conflict("User." + what)
	}
	c.binUser(u)
	return nil, nil
}

// leftovers is the first thing that keeps RAM from deleting a user (RAM docs:
// DeleteUser).
func (u *user) leftovers() string {
	switch {
	case len(u.keys) > 0:
		return "AccessKey"
	case len(u.attached) > 0:
		return "Policy"
	case len(u.groups) > 0:
		return "Group"
	case u.login != nil:
		return "LoginProfile"
	case u.mfa:
		return "MFADevice"
	}
	return ""
}

// binUser moves a user to the recycle bin with its keys. A full bin loses who has
// been in it longest (RAM docs: Delete a RAM user).
func (c *call) binUser(u *user) {
	w := c.world
	delete(w.users, u.name)
	u.recycled, u.purgeAt = c.now, c.now.Add(binDays*24*time.Hour)
	for _, k := range u.keys {
		k.active, k.recycled, k.purgeAt = k.active && c.cloud.behaviour.RestoreActive, u.recycled, u.purgeAt
		u.bin = append(u.bin, k)
	}
	u.keys = nil
	w.binned[u.id] = u
	for len(w.binned) > c.cloud.quotas.BinUsers {
		delete(w.binned, w.oldestBinned())
	}
}

func (w *world) oldestBinned() string {
	oldest := ""
	for _, id := range sortedKeys(w.binned) {
		if oldest == "" || w.binned[id].recycled.Before(w.binned[oldest].recycled) {
			oldest = id
		}
	}
	return oldest
}

// restoreUser brings a user back. What comes back with it no document says in full:
// a switch.
func restoreUser(c *call) (map[string]any, *Error) {
	u := c.inBin(c.param("UserId"))
	switch {
	case u == nil:
		return nil, absent("User")
	case c.world.users[u.name] != nil:
		return nil, exists("User")
	case len(c.world.users) >= c.cloud.quotas.Users:
		return nil, limit("User")
	}
	delete(c.world.binned, u.id)
	for _, k := range u.bin {
		if k.recycled.Equal(u.recycled) { // it went with its user
			k.recycled, k.purgeAt, k.updated = time.Time{}, time.Time{}, c.now
			u.keys = append(u.keys, k)
		}
	}
	u.bin = slices.DeleteFunc(u.bin, func(k key) bool { return k.recycled.Equal(u.recycled) })
	if !c.cloud.behaviour.RestoreUserWhole {
		u.attached, u.groups, u.login, u.mfa = nil, map[string]time.Time{}, nil, false
	}
	u.recycled, u.purgeAt, u.updated = time.Time{}, time.Time{}, c.now
	c.world.users[u.name] = u
	return nil, nil
}

// inBin is a deleted user whose time is not over.
func (c *call) inBin(id string) *user {
	if u := c.world.binned[id]; u != nil && c.now.Before(u.purgeAt) {
		return u
	}
	return nil
}

func getUserInBin(c *call) (map[string]any, *Error) {
	id, key := c.param("UserId"), c.param("UserAccessKeyId")
	if (id == "") == (key == "") {
		return nil, bad("InvalidParameter", "Exactly one of UserId and UserAccessKeyId is needed.")
	}
	for _, u := range c.world.binned {
		if u.id == id || u.binnedKey(key) {
			if u = c.inBin(u.id); u != nil {
				return map[string]any{"User": c.binRow(u)}, nil
			}
		}
	}
	return nil, absent("User")
}

func (u *user) binnedKey(id string) bool {
	return id != "" && slices.ContainsFunc(u.bin, func(k key) bool { return k.id == id })
}

func (c *call) binRow(u *user) map[string]any {
	return map[string]any{
		"UserId": u.id, "UserPrincipalName": c.cloud.principal(u), "DisplayName": u.display,
		"CreateDate": stamp(u.created), "RecycleDate": stamp(u.recycled), "DeleteDate": stamp(u.purgeAt),
	}
}

func listUserBin(c *call) (map[string]any, *Error) {
	want, filtered := strings.CutPrefix(c.param("Filter"), "UserPrincipalName eq ")
	if c.param("Filter") != "" && !filtered {
		return nil, &Error{Status: http.StatusBadRequest, Code: "InvalidParameter.Filter", Message: "The filter is not supported."}
	}
	list := []any{}
	for _, id := range sortedKeys(c.world.binned) {
		u := c.inBin(id)
		if u != nil && (!filtered || c.cloud.principal(u) == want) {
			list = append(list, c.binRow(u))
		}
	}
	size := clamp(c.param("MaxItems"), 100, 1, 100)
	from := clamp(c.param("Marker"), 0, 0, len(list))
	to := min(len(list), from+size)
	out := map[string]any{"IsTruncated": to < len(list), "Users": map[string]any{"User": list[from:to]}}
	if to < len(list) {
		out["Marker"] = strconv.Itoa(to)
	}
	return out, nil
}
