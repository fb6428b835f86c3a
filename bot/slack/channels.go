package slack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	slackgo "github.com/slack-go/slack"

	"twokey/bot"
	"twokey/bot/room"
	"twokey/incident"
)

// Rooms is a private channel for each incident that matters, with the people who act on
// it. The channel goes by the card in it, never by its name, which anybody in it can
// change.
type Rooms struct{ *Chat }

var (
	_ bot.Chat     = Rooms{}
	_ bot.Sparing  = Rooms{}
	_ bot.Archiver = Rooms{}
)

// Rooms is the room of incident channels in the same workspace.
func (c *Chat) Rooms() Rooms { return Rooms{c} }

// Room is "slack-channels".
func (Rooms) Room() string { return Channels }

// OnlyMatters is true: nobody wants a channel for each piece of junk.
func (Rooms) OnlyMatters() bool { return true }

// Listen waits: the fixed room's ears hear all channels.
func (Rooms) Listen(ctx context.Context, _ bot.Handler) error {
	<-ctx.Done()
	return nil
}

// Post opens the incident's channel and shows the card there, pinned. What concerns the
// whole bot is told in the fixed room only.
func (r Rooms) Post(ctx context.Context, key string, card bot.Card) (bot.Ref, error) {
	if card.Incident == incident.System {
		return "", nil
	}
	channel, err := r.open(ctx, key, card)
	if err != nil {
		return "", fmt.Errorf("open channel: %w", err)
	}
	ref, err := r.post(ctx, channel, key, card)
	if err != nil {
		return "", err
	}
	r.furnish(ctx, ref, card)
	return ref, nil
}

// Update shows a card in place of what ref shows, and its state in the topic.
func (r Rooms) Update(ctx context.Context, ref bot.Ref, card bot.Card) error {
	if err := archived(r.update(ctx, ref, card)); err != nil {
		return err
	}
	r.topic(ctx, ref, card)
	return nil
}

// Reply adds a line to the card's thread.
func (r Rooms) Reply(ctx context.Context, ref bot.Ref, line bot.Line) error {
	return archived(r.reply(ctx, ref, line))
}

// Archive puts the channel away.
func (r Rooms) Archive(ctx context.Context, ref bot.Ref) error {
	channel, _ := room.Split(ref)
	err := failed("conversations.archive", r.api.ArchiveConversationContext(ctx, channel))
	if room.Says(err, "already_archived", "channel_not_found") {
		return nil
	}
	return err
}

// archived takes a channel that somebody put away for one that is gone: a bot cannot
// open it again (Slack docs: conversations.unarchive).
func archived(err error) error {
	if room.Says(err, "is_archived", "is_inactive", "channel_not_found") {
		return errors.Join(bot.ErrGone, err)
	}
	return err
}

// namings is how many names are tried: a channel keeps its name when it is archived.
const namings = 5

// open makes the channel, or finds the one that was made before an answer was lost.
func (r Rooms) open(ctx context.Context, key string, card bot.Card) (string, error) {
	for n := range namings {
		name := channelName(card, n)
		made, err := r.api.CreateConversationContext(ctx, slackgo.CreateConversationParams{ChannelName: name, IsPrivate: true})
		if err == nil {
			r.invite(ctx, made.ID)
			return made.ID, nil
		}
		err = failed("conversations.create", err)
		if !room.Says(err, "name_taken") {
			return "", err
		}
		found, err := r.find(ctx, name, room.Mark(key, card))
		if err != nil || found != "" {
			return found, err
		}
	}
	return "", &Error{Method: "conversations.create", Word: "name_taken"}
}

// channelName is lower case, short, and different in each database and at each
// reopening: "leak-inc-7", then "leak-inc-7-rk3x1c-1".
func channelName(card bot.Card, n int) string {
	name := "leak-" + string(card.Incident)
	if n > 0 {
		name += "-" + strconv.FormatInt(card.Opened.Unix(), 36) + "-" + strconv.Itoa(n)
	}
	return name
}

// find is a channel of that name which the bot opened and which holds this card, or none
// yet; empty: there is none.
func (r Rooms) find(ctx context.Context, name, key string) (string, error) {
	self, err := r.asked.self(ctx)
	if err != nil {
		return "", err
	}
	for cursor := ""; ; {
		page, next, err := r.api.GetConversationsContext(ctx, &slackgo.GetConversationsParameters{
			Types: []string{"private_channel"}, ExcludeArchived: true, Limit: pageSize, Cursor: cursor,
		})
		if err != nil {
			return "", failed("conversations.list", err)
		}
		for _, c := range page {
			if c.Name == name && c.Creator == self.User {
				return r.mine(ctx, c.ID, key)
			}
		}
		if cursor = next; cursor == "" {
			return "", nil
		}
	}
}

// mine is the channel, unless another card stands in it.
func (r Rooms) mine(ctx context.Context, channel, key string) (string, error) {
	said, err := r.read(ctx, spot{channel: channel})
	if _, here := said[key]; err != nil || !here && len(said) > 0 {
		return "", err
	}
	r.invite(ctx, channel)
	return channel, nil
}

// invite asks everybody in who may act. Who can't come is no reason to wait: they see
// the fixed room.
func (r Rooms) invite(ctx context.Context, channel string) {
	if len(r.config.Invite) == 0 {
		return
	}
	_, err := r.api.InviteUsersToConversationContext(ctx, channel, r.config.Invite...)
	if err = failed("conversations.invite", err); err == nil || room.Says(err, "already_in_channel") {
		return
	}
	for _, user := range r.config.Invite {
		_, err := r.api.InviteUsersToConversationContext(ctx, channel, user)
		if err = failed("conversations.invite", err); err != nil && !room.Says(err, "already_in_channel") {
			r.config.Log.Warn("invite to an incident's channel", slog.String("user", user), slog.Any("error", err))
		}
	}
}

// furnish pins the card and makes it a bookmark. The channel works without.
func (r Rooms) furnish(ctx context.Context, ref bot.Ref, card bot.Card) {
	channel, ts := room.Split(ref)
	r.topic(ctx, ref, card)
	err := failed("pins.add", r.api.AddPinContext(ctx, channel, slackgo.NewRefToMessage(channel, ts)))
	if err != nil && !room.Says(err, "already_pinned") {
		r.config.Log.Warn("pin a card", slog.Any("error", err))
	}
	link, err := r.api.GetPermalinkContext(ctx, &slackgo.PermalinkParameters{Channel: channel, Ts: ts})
	if err == nil {
		_, err = r.api.AddBookmarkContext(ctx, channel, slackgo.AddBookmarkParameters{Title: string(card.Incident), Type: "link", Link: link})
	}
	if err = failed("bookmarks.add", err); err != nil {
		r.config.Log.Warn("bookmark a card", slog.Any("error", err))
	}
}

// topic says how the incident stands, if it does not say so yet: Slack tells everybody
// of each change.
func (r Rooms) topic(ctx context.Context, ref bot.Ref, card bot.Card) {
	channel, _ := room.Split(ref)
	text := room.Cut(escaped(room.Title(card), maxTopic), maxTopic)
	if r.asked.topics.Is(channel, text) {
		return
	}
	_, err := r.api.SetTopicOfConversationContext(ctx, channel, text)
	if err = failed("conversations.setTopic", err); err != nil {
		r.config.Log.Warn("set the topic of an incident's channel", slog.Any("error", err))
		return
	}
	r.asked.topics.Set(channel, text)
}
