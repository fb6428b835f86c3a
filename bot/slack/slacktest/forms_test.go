package slacktest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"twokey/bot/slack/slacktest"
)

// form has a field of each kind that holds choices, and a button.
func form() slack.ModalViewRequest {
	one, two := slack.NewOptionBlockObject("1", plain("One"), nil), slack.NewOptionBlockObject("2", plain("Two"), nil)
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plain("Form"), Submit: plain("Send"), NotifyOnClose: true, ExternalID: "form-1",
		Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock("pick", plain("Pick"), nil, slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, nil, "v", one, two)),
			slack.NewInputBlock("ticks", plain("Ticks"), nil, slack.NewCheckboxGroupsBlockElement("v", one, two)).WithOptional(true),
			actions("row", button("look", "x", "Look")),
		}},
	}
}

func TestChoicesAreFilledIn(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	got := make(chan slack.InteractionCallback, 8)
	w.listen(t, func(sm *socketmode.Client, e socketmode.Event) {
		ackOnly(sm, e)
		if c, is := e.Data.(slack.InteractionCallback); is {
			got <- c
		}
	})
	ana := w.As(t, w.ana)
	_, err := w.api.OpenViewContext(t.Context(), ana.Trigger(), form())
	ok(t, err)
	fails(t, "Pick offers no 3", func(ft slacktest.T) { w.As(ft, w.ana).Modal().Submit(map[string]string{"Pick": "3"}) })

	ana.Click("Look")
	if c := <-got; c.Container.Type != "view" || c.Container.ViewID != c.View.ID || c.View.ExternalID != "form-1" || c.Channel.ID != "" || c.ResponseURL != "" {
		t.Errorf("a button in a modal: %+v", c.Container)
	}
	second := form()
	second.Title = plain("Again")
	_, err = w.api.UpdateViewContext(t.Context(), second, "form-1", "", "")
	ok(t, err)
	ana.Modal().Submit(map[string]string{"Pick": "2", "ticks": "1,2"})
	values := (<-got).View.State.Values
	if values["pick"]["v"].SelectedOption.Value != "2" || len(values["ticks"]["v"].SelectedOptions) != 2 {
		t.Errorf("filled in: %+v", values)
	}
}

func TestTheBotHearsThatAModalWasGivenUp(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.listen(t, ackOnly)
	ana := w.As(t, w.ana)
	_, err := w.api.OpenViewContext(t.Context(), ana.Trigger(), form())
	ok(t, err)
	ana.Modal().Close()
	if sent := w.Envelopes(); len(sent) != 1 || !strings.Contains(string(sent[0].Payload), `"type":"view_closed"`) || ana.HasModal() {
		t.Errorf("sent %+v", sent)
	}
}

func TestAnAnswerMayGoToEverybody(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.dial(t, `{"response_type":"in_channel","text":"hello all"}`)
	w.As(t, w.ana).Command(w.room, "list")
	if w.Text(w.room) != "twokey: hello all\n" || len(w.Told(w.ana)) != 0 {
		t.Errorf("room %q, told %v", w.Text(w.room), w.Told(w.ana))
	}
}

func TestAModalMayBeLaidOverByAnAnswer(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	doc, err := json.Marshal(map[string]any{"response_action": "push", "view": modal()})
	ok(t, err)
	w.dial(t, string(doc))
	ana := w.As(t, w.ana)
	_, err = w.api.OpenViewContext(t.Context(), ana.Trigger(), modal())
	ok(t, err)
	for range 2 {
		ana.Modal().Submit(map[string]string{"Why": "because"})
	}
	if r := ana.Lenient().Modal().Submit(map[string]string{"Why": "because"}); r.Problem != "push_limit_reached" {
		t.Errorf("a fourth one: %+v", r)
	}
}

func TestAnAppHasTenSockets(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	for n := 1; n <= 10; n++ {
		w.dial(t, `{}`)
		w.AwaitSockets(t, n)
	}
	_, url, err := w.api.StartSocketModeContext(t.Context())
	ok(t, err)
	if first := firstFrame(t, url); !strings.Contains(first, "too_many_websockets") {
		t.Errorf("the eleventh is told %s", first)
	}
}

func TestArgumentsMayBeJSON(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	call := func(token, body string) string {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL()+"chat.postMessage", strings.NewReader(body))
		ok(t, err)
		q.Header.Set("Content-Type", "application/json; charset=utf-8")
		if token != "" {
			q.Header.Set("Authorization", "Bearer "+token)
		}
		got, err := http.DefaultClient.Do(q)
		ok(t, err)
		defer got.Body.Close()
		b, err := io.ReadAll(got.Body)
		ok(t, err)
		return string(b)
	}
	message := `{"channel":"` + w.room + `","text":"x","blocks":[{"type":"divider"}],"token":"` + w.App.BotToken + `"}`
	for want, answer := range map[string]string{
		`"ok":true`: call(w.App.BotToken, message), `"not_authed"`: call("", message), `"invalid_json"`: call(w.App.BotToken, "{"),
		`"invalid_blocks_format"`: call(w.App.BotToken, `{"channel":"`+w.room+`","blocks":"x"}`),
	} {
		if !strings.Contains(answer, want) {
			t.Errorf("want %s, got %s", want, answer)
		}
	}
}

func TestAMessageOfTooMuchTextIsRefused(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	part := section(strings.Repeat("é", 2501))
	_, _, err := w.api.PostMessageContext(t.Context(), w.room, slack.MsgOptionBlocks(part, part, part, part))
	refused(t, err, "msg_blocks_too_long")
}

func TestASharedChannelIsKnown(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.ChangeChannel(w.room, func(c *slacktest.Channel) { c.Shared = true })
	c, err := w.api.GetConversationInfoContext(t.Context(), &slack.GetConversationInfoInput{ChannelID: w.room})
	ok(t, err)
	if all := w.Channels(); !c.IsExtShared || len(all) != 1 || !all[0].Shared {
		t.Errorf("%+v", c)
	}
}
