package dingtalk

import (
	"context"
	"sync"
	"time"

	"twokey/bot"
)

// fresh is how long what DingTalk said of a user is believed. Somebody who left votes no
// longer than that.
const fresh = 5 * time.Minute

// keptUsers bounds what is remembered of users.
const keptUsers = 2000

// directory asks DingTalk who is who, and remembers it for a while.
type directory struct {
	api *caller
	now func() time.Time

	mu    sync.Mutex
	users map[string]believed
}

// member is somebody as DingTalk knows them.
type member struct {
	unfit string // why they may do nothing; empty: nothing speaks against it
	name  string
}

// believed is a member, and until when that counts.
type believed struct {
	member

	until time.Time
}

func newDirectory(api *caller, now func() time.Time) *directory {
	return &directory{api: api, now: now, users: map[string]believed{}}
}

// stranger says that an account may not speak here, whoever it is.
type stranger struct{ why string }

func (s stranger) Error() string { return "stranger: " + s.why }

// account is somebody of the organisation, as the bot knows accounts. Who left is a
// stranger, whatever the configuration says. Users of another organisation have no
// user id here; whose corp is another one than the configuration says is nobody there.
func (d *directory) account(ctx context.Context, corp, user string) (bot.Account, error) {
	who, err := d.member(ctx, user)
	switch {
	case err != nil:
		return bot.Account{}, err
	case who.unfit != "":
		return bot.Account{}, stranger{who.unfit}
	}
	return bot.Account{Platform: Name, Tenant: corp, User: user}, nil
}

func (d *directory) member(ctx context.Context, user string) (member, error) {
	d.mu.Lock()
	b, ok := d.users[user]
	d.mu.Unlock()
	if ok && d.now().Before(b.until) {
		return b.member, nil
	}
	who, err := d.ask(ctx, user)
	if err != nil {
		return member{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.users) >= keptUsers {
		clear(d.users)
	}
	d.users[user] = believed{who, d.now().Add(fresh)}
	return who, nil
}

// ask reads a user (DingTalk docs: topapi/v2/user/get).
func (d *directory) ask(ctx context.Context, user string) (member, error) {
	var got struct {
		Result struct {
			UserID string `json:"userid"`
			Name   string `json:"name"`
			Active bool   `json:"active"`
		} `json:"result"`
	}
	err := d.api.old(ctx, "user/get", "/topapi/v2/user/get", map[string]string{"userid": user, "language": "en_US"}, &got)
	switch {
	case says(err, wordNobody):
		return member{unfit: "unknown"}, nil
	case err != nil:
		return member{}, err
	case got.Result.UserID != user:
		return member{unfit: "unknown"}, nil
	case !got.Result.Active:
		return member{unfit: "deactivated"}, nil
	}
	return member{name: got.Result.Name}, nil
}
