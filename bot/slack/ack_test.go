package slack_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/slack"
	"twokey/bot/slack/slacktest"
	"twokey/incident"
	"twokey/store"
)

// acts are the ways in which people ask the bot for something.
func acts(t *testing.T, o *office) map[string]func(*slacktest.Person) *slacktest.Reply {
	return map[string]func(*slacktest.Person) *slacktest.Reply{
		"command": func(p *slacktest.Person) *slacktest.Reply { return p.Command(o.room.ID, "list") },
		"button":  func(p *slacktest.Person) *slacktest.Reply { return p.Press(o.sees(t, ana, bot.ActApprove)) },
		"mention": func(p *slacktest.Person) *slacktest.Reply { return p.Mention(o.room.ID, "", "list") },
		"direct":  func(p *slacktest.Person) *slacktest.Reply { return p.Direct("list") },
		"plan":    func(p *slacktest.Person) *slacktest.Reply { return p.Press(o.sees(t, ana, bot.ActShow)) },
		"reason": func(p *slacktest.Person) *slacktest.Reply {
			return p.Press(o.sees(t, ana, bot.ActFalse)).AwaitModal().Submit(map[string]string{"reason": "a test key"})
		},
	}
}

// An answer that takes its time is acknowledged in time, and follows.
func TestWhatTakesLongIsAcknowledgedAndAnsweredLater(t *testing.T) {
	for name, byHTTP := range map[string]bool{"socket": false, "http": true} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, byHTTP)
			slack.Waits(o.chat, time.Millisecond)
			var slow slow
			o.listen(t, slow.handle)
			o.posts(t, "inc-7", offeredCard(t))
			for name, act := range acts(t, o) {
				slow.gate = make(chan struct{})
				r := act(o.as(t, ana)) // it fails the test if Slack had to wait
				if strings.Contains(r.Text(), "the answer") {
					t.Errorf("%s: the answer came before it was there", name)
				}
				close(slow.gate)
				r.AwaitText("the answer")
			}
		})
	}
}

// slow answers when the gate opens, or when it is told to stop.
type slow struct{ gate chan struct{} }

func (s *slow) handle(ctx context.Context, _ bot.Input) bot.Answer {
	select {
	case <-s.gate:
	case <-ctx.Done():
	}
	return bot.Answer{OK: true, Text: "the answer"}
}

// Who is kept waiting is told so.
func TestWhoWaitsIsToldSo(t *testing.T) {
	o := newOffice(t, false)
	slack.Waits(o.chat, time.Millisecond)
	slow := slow{gate: make(chan struct{})}
	o.listen(t, slow.handle)
	r := o.as(t, ana).Command(o.room.ID, "list")
	if text := r.Text(); !strings.Contains(text, "Working on it") {
		t.Errorf("Ana is told %q", text)
	}
	close(slow.gate)
	r.AwaitText("the answer")
}

// A vote is on disk before Slack hears that it came.
func TestAVoteIsOnDiskBeforeItIsAcknowledged(t *testing.T) {
	o := newOffice(t, false)
	slack.Waits(o.chat, time.Hour)
	watch := &watched{}
	w := o.world(t, chattest.Options{Store: func(s store.Store) store.Store { watch.Store = s; return watch }})
	id := w.Alert()
	w.Settle()
	watch.before.Store(new(func(b store.Batch) {
		if !slices.ContainsFunc(b.Records, func(r incident.Record) bool { return r.Event.Kind() == "approved" }) {
			return
		}
		// Whatever was on its way to Slack before this call has arrived after it.
		o.posts(t, "marker", bot.Card{Title: "marker"})
		sent := o.Envelopes()
		watch.early.Store(sent[len(sent)-1].Acked)
		watch.seen.Store(true)
	}))
	o.votes(t, w, ana)
	if !watch.seen.Load() || watch.early.Load() {
		t.Errorf("the vote was written: %v; Slack was told before: %v", watch.seen.Load(), watch.early.Load())
	}
	if len(votesOn(w, id)) != 1 {
		t.Error("the vote is not there")
	}
}

// watched is a store that tells of each append before it is done.
type watched struct {
	store.Store

	before      atomic.Pointer[func(store.Batch)]
	seen, early atomic.Bool
}

func (w *watched) Append(ctx context.Context, b store.Batch) error {
	if f := w.before.Load(); f != nil {
		(*f)(b)
	}
	return w.Store.Append(ctx, b)
}

// A dialog is opened before anything else is asked: Slack gives it three seconds.
func TestADialogIsOpenedFirst(t *testing.T) {
	o := newOffice(t, true)
	b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
	o.listen(t, b.handle)
	o.posts(t, "inc-7", offeredCard(t))
	o.Inject(slacktest.Fault{Kind: slacktest.Hang, Method: "users.info"})
	for _, act := range []bot.Act{bot.ActFalse, bot.ActShow} {
		o.as(t, ana).Press(o.sees(t, ana, act)).AwaitModal()
	}
	if len(b.inputs()) != 0 {
		t.Error("somebody whom Slack does not name was heard")
	}
}
