package lark

import (
	"context"
	"net/url"
	"regexp"
	"time"

	"twokey/bot"
	"twokey/bot/room"
)

// directory asks Lark who is who and where is where, and remembers it for a while.
type directory struct {
	api  *api
	room string

	own   room.Fixed[string] // open id of the bot
	users *room.Beliefs[string, standing]
	chats *room.Beliefs[string, place]
	about *room.Beliefs[string, string] // incident of a thread, by its first message
	lines room.Told                     // descriptions of groups, as the bot set them
}

// standing is how a user stands (Feishu docs: user_status).
type standing struct {
	Frozen    bool `json:"is_frozen"`
	Resigned  bool `json:"is_resigned"`
	Activated bool `json:"is_activated"`
	Exited    bool `json:"is_exited"`
	Unjoined  bool `json:"is_unjoin"`
}

// place is a chat.
type place struct {
	Mode     string `json:"chat_mode"` // "group", "topic", "p2p"
	External bool   `json:"external"`  // people of other tenants are in it, or may be
	Tenant   string `json:"tenant_key"`
}

func newDirectory(a *api, home string, now func() time.Time) *directory {
	return &directory{
		api: a, room: home, users: room.NewBeliefs[string, standing](now), chats: room.NewBeliefs[string, place](now), about: room.NewBeliefs[string, string](now),
	}
}

// self is the bot's open id.
func (d *directory) self(ctx context.Context) (string, error) {
	return d.own.Ask(func() (string, error) { return d.api.bot(ctx) })
}

// tenant is the key of the bot's own tenant: that of its room.
func (d *directory) tenant(ctx context.Context) (string, error) {
	p, err := d.chat(ctx, d.room)
	return p.Tenant, err
}

func (d *directory) chat(ctx context.Context, id string) (place, error) {
	return d.chats.Ask(id, func() (place, error) {
		return get[place](ctx, d.api, "im.chats.get", "/open-apis/im/v1/chats/"+url.PathEscape(id))
	})
}

// closed refuses a chat that another organisation sees: nothing is decided in front of
// them.
func (d *directory) closed(ctx context.Context, chat string) error {
	p, err := d.chat(ctx, chat)
	if err == nil && p.External {
		return &Error{Method: "im.chats.get", Word: room.Shared}
	}
	return err
}

// account is somebody of this tenant, as the bot knows accounts. Users of other tenants
// and those who left are strangers, whatever the configuration says.
func (d *directory) account(ctx context.Context, tenant, user string) (bot.Account, error) {
	own, err := d.tenant(ctx)
	switch {
	case err != nil:
		return bot.Account{}, err
	case tenant != own || own == "":
		return bot.Account{}, room.Stranger{Why: "other_tenant"}
	case !unionID.MatchString(user):
		return bot.Account{}, room.Stranger{Why: "unknown"}
	}
	s, err := d.users.Ask(user, func() (standing, error) { return d.api.user(ctx, user) })
	if says(err, codeNoUser, codeUserID) {
		return bot.Account{}, room.Stranger{Why: "unknown"}
	}
	if err != nil {
		return bot.Account{}, err
	}
	if why := unfit(s); why != "" {
		return bot.Account{}, room.Stranger{Why: why}
	}
	return bot.Account{Platform: Name, Tenant: tenant, User: user}, nil
}

// unionID is the shape of one: it becomes part of a path.
var unionID = regexp.MustCompile(`^on_[0-9A-Za-z_-]{1,64}$`)

// unfit is why a user may do nothing; empty: nothing speaks against it.
func unfit(s standing) string {
	switch {
	case s.Frozen:
		return "frozen"
	case s.Resigned, s.Exited:
		return "resigned"
	case s.Unjoined, !s.Activated:
		return "not_activated"
	}
	return ""
}

// user asks how a user stands. Without the permission to know, nobody is let in.
func (a *api) user(ctx context.Context, union string) (standing, error) {
	const method = "contact.users.get"
	got, err := get[struct {
		User struct {
			Union  string    `json:"union_id"`
			Status *standing `json:"status"`
		} `json:"user"`
	}](ctx, a, method, "/open-apis/contact/v3/users/"+url.PathEscape(union)+"?user_id_type=union_id")
	switch {
	case err != nil:
		return standing{}, err
	case got.User.Union != union:
		return standing{}, &Error{Method: method, Word: room.Odd}
	case got.User.Status == nil:
		return standing{}, &Error{Method: method, Word: wordNoStatus}
	}
	return *got.User.Status, nil
}

// wordNoStatus is an answer without the user's state: the app lacks a permission.
const wordNoStatus = "NoUserStatus"
