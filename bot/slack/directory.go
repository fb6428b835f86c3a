package slack

import (
	"context"
	"strings"
	"sync"
	"time"

	slackgo "github.com/slack-go/slack"

	"twokey/bot"
)

// fresh is how long what Slack said of a user or a channel is believed. A user who is
// deactivated votes no longer than that.
const fresh = 5 * time.Minute

// identity is the bot's own.
type identity struct{ Team, User, Bot string }

// directory asks Slack who is who and where is where, and remembers it for a while.
type directory struct {
	api *slackgo.Client
	now func() time.Time

	mu       sync.Mutex
	own      identity
	users    map[string]believed[slackgo.User]
	channels map[string]believed[bool] // shared with others
	about    map[spot]believed[string] // incident of a thread or channel
	topics   map[string]string         // as the bot set them
}

// believed is an answer, and until when it counts.
type believed[T any] struct {
	value T
	until time.Time
}

func newDirectory(api *slackgo.Client, now func() time.Time) *directory {
	return &directory{
		api: api, now: now, users: map[string]believed[slackgo.User]{}, channels: map[string]believed[bool]{}, about: map[spot]believed[string]{}, topics: map[string]string{},
	}
}

// kept bounds each of the directory's tables.
const kept = 2000

// believe returns what is remembered, or asks.
func believe[K comparable, T any](d *directory, table map[K]believed[T], key K, ask func() (T, error)) (T, error) {
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
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(table) >= kept {
		clear(table)
	}
	table[key] = believed[T]{value, d.now().Add(fresh)}
	return value, nil
}

// self is who the bot is.
func (d *directory) self(ctx context.Context) (identity, error) {
	d.mu.Lock()
	own := d.own
	d.mu.Unlock()
	if own.User != "" {
		return own, nil
	}
	a, err := d.api.AuthTestContext(ctx)
	if err != nil {
		return own, failed("auth.test", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.own = identity{Team: a.TeamID, User: a.UserID, Bot: a.BotID}
	return d.own, nil
}

// closed refuses a channel that another organisation sees: nothing is decided in
// front of them.
func (d *directory) closed(ctx context.Context, channel string) error {
	shared, err := believe(d, d.channels, channel, func() (bool, error) {
		info, err := d.api.GetConversationInfoContext(ctx, &slackgo.GetConversationInfoInput{ChannelID: channel})
		if err != nil {
			return false, failed("conversations.info", err)
		}
		return othersSee(info), nil
	})
	if err == nil && shared {
		return &Error{Method: "conversations.info", Word: wordShared}
	}
	return err
}

// othersSee reports whether another organisation is in a channel, or invited.
func othersSee(info *slackgo.Channel) bool { return info.IsExtShared || info.IsPendingExtShared }

// errStranger says that an account may not speak here, whoever it is.
type stranger struct{ why string }

func (s stranger) Error() string { return "stranger: " + s.why }

// account is somebody of this workspace, as the bot knows accounts. Guests, bots, users
// of other organisations and those who left are strangers, whatever the configuration
// says.
func (d *directory) account(ctx context.Context, team, user string) (bot.Account, error) {
	self, err := d.self(ctx)
	if err != nil {
		return bot.Account{}, err
	}
	if team != self.Team {
		return bot.Account{}, stranger{"other_team"}
	}
	u, err := believe(d, d.users, user, func() (slackgo.User, error) {
		u, err := d.api.GetUserInfoContext(ctx, user)
		if err != nil {
			return slackgo.User{}, failed("users.info", err)
		}
		return *u, nil
	})
	if says(err, "user_not_found", "user_not_visible") {
		return bot.Account{}, stranger{"unknown"}
	}
	if err != nil {
		return bot.Account{}, err
	}
	if why := unfit(u, user, team); why != "" {
		return bot.Account{}, stranger{why}
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

func (d *directory) topicIs(channel, text string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.topics[channel] == text
}

func (d *directory) topicSet(channel, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.topics) >= kept {
		clear(d.topics)
	}
	d.topics[channel] = text
}
