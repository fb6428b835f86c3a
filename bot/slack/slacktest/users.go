package slacktest

import (
	"cmp"
	"slices"
	"strings"
)

// User is an account. Slack marks those who are not full members of the workspace
// in several ways, and so does it here: Slack docs, user object.
type User struct {
	ID     string // "U…"
	Name   string
	Email  string
	Locale string // "zh-CN"; empty: "en-US"
	Team   string // empty: this workspace

	Deleted, Bot, AppUser, WorkflowBot, ConnectorBot bool
	Restricted, UltraRestricted                      bool // guests, of several channels or one
	Stranger                                         bool // of another workspace, never met
}

// AddUser adds an account, and fills in what is empty of its id, team and locale.
func (w *Workspace) AddUser(u User) User {
	w.mu.Lock()
	defer w.mu.Unlock()
	u.ID, u.Team, u.Locale = cmp.Or(u.ID, newID("U")), cmp.Or(u.Team, w.App.Team), cmp.Or(u.Locale, "en-US")
	u.Name = cmp.Or(u.Name, strings.ToLower(u.ID))
	w.users = append(w.users, &u)
	return u
}

// ChangeUser changes an account: who left, who became a guest.
func (w *Workspace) ChangeUser(id string, change func(*User)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if u := w.user(id); u != nil {
		change(u)
		w.touch()
	}
}

func (w *Workspace) user(id string) *User {
	i := slices.IndexFunc(w.users, func(u *User) bool { return u.ID == id })
	if i < 0 {
		return nil
	}
	return w.users[i]
}

func (w *Workspace) nameOf(id string) string {
	if u := w.user(id); u != nil {
		return u.Name
	}
	return id
}

func userMethods() map[string]method {
	return map[string]method{
		"users.info":          {scopes: needs("users:read"), run: (*Workspace).userInfo},
		"users.lookupByEmail": {scopes: needs("users:read.email"), run: (*Workspace).lookupByEmail},
		"bots.info":           {scopes: needs("users:read"), run: (*Workspace).botInfo},
	}
}

func (w *Workspace) userInfo(a args) (object, *refusal) {
	u := w.user(a.text("user"))
	if u == nil {
		return nil, refuse("user_not_found")
	}
	return object{"user": w.userObject(u, a.flag("include_locale"))}, nil
}

// lookupByEmail finds active accounts only: Slack docs, users.lookupByEmail.
func (w *Workspace) lookupByEmail(a args) (object, *refusal) {
	for _, u := range w.users {
		if u.Email != "" && strings.EqualFold(u.Email, a.text("email")) && !u.Deleted {
			return object{"user": w.userObject(u, false)}, nil
		}
	}
	return nil, refuse("users_not_found")
}

func (w *Workspace) userObject(u *User, locale bool) object {
	profile := object{"real_name": u.Name, "display_name": u.Name, "team": u.Team}
	if u.Email != "" && w.granted("users:read.email") {
		profile["email"] = u.Email
	}
	o := object{
		"id": u.ID, "team_id": u.Team, "name": u.Name, "real_name": u.Name, "deleted": u.Deleted, "profile": profile,
		"is_bot": u.Bot, "is_app_user": u.AppUser, "is_workflow_bot": u.WorkflowBot, "is_connector_bot": u.ConnectorBot,
		"is_restricted": u.Restricted, "is_ultra_restricted": u.UltraRestricted, "is_email_confirmed": u.Email != "",
	}
	if u.Stranger {
		o["is_stranger"] = true
	}
	if locale {
		o["locale"] = u.Locale
	}
	return o
}

func (w *Workspace) botInfo(a args) (object, *refusal) {
	if bot := a.text("bot"); bot != "" && bot != w.App.BotID {
		return nil, refuse("bot_not_found")
	}
	return object{"bot": object{
		"id": w.App.BotID, "deleted": false, "name": "twokey", "app_id": w.App.ID, "user_id": w.App.BotUser, "icons": object{},
	}}, nil
}
