package slack

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	slackgo "github.com/slack-go/slack"

	"twokey/bot"
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
	var s sheet
	var p prose
	var parts [][]slackgo.Block
	for line := range strings.Lines(text) {
		if p.size+utf8.RuneCountInString(bot.Inert(line)) > maxText {
			parts = append(parts, p.blocks())
			p = prose{}
		}
		p.plain(line)
	}
	s.each(append(parts, p.blocks()))
	if s.left > 0 {
		s.blocks = append(s.blocks, plain("…")...)
	}
	return s.blocks
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
		return &Error{Method: "response_url", Word: wordOdd}
	}
	_, _, err := c.api.PostMessageContext(ctx, "", append(options, slackgo.MsgOptionResponseURL(f.url, slackgo.ResponseTypeEphemeral))...)
	return failed("response_url", err)
}

// ofSlack reports whether an address is Slack's: nothing is sent anywhere else because
// a request says so.
func (c *Chat) ofSlack(address string) bool {
	u, err := url.Parse(address)
	own, _ := url.Parse(c.config.APIURL)
	if err != nil || address == "" {
		return false
	}
	return u.Scheme == "https" && u.Host == "hooks.slack.com" || own != nil && u.Scheme == own.Scheme && u.Host == own.Host
}

// write answers in a direct message.
func (c *Chat) write(ctx context.Context, f from, options []slackgo.MsgOption) error {
	room, _, _, err := c.api.OpenConversationContext(ctx, &slackgo.OpenConversationParameters{Users: []string{f.user}})
	if err != nil {
		return failed("conversations.open", err)
	}
	_, _, err = c.api.PostMessageContext(ctx, room.ID, options...)
	return failed("chat.postMessage", err)
}
