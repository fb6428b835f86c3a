package slack_test

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/slack/slacktest"
	"twokey/incident"
)

// wall is a room on another platform that never fails: what it shows is what Slack
// should show too.
type wall struct {
	mu    sync.Mutex
	cards map[bot.Ref]bot.Card
	lines map[bot.Ref][]string
}

func newWall() *wall { return &wall{cards: map[bot.Ref]bot.Card{}, lines: map[bot.Ref][]string{}} }

func (*wall) Room() string     { return "wall" }
func (*wall) Platform() string { return "wall" }

func (w *wall) Post(_ context.Context, key string, c bot.Card) (bot.Ref, error) {
	return bot.Ref(key), w.Update(context.Background(), bot.Ref(key), c)
}

func (w *wall) Update(_ context.Context, ref bot.Ref, c bot.Card) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cards[ref] = c
	return nil
}

func (w *wall) Reply(_ context.Context, ref bot.Ref, l bot.Line) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lines[ref] = append(w.lines[ref], lineOf(l))
	return nil
}

func (*wall) Listen(ctx context.Context, _ bot.Handler) error {
	<-ctx.Done()
	return nil
}

func lineOf(l bot.Line) string {
	if l.Who == "" {
		return l.Text
	}
	return l.Who + ": " + l.Text
}

// story are the lines of an incident.
func (w *wall) story(id incident.ID) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.lines[bot.Ref(id+"/wall/0")])
}

// warns is everything that the cards warn of.
func (w *wall) warns() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, c := range w.cards {
		for _, n := range c.Notices {
			all = append(all, n.Text)
		}
	}
	return strings.Join(all, "\n")
}

// reboot is the start after a crash: what is left is the store's file, and Slack.
func (o *office) reboot(t *testing.T, w *chattest.World, others ...bot.Chat) {
	t.Helper()
	o.stop()
	if !o.http {
		o.AwaitSockets(t, 0)
	}
	o.start()
	w.Reopen(chattest.Options{People: o.Entries(), Log: &o.log}, append([]bot.Chat{o.chat}, others...)...)
	o.listen(t, w.Bot.Handle)
}

// thread is what a channel shows of an incident: its cards, and the lines under the
// last of them.
func (o *office) thread(channel string, id incident.ID) (cards []slacktest.Message, lines []string) {
	all := o.Messages(channel)
	for _, m := range all {
		if m.Bot && m.Thread == "" && strings.Contains(m.Text, string(id)+" ") {
			cards = append(cards, m)
		}
	}
	if len(cards) == 0 {
		return nil, nil
	}
	for _, m := range all {
		if m.Thread == cards[len(cards)-1].TS {
			lines = append(lines, unescaped(m.Text))
		}
	}
	return cards, lines
}

func unescaped(text string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", "[:]//", "://").Replace(text)
}

// sameStory fails unless a channel shows one card of an incident, and under it the same
// story as the wall, each line once and in its order.
func (o *office) sameStory(t failing, channel string, id incident.ID, w *wall) {
	t.Helper()
	cards, lines := o.thread(channel, id)
	if len(cards) != 1 {
		t.Fatalf("%d cards of %s", len(cards), id)
	}
	want := w.story(id)
	for i := range max(len(want), len(lines)) {
		if got, want := at(lines, i), at(want, i); got != want {
			t.Fatalf("line %d of %d is %q, want %q", i, len(lines), got, want)
		}
	}
}

func at(list []string, i int) string {
	if i >= len(list) {
		return "(nothing)"
	}
	return cmp.Or(list[i], "(empty)")
}

// failing is a test, or a run of a property.
type failing interface {
	Helper()
	Fatalf(format string, args ...any)
}

var _ bot.Chat = (*wall)(nil)
