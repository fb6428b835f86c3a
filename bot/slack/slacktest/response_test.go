package slacktest_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"twokey/bot/slack/slacktest"
)

// pressed is a private card with a button, and the response URL of a press on it.
func pressed(t *testing.T, w *world) (url string) {
	t.Helper()
	_, err := w.api.PostEphemeralContext(t.Context(), w.room, w.ana, slack.MsgOptionText("plan", false),
		slack.MsgOptionBlocks(section("the plan"), actions("a", button("approve", "digest", "Approve"))))
	ok(t, err)
	w.As(t, w.ana).Click("Approve")
	var c slack.InteractionCallback
	sent := w.Envelopes()
	ok(t, json.Unmarshal(sent[len(sent)-1].Payload, &c))
	if !c.Container.IsEphemeral || c.Message.Timestamp != "" {
		t.Errorf("container %+v, message %+v", c.Container, c.Message)
	}
	return c.ResponseURL
}

func TestAResponseReplacesAPrivateCard(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.listen(t, ackOnly)
	url := pressed(t, w)
	ok(t, slack.PostWebhookContext(t.Context(), url, &slack.WebhookMessage{Text: "done", ReplaceOriginal: true}))
	if all := w.Ephemeral(w.room, w.ana); len(all) != 1 || all[0].Text != "done" || all[0].Blocks != nil {
		t.Errorf("replaced: %+v", all)
	}
	_, _, err := w.api.PostMessageContext(t.Context(), "", slack.MsgOptionDeleteOriginal(url))
	ok(t, err)
	if all := w.Ephemeral(w.room, w.ana); len(all) != 0 {
		t.Errorf("deleted: %+v", all)
	}
}

func TestAResponseURLWorksFiveTimesInHalfAnHour(t *testing.T) {
	c := newClock()
	w := newWorld(t, slacktest.Options{Now: c.now})
	w.listen(t, ackOnly)
	url := pressed(t, w)
	say := func() error { return slack.PostWebhookContext(t.Context(), url, &slack.WebhookMessage{Text: "x"}) }
	for range 5 {
		ok(t, say())
	}
	if !status(404)(say()) {
		t.Error("a sixth time")
	}
	url = pressed(t, w)
	c.move(30*time.Minute + time.Second)
	if !status(404)(say()) {
		t.Error("after half an hour")
	}
	if n := w.Calls("response_url"); n != 7 {
		t.Errorf("%d posts", n)
	}
}

func TestAResponseToEverybodyStandsInTheRoom(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.listen(t, ackOnly)
	url := pressed(t, w)
	ok(t, slack.PostWebhookContext(t.Context(), url, &slack.WebhookMessage{Text: "Ana approved", ResponseType: "in_channel"}))
	if w.Text(w.room) != "twokey: Ana approved\n" {
		t.Errorf("room %q", w.Text(w.room))
	}
	w.Inject(slacktest.Fault{Kind: slacktest.ServerError, Method: "response_url"})
	if err := slack.PostWebhookContext(t.Context(), url, &slack.WebhookMessage{Text: "x"}); !status(500)(err) {
		t.Errorf("fault: %v", err)
	}
}
