package lark

import (
	"context"
	"net/url"
	"regexp"
	"sync"
	"time"

	"twokey/bot"
)

// fresh is how long what Lark said of a user or a chat is believed. A user who is
// deactivated votes no longer than that.
const fresh = 5 * time.Minute

// directory asks Lark who is who and where is where, and remembers it for a while.
type directory struct {
	api  *api
	room string
	now  func() time.Time

	mu    sync.Mutex
	own   string // open id of the bot
	users map[string]believed[standing]
	chats map[string]believed[place]
	about map[string]believed[string] // incident of a thread, by its first message
	lines map[string]string           // descriptions of groups, as the bot set them
}

// believed is an answer, and until when it counts.
type believed[T any] struct {
	value T
	until time.Time
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

func newDirectory(a *api, room string, now func() time.Time) *directory {
	return &directory{
		api: a, room: room, now: now, users: map[string]believed[standing]{}, chats: map[string]believed[place]{}, about: map[string]believed[string]{},
		lines: map[string]string{},
	}
}

// kept bounds each of the directory's tables.
const kept = 2000

// believe returns what is remembered, or asks.
func believe[T any](d *directory, table map[string]believed[T], key string, ask func() (T, error)) (T, error) {
	d.mu.Lock()
	b, ok := table[key]
	d.mu.Unlock()
	if ok && d.now().Before(b.until) {
		return b.value, nil
	}
	value, err := ask()
	if err != nil {
		return value, err
	}
	remember(d, table, key, value)
	return value, nil
}

func remember[T any](d *directory, table map[string]believed[T], key string, value T) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(table) >= kept {
		clear(table)
	}
	table[key] = believed[T]{value, d.now().Add(fresh)}
}

// self is the bot's open id.
func (d *directory) self(ctx context.Context) (string, error) {
	d.mu.Lock()
	own := d.own
	d.mu.Unlock()
	if own != "" {
		return own, nil
	}
	own, err := d.api.bot(ctx)
	if err != nil {
		return "", err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.own = own
	return own, nil
}

// tenant is the key of the bot's own tenant: that of its room.
func (d *directory) tenant(ctx context.Context) (string, error) {
	p, err := d.chat(ctx, d.room)
	return p.Tenant, err
}

func (d *directory) chat(ctx context.Context, id string) (place, error) {
	return believe(d, d.chats, id, func() (place, error) {
		return get[place](ctx, d.api, "im.chats.get", "/open-apis/im/v1/chats/"+url.PathEscape(id))
	})
}

// closed refuses a chat that another organisation sees: nothing is decided in front of
// them.
func (d *directory) closed(ctx context.Context, chat string) error {
	p, err := d.chat(ctx, chat)
	if err == nil && p.External {
		return &Error{Method: "im.chats.get", Word: wordShared}
	}
	return err
}

// stranger says that an account may not speak here, whoever it is.
type stranger struct{ why string }

func (s stranger) Error() string { return "stranger: " + s.why }

// account is somebody of this tenant, as the bot knows accounts. Users of other tenants
// and those who left are strangers, whatever the configuration says.
func (d *directory) account(ctx context.Context, tenant, user string) (bot.Account, error) {
	own, err := d.tenant(ctx)
	switch {
	case err != nil:
		return bot.Account{}, err
	case tenant != own || own == "":
		return bot.Account{}, stranger{"other_tenant"}
	case !unionID.MatchString(user):
		return bot.Account{}, stranger{"unknown"}
	}
	s, err := believe(d, d.users, user, func() (standing, error) { return d.api.user(ctx, user) })
	if says(err, codeNoUser, codeUserID) {
		return bot.Account{}, stranger{"unknown"}
	}
	if err != nil {
		return bot.Account{}, err
	}
	if why := unfit(s); why != "" {
		return bot.Account{}, stranger{why}
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
		return standing{}, &Error{Method: method, Word: wordOdd}
	case got.User.Status == nil:
		return standing{}, &Error{Method: method, Word: wordNoStatus}
	}
	return *got.User.Status, nil
}

// wordNoStatus is an answer without the user's state: the app lacks a permission.
const wordNoStatus = "NoUserStatus"

func (d *directory) lineIs(chat, text string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lines[chat] == text
}

func (d *directory) lineSet(chat, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.lines) >= kept {
		clear(d.lines)
	}
	d.lines[chat] = text
}
