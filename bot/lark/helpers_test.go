package lark_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"twokey/bot"
)

// heard is a bot that only listens.
type heard struct {
	mu     sync.Mutex
	inputs []bot.Input
	answer bot.Answer
}

func (h *heard) handle(_ context.Context, in bot.Input) bot.Answer {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inputs = append(h.inputs, in)
	return h.answer
}

// last is the newest input, and how many there were.
func (h *heard) last() (bot.Input, int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.inputs) == 0 {
		return bot.Input{}, 0
	}
	return h.inputs[len(h.inputs)-1], len(h.inputs)
}

// ears opens the room's ears for as long as the test lasts.
func (o *office) ears(t *testing.T, h bot.Handler) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	ready := make(chan struct{})
	wg.Go(func() {
		close(ready)
		if err := o.chat.Listen(ctx, h); err != nil {
			t.Errorf("listen: %v", err)
		}
	})
	<-ready
	t.Cleanup(func() { cancel(); wg.Wait() })
	if !o.http {
		o.Await(t, "the long connection", o.Listening)
	}
}

// opened is when the cards of these tests were.
var opened = time.Date(2026, 11, 21, 2, 50, 0, 0, time.UTC)

// yes is a button that approves.
func yes(number int) bot.Button {
	return bot.Button{Act: bot.ActApprove, Label: "Approve", Tone: bot.Strong, Incident: "inc-1", Number: number, Digest: "9f2c41d0", Command: "approve 1"}
}

func card(buttons ...bot.Button) bot.Card {
	return bot.Card{
		Incident: "inc-1", Lang: "en", Tone: bot.Alarm, Title: "inc-1 · Leaked AccessKey — NOT CONTAINED", Opened: opened, At: opened,
		Fields: []bot.Field{{Label: "Whose", Text: "ci-deploy"}}, Heading: "Do now",
		Steps: []bot.Step{{Name: "key.disable", Number: 1, Title: "Disable the key", Buttons: buttons}},
	}
}

// posted is a card that stands in the room.
func (o *office) posted(t *testing.T, c bot.Card) bot.Ref {
	t.Helper()
	ref, err := o.chat.Post(t.Context(), "inc-1/lark/0", c)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}
