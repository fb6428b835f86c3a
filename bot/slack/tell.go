package slack

import (
	"context"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	slackgo "github.com/slack-go/slack"

	"twokey/bot"
	"twokey/bot/room"
)

// answered is an answer as blocks, and as text for notifications.
func (c *Chat) answered(a bot.Answer) ([]slackgo.Block, string) {
	if a.Card == nil {
		return paragraphs(a.Text), a.Text
	}
	if a.Text == "" || a.Text == a.Card.Title {
		return c.draw(*a.Card, true), a.Text
	}
	return c.draw(*a.Card, true, paragraphs(a.Text)...), a.Text
}

// paragraphs is a text of any length, up to what one message holds.
func paragraphs(text string) []slackgo.Block {
	s := newSheet()
	var p prose
	var parts [][]slackgo.Block
	for line := range strings.Lines(text) {
		if p.size+utf8.RuneCountInString(bot.Inert(line)) > maxText {
			parts = append(parts, p.blocks())
			p = prose{}
		}
		p.plain(line)
	}
	s.Each(&s.Body, append(parts, p.blocks()))
	if s.Left > 0 {
		s.Body = append(s.Body, plain("…")...)
	}
	return s.Body
}

// tell shows an answer to one person alone, in the way that works: beside what they
// pressed, else where Slack says, else in a direct message. Nothing depends on it: what
// was decided is in the record. It is told also while the bot is being stopped.
func (c *Chat) tell(ctx context.Context, f from, a bot.Answer) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
	defer cancel()
	blocks, text := c.answered(a)
	if len(blocks) == 0 {
		return
	}
	var err error
	for _, way := range []func(context.Context, from, []slackgo.MsgOption) error{c.beside, c.respond, c.write} {
		if err = way(ctx, f, shown(text, blocks)); err == nil {
			return
		}
	}
	c.config.Log.Warn("answer could not be shown", slog.Any("error", err))
}

// lastWord is how long telling may take, all ways together.
const lastWord = 10 * time.Second

// beside answers in the channel, where nobody else sees it.
func (c *Chat) beside(ctx context.Context, f from, options []slackgo.MsgOption) error {
	switch {
	case f.channel == "":
		return &Error{Method: "chat.postEphemeral", Word: "channel_not_found"}
	case direct(f.channel):
		_, _, err := c.api.PostMessageContext(ctx, f.channel, options...)
		return failed("chat.postMessage", err)
	case f.thread != "":
		options = append(options, slackgo.MsgOptionTS(f.thread))
	}
	_, err := c.api.PostEphemeralContext(ctx, f.channel, f.user, options...)
	return failed("chat.postEphemeral", err)
}

// respond answers at the address that Slack gave for it.
func (c *Chat) respond(ctx context.Context, f from, options []slackgo.MsgOption) error {
	if !c.ofSlack(f.url) {
		return &Error{Method: "response_url", Word: room.Odd}
	}
	_, _, err := c.api.PostMessageContext(ctx, "", append(options, slackgo.MsgOptionResponseURL(f.url, slackgo.ResponseTypeEphemeral))...)
	return failed("response_url", err)
}

// ofSlack reports whether an address is Slack's.
func (c *Chat) ofSlack(address string) bool {
	return room.Trusted(address, c.config.APIURL, "hooks.slack.com")
}

// write answers in a direct message.
func (c *Chat) write(ctx context.Context, f from, options []slackgo.MsgOption) error {
	direct, _, _, err := c.api.OpenConversationContext(ctx, &slackgo.OpenConversationParameters{Users: []string{f.user}})
	if err != nil {
		return failed("conversations.open", err)
	}
	_, _, err = c.api.PostMessageContext(ctx, direct.ID, options...)
	return failed("chat.postMessage", err)
}
