package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"twokey/bot/slack/e2e"
)

const folder = "."

// needNode skips on a bare machine; CI installs what is missing.
func needNode(t *testing.T) {
	t.Helper()
	if what := e2e.Missing(folder); what != "" {
		t.Skip(what)
	}
}

// bot is the smallest bot on slack-go: a card whose button asks for a reason, then
// changes the card and tells the person.
type bot struct {
	*slack.Client
	t    *testing.T
	room string
}

func start(t *testing.T) (*e2e.Slack, *bot) {
	t.Helper()
	needNode(t)
	s := e2e.Start(t, folder, "ana", "bo")
	b := &bot{slack.New(s.BotToken, slack.OptionAPIURL(s.URL()), slack.OptionAppLevelToken(s.AppToken)), t, s.Room}
	sm := socketmode.New(b.Client)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = sm.RunContext(ctx) })
	wg.Go(func() {
		for {
			select {
			case e := <-sm.Events:
				b.hear(ctx, sm, e)
			case <-ctx.Done():
				return
			}
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return s, b
}

func plain(words string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, words, false, false)
}

func (b *bot) card(state string) []slack.MsgOption {
	return []slack.MsgOption{
		slack.MsgOptionText(state, false),
		slack.MsgOptionBlocks(
			slack.NewHeaderBlock(plain(state)), slack.NewActionBlock("a", slack.NewButtonBlockElement("approve", "digest", plain("Approve"))),
		),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "card", EventPayload: map[string]any{"key": "inc-1"}}),
	}
}

func (b *bot) hear(ctx context.Context, sm *socketmode.Client, e socketmode.Event) {
	switch d := e.Data.(type) {
	case slack.SlashCommand:
		_ = sm.Ack(*e.Request, map[string]any{"text": "you typed " + d.Text})
	case slack.InteractionCallback:
		_ = sm.Ack(*e.Request)
		if d.Type == slack.InteractionTypeViewSubmission {
			b.approved(ctx, d)
			return
		}
		if _, err := b.OpenViewContext(ctx, d.TriggerID, b.question(d.Message.Timestamp)); err != nil {
			b.t.Errorf("open the modal: %v", err)
		}
	default:
		if e.Request != nil && e.Request.EnvelopeID != "" {
			_ = sm.Ack(*e.Request)
		}
	}
}

func (b *bot) question(card string) slack.ModalViewRequest {
	return slack.ModalViewRequest{
		Type: slack.VTModal, Title: plain("Reason"), Submit: plain("Send"), PrivateMetadata: card,
		Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewInputBlock("reason", plain("Why"), nil, slack.NewPlainTextInputBlockElement(nil, "v"))}},
	}
}

func (b *bot) approved(ctx context.Context, d slack.InteractionCallback) {
	reason := d.View.State.Values["reason"]["v"].Value
	if _, _, _, err := b.UpdateMessageContext(ctx, b.room, d.View.PrivateMetadata, b.card("approved by "+d.User.Name)...); err != nil {
		b.t.Errorf("update: %v", err)
	}
	if _, err := b.PostEphemeralContext(ctx, b.room, d.User.ID, slack.MsgOptionText("thank you: "+reason, false)); err != nil {
		b.t.Errorf("tell: %v", err)
	}
}

func TestAClickGoesAllTheWay(t *testing.T) {
	s, b := start(t)
	_, ts, err := b.PostMessageContext(t.Context(), s.Room, b.card("leaked")...)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = b.PostMessageContext(t.Context(), s.Room, slack.MsgOptionText("a line", false), slack.MsgOptionTS(ts))
	if err != nil {
		t.Fatal(err)
	}
	if seen := s.Everything(t, "bo"); !strings.Contains(seen, "leaked") || !strings.Contains(seen, "a line") {
		t.Errorf("Bo sees %s", seen)
	}
	press := s.Click(t, "ana", func(b e2e.Button) bool { return b.Label == "Approve" })
	press.Submit("ana", map[string]string{"reason": "not needed"}).AwaitText("thank you: not needed")
	if seen := s.Everything(t, "bo"); !strings.Contains(seen, "approved by ana") || strings.Contains(seen, "leaked") || strings.Contains(seen, "thank you") {
		t.Errorf("Bo sees %s", seen)
	}
	if told := s.Told("bo"); len(told) != 0 {
		t.Errorf("Bo is told %v", told)
	}
}

func TestCommandsAndMentionsAreAnswered(t *testing.T) {
	s, _ := start(t)
	if answer := s.Command(t, "ana", "list").Await(); answer != "you typed list" {
		t.Errorf("answer %s", answer)
	}
	s.HangUp()
	s.Mention(t, "bo", "", "list")
	if seen := s.Everything(t, "ana"); !strings.Contains(seen, s.BotUser+"> list") {
		t.Errorf("Ana sees %s", seen)
	}
}

func TestRateLimitsAreTold(t *testing.T) {
	s, b := start(t)
	s.Throttle("chat.postMessage", 1)
	_, _, err := b.PostMessageContext(t.Context(), s.Room, b.card("leaked")...)
	if _, limited := errors.AsType[*slack.RateLimitedError](err); !limited {
		t.Errorf("got %v", err)
	}
	if _, _, err = b.PostMessageContext(t.Context(), s.Room, b.card("leaked")...); err != nil || s.Calls("chat.postMessage") != 2 {
		t.Errorf("then %v, after %d calls", err, s.Calls("chat.postMessage"))
	}
}

func TestSlacksOwnTypesAreAsked(t *testing.T) {
	needNode(t)
	doc := func(view bool, s string) e2e.Doc { return e2e.Doc{View: view, JSON: json.RawMessage(s)} }
	const reason = `{"type":"input","block_id":"r","label":{"type":"plain_text","text":"x"},"element":{"type":"plain_text_input","action_id":"v"}}`
	good := []e2e.Doc{
		doc(false, `{"text":"x","blocks":[{"type":"header","text":{"type":"plain_text","text":"x"}}],"attachments":[]}`),
		doc(false, "{\n\"text\":\"x\"}"),
		doc(true, `{"type":"modal","title":{"type":"plain_text","text":"x"},"submit":{"type":"plain_text","text":"x"},"blocks":[`+reason+`]}`),
	}
	if err := e2e.CheckTypes(t.Context(), folder, t.TempDir(), good); err != nil {
		t.Error(err)
	}
	bad := append(good,
		doc(false, `{"blocks":[{"type":"header","text":{"type":"mrkdwn","text":"x"}}]}`),
		doc(false, `{"blocks":[{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"x"},"style":"warning"}]}]}`),
		doc(true, `{"type":"modal","blocks":[]}`),
	)
	err := e2e.CheckTypes(t.Context(), folder, t.TempDir(), bad)
	for _, want := range []string{"document 3:", "document 4:", "document 5:"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nothing about %s in %v", want, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), "document 0:") {
		t.Errorf("a good one is refused: %v", err)
	}
}
