package slacktest

import (
	"slices"
	"strings"
)

// AllScopes are the bot scopes that some method of this workspace asks for.
func AllScopes() []string {
	return []string{
		"app_mentions:read", "bookmarks:read", "bookmarks:write", "channels:history", "channels:manage", "channels:read",
		"chat:write", "commands", "groups:history", "groups:read", "groups:write", "im:history", "im:read", "im:write",
		"pins:read", "pins:write", "reactions:write", "users:read", "users:read.email",
	}
}

// authenticate checks the kind of token too: Slack docs, apps.connections.open
// wants the app-level one, everything else the bot's.
func (w *Workspace) authenticate(m method, token string) *refusal {
	switch {
	case token == "":
		return refuse("not_authed")
	case token != w.App.BotToken && token != w.App.AppToken:
		return refuse("invalid_auth")
	case w.revoked:
		return refuse("token_revoked")
	case m.app != (token == w.App.AppToken):
		return refuse("not_allowed_token_type")
	}
	return nil
}

func (w *Workspace) authorize(m method, a args) *refusal {
	if m.scopes == nil {
		return nil
	}
	needed := m.scopes(w, a)
	if slices.ContainsFunc(needed, w.granted) {
		return nil
	}
	return &refusal{Code: "missing_scope", More: object{"needed": needed[0], "provided": strings.Join(w.scopes, ",")}}
}

func (w *Workspace) granted(scope string) bool { return slices.Contains(w.scopes, scope) }

// needs is a scope that does not depend on the arguments.
func needs(scopes ...string) func(*Workspace, args) []string {
	return func(*Workspace, args) []string { return scopes }
}

// needsFor is a scope of the family that belongs to the channel: channels:read,
// groups:read or im:read.
func needsFor(ability string) func(*Workspace, args) []string {
	return func(w *Workspace, a args) []string {
		c := w.channel(a.channel())
		switch {
		case c == nil:
			return []string{"channels:" + ability, "groups:" + ability, "im:" + ability}
		case c.IM:
			return []string{"im:" + ability}
		case c.Private:
			return []string{"groups:" + ability}
		}
		return []string{"channels:" + ability}
	}
}

// manages is what changing a channel needs.
func manages(w *Workspace, a args) []string {
	c := w.channel(a.channel())
	switch {
	case c == nil:
		return []string{"channels:manage", "groups:write"}
	case c.Private:
		return []string{"groups:write"}
	}
	return []string{"channels:manage"}
}

func (w *Workspace) authTest(args) (object, *refusal) {
	return object{
		"url": "https://" + w.App.Domain + ".slack.com/", "team": "Acme", "user": "twokey",
		"team_id": w.App.Team, "user_id": w.App.BotUser, "bot_id": w.App.BotID, "is_enterprise_install": false,
	}, nil
}

func authMethods() map[string]method {
	return map[string]method{
		"auth.test":             {run: (*Workspace).authTest},
		"apps.connections.open": {app: true, run: (*Workspace).openConnection},
	}
}
