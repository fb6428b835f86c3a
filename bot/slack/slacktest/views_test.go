package slacktest_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"twokey/bot/slack/slacktest"
)

// clock stands still until it is moved. It is for one goroutine and the server.
type clock struct{ ch chan time.Time }

func newClock() *clock {
	c := &clock{ch: make(chan time.Time, 1)}
	c.ch <- time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	return c
}

func (c *clock) now() time.Time {
	now := <-c.ch
	c.ch <- now
	return now
}

func (c *clock) move(d time.Duration) { c.ch <- (<-c.ch).Add(d) }

// modal asks for a reason.
func modal() slack.ModalViewRequest {
	reason := slack.NewPlainTextInputBlockElement(plain("why?"), "v")
	reason.MinLength, reason.MaxLength = 3, 100
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: "reason", PrivateMetadata: "inc-7",
		Title: plain("Reason"), Submit: plain("Send"), Close: plain("Back"),
		Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewInputBlock("reason", plain("Why"), nil, reason)}},
	}
}

// clicked is a card whose button was pressed, and the trigger that came with it.
func clicked(t *testing.T, w *world) (trigger string) {
	t.Helper()
	w.post(t, slack.MsgOptionText("card", false), slack.MsgOptionBlocks(actions("a", button("ask", "v", "Ask"))))
	w.As(t, w.ana).Click("Ask")
	sent := w.Envelopes()
	var c slack.InteractionCallback
	ok(t, json.Unmarshal(sent[len(sent)-1].Payload, &c))
	return c.TriggerID
}

func TestATriggerWorksOnceAndForThreeSeconds(t *testing.T) {
	c := newClock()
	w := newWorld(t, slacktest.Options{Now: c.now})
	w.listen(t, ackOnly)
	open := func(trigger string) error {
		_, err := w.api.OpenViewContext(t.Context(), trigger, modal())
		return err
	}
	refused(t, open("1.2.made-up"), "invalid_trigger_id")

	trigger := clicked(t, w)
	c.move(3 * time.Second)
	ok(t, open(trigger))
	refused(t, open(trigger), "exchanged_trigger_id")

	w.As(t, w.ana).Modal().Close()
	trigger = clicked(t, w)
	c.move(3*time.Second + time.Millisecond)
	refused(t, open(trigger), "expired_trigger_id")
}

func TestAModalIsChangedOnlyUnderItsHash(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.listen(t, ackOnly)
	v, err := w.api.OpenViewContext(t.Context(), clicked(t, w), modal())
	ok(t, err)
	next := modal()
	next.Title = plain("Second")
	changed, err := w.api.UpdateViewContext(t.Context(), next, "", v.Hash, v.ID)
	ok(t, err)
	_, err = w.api.UpdateViewContext(t.Context(), modal(), "", v.Hash, v.ID)
	refused(t, err, "hash_conflict")
	_, err = w.api.UpdateViewContext(t.Context(), modal(), "", changed.Hash, "V0NOSUCH")
	refused(t, err, "not_found")
	if text := w.As(t, w.ana).Modal().Text(); text != "Second\nWhy\n[why?]\n[Send]\n[Back]" {
		t.Errorf("shown: %q", text)
	}
}

func TestThreeModalsLieOnEachOther(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.listen(t, ackOnly)
	first, err := w.api.OpenViewContext(t.Context(), clicked(t, w), modal())
	ok(t, err)
	for range 2 {
		w.As(t, w.ana).GlobalShortcut("more")
		top, err := w.api.PushViewContext(t.Context(), lastTrigger(t, w), modal())
		ok(t, err)
		if top.RootViewID != first.ID || top.PreviousViewID == "" {
			t.Errorf("root %s, previous %s", top.RootViewID, top.PreviousViewID)
		}
	}
	w.As(t, w.ana).GlobalShortcut("more")
	_, err = w.api.PushViewContext(t.Context(), lastTrigger(t, w), modal())
	refused(t, err, "push_limit_reached")
}

func lastTrigger(t *testing.T, w *world) string {
	t.Helper()
	sent := w.Envelopes()
	var c slack.InteractionCallback
	ok(t, json.Unmarshal(sent[len(sent)-1].Payload, &c))
	return c.TriggerID
}

func TestABadModalIsRefusedAndKeepsTheTrigger(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.listen(t, ackOnly)
	trigger := clicked(t, w)
	bad := modal()
	bad.Title = plain(strings.Repeat("é", 25))
	_, err := w.api.OpenViewContext(t.Context(), trigger, bad)
	refused(t, err, "invalid_arguments")
	if said := details(err).([]string); len(said) != 1 || said[0] != "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]" {
		t.Errorf("said %q", said)
	}
	_, err = w.api.OpenViewContext(t.Context(), trigger, modal())
	ok(t, err)
}

// asking opens a modal for each press, and answers its submission.
func asking(t *testing.T, w *world, answer func(c slack.InteractionCallback) any) {
	t.Helper()
	w.listen(t, func(sm *socketmode.Client, e socketmode.Event) {
		c, is := e.Data.(slack.InteractionCallback)
		switch {
		case !is:
		case c.Type == slack.InteractionTypeViewSubmission:
			_ = sm.Ack(*e.Request, answer(c))
		default:
			_ = sm.Ack(*e.Request)
			_, _ = w.api.OpenViewContext(t.Context(), c.TriggerID, modal())
		}
	})
	w.post(t, slack.MsgOptionText("card", false), slack.MsgOptionBlocks(actions("a", button("ask", "v", "Ask"))))
}

func TestASubmissionIsSentBackUntilItIsRight(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	asking(t, w, func(c slack.InteractionCallback) any {
		if why := c.View.State.Values["reason"]["v"].Value; why != "not needed" {
			return slack.NewErrorsViewSubmissionResponse(map[string]string{"reason": "say more than " + why})
		}
		if c.View.PrivateMetadata != "inc-7" || c.View.CallbackID != "reason" || c.View.Hash == "" || c.User.TeamID != w.App.Team {
			return map[string]any{"response_action": "wrong"}
		}
		return nil
	})
	ana := w.As(t, w.ana)
	m := ana.Click("Ask").AwaitModal()
	if text := m.Submit(map[string]string{"Why": "because"}).Text(); text != "say more than because" {
		t.Errorf("told %q", text)
	}
	if !ana.HasModal() {
		t.Fatal("the modal is gone after an error")
	}
	m.Submit(map[string]string{"reason": "not needed"})
	if ana.HasModal() {
		t.Error("the modal is still open")
	}
}

func TestSlackRefusesAnErrorForNoInput(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	asking(t, w, func(slack.InteractionCallback) any {
		return slack.NewErrorsViewSubmissionResponse(map[string]string{"elsewhere": "no"})
	})
	r := w.As(t, w.ana).Lenient().Click("Ask").AwaitModal().Submit(map[string]string{"Why": "because"})
	if !strings.Contains(r.Problem, "no input") {
		t.Errorf("problem %q", r.Problem)
	}
}

func TestAnAnswerMayPutAnotherModal(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	asking(t, w, func(slack.InteractionCallback) any {
		next := modal()
		next.Title = plain("Sure?")
		return slack.NewUpdateViewSubmissionResponse(&next)
	})
	ana := w.As(t, w.ana)
	ana.Click("Ask").AwaitModal().Submit(map[string]string{"Why": "because"})
	if text := ana.Modal().Text(); !strings.HasPrefix(text, "Sure?") {
		t.Errorf("shown %q", text)
	}
}
