package dingtalk

import (
	"context"
	"time"

	"twokey/bot"
	"twokey/bot/room"
)

// directory asks DingTalk who is who, and remembers it for a while.
type directory struct {
	api   *caller
	users *room.Beliefs[string, member]
}

// member is somebody as DingTalk knows them.
type member struct {
	unfit string // why they may do nothing; empty: nothing speaks against it
	name  string
}

func newDirectory(api *caller, now func() time.Time) *directory {
	return &directory{api: api, users: room.NewBeliefs[string, member](now)}
}

// account is somebody of the organisation, as the bot knows accounts. Who left is a
// stranger, whatever the configuration says. Users of another organisation have no
// user id here; whose corp is another one than the configuration says is nobody there.
func (d *directory) account(ctx context.Context, corp, user string) (bot.Account, error) {
	who, err := d.member(ctx, user)
	switch {
	case err != nil:
		return bot.Account{}, err
	case who.unfit != "":
		return bot.Account{}, room.Stranger{Why: who.unfit}
	}
	return bot.Account{Platform: Name, Tenant: corp, User: user}, nil
}

func (d *directory) member(ctx context.Context, user string) (member, error) {
	return d.users.Ask(user, func() (member, error) { return d.ask(ctx, user) })
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
	case room.Says(err, wordNobody):
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
