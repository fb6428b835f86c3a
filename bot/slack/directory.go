package slack

import (
	"context"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"

	"twokey/bot"
	"twokey/bot/room"
)

// identity is the bot's own.
type identity struct{ Team, User, Bot string }

// directory asks Slack who is who and where is where, and remembers it for a while.
type directory struct {
	api      *slackgo.Client
	own      room.Fixed[identity]
	users    *room.Beliefs[string, slackgo.User]
	channels *room.Beliefs[string, bool] // shared with others
	about    *room.Beliefs[spot, string] // incident of a thread or channel
	topics   room.Told                   // of channels, as the bot set them
}

func newDirectory(api *slackgo.Client, now func() time.Time) *directory {
	return &directory{
		api: api, users: room.NewBeliefs[string, slackgo.User](now), channels: room.NewBeliefs[string, bool](now), about: room.NewBeliefs[spot, string](now),
	}
}

// self is who the bot is.
func (d *directory) self(ctx context.Context) (identity, error) {
	return d.own.Ask(func() (identity, error) {
		a, err := d.api.AuthTestContext(ctx)
		if err != nil {
			return identity{}, failed("auth.test", err)
		}
		return identity{Team: a.TeamID, User: a.UserID, Bot: a.BotID}, nil
	})
}

// closed refuses a channel that another organisation sees: nothing is decided in
// front of them.
func (d *directory) closed(ctx context.Context, channel string) error {
	shared, err := d.channels.Ask(channel, func() (bool, error) {
		info, err := d.api.GetConversationInfoContext(ctx, &slackgo.GetConversationInfoInput{ChannelID: channel})
		if err != nil {
			return false, failed("conversations.info", err)
		}
		return othersSee(info), nil
	})
	if err == nil && shared {
		return &Error{Method: "conversations.info", Word: room.Shared}
	}
	return err
}

// othersSee reports whether another organisation is in a channel, or invited.
func othersSee(info *slackgo.Channel) bool { return info.IsExtShared || info.IsPendingExtShared }

// account is somebody of this workspace, as the bot knows accounts. Guests, bots, users
// of other organisations and those who left are strangers, whatever the configuration
// says.
func (d *directory) account(ctx context.Context, team, user string) (bot.Account, error) {
	self, err := d.self(ctx)
	if err != nil {
		return bot.Account{}, err
	}
	if team != self.Team {
		return bot.Account{}, room.Stranger{Why: "other_team"}
	}
	u, err := d.users.Ask(user, func() (slackgo.User, error) {
		u, err := d.api.GetUserInfoContext(ctx, user)
		if err != nil {
			return slackgo.User{}, failed("users.info", err)
		}
		return *u, nil
	})
	if room.Says(err, "user_not_found", "user_not_visible") {
		return bot.Account{}, room.Stranger{Why: "unknown"}
	}
	if err != nil {
		return bot.Account{}, err
	}
	if why := unfit(u, user, team); why != "" {
		return bot.Account{}, room.Stranger{Why: why}
	}
	lang, _, _ := strings.Cut(strings.ToLower(u.Locale), "-")
	return bot.Account{Platform: Name, Tenant: team, User: user, Lang: lang}, nil
}

// unfit is why a user may do nothing; empty: nothing speaks against it.
func unfit(u slackgo.User, user, team string) string {
	switch {
	case u.ID != user:
		return "unknown"
	case u.Deleted:
		return "deactivated"
	case u.IsBot, u.IsAppUser, u.IsWorkflowBot, u.IsConnectorBot, u.ID == "USLACKBOT":
		return "bot"
	case u.IsRestricted, u.IsUltraRestricted:
		return "guest"
	case u.IsStranger, u.TeamID != team:
		return "other_team"
	}
	return ""
}
