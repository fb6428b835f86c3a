package slack

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"

	"twokey/bot/room"
)

// Asked is what [Chat.Check] has to be told beside the [Config].
type Asked struct {
	Channels bool          // whether incidents have channels of their own
	Members  []room.Member // the accounts of people
	Address  string        // where a running bot listens, for HTTP mode: "127.0.0.1:8080"
}

// Check looks at everything that the room needs of Slack: tokens, scopes, the channel,
// the accounts of people, and the way in which Slack is heard. It posts nothing. In
// Socket Mode a socket is open for a moment beside those of a running bot: what Slack
// sends over it just then is not answered, and whoever pressed has to press again.
func (c *Chat) Check(ctx context.Context, a Asked) []room.Finding {
	r := &report{chat: c, asked: a}
	if who, granted := r.token(ctx); who != nil {
		at := r.room(ctx)
		at.channels = a.Channels
		r.scopes(granted, at)
		r.members(ctx, who.TeamID)
	}
	if c.config.AppToken != "" {
		r.hello(ctx)
	} else {
		r.press(ctx)
	}
	return r.Report
}

// report gathers findings.
type report struct {
	room.Report

	chat  *Chat
	asked Asked
}

// askWithin is how long Slack may take to say who the bot is, or to greet it.
const askWithin = 20 * time.Second

// token asks who the bot is, and what it may do; nil: nothing else can be asked.
func (r *report) token(ctx context.Context) (who *slackgo.AuthTestResponse, granted []string) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	who, err := r.chat.api.AuthTestContext(ctx)
	switch {
	case err != nil:
		r.Fail("bot_token: %s", todo(failed("auth.test", err)))
		return nil, nil
	case who.BotID == "":
		r.Fail("bot_token: it is a person's, and everything would be said in that person's name: take the Bot User OAuth Token (xoxb-…)")
		return nil, nil
	}
	r.OK("bot_token: the bot is %q (%s) in the workspace %q (%s)", who.User, who.UserID, who.Team, who.TeamID)
	return who, listed(who.Header)
}

// listed are the scopes that Slack says a token has, in each answer.
func listed(h http.Header) []string {
	return strings.FieldsFunc(h.Get("X-OAuth-Scopes"), func(c rune) bool { return c == ',' || c == ' ' })
}

// scopes compares what the bot may do with what it does.
func (r *report) scopes(granted []string, at site) {
	if len(granted) == 0 {
		r.Warn("scopes: Slack did not say what the bot may do, or a proxy took it away: compare them with docs/slack.md by hand")
		return
	}
	used, missing := 0, 0
	for _, s := range scopes {
		if i := slices.Index(granted, s.Name); i >= 0 {
			granted = slices.Delete(granted, i, i+1)
			used++
			continue
		}
		if s.neededBy(at) {
			r.Fail("scope %s is missing, so %s: add it to the app (OAuth & Permissions), then install the app again", s.Name, s.Without)
			missing++
		}
	}
	if missing == 0 {
		r.OK("scopes: the %d that it needs are there", used)
	}
	if len(granted) > 0 {
		r.Warn("scopes: the bot may do more than it ever does: take %s out of the app, whoever has its token has them too", strings.Join(granted, ", "))
	}
}

// todo is an error with what to do about it.
func todo(err error) string {
	if do, known := advice[wordOf(err)]; known {
		return fmt.Sprintf("%s: %s", err, do)
	}
	return fmt.Sprintf("%s: see docs/slack.md", err)
}

func wordOf(err error) string {
	coded, ok := err.(*Error) //nolint:errorlint // made here, and not wrapped
	if !ok {
		return ""
	}
	if strings.HasPrefix(coded.Word, "HTTP.") {
		return room.Network
	}
	return coded.Word
}

const unanswered = "Slack did not answer: look at the network, proxies and api_url"

// advice is what to do about the words that people meet while they set things up.
var advice = map[string]string{
	"invalid_auth":           "Slack does not know the token: copy it anew from the app's pages",
	"not_authed":             "Slack got no token: a proxy may have taken it away",
	"account_inactive":       "the app was taken out of the workspace: install it again, and copy the new token",
	"token_revoked":          "the token was taken back: install the app again, and copy the new token",
	"token_expired":          "the token has ended: switch token rotation off in the app, which the bot does not do",
	"not_allowed_token_type": "this is the other kind of token: bot_token begins with xoxb-, app_token with xapp-",
	"missing_scope":          "add that scope to the app, then install the app again",
	"channel_not_found":      "the id is wrong (C0123456789, not the name), or the channel is private and the bot is not in it: type /invite @twokey there",
	"not_in_channel":         "the bot is not in it: type /invite @twokey there",
	wordClosed:               "Socket Mode is off in the app (switch it on, or set mode: http), or ten sockets of the app are open (stop other bots)",
	room.Limited:             "Slack wants fewer questions: try again in a minute",
	room.Network:             unanswered,
	room.Timeout:             unanswered,
	room.Odd:                 "what answered was not Slack: look at proxies and api_url",
}
