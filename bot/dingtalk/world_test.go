package dingtalk_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/dingtalk"
	"twokey/bot/dingtalk/dingtalktest"
	"twokey/incident"
)

// inbox is a handler that keeps what came.
type inbox struct {
	mu     sync.Mutex
	got    []bot.Input
	answer func(bot.Input) bot.Answer
}

// listening opens the room's ears for as long as the test lasts.
func listening(t *testing.T, o *office) *inbox {
	t.Helper()
	in := &inbox{answer: func(bot.Input) bot.Answer { return bot.Answer{OK: true, Text: "noted"} }}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := o.chat.Listen(ctx, in.handle); err != nil {
			t.Errorf("listen: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return in
}

func (i *inbox) handle(_ context.Context, in bot.Input) bot.Answer {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.got = append(i.got, in)
	return i.answer(in)
}

// acts are the buttons that counted, without those that only show a plan.
func (i *inbox) acts() []bot.Press {
	i.mu.Lock()
	defer i.mu.Unlock()
	var out []bot.Press
	for _, in := range i.got {
		if in.Button != nil && in.Button.Act != bot.ActShow {
			out = append(out, *in.Button)
		}
	}
	return out
}

func (i *inbox) last(t *testing.T) bot.Input {
	t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.got) == 0 {
		t.Fatal("nothing came")
	}
	return i.got[len(i.got)-1]
}

func digest() incident.Digest { return incident.Digest(strings.Repeat("9f2c41d0", 8)) }

// approving is the button of a plan.
func approving(more func(*bot.Button)) bot.Button {
	b := bot.Button{Act: bot.ActApprove, Label: "Approve", Tone: bot.Strong, Incident: "inc-7", Number: 2, Digest: digest(), Command: "approve 2"}
	if more != nil {
		more(&b)
	}
	return b
}

func cardWith(buttons ...bot.Button) bot.Card {
	return bot.Card{
		Incident: "inc-7", Lang: "en", Tone: bot.Alarm, Title: "inc-7 · Leaked AccessKey", Heading: "Do now", Opened: time.Unix(1700000000, 0),
		Steps: []bot.Step{{Name: "key.disable", Number: 2, Title: "Disable the key", State: "waiting", Digest: digest().Short(), Effect: "Stops it.", Buttons: buttons}},
		Foot:  "record 9f2c",
	}
}

func post(t *testing.T, o *office, card bot.Card) bot.Ref {
	t.Helper()
	ref, err := o.chat.Post(t.Context(), "inc-7/dingtalk/0", card)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func count(o *office, text string) int { return strings.Count(o.Org.Text(o.room), text) }

var line = bot.Line{Key: "inc-7/4", Seq: 4, Who: "Ana", Text: "rebooted the build server"}

// ana is her account, as the configuration knows it.
func (o *office) account(who incident.Person) bot.Account {
	return bot.Account{Platform: dingtalk.Name, Tenant: o.App.Corp, User: o.ids[who]}
}

func (o *office) button(t *testing.T, who incident.Person, b bot.Button) dingtalktest.Button {
	t.Helper()
	found, ok := find(o.as(t, who), b)
	if !ok {
		t.Fatalf("%s sees no such button", who)
	}
	return found
}

const ana = chattest.Ana
