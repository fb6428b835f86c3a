package lark_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/lark"
	"twokey/bot/lark/larktest"
	"twokey/incident"
)

func TestWhatLarkSaysNoTo(t *testing.T) {
	for name, c := range map[string]struct {
		fault larktest.Fault
		code  string
		wait  time.Duration
		gone  bool
	}{
		"too fast":      {larktest.Fault{Kind: larktest.Throttle, Reset: 7}, "RateLimited", 7 * time.Second, false},
		"down":          {larktest.Fault{Kind: larktest.Unavailable}, "HTTP.503", 0, false},
		"a proxy":       {larktest.Fault{Kind: larktest.HTML}, "OddAnswer", 0, false},
		"not invited":   {larktest.Fault{Kind: larktest.Refuse, Code: 230002}, "230002", 0, false},
		"recalled":      {larktest.Fault{Kind: larktest.Refuse, Code: 230011}, "230011", 0, true},
		"deleted":       {larktest.Fault{Kind: larktest.Refuse, Code: 230110}, "230110", 0, true},
		"14 days old":   {larktest.Fault{Kind: larktest.Refuse, Code: 230031}, "230031", 0, true},
		"group limit":   {larktest.Fault{Kind: larktest.Refuse, Code: 230020}, "RateLimited", time.Second, false},
		"never answers": {larktest.Fault{Kind: larktest.Hang}, "Timeout", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, true)
			ref := o.posted(t, card())
			c.fault.Call = "PATCH messages"
			o.Inject(c.fault)
			ctx := t.Context()
			if c.fault.Kind == larktest.Hang {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
				defer cancel()
			}
			err := o.chat.Update(ctx, ref, card())
			var word bot.Coded
			if !errors.As(err, &word) || word.Code() != c.code {
				t.Fatalf("got %v, want %s", err, c.code)
			}
			var wait bot.Waiter
			if errors.As(err, &wait) && wait.Wait() != c.wait {
				t.Errorf("waits %s, want %s", wait.Wait(), c.wait)
			}
			if errors.Is(err, bot.ErrGone) != c.gone {
				t.Errorf("gone: %v", !c.gone)
			}
			if text := err.Error(); strings.Contains(text, "injected") || strings.Contains(text, o.URL()) || strings.Contains(text, o.App.Secret) {
				t.Errorf("the error says too much: %s", text)
			}
		})
	}
}

func TestAnAnswerThatIsLostPostsNothingTwice(t *testing.T) {
	o := newOffice(t, true)
	o.Inject(larktest.Fault{Kind: larktest.Lose, Call: "POST messages", Next: 1})
	if _, err := o.chat.Post(t.Context(), "inc-1/lark/0", card()); err == nil {
		t.Fatal("the answer was not lost")
	}
	ref := o.posted(t, card())
	o.Inject(larktest.Fault{Kind: larktest.Lose, Call: "POST reply", Next: 1})
	line := bot.Line{Key: "inc-1/2", Text: "Ana approved"}
	if err := o.chat.Reply(t.Context(), ref, line); err == nil {
		t.Fatal("the answer was not lost")
	}
	if err := o.chat.Reply(t.Context(), ref, line); err != nil {
		t.Fatal(err)
	}
	if n := len(o.Messages(o.room)); n != 2 {
		t.Errorf("%d messages, want a card and a line:\n%s", n, o.Text(t))
	}
	other := card()
	other.Opened = opened.Add(time.Hour) // of another database
	if again := o.posted(t, other); again == ref {
		t.Error("another store's inc-1 was taken for this one")
	}
}

func TestATokenIsRenewedInTime(t *testing.T) {
	now := opened
	o := newOffice(t, true, func(c *lark.Config) { c.Now = func() time.Time { return now } })
	ref := o.posted(t, card())
	update := func() error { return o.chat.Update(t.Context(), ref, card()) }

	asked := o.Calls("token")
	now = now.Add(105 * time.Minute) // the token has 2 hours
	if err := update(); err != nil || o.Calls("token") != asked {
		t.Errorf("%v, asked %d times", err, o.Calls("token"))
	}
	now = now.Add(6 * time.Minute)
	undo := o.Inject(larktest.Fault{Kind: larktest.Unavailable, Call: "token"})
	if err := update(); err != nil {
		t.Errorf("a token that still counts was thrown away: %v", err)
	}
	undo()
	if err := update(); err != nil || o.Calls("token") != asked+1 {
		t.Errorf("after a failure Lark was asked again at once: %v, asked %d times", err, o.Calls("token"))
	}
	now = now.Add(time.Minute)
	if err := update(); err != nil || o.Calls("token") != asked+2 {
		t.Errorf("%v, asked %d times", err, o.Calls("token"))
	}
	o.Revoke()
	if err := update(); err != nil {
		t.Errorf("a revoked token was not renewed: %v", err)
	}
	o.Revoke()
	o.Inject(larktest.Fault{Kind: larktest.Refuse, Code: 10014, Call: "token"})
	var word bot.Coded
	if err := update(); !errors.As(err, &word) || word.Code() != "10014" {
		t.Errorf("got %v", err)
	}
}

func TestNothingIsSaidInFrontOfOthers(t *testing.T) {
	o := newOffice(t, true)
	o.Open(o.room)
	var word bot.Coded
	if _, err := o.chat.Post(t.Context(), "k", card()); !errors.As(err, &word) || word.Code() != "shared_with_others" {
		t.Errorf("got %v", err)
	}
	if text := o.Text(t); text != "" {
		t.Errorf("the group shows %s", text)
	}
}

func TestOnlyPeopleOfTheTenantAreMentioned(t *testing.T) {
	o := newOffice(t, true)
	ref := o.posted(t, card())
	line := bot.Line{Key: "l", Text: "one more yes", Mention: []bot.Account{
		{Platform: lark.Name, Tenant: o.App.Tenant, User: "on_ana"}, {Platform: lark.Name, Tenant: "elsewhere", User: "on_eve"},
	}}
	if err := o.chat.Reply(t.Context(), ref, line); err != nil {
		t.Fatal(err)
	}
	all := o.Messages(o.room)
	if got := all[len(all)-1].Pings(); len(got) != 1 || got[0] != "on_ana" {
		t.Errorf("called %q", got)
	}
}

func TestTheLogHoldsNoSecret(t *testing.T) {
	var log bytes.Buffer
	o := newOffice(t, true, func(c *lark.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	o.Inject(larktest.Fault{Kind: larktest.Refuse, Code: 230001, Call: "POST pins"})
	if _, err := o.chat.Rooms().Post(t.Context(), "k", card()); err != nil {
		t.Fatal(err)
	}
	if text := log.String(); !strings.Contains(text, "230001") || strings.Contains(text, o.App.Secret) || strings.Contains(text, "t-") || strings.Contains(text, "injected") {
		t.Errorf("the log says %s", text)
	}
}

func TestEachIncidentHasItsGroup(t *testing.T) {
	o := newOffice(t, true)
	rooms := o.chat.Rooms()
	ref, err := rooms.Post(t.Context(), "inc-1/lark-groups/0", card())
	if err != nil {
		t.Fatal(err)
	}
	all := o.Chats()
	if len(all) != 1 || len(all[0].Members) != 3 || len(all[0].Pins) != 1 || !strings.Contains(all[0].Description, "NOT CONTAINED") {
		t.Fatalf("%+v", all)
	}
	calm := card()
	calm.Title = "inc-1 · Leaked AccessKey — CONTAINED"
	for range 2 {
		if err := rooms.Update(t.Context(), ref, calm); err != nil {
			t.Fatal(err)
		}
	}
	if got := o.Chats()[0].Description; strings.Contains(got, "NOT") || o.Calls("PUT chat") != 2 {
		t.Errorf("described as %q, told %d times", got, o.Calls("PUT chat"))
	}
	if _, err := rooms.Post(t.Context(), "inc-1/lark-groups/1", calm); err != nil || len(o.Chats()) != 1 {
		t.Errorf("posted anew: %v, %d groups", err, len(o.Chats()))
	}
	if r, err := rooms.Post(t.Context(), "k", bot.Card{Incident: incident.System}); r != "" || err != nil {
		t.Errorf("the whole bot's words opened a group: %v", err)
	}
	o.Dissolve(all[0].ID)
	if err := rooms.Update(t.Context(), ref, card()); !errors.Is(err, bot.ErrGone) {
		t.Errorf("a group that was ended: %v", err)
	}
	if _, err := rooms.Post(t.Context(), "inc-1/lark-groups/2", card()); err != nil || len(o.Chats()) != 2 {
		t.Errorf("after the end: %v, %d groups", err, len(o.Chats()))
	}
}

func TestWhoCannotBeAskedInHoldsNothingUp(t *testing.T) {
	o := newOffice(t, true, func(c *lark.Config) { c.Invite = append(c.Invite, "on_nobody") })
	if _, err := o.chat.Rooms().Post(t.Context(), "k", card()); err != nil {
		t.Fatal(err)
	}
	if got := len(o.Chats()[0].Members); got != 3 {
		t.Errorf("%d people are in, want 3", got)
	}
}
