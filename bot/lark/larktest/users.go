package larktest

import (
	"net/http"
	"slices"
)

// User is somebody with an account.
type User struct {
	Union, Open, Name string
	Tenant            string // empty: the app's own

	Frozen, Resigned, Exited bool
	// Unseen is somebody outside of what the app may see and write to.
	Unseen bool
}

// AddUser lets somebody in and gives them ids.
func (x *Tenant) AddUser(u User) User {
	x.mu.Lock()
	defer x.mu.Unlock()
	u.Union, u.Open = newID("on_"), newID("ou_")
	if u.Tenant == "" {
		u.Tenant = x.App.Tenant
	}
	x.users = append(x.users, &u)
	return u
}

// Change changes an account, as an administrator does.
func (x *Tenant) Change(union string, change func(*User)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	change(x.user(union))
}

// user is an account, nil if there is none. The lock is held.
func (x *Tenant) user(union string) *User {
	if i := slices.IndexFunc(x.users, func(u *User) bool { return u.Union == union }); i >= 0 {
		return x.users[i]
	}
	return nil
}

func (x *Tenant) botInfo(*http.Request, object) (object, *refusal) {
	return object{"bare": object{"code": 0, "msg": "ok", "bot": object{"activate_status": 2, "app_name": "twokey", "open_id": x.App.OpenID}}}, nil
}

func (x *Tenant) getUser(r *http.Request, _ object) (object, *refusal) {
	u := x.user(r.PathValue("id"))
	if r.URL.Query().Get("user_id_type") != "union_id" || u == nil || u.Unseen || u.Tenant != x.App.Tenant {
		return nil, &refusal{codeNoUser, "no user authority error"}
	}
	out := object{"union_id": u.Union, "open_id": u.Open, "name": u.Name}
	if !x.withheld[string(UserStatus)] {
		out["status"] = object{"is_frozen": u.Frozen, "is_resigned": u.Resigned, "is_activated": true, "is_exited": u.Exited, "is_unjoin": false}
	}
	return object{"user": out}, nil
}
