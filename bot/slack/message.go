package slack

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	slackgo "github.com/slack-go/slack"

	"twokey/bot"
	"twokey/bot/room"
)

// What the metadata of the bot's messages is called, and its parts.
const (
	metaType = "twokey"
	metaKey  = "key"
	metaInc  = "incident"
)

func metadata(key string, card bot.Card) slackgo.MsgOption {
	return slackgo.MsgOptionMetadata(slackgo.SlackMetadata{
		EventType: metaType, EventPayload: map[string]any{metaKey: key, metaInc: string(card.Incident)},
	})
}

// shown are the parts of every message: blocks, and the text that notifications and
// screen readers have. Slack makes nothing of what is in it.
func shown(text string, blocks []slackgo.Block) []slackgo.MsgOption {
	return []slackgo.MsgOption{
		slackgo.MsgOptionText(escaped(text, maxFallback), false), slackgo.MsgOptionBlocks(blocks...), slackgo.MsgOptionDisableMarkdown(),
		slackgo.MsgOptionDisableLinkUnfurl(), slackgo.MsgOptionDisableMediaUnfurl(),
	}
}

func (c *Chat) post(ctx context.Context, channel, key string, card bot.Card) (bot.Ref, error) {
	if err := c.asked.closed(ctx, channel); err != nil {
		return "", err
	}
	key = room.Mark(key, card)
	ts, err := c.said.once(ctx, spot{channel: channel}, key, c.read, func(ctx context.Context) (string, error) {
		options := append(shown(room.Title(card), c.draw(card, false)), metadata(key, card))
		_, ts, err := c.api.PostMessageContext(ctx, channel, options...)
		return ts, failed("chat.postMessage", err)
	})
	if err != nil {
		return "", fmt.Errorf("post card: %w", err)
	}
	return room.Ref(channel, ts), nil
}

func (c *Chat) update(ctx context.Context, ref bot.Ref, card bot.Card) error {
	channel, ts := room.Split(ref)
	if err := c.asked.closed(ctx, channel); err != nil {
		return err
	}
	_, _, _, err := c.api.UpdateMessageContext(ctx, channel, ts, shown(room.Title(card), c.draw(card, false))...)
	if err != nil {
		return fmt.Errorf("update card: %w", failed("chat.update", err))
	}
	return nil
}

func (c *Chat) reply(ctx context.Context, ref bot.Ref, line bot.Line) error {
	channel, thread := room.Split(ref)
	if err := c.asked.closed(ctx, channel); err != nil {
		return err
	}
	self, err := c.asked.self(ctx)
	if err != nil {
		return err
	}
	line.Mention = slices.DeleteFunc(slices.Clone(line.Mention), func(a bot.Account) bool { return a.Tenant != self.Team })
	_, err = c.said.once(ctx, spot{channel, thread}, line.Key, c.read, func(ctx context.Context) (string, error) {
		options := append(shown(room.Said(line), drawLine(line)), slackgo.MsgOptionTS(thread), metadata(line.Key, bot.Card{}))
		_, ts, m, err := c.api.PostMessageWithResponseContext(ctx, channel, options...)
		if err == nil && m.Timestamp != "" && m.ThreadTimestamp != thread {
			return "", c.strayed(ctx, channel, ts)
		}
		return ts, failed("chat.postMessage", err)
	})
	if err != nil {
		return fmt.Errorf("add line: %w", err)
	}
	return nil
}

// strayed takes back a line whose card somebody deleted: Slack puts it in the open room
// then, and says nothing.
func (c *Chat) strayed(ctx context.Context, channel, ts string) error {
	if _, _, err := c.api.DeleteMessageContext(ctx, channel, ts); err != nil {
		c.config.Log.Warn("take back a line without a card", slog.Any("error", failed("chat.delete", err)))
	}
	return &Error{Method: "chat.postMessage", Word: "thread_not_found", Err: bot.ErrGone}
}

// How far back a channel is read for a post whose answer was lost, and how much at
// the most.
const (
	readBack  = 24 * time.Hour
	readPages = 5
	pageSize  = 200
)

// read finds what the bot said at a spot, by its metadata. Without the permission to
// read, something may be said twice; `twokey check` says so.
func (c *Chat) read(ctx context.Context, at spot) (map[string]string, error) {
	self, err := c.asked.self(ctx)
	if err != nil {
		return nil, err
	}
	found, cursor := map[string]string{}, ""
	for range readPages {
		page, next, err := c.page(ctx, at, c.config.Now().Add(-readBack), cursor)
		switch {
		case room.Says(err, "missing_scope"):
			c.config.Log.Warn("may not read what it said: a line may be shown twice", slog.String("room", Name), slog.Any("error", err))
			return found, nil
		case err != nil:
			return nil, err
		}
		for _, m := range page {
			if key, ok := payload(m, self, metaKey); ok {
				found[key] = m.Timestamp
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	return found, nil
}

// page reads some of what stands at a spot: of a thread all, of a channel what is newer
// than since.
func (c *Chat) page(ctx context.Context, at spot, since time.Time, cursor string) (page []slackgo.Message, next string, err error) {
	if at.thread != "" {
		page, _, next, err = c.api.GetConversationRepliesContext(ctx, &slackgo.GetConversationRepliesParameters{
			ChannelID: at.channel, Timestamp: at.thread, Cursor: cursor, Limit: pageSize, IncludeAllMetadata: true,
		})
		return page, next, failed("conversations.replies", err)
	}
	oldest := ""
	if !since.IsZero() {
		oldest = strconv.FormatInt(since.Unix(), 10)
	}
	got, err := c.api.GetConversationHistoryContext(ctx, &slackgo.GetConversationHistoryParameters{
		ChannelID: at.channel, Cursor: cursor, Limit: pageSize, Oldest: oldest, IncludeAllMetadata: true,
	})
	if err != nil {
		return nil, "", failed("conversations.history", err)
	}
	return got.Messages, got.ResponseMetaData.NextCursor, nil
}

// payload is a part of the metadata of a message that the bot itself posted. Others can
// write the same metadata.
func payload(m slackgo.Message, self identity, name string) (string, bool) {
	if m.User != self.User || m.Metadata.EventType != metaType {
		return "", false
	}
	text, ok := m.Metadata.EventPayload[name].(string)
	return text, ok
}
