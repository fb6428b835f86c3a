package slacktest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"twokey/bot/slack/slacktest"
)

func TestFaultsHitTheirMethodAndEnd(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	post := func() error {
		_, _, err := w.api.PostMessageContext(t.Context(), w.room, slack.MsgOptionText("x", false))
		return err
	}
	for name, c := range map[string]struct {
		fault slacktest.Fault
		is    func(error) bool
	}{
		"throttled": {slacktest.Fault{Kind: slacktest.Throttle, RetryAfter: 7}, func(err error) bool {
			limited, is := errors.AsType[*slack.RateLimitedError](err)
			return is && limited.RetryAfter == 7*time.Second
		}},
		"broken":      {slacktest.Fault{Kind: slacktest.ServerError}, status(500)},
		"unavailable": {slacktest.Fault{Kind: slacktest.Unavailable}, status(503)},
		"a page":      {slacktest.Fault{Kind: slacktest.HTML}, func(err error) bool { return !status(200)(err) }},
		"refused":     {slacktest.Fault{Kind: slacktest.Refuse, Code: "fatal_error"}, func(err error) bool { return err.Error() == "fatal_error" }},
		"cut":         {slacktest.Fault{Kind: slacktest.Cut}, func(error) bool { return true }},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(w.Messages(w.room))
			c.fault.Method, c.fault.Next = "chat.postMessage", 1
			w.Inject(c.fault)
			_, err := w.api.AuthTestContext(t.Context())
			ok(t, err)
			if err := post(); err == nil || !c.is(err) {
				t.Errorf("got %v", err)
			}
			if n := len(w.Messages(w.room)); n != before {
				t.Errorf("%d messages more", n-before)
			}
			ok(t, post())
		})
	}
	if n := w.Calls("chat.postMessage"); n != 12 {
		t.Errorf("%d calls", n)
	}
}

func status(code int) func(error) bool {
	return func(err error) bool {
		said, is := errors.AsType[slack.StatusCodeError](err)
		return is && said.Code == code
	}
}

func TestALostAnswerWasApplied(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	remove := w.Inject(slacktest.Fault{Kind: slacktest.Lose, Method: "chat.postMessage"})
	_, _, err := w.api.PostMessageContext(t.Context(), w.room, slack.MsgOptionText("x", false))
	if err == nil || len(w.Messages(w.room)) != 1 {
		t.Errorf("%v, %d messages", err, len(w.Messages(w.room)))
	}
	remove()
	w.post(t, slack.MsgOptionText("y", false))
}

func TestACallHangsUntilSomebodyGivesUp(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	held, release := make(chan struct{}, 1), make(chan struct{})
	w.Inject(slacktest.Fault{Kind: slacktest.Hang, Method: "chat.postMessage", Next: 1, Held: held})
	w.Inject(slacktest.Fault{Kind: slacktest.Hang, Method: "chat.postMessage", Held: held, Release: release})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	post := func() {
		_, _, err := w.api.PostMessageContext(ctx, w.room, slack.MsgOptionText("x", false))
		done <- err
	}
	go post()
	<-held
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) || len(w.Messages(w.room)) != 0 {
		t.Errorf("gave up: %v", err)
	}
	ctx = t.Context()
	go post()
	<-held
	close(release)
	ok(t, <-done)
	if n := len(w.Messages(w.room)); n != 1 {
		t.Errorf("%d messages after the wait", n)
	}
}
