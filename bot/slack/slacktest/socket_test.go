package slacktest_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"twokey/bot/slack/slacktest"
)

// listen runs the real Socket Mode client for as long as the test lasts.
func (w *world) listen(t *testing.T, on func(sm *socketmode.Client, e socketmode.Event), o ...socketmode.Option) {
	t.Helper()
	sm := socketmode.New(w.api, o...)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = sm.RunContext(ctx) })
	wg.Go(func() {
		for {
			select {
			case e := <-sm.Events:
				on(sm, e)
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
}

// ackOnly answers everything without a payload.
func ackOnly(sm *socketmode.Client, e socketmode.Event) {
	if e.Request != nil && e.Request.EnvelopeID != "" {
		_ = sm.Ack(*e.Request)
	}
}

func TestAClickCarriesWhatSlackSends(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	got := make(chan slack.InteractionCallback, 1)
	w.listen(t, func(sm *socketmode.Client, e socketmode.Event) {
		ackOnly(sm, e)
		if c, is := e.Data.(slack.InteractionCallback); is {
			got <- c
		}
	})
	ts := w.post(t, slack.MsgOptionText("card", false), slack.MsgOptionBlocks(actions("", button("approve", "digest", "Approve"))))
	w.As(t, w.ana).Click("Approve")
	c := <-got
	a := c.ActionCallback.BlockActions[0]
	if c.User.ID != w.ana || c.User.TeamID != w.App.Team || c.Team.ID != w.App.Team || c.Channel.ID != w.room || c.APIAppID != w.App.ID {
		t.Errorf("who and where: %+v", c)
	}
	if c.Container.MessageTs != ts || c.Container.ChannelID != w.room || c.Message.Timestamp != ts || c.TriggerID == "" || c.ResponseURL == "" {
		t.Errorf("which message: %+v", c)
	}
	if a.ActionID != "approve" || a.Value != "digest" || a.Text.Text != "Approve" || a.BlockID == "" || a.ActionTs == "" {
		t.Errorf("which button: %+v", a)
	}
}

func TestACommandIsAnsweredToOnePerson(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.listen(t, func(sm *socketmode.Client, e socketmode.Event) {
		c, is := e.Data.(slack.SlashCommand)
		if !is {
			return
		}
		_ = sm.Ack(*e.Request, map[string]any{"text": "working on " + c.Text})
		_ = slack.PostWebhookContext(t.Context(), c.ResponseURL, &slack.WebhookMessage{Text: "done with " + c.Command})
	})
	r := w.As(t, w.ana).Command(w.room, "list")
	if !strings.Contains(r.Text(), "working on list") {
		t.Errorf("at once: %q", r.Text())
	}
	r.AwaitText("done with /leak")
	if w.Text(w.room) != "" || len(w.Told(w.bo)) != 0 {
		t.Error("others see it too")
	}
}

func TestEventsReachTheBot(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.listen(t, ackOnly)
	card := w.post(t, slack.MsgOptionText("card", false))
	w.As(t, w.ana).Mention(w.room, card, "approve 2 <now>")
	w.As(t, w.ana).Direct("list")
	sent := w.Envelopes()
	for i, parts := range [][]string{
		{`"type":"app_mention"`, `"thread_ts":"` + card, `approve 2 \u0026lt;now\u0026gt;`, `"type":"event_callback"`},
		{`"channel_type":"im"`, `"text":"list"`},
	} {
		for _, part := range parts {
			if !strings.Contains(string(sent[i].Payload), part) {
				t.Errorf("event %d lacks %s: %s", i, part, sent[i].Payload)
			}
		}
	}
}

func TestTheBotHearsNothingOfRoomsThatItIsNotIn(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	other := w.AddChannel(slacktest.Channel{Members: []string{w.ana}}).ID
	if r := w.As(t, w.ana).Mention(other, "", "list"); r.Problem == "" || len(w.Envelopes()) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestTheSameDeliveryComesAgain(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.listen(t, ackOnly)
	w.As(t, w.ana).Mention(w.room, "", "list")
	w.Again(t)
	sent := w.Envelopes()
	if len(sent) != 2 || string(sent[0].Payload) != string(sent[1].Payload) || sent[0].ID == sent[1].ID || sent[1].Retry != 1 {
		t.Errorf("%+v", sent)
	}
}

func TestASocketThatIsCutOrDeadIsReplaced(t *testing.T) {
	w := newWorld(t, slacktest.Options{PingEvery: 10 * time.Millisecond})
	w.listen(t, ackOnly, socketmode.OptionPingInterval(400*time.Millisecond))
	for name, hurt := range map[string]func(){
		"cut":        w.Drop,
		"dead":       func() { w.Silence(true) },
		"asked to":   func() { w.Disconnect("refresh_requested") },
		"by warning": func() { w.Disconnect("warning") },
	} {
		t.Run(name, func(t *testing.T) {
			w.AwaitSockets(t, 1)
			old := w.Sockets()[0]
			hurt()
			w.Await(t, "a new socket", func() bool {
				now := w.Sockets()
				return len(now) == 1 && now[0] != old
			})
			w.As(t, w.ana).Mention(w.room, "", "still there?")
		})
	}
}

func TestATicketWorksOnce(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	_, url, err := w.api.StartSocketModeContext(t.Context())
	ok(t, err)
	for i, want := range []bool{true, false} {
		if got := dials(t, url); got != want {
			t.Errorf("dial %d: %v", i, got)
		}
	}
}
