package slacktest

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// channel is the id in the argument that names the channel; bookmarks call it
// otherwise.
func (a args) channel() string { return cmp.Or(a.text("channel"), a.text("channel_id")) }

func channelMethods() map[string]method {
	return map[string]method{
		"conversations.create":     {scopes: creates, run: (*Workspace).create},
		"conversations.invite":     {scopes: manages, run: (*Workspace).invite},
		"conversations.setTopic":   {scopes: manages, run: (*Workspace).setTopic},
		"conversations.setPurpose": {scopes: manages, run: (*Workspace).setPurpose},
		"conversations.rename":     {scopes: manages, run: (*Workspace).rename},
		"conversations.archive":    {scopes: manages, run: (*Workspace).archive},
		"conversations.info":       {scopes: needsFor("read"), run: (*Workspace).info},
		"conversations.members":    {scopes: needsFor("read"), run: (*Workspace).members},
		"conversations.list":       {scopes: needs("channels:read", "groups:read", "im:read"), run: (*Workspace).list},
		"conversations.open":       {scopes: needs("im:write"), run: (*Workspace).openDirect},
	}
}

func creates(_ *Workspace, a args) []string {
	if a.flag("is_private") {
		return []string{"groups:write"}
	}
	return []string{"channels:manage"}
}

func (w *Workspace) create(a args) (object, *refusal) {
	if refused := w.freeName(a.text("name")); refused != nil {
		return nil, refused
	}
	c := w.addChannel(Channel{
		Name: a.text("name"), Private: a.flag("is_private"), Members: []string{w.App.BotUser}, Creator: w.App.BotUser,
	})
	return object{"channel": w.channelObject(c)}, nil
}

// maxName is in characters: Slack docs, conversations.create.
const maxName = 80

func (w *Workspace) freeName(name string) *refusal {
	switch {
	case name == "":
		return refuse("invalid_name_required")
	case utf8.RuneCountInString(name) > maxName:
		return refuse("invalid_name_maxlength")
	case strings.ContainsFunc(name, strange):
		return refuse("invalid_name_specials")
	case !strings.ContainsFunc(name, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }):
		return refuse("invalid_name_punctuation")
	case slices.ContainsFunc(w.channels, func(c *channel) bool { return c.Name == name }):
		return refuse("name_taken") // by an archived one too
	}
	return nil
}

// strange is what a channel's name cannot hold.
func strange(r rune) bool {
	return r != '-' && r != '_' && (!unicode.IsLetter(r) && !unicode.IsDigit(r) || unicode.IsUpper(r))
}

func (w *Workspace) rename(a args) (object, *refusal) {
	c, refused := w.live(a.channel())
	if refused != nil {
		return nil, refused
	}
	if refused = w.freeName(a.text("name")); refused != nil {
		return nil, refused
	}
	c.Name = a.text("name")
	return object{"channel": w.channelObject(c)}, nil
}

// invite takes all or nobody: Slack docs, conversations.invite without force.
func (w *Workspace) invite(a args) (object, *refusal) {
	c, refused := w.live(a.channel())
	if refused != nil {
		return nil, refused
	}
	users := a.list("users")
	if len(users) == 0 {
		return nil, refuse("no_user")
	}
	var problems []object
	for _, u := range users {
		if code := w.uninvitable(c, u); code != "" {
			problems = append(problems, object{"user": u, "ok": false, "error": code})
		}
	}
	if len(problems) > 0 {
		return nil, &refusal{Code: asText(problems[0]["error"]), More: object{"errors": problems}}
	}
	c.Members = append(c.Members, users...)
	return object{"channel": w.channelObject(c)}, nil
}

func (w *Workspace) uninvitable(c *channel, id string) string {
	u := w.user(id)
	switch {
	case id == w.App.BotUser:
		return "cant_invite_self"
	case u == nil:
		return "user_not_found"
	case u.Deleted || u.Stranger:
		return "cant_invite"
	case c.has(id):
		return "already_in_channel"
	}
	return ""
}

// maxTopic is in characters, for the purpose too: Slack docs, conversations.setTopic.
const maxTopic = 250

func (w *Workspace) setTopic(a args) (object, *refusal) {
	return w.describe(a, "topic", func(c *channel, text string) { c.Topic = text })
}

func (w *Workspace) setPurpose(a args) (object, *refusal) {
	return w.describe(a, "purpose", func(c *channel, text string) { c.Purpose = text })
}

func (w *Workspace) describe(a args, what string, set func(*channel, string)) (object, *refusal) {
	c, refused := w.live(a.channel())
	if refused != nil {
		return nil, refused
	}
	if utf8.RuneCountInString(a.text(what)) > maxTopic {
		return nil, refuse("too_long")
	}
	set(c, a.text(what))
	return object{"channel": w.channelObject(c)}, nil
}

func (w *Workspace) archive(a args) (object, *refusal) {
	c, refused := w.entered(a.channel())
	switch {
	case refused != nil:
		return nil, refused
	case c.Archived:
		return nil, refuse("already_archived")
	}
	c.Archived = true
	return object{}, nil
}

func (w *Workspace) info(a args) (object, *refusal) {
	c, refused := w.visible(a.channel())
	if refused != nil {
		return nil, refused
	}
	o := w.channelObject(c)
	if a.flag("include_num_members") {
		o["num_members"] = len(c.Members)
	}
	return object{"channel": o}, nil
}

func (w *Workspace) members(a args) (object, *refusal) {
	c, refused := w.visible(a.channel())
	if refused != nil {
		return nil, refused
	}
	page, next, refused := paged(c.Members, a, 100)
	if refused != nil {
		return nil, refused
	}
	return object{"members": page, "response_metadata": object{"next_cursor": next}}, nil
}

func (w *Workspace) list(a args) (object, *refusal) {
	types := a.list("types")
	if len(types) == 0 {
		types = []string{"public_channel"}
	}
	seen := []object{}
	for _, c := range w.channels {
		_, hidden := w.visible(c.ID)
		if hidden == nil && slices.Contains(types, c.kind()) && (!c.Archived || !a.flag("exclude_archived")) {
			seen = append(seen, w.channelObject(c))
		}
	}
	page, next, refused := paged(seen, a, 100)
	if refused != nil {
		return nil, refused
	}
	return object{"channels": page, "response_metadata": object{"next_cursor": next}}, nil
}

func (c *channel) kind() string {
	switch {
	case c.IM:
		return "im"
	case c.Private:
		return "private_channel"
	}
	return "public_channel"
}

func (w *Workspace) openDirect(a args) (object, *refusal) {
	users := a.list("users")
	switch {
	case len(users) == 0:
		return nil, refuse("users_list_not_supplied")
	case len(users) > 1:
		return nil, refuse("method_not_supported_for_channel_type") // groups are not built here
	}
	u := w.user(users[0])
	switch {
	case u == nil:
		return nil, refuse("user_not_found")
	case u.Deleted:
		return nil, refuse("user_disabled")
	case u.Bot:
		return nil, refuse("cannot_dm_bot")
	}
	return object{"channel": w.channelObject(w.direct(u.ID))}, nil
}
