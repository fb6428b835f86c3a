package slack

import (
	"cmp"
	"context"
	"encoding/json"
	"html"
	"log/slog"
	"regexp"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"

	"twokey/bot"
	"twokey/bot/room"
	"twokey/incident"
)

// patience is how long Slack is kept waiting for an answer. After three seconds it tells
// whoever pressed that the app failed (Slack docs: Acknowledging requests).
const patience = 2 * time.Second

// Listen hands over what people press and type, until ctx ends, then waits for what is
// still being answered. In HTTP mode Slack calls; see [Chat.ServeHTTP].
func (c *Chat) Listen(ctx context.Context, h bot.Handler) error {
	c.heard.Attach(ctx, h)
	defer c.heard.Detach()
	if c.config.AppToken == "" {
		<-ctx.Done()
		return nil
	}
	return c.socket(ctx)
}

// from is who did something, and where the answer to it goes.
type from struct {
	team, user, channel, thread string
	url                         string // Slack's own for answers, good for half an hour
	view                        string // id of the open dialog
}

// acknowledge tells Slack that an input has come, once. What it is given is shown to
// that person at once, where Slack can; it reports whether it was.
type acknowledge func(answer []slackgo.Block, text string) bool

// work is one input. It says who did what where, and how Slack is told that it came.
type work struct {
	from

	in  bot.Input
	ack acknowledge
}

// take answers an input: at once if that takes no longer than Slack waits, else in a
// message to that person. Slack is answered only when what was decided is on disk, or
// when its time is up.
func (c *Chat) take(w work) bool {
	ctx, handle, ok := c.heard.Enter()
	if !ok {
		return false
	}
	done := make(chan bot.Answer, 1)
	go func() { done <- c.answer(ctx, handle, w) }()
	go func() {
		defer c.heard.Leave()
		late := time.NewTimer(c.waits)
		defer late.Stop()
		select {
		case answer := <-done:
			if shown := w.ack(c.answered(answer)); !shown {
				c.tell(ctx, w.from, answer)
			}
		case <-late.C:
			w.ack(c.answered(bot.Answer{Text: c.config.Say(c.config.Language, "slack.working")}))
			c.tell(ctx, w.from, <-done)
		}
	}()
	return true
}

// answer asks the bot, in the name of who did it.
func (c *Chat) answer(ctx context.Context, handle bot.Handler, w work) bot.Answer {
	account, err := c.asked.account(ctx, w.team, w.user)
	account, err = c.config.Admit(Name, account, err)
	lang := cmp.Or(account.Lang, c.config.Language)
	if err == nil && w.channel != "" && !direct(w.channel) {
		err = c.asked.closed(ctx, w.channel)
	}
	switch {
	case room.Says(err, room.Shared):
		c.config.Refused(room.Shared)
		return bot.Answer{Text: c.config.Say(c.config.Spoken(lang), "slack.shared")}
	case room.Says(err, "channel_not_found", "not_in_channel"): // a command typed where the bot is not: only that person sees the answer
	case err != nil:
		c.config.Log.Warn("ask Slack who pressed", slog.Any("error", err))
		return bot.Answer{Text: c.config.Say(c.config.Spoken(lang), "slack.who")}
	}
	w.in.From = account
	w.in.From.Lang = c.config.Spoken(lang)
	w.in.Room = c.room(w)
	if w.in.Button == nil && w.in.In == "" {
		w.in.In = c.about(ctx, w.from)
	}
	return handle(ctx, w.in)
}

// room is the room that an input comes from: a card in another channel than the fixed
// one stands in its incident's own.
func (c *Chat) room(w work) string {
	if channel, _ := room.Split(w.in.On); channel != "" && channel != c.config.Room {
		return Channels
	}
	return Name
}

func direct(channel string) bool { return strings.HasPrefix(channel, "D") }

// about is the incident whose thread or channel somebody typed in; empty: unknown, and
// then the bot asks if there are several.
func (c *Chat) about(ctx context.Context, f from) incident.ID {
	if f.channel == "" || direct(f.channel) || f.thread == "" && f.channel == c.config.Room {
		return ""
	}
	id, err := c.asked.about.Ask(spot{f.channel, f.thread}, func() (string, error) { return c.cardAt(ctx, spot{f.channel, f.thread}) })
	if err != nil {
		return ""
	}
	return incident.ID(id)
}

// cardAt reads which incident the newest card at a spot is of, however old it is.
func (c *Chat) cardAt(ctx context.Context, at spot) (string, error) {
	self, err := c.asked.self(ctx)
	if err != nil {
		return "", err
	}
	cursor := ""
	for range readPages {
		page, next, err := c.page(ctx, at, time.Time{}, cursor)
		if err != nil {
			return "", err
		}
		for _, m := range page {
			if id, ok := payload(m, self, metaInc); ok && id != "" {
				return id, nil
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	return "", nil
}

// slash hands over a command. Slack escapes what it holds (should_escape).
func (c *Chat) slash(cmd slackgo.SlashCommand, ack acknowledge) bool {
	return c.take(work{
		from: from{team: cmd.TeamID, user: cmd.UserID, channel: cmd.ChannelID, url: cmd.ResponseURL},
		in:   bot.Input{ID: "slash|" + cmd.TriggerID, Text: unescape(cmd.Text)}, ack: ack,
	})
}

// unescape turns Slack's own signs into what was typed.
func unescape(text string) string {
	text = marked.ReplaceAllStringFunc(text, func(m string) string {
		parts := marked.FindStringSubmatch(m)
		return cmp.Or(parts[2], parts[1])
	})
	return html.UnescapeString(text)
}

// marked is a link, or the like, that Slack made of what somebody typed.
var marked = regexp.MustCompile(`<([^<>|]*)(?:\|([^<>]*))?>`)

// event is what the bot is told of: somebody mentioned it, or wrote to it.
type event struct {
	Type        string `json:"type"`
	Subtype     string `json:"subtype"`
	Text        string `json:"text"`
	User        string `json:"user"`
	BotID       string `json:"bot_id"`
	Channel     string `json:"channel"`
	ChannelType string `json:"channel_type"`
	TS          string `json:"ts"`
	ThreadTS    string `json:"thread_ts"`
	Team        string `json:"team"`
	UserTeam    string `json:"user_team"`
}

// events hands over a mention or a direct message; false: nobody listens.
func (c *Chat) events(body []byte, ack acknowledge) bool {
	var outer struct {
		TeamID  string `json:"team_id"`
		EventID string `json:"event_id"`
		Event   event  `json:"event"`
	}
	e := &outer.Event
	if json.Unmarshal(body, &outer) != nil || !forBot(*e) {
		ack(nil, "") // nothing that anybody asked for; unanswered, Slack would send it again
		return true
	}
	return c.take(work{
		from: from{team: cmp.Or(e.UserTeam, cmp.Or(e.Team, outer.TeamID)), user: e.User, channel: e.Channel, thread: e.ThreadTS},
		in:   bot.Input{ID: "event|" + outer.EventID, Text: unescape(unmentioned(e.Text))}, ack: ack,
	})
}

// forBot reports whether a person said something to the bot.
func forBot(e event) bool {
	mention := e.Type == "app_mention"
	written := e.Type == "message" && e.ChannelType == "im"
	return (mention || written) && e.Subtype == "" && e.BotID == "" && e.User != ""
}

// unmentioned is a text without the mention that it begins with.
func unmentioned(text string) string {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "<@") {
		if _, rest, ok := strings.Cut(text, ">"); ok {
			return strings.TrimSpace(rest)
		}
	}
	return text
}
