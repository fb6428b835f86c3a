package slack

import (
	"context"
	"errors"

	slackgo "github.com/slack-go/slack"

	"twokey/bot/room"
)

// room looks at the channel in which every incident is shown, and says of which kind
// it is.
func (r *report) room(ctx context.Context) site {
	id := r.chat.config.Room
	if direct(id) {
		r.Fail("room %s: this is a direct message, which two people can't vote in: make a channel", id)
		return site{}
	}
	info, err := r.chat.api.GetConversationInfoContext(ctx, &slackgo.GetConversationInfoInput{ChannelID: id})
	if err != nil {
		r.Fail("room %s: %s", id, todo(failed("conversations.info", err)))
		return site{}
	}
	at := site{public: !info.IsPrivate, private: info.IsPrivate}
	switch {
	case info.IsArchived:
		r.Fail("room %s: #%q is archived: open it again, or name another channel", id, info.Name)
	case !info.IsMember:
		r.Fail("room %s: #%q: not_in_channel: %s", id, info.Name, advice["not_in_channel"])
	case othersSee(info):
		r.Fail("room %s: #%q: %s: another organisation is in it, or invited, and nothing is shown in front of them: name a channel of your own", id, info.Name, room.Shared)
	default:
		r.OK("room %s: the bot is in #%q", id, info.Name)
	}
	return at
}

// members looks at the accounts of people by the rule that lets them in.
func (r *report) members(ctx context.Context, team string) {
	if len(r.asked.Members) == 0 {
		r.Warn("people: nobody has a Slack account, so everybody there is a stranger: add slack: {team: %s, user: …} to those who act", team)
		return
	}
	fine := 0
	for _, m := range r.asked.Members {
		if m.Tenant != team {
			r.Fail("people %s: %s is said to be of the workspace %s, and this one is %s: nothing that account presses counts", m.Person, m.User, m.Tenant, team)
			continue
		}
		_, err := r.chat.asked.account(ctx, m.Tenant, m.User)
		if who, strange := errors.AsType[room.Stranger](err); strange {
			r.Fail("people %s: %s", m.Person, whyUnfit(who.Why, m.User))
			continue
		}
		if err != nil {
			r.Fail("people: %s", todo(err))
			return // the same for everybody
		}
		fine++
	}
	if fine > 0 {
		r.OK("people: %d of %d accounts are of full members", fine, len(r.asked.Members))
	}
}

// whyUnfit says why an account's presses do not count, and what to do.
func whyUnfit(why, user string) string {
	switch why {
	case "deactivated":
		return user + " is deactivated: take it out of people"
	case "bot":
		return user + " is a bot: people act here"
	case "guest":
		return user + " is a guest, and guests never vote: make it a full member, or take it out of people"
	case "other_team":
		return user + " is of another organisation, and those never vote: take it out of people"
	}
	return "there is no user " + user + " here: copy the member ID from the profile"
}
