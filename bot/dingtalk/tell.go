package dingtalk

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"

	"twokey/bot"
	"twokey/bot/room"
)

// tell shows an answer to one person alone, in the way that works. Nothing depends on
// it: what was decided is in the record.
func (c *Chat) tell(ctx context.Context, w work, a bot.Answer) {
	if a.Text == "" && a.Card == nil {
		return
	}
	var err error
	for _, way := range []func(context.Context, work, bot.Answer) error{c.hand, c.write, c.respond} {
		if err = way(ctx, w, a); err == nil {
			return
		}
	}
	c.config.Log.Warn("answer could not be shown", slog.Any("error", err))
}

// hand shows a plan in full, with its buttons, in the person's chat with the robot.
func (c *Chat) hand(ctx context.Context, w work, a bot.Answer) error {
	if a.Card == nil || w.user == "" {
		return &Error{Method: "createAndDeliver", Word: wordNoReceive}
	}
	return c.show(ctx, track(forPerson, w.user, rand.Text()), space{user: w.user}, c.answered(a))
}

// answered is an answer as a sheet that only one person sees.
func (c *Chat) answered(a bot.Answer) sheet {
	if a.Card == nil {
		return sheet{Brief: room.Cut(bot.Inert(a.Text), maxBrief), Content: room.Cut(inert(a.Text), maxText)}
	}
	if a.Text == a.Card.Title {
		a.Text = ""
	}
	return c.draw(*a.Card, true, a.Text)
}

// write says it in a message to that person.
func (c *Chat) write(ctx context.Context, w work, a bot.Answer) error {
	if w.user == "" || w.why != "" {
		return &Error{Method: "oToMessages", Word: wordNoReceive}
	}
	m := c.worded(c.answered(a), false)
	m.Users = []string{w.user}
	var got struct {
		Invalid []string `json:"invalidStaffIdList"`
		Slowed  []string `json:"flowControlledStaffIdList"`
	}
	err := c.api.call(ctx, "oToMessages", http.MethodPost, "/v1.0/robot/oToMessages/batchSend", m, &got)
	if err == nil && len(got.Invalid)+len(got.Slowed) > 0 {
		return &Error{Method: "oToMessages", Word: wordNoReceive}
	}
	return err
}

// respond answers at the address that DingTalk gave for it: in the chat with the robot
// alone, or to a stranger, who is told nothing that others may not hear.
func (c *Chat) respond(ctx context.Context, w work, a bot.Answer) error {
	if !w.direct && w.why == "" || !c.ofDingTalk(w.webhook) {
		return &Error{Method: "sessionWebhook", Word: room.Odd}
	}
	s := c.answered(a)
	in := map[string]any{"msgtype": "markdown", "markdown": map[string]string{"title": s.Brief, "text": apart(bold(s.Title), s.Content)}}
	return c.api.send(ctx, "sessionWebhook", http.MethodPost, w.webhook, "", in, nil)
}

// ofDingTalk reports whether an address is DingTalk's.
func (c *Chat) ofDingTalk(address string) bool {
	return room.Trusted(address, c.config.OldAPIURL, "oapi.dingtalk.com", "oapi.dingtalk.io")
}
