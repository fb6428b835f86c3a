package slack_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/slack"
	"twokey/bot/slack/slacktest"
	"twokey/incident"
)

var kinds = map[string]slacktest.FaultKind{
	"too fast": slacktest.Throttle, "error": slacktest.ServerError, "unavailable": slacktest.Unavailable, "a page": slacktest.HTML,
	"cut off": slacktest.Cut, "answer lost": slacktest.Lose,
}

var said = []string{"chat.postMessage", "chat.update", "conversations.history", "conversations.replies", "conversations.info", "auth.test"}

// Whatever goes wrong between the bot and Slack, and whenever: in the end the room
// shows one card and every line, once and in order.
func TestFaultsLoseNothingAndShowNothingTwice(t *testing.T) {
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) {
			o, other := newOffice(t, false), newWall()
			w := o.world(t, chattest.Options{}, o.chat, other)
			o.Inject(slacktest.Fault{Kind: kind, Method: "chat.postMessage", Next: 2})
			id := w.Alert()
			for _, method := range said {
				o.Inject(slacktest.Fault{Kind: kind, Method: method, Next: 2})
				o.note(t, w, "while "+method+" fails")
				w.After(10 * time.Minute)
			}
			o.ClearFaults()
			w.After(10 * time.Minute)
			o.sameStory(t, o.room.ID, id, other)
		})
	}
}

// note writes into the timeline as Ana, whatever Slack does.
func (o *office) note(t *testing.T, w *chattest.World, text string) {
	t.Helper()
	in := bot.Input{From: o.Entries()[0].Accounts[0], Room: "slack", Text: "note " + text}
	if a := w.Bot.Handle(t.Context(), in); !a.OK {
		t.Fatal(a.Text)
	}
	w.Settle()
}

// The same for any mixture of faults, restarts and things that people do.
func TestAnyMixtureOfFaultsKeepsTheStory(t *testing.T) {
	o, other := newOffice(t, true), newWall()
	w := o.world(t, chattest.Options{}, o.chat, other)
	number := 0
	rapid.Check(t, func(r *rapid.T) {
		number++
		id := receive(t, w, number)
		for range rapid.IntRange(1, 6).Draw(r, "events") {
			switch rapid.SampledFrom([]string{"fault", "fault", "note", "note", "restart", "time"}).Draw(r, "event") {
			case "fault":
				o.Inject(slacktest.Fault{
					Kind:   rapid.SampledFrom([]slacktest.FaultKind{slacktest.Throttle, slacktest.Unavailable, slacktest.HTML, slacktest.Cut, slacktest.Lose}).Draw(r, "kind"),
					Method: rapid.SampledFrom(said).Draw(r, "method"), Next: rapid.IntRange(1, 3).Draw(r, "times"),
				})
			case "note":
				o.note(t, w, rapid.StringMatching("[a-z]{5}").Draw(r, "note")+" "+string(id))
			case "restart":
				o.reboot(t, w, other)
			case "time":
				w.After(time.Duration(rapid.IntRange(1, 100).Draw(r, "seconds")) * time.Second)
			}
		}
		o.ClearFaults()
		w.After(2 * time.Minute)
		o.sameStory(r, o.room.ID, id, other)
	})
}

// receive reports a key that is in no account.
func receive(t *testing.T, w *chattest.World, number int) incident.ID {
	t.Helper()
	now := w.Clock.Now()
	key := incident.KeyID("LTAI" + "5t" + fmt.Sprintf("%018d", number))
	_, id, err := w.Bot.Receive(t.Context(), incident.Bot, incident.Alert{
		Source: "scans", Type: "gitleaks", ExternalKey: string(key), Kind: incident.KindOpen, KeyID: key, DetectedAt: now, ReceivedAt: now,
	}, incident.AlertText{Places: []incident.Place{{Repo: acme, Path: "a"}}})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// A card and a line whose answer was lost are found again after a restart, too.
func TestWhatWasSaidIsFoundAgainAfterARestart(t *testing.T) {
	for _, name := range []string{"card", "line"} {
		t.Run(name, func(t *testing.T) {
			clock := &ahead{}
			o, other := newOffice(t, false, clocked(clock)), newWall()
			w := o.world(t, chattest.Options{}, o.chat, other)
			if name == "card" {
				o.Inject(slacktest.Fault{Kind: slacktest.Lose, Method: "chat.postMessage", Next: 1})
			}
			id := w.Alert()
			w.Settle()
			if name == "line" {
				w.After(time.Minute)
				o.Inject(slacktest.Fault{Kind: slacktest.Lose, Method: "chat.postMessage", Next: 1})
				o.votes(t, w, ana)
			}
			clock.Move(20 * time.Hour)
			o.reboot(t, w, other)
			w.After(time.Minute)
			o.sameStory(t, o.room.ID, id, other)
		})
	}
}

// A card whose answer was lost is looked for a day back.
func TestALostCardIsLookedForADayBack(t *testing.T) {
	clock := &ahead{}
	o := newOffice(t, true, clocked(clock))
	card := offeredCard(t)
	o.Inject(slacktest.Fault{Kind: slacktest.Lose, Method: "chat.postMessage", Next: 1})
	if _, err := o.chat.Post(t.Context(), "inc-7", card); err == nil {
		t.Fatal("the answer was not lost")
	}
	clock.Move(23 * time.Hour)
	o.start()
	ref := o.posts(t, "inc-7", card)
	if all := o.Messages(o.room.ID); len(all) != 1 || string(ref) != o.room.ID+"/"+all[0].TS {
		t.Errorf("%d cards, the bot knows %s", len(all), ref)
	}
}

// What was said before a restart is not said again.
func TestALineIsSaidOnceOverARestart(t *testing.T) {
	o := newOffice(t, true)
	ref := o.posts(t, "inc-7", offeredCard(t))
	if err := o.chat.Reply(t.Context(), ref, bot.Line{Key: "inc-7/1", Text: "one"}); err != nil {
		t.Fatal(err)
	}
	o.start()
	if err := o.chat.Reply(t.Context(), ref, bot.Line{Key: "inc-7/1", Text: "one"}); err != nil {
		t.Fatal(err)
	}
	if n := len(o.Messages(o.room.ID)); n != 2 {
		t.Fatalf("%d messages after a restart, want the card and its line", n)
	}
}

// Others can write the same metadata as the bot; it counts for nothing.
func TestMetadataOfOthersCountsForNothing(t *testing.T) {
	var o *office
	forged := &forged{user: func() string { return o.App.BotUser }}
	o = newOffice(t, true, func(c *slack.Config) { c.Transport = forged })
	ref := o.posts(t, "inc-7", offeredCard(t))
	line := bot.Line{Key: "inc-7/1", Text: "one"}
	for n, theirs := range []bool{false, true} {
		forged.on.Store(theirs)
		o.start()
		if err := o.chat.Reply(t.Context(), ref, line); err != nil {
			t.Fatal(err)
		}
		if got := len(o.Messages(o.room.ID)); got != 2+n {
			t.Errorf("%d messages, want %d", got, 2+n)
		}
	}
}

// forged is a network on which what the bot said seems to be said by somebody else.
type forged struct {
	user func() string
	on   atomic.Bool
}

func (f *forged) RoundTrip(r *http.Request) (*http.Response, error) {
	got, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || !f.on.Load() || !strings.HasSuffix(r.URL.Path, "conversations.replies") {
		return got, err
	}
	body, err := io.ReadAll(got.Body)
	_ = got.Body.Close()
	got.Body = io.NopCloser(strings.NewReader(strings.ReplaceAll(string(body), f.user(), "U0000000666")))
	got.ContentLength = -1
	return got, err
}

// A timeout is waited out like any other fault, whether the call was made or not.
func TestTimeouts(t *testing.T) {
	for name, made := range map[string]bool{"made": true, "not made": false} {
		t.Run(name, func(t *testing.T) {
			late := &late{made: made}
			o, other := newOffice(t, false, func(c *slack.Config) { c.Transport = late }), newWall()
			w := o.world(t, chattest.Options{}, o.chat, other)
			late.next.Store(2)
			id := w.Alert()
			w.After(time.Minute)
			w.After(time.Minute)
			late.next.Store(2)
			o.votes(t, w, ana)
			w.After(time.Minute)
			w.After(time.Minute)
			o.sameStory(t, o.room.ID, id, other)
			if n := late.hits.Load(); n != 4 {
				t.Errorf("%d calls timed out, want 4", n)
			}
		})
	}
}

// late is a network on which the next posts are not answered in time.
type late struct {
	made       bool
	next, hits atomic.Int32
}

func (l *late) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(r.URL.Path, "/api/chat.") || l.next.Add(-1) < 0 {
		return http.DefaultTransport.RoundTrip(r)
	}
	l.hits.Add(1)
	if l.made {
		if got, err := http.DefaultTransport.RoundTrip(r); err == nil {
			_ = got.Body.Close()
		}
	}
	return nil, context.DeadlineExceeded
}

// Slack says how long to wait, and that long it is left alone.
func TestSlackIsLeftAloneForAsLongAsItAsks(t *testing.T) {
	o := newOffice(t, true)
	o.Inject(slacktest.Fault{Kind: slacktest.Throttle, RetryAfter: 30, Next: 1})
	_, err := o.chat.Post(t.Context(), "inc-7", offeredCard(t))
	waiter := bot.Waiter(nil)
	if !errors.As(err, &waiter) || waiter.Wait() != 30*time.Second {
		t.Errorf("%v", err)
	}
	w := o.world(t, chattest.Options{})
	o.Inject(slacktest.Fault{Kind: slacktest.Throttle, Method: "chat.postMessage", RetryAfter: 30, Next: 1})
	id := w.Alert()
	w.Settle()
	calls := o.Calls("chat.postMessage")
	w.After(29 * time.Second)
	if n := o.Calls("chat.postMessage"); n != calls {
		t.Errorf("asked %d times more", n-calls)
	}
	w.After(time.Second)
	if cards, _ := o.thread(o.room.ID, id); len(cards) != 1 {
		t.Errorf("%d cards", len(cards))
	}
}

// What Slack answers instead of JSON never stands in an error.
func TestErrorsHoldNothingForeign(t *testing.T) {
	o := newOffice(t, true)
	for name, kind := range kinds {
		remove := o.Inject(slacktest.Fault{Kind: kind, Method: "chat.postMessage"})
		_, err := o.chat.Post(t.Context(), "inc-"+name, offeredCard(t))
		remove()
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		for _, bad := range []string{"<", "html", "http://", "xoxb", "127.0.0.1", "/api/"} {
			if strings.Contains(fmt.Sprintf("%v %+v", err, errors.Unwrap(err)), bad) {
				t.Errorf("%s: the error holds %q: %v", name, bad, err)
			}
		}
	}
	o.Inject(slacktest.Fault{Kind: slacktest.Refuse, Code: "<script>alert(1)</script>", Next: 1})
	if _, err := o.chat.Post(t.Context(), "inc-9", offeredCard(t)); err == nil || strings.Contains(err.Error(), "script") {
		t.Errorf("%v", err)
	}
}
