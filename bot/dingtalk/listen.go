package dingtalk

import (
	"context"
	"log/slog"
	"time"

	"twokey/bot"
	"twokey/bot/room"
)

// patience is how long DingTalk is kept waiting for an answer.
const patience = 2 * time.Second

// Listen hands over what people press and type, until ctx ends, then waits for what is
// still being answered.
func (c *Chat) Listen(ctx context.Context, h bot.Handler) error {
	c.heard.Attach(ctx, h)
	defer c.heard.Detach()
	return c.stream(ctx)
}

// from is who did something, and where the answer to it goes.
type from struct {
	corp, user string
	webhook    string // DingTalk's own for answers, good for an hour and a half
	direct     bool   // in the chat with the robot alone
	why        string // why it is a stranger; empty: as far as can be seen it is none
}

// work is one input: who did what, and what is wanted before it counts.
type work struct {
	from

	in    bot.Input
	first string // a sentence to say with the plan in full, in place of what was pressed
	typed string // the command that the sentence names
	lang  string // of the card that was pressed
}

// take answers an input. It returns when what was decided is on disk, or when
// DingTalk's time is up: then DingTalk is told that it came. false: nobody listens, and
// DingTalk must send it again.
func (c *Chat) take(w work) bool {
	ctx, handle, ok := c.heard.Enter()
	if !ok {
		return false
	}
	decided := make(chan struct{})
	go func() {
		defer c.heard.Leave()
		answer := c.answer(ctx, handle, w)
		close(decided)
		c.tell(ctx, w, answer)
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-decided:
	case <-late.C:
	}
	return true
}

// answer asks the bot, in the name of who did it.
func (c *Chat) answer(ctx context.Context, handle bot.Handler, w work) bot.Answer {
	account, err := c.account(ctx, w.from)
	account, err = c.config.Admit(Name, account, err)
	if err != nil {
		c.config.Log.Warn("ask DingTalk who it was", slog.Any("error", err))
		return bot.Answer{Text: c.config.Say("", "dingtalk.who")}
	}
	w.in.From = account
	if w.first == "" {
		return handle(ctx, w.in)
	}
	return c.before(ctx, handle, w)
}

// before shows the plan that a button is about to the person alone, and what to do
// there: DingTalk asks nothing before a press counts.
func (c *Chat) before(ctx context.Context, handle bot.Handler, w work) bot.Answer {
	lang := w.lang
	answer := bot.Answer{OK: true}
	if p := w.in.Button; p.Number > 0 && p.Digest != "" {
		show := *p
		show.Act = bot.ActShow
		w.in.Button = &show
		if answer = handle(ctx, w.in); answer.Card == nil {
			return answer
		}
		lang = answer.Card.Lang
	} else if w.in.From.User == "" {
		return handle(ctx, w.in)
	}
	answer.Text = c.config.Say(c.config.Spoken(lang), w.first, "command", w.typed)
	return answer
}

func (c *Chat) account(ctx context.Context, f from) (bot.Account, error) {
	if f.why != "" {
		return bot.Account{}, room.Stranger{Why: f.why}
	}
	return c.asked.account(ctx, f.corp, f.user)
}
