package slack_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/slack"
	"twokey/bot/slack/slacktest"
)

// lively is an office whose sockets count as dead soon.
func lively(t *testing.T) *office {
	t.Helper()
	return newOfficeIn(t, slacktest.Options{PingEvery: 50 * time.Millisecond}, false, func(c *slack.Config) { c.PingEvery = time.Second })
}

// A socket that breaks, falls silent, or is asked to go is opened anew, and what people
// do is heard again.
func TestASocketThatGoesIsOpenedAnew(t *testing.T) {
	for name, harm := range map[string]func(*office){
		"silent":     func(o *office) { o.Silence(true) },
		"dropped":    func(o *office) { o.Drop() },
		"disconnect": func(o *office) { o.Disconnect("refresh_requested") },
		"warning":    func(o *office) { o.Disconnect("warning") },
	} {
		t.Run(name, func(t *testing.T) {
			o := lively(t)
			b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
			o.listen(t, b.handle)
			o.AwaitSockets(t, 1)
			old := o.Sockets()[0]
			harm(o)
			o.Await(t, "another socket", func() bool {
				now := o.Sockets()
				return len(now) == 1 && now[0] != old
			})
			o.Type(t, ana, "list")
		})
	}
}

// What comes twice has the same name, and is one vote.
func TestARedeliveredEnvelopeIsOneVote(t *testing.T) {
	o := newOffice(t, false)
	w := o.world(t, chattest.Options{})
	id := w.Alert()
	w.Settle()
	o.votes(t, w, ana)
	before := len(w.State(id).Proposals)
	o.Workspace.Again(t).Await()
	w.Settle()
	if votes := votesOn(w, id); len(votes) != 1 || len(w.State(id).Proposals) != before {
		t.Errorf("%d votes", len(votes))
	}
	o.Type(t, ana, "note quokka "+string(id))
	o.Workspace.Again(t).Await()
	w.Settle()
	if n := strings.Count(o.Text(t), "quokka"); n != 1 {
		t.Errorf("the note stands there %d times", n)
	}
}

// Two clicks are two, also by one person on one button.
func TestTwoClicksHaveTwoNames(t *testing.T) {
	o := newOffice(t, false)
	b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
	o.listen(t, b.handle)
	o.posts(t, "inc-7", offeredCard(t))
	for range 2 {
		o.as(t, ana).Press(o.sees(t, ana, bot.ActApprove)).Await()
	}
	o.as(t, bo).Press(o.sees(t, bo, bot.ActApprove)).Await()
	all := ids(b.inputs())
	if len(all) != 3 || all[0] == all[1] || all[0] == all[2] || all[1] == all[2] {
		t.Errorf("three clicks are %q", all)
	}
}

// With several bots on sockets of their own, each thing is heard by one of them.
func TestSeveralSocketsHearEachThingOnce(t *testing.T) {
	o := newOffice(t, false)
	b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
	o.listen(t, b.handle)
	o.start()
	o.listen(t, b.handle)
	o.AwaitSockets(t, 2)
	for range 4 {
		o.Type(t, ana, "list")
	}
	if n := len(b.inputs()); n != 4 {
		t.Errorf("4 commands were heard %d times", n)
	}
}

// When Slack does not let the bot in, it is asked again later, and the log says why,
// without the token.
func TestWhoIsNotLetInAsksAgain(t *testing.T) {
	for _, word := range []string{"invalid_auth", "not_allowed_token_type", "account_inactive"} {
		t.Run(word, func(t *testing.T) {
			o := lively(t)
			heal := o.Inject(slacktest.Fault{Kind: slacktest.Refuse, Method: "apps.connections.open", Code: word})
			b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
			o.listen(t, b.handle)
			o.Await(t, "a try", func() bool { return o.Calls("apps.connections.open") > 0 })
			heal()
			o.AwaitSockets(t, 1)
			o.Type(t, ana, "list")
			if o.log.count(word) == 0 {
				t.Errorf("the log: %s", o.log.String())
			}
		})
	}
}

// Listening ends when it is told to, also while Slack does not let the bot in, and not
// before what is being answered is answered.
func TestListeningEnds(t *testing.T) {
	o := lively(t)
	o.Inject(slacktest.Fault{Kind: slacktest.Refuse, Method: "apps.connections.open", Code: "invalid_auth"})
	stop := o.listen(t, (&bell{}).handle)
	o.Await(t, "a try", func() bool { return o.Calls("apps.connections.open") > 0 })
	stop()
	o.ClearFaults()
	slack.Waits(o.chat, time.Millisecond)
	begun, gate := make(chan struct{}), make(chan struct{})
	stop = o.listen(t, func(context.Context, bot.Input) bot.Answer {
		close(begun)
		<-gate // whatever ends
		return bot.Answer{OK: true, Text: "the answer"}
	})
	r := o.as(t, ana).Command(o.room.ID, "list")
	<-begun
	ended := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { stop(); close(ended) })
	o.AwaitSockets(t, 0)
	select {
	case <-ended:
		t.Error("it ended before the answer was given")
	default:
	}
	close(gate)
	wg.Wait()
	r.AwaitText("the answer") // it is told although the bot has stopped
}

// The room of channels hears nothing itself: one pair of ears is enough.
func TestTheRoomOfChannelsOnlyWaits(t *testing.T) {
	o := newOffice(t, false)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.chat.Rooms().Listen(ctx, nil); err != nil || o.Calls("apps.connections.open") != 0 {
		t.Errorf("%v", err)
	}
}
