package lark

import (
	"context"
	"log/slog"
	"strings"
	"unicode/utf8"

	"github.com/larksuite/oapi-sdk-go/v3/event/dispatcher/callback"

	"twokey/bot"
	"twokey/bot/room"
)

// Kinds of toasts (Feishu docs: handle card callbacks).
const (
	toastGood  = "success"
	toastInfo  = "info"
	toastError = "error"
)

func toast(kind, text string) *response {
	return &response{Toast: &callback.Toast{Type: kind, Content: text}}
}

// brief reports whether a toast says it all.
func brief(a bot.Answer) bool {
	return a.Card == nil && utf8.RuneCountInString(a.Text) <= maxToast
}

// shown is what whoever pressed sees at once.
func (c *Chat) shown(w work, a bot.Answer) *response {
	kind := toastGood
	if !a.OK {
		kind = toastError
	}
	text := room.Cut(bot.Inert(a.Text), maxToast)
	if a.Card != nil || text == "" {
		text = c.config.Say(c.config.Spoken(w.lang), "lark.written")
	}
	return toast(kind, text)
}

// tell shows an answer to one person alone, in the chat that the bot has with each.
// Nothing depends on it: what was decided is in the record.
func (c *Chat) tell(ctx context.Context, w work, a bot.Answer) {
	kind, content := c.drawn(w, a)
	if content == "" || w.user == "" {
		return
	}
	_, err := c.api.send(ctx, kind, w.user, content, toUser, "")
	if err == nil {
		return
	}
	c.config.Log.Warn("answer could not be shown", slog.Any("error", err))
	if says(err, codeNoReach) && w.message != "" && !w.press && !w.alone {
		var r rich
		r.plain(c.config.Say(c.config.Language, "lark.no_message"))
		if err := c.api.thread(ctx, w.message, r.content(c.config.Language), once(w.message, "no_message")); err != nil {
			c.config.Log.Warn("say that the answer could not be shown", slog.Any("error", err))
		}
	}
}

// drawn is an answer as a message.
func (c *Chat) drawn(w work, a bot.Answer) (kind, content string) {
	switch {
	case a.Card != nil && a.Text != "" && a.Text != a.Card.Title:
		return kindCard, c.draw(*a.Card, true, plain(a.Text)...)
	case a.Card != nil:
		return kindCard, c.draw(*a.Card, true)
	case strings.TrimSpace(a.Text) == "":
		return "", ""
	}
	var r rich
	r.plain(a.Text)
	return kindRich, r.content(c.config.Spoken(w.lang))
}
