package lark

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/larksuite/oapi-sdk-go/v3/event/dispatcher/callback"

	"twokey/bot"
	"twokey/bot/room"
	"twokey/incident"
)

// patience is how long Lark is kept waiting for an answer. After three seconds it tells
// whoever pressed that it failed (Feishu docs: handle card callbacks).
const patience = 2 * time.Second

// Listen hands over what people press and type, until ctx ends, then waits for what is
// still being answered. In HTTP mode Lark calls; see [Chat.ServeHTTP].
func (c *Chat) Listen(ctx context.Context, h bot.Handler) error {
	c.heard.Attach(ctx, h)
	defer c.heard.Detach()
	if c.config.EncryptKey != "" {
		<-ctx.Done()
		return nil
	}
	return c.socket(ctx)
}

// errDeaf says that nobody listens: Lark has to send it again.
var errDeaf = errors.New("lark: nobody listens")

// response is what a press is answered with; nil: nothing is shown.
type response = callback.CardActionTriggerResponse

// event is one as it comes, genuine.
type event struct {
	Header struct {
		ID     string `json:"event_id"`
		Type   string `json:"event_type"`
		Tenant string `json:"tenant_key"`
		App    string `json:"app_id"`
	} `json:"header"`
	Event json.RawMessage `json:"event"`
}

// What Lark tells the bot of.
const (
	eventPress   = "card.action.trigger"
	eventMessage = "im.message.receive_v1"
	eventMenu    = "application.bot.menu_v6"
)

// receive hands over one event. It returns when what was decided is on disk, or when
// Lark would not wait any longer.
func (c *Chat) receive(body []byte) (*response, error) {
	var e event
	if json.Unmarshal(body, &e) != nil {
		c.config.Refused(refusedOdd)
		return nil, nil // unanswered, Lark would send it again
	}
	if e.Header.App != c.config.AppID {
		c.config.Refused(refusedApp)
		return nil, nil
	}
	switch e.Header.Type {
	case eventPress:
		return c.pressed(e)
	case eventMessage:
		return nil, c.written(e)
	case eventMenu:
		return nil, c.chosen(e)
	}
	return nil, nil
}

// from is who did something, and where.
type from struct {
	tenant, user string
	chat         string // empty: nowhere that everybody sees
	message      string // that they pressed on or wrote
	root         string // of the thread
	alone        bool   // in the direct chat
}

// work is one input: who did what where.
type work struct {
	from

	in    bot.Input
	press bool // somebody waits for a toast
	lang  string
}

// take answers an input: at once if that takes no longer than Lark waits, else in a
// message to that person.
func (c *Chat) take(w work) (*response, error) {
	ctx, handle, ok := c.heard.Enter()
	if !ok {
		return nil, errDeaf
	}
	done := make(chan bot.Answer, 1)
	go func() { done <- c.answer(ctx, handle, w) }()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case a := <-done:
		short := w.press && brief(a)
		go func() {
			defer c.heard.Leave()
			if !short {
				c.tell(ctx, w, a)
			}
		}()
		return c.shown(w, a), nil
	case <-late.C:
		go func() {
			defer c.heard.Leave()
			c.tell(ctx, w, <-done)
		}()
		return toast(toastInfo, c.config.Say(c.config.Language, "lark.working")), nil
	}
}

// answer asks the bot, in the name of who did it.
func (c *Chat) answer(ctx context.Context, handle bot.Handler, w work) bot.Answer {
	account, err := c.asked.account(ctx, w.tenant, w.user)
	account, err = c.config.Admit(Name, account, err)
	lang := c.config.Spoken(w.lang)
	if err == nil && w.chat != "" && !w.alone {
		err = c.asked.closed(ctx, w.chat)
	}
	switch {
	case room.Says(err, room.Shared):
		c.config.Refused(room.Shared)
		return bot.Answer{Text: c.config.Say(lang, "lark.shared")}
	case err != nil:
		c.config.Log.Warn("ask Lark who pressed", slog.Any("error", err))
		return bot.Answer{Text: c.config.Say(lang, "lark.who")}
	}
	w.in.From = account
	w.in.Room = c.room(w)
	if w.in.Button == nil {
		w.in.In = c.about(ctx, w.from)
	}
	return handle(ctx, w.in)
}

// room is the room that an input comes from: a card in another group than the fixed one
// stands in its incident's own.
func (c *Chat) room(w work) string {
	if chat, _ := room.Split(w.in.On); chat != "" && chat != c.config.Room {
		return Groups
	}
	return Name
}

// about is the incident whose thread somebody wrote in; empty: unknown, and then the bot
// asks if there are several.
func (c *Chat) about(ctx context.Context, f from) incident.ID {
	if f.root == "" || f.alone {
		return ""
	}
	id, err := c.asked.about.Ask(f.root, func() (string, error) { return c.cardAt(ctx, f.root) })
	if err != nil {
		return ""
	}
	return incident.ID(id)
}
