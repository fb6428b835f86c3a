package slacktest_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/slack-go/slack"

	"twokey/bot/slack/slacktest"
)

// probe is a T that notes the first failure and ends its goroutine, as a real one.
type probe struct {
	ctx    context.Context
	failed string
}

func (p *probe) Helper()                   {}
func (p *probe) Logf(string, ...any)       {}
func (p *probe) Cleanup(func())            {}
func (p *probe) Context() context.Context  { return p.ctx }
func (p *probe) Fatalf(f string, a ...any) { p.failed = fmt.Sprintf(f, a...); runtime.Goexit() }

// fails wants the act to fail its test with these words.
func fails(t *testing.T, words string, act func(t slacktest.T)) {
	t.Helper()
	p := &probe{ctx: t.Context()}
	var wg sync.WaitGroup
	wg.Go(func() { act(p) })
	wg.Wait()
	if !strings.Contains(p.failed, words) {
		t.Errorf("failed with %q, want %q", p.failed, words)
	}
}

func TestPeopleDoOnlyWhatSlackLetsThem(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.listen(t, ackOnly)
	card := w.post(t, slack.MsgOptionText("card", false), slack.MsgOptionBlocks(
		actions("a", button("1", "one", "Approve"), button("2", "two", "Decline")),
		actions("b", button("1", "three", "Decline")),
	))
	eve := w.AddUser(slacktest.User{Name: "eve"}).ID
	approve := w.As(t, w.ana).Find(func(b slacktest.Button) bool { return b.Value == "one" })
	_, err := w.api.PostEphemeralContext(t.Context(), w.room, w.bo, slack.MsgOptionText("x", false),
		slack.MsgOptionBlocks(actions("a", button("1", "four", "Only for Bo"))))
	ok(t, err)

	fails(t, "sees no such button", func(t slacktest.T) { w.As(t, w.ana).Click("Delete") })
	fails(t, "sees no such button", func(t slacktest.T) { w.As(t, eve).Click("Approve") })
	fails(t, "sees no such button", func(t slacktest.T) { w.As(t, w.ana).Click("Only for Bo") })
	fails(t, "twice in one place", func(t slacktest.T) { w.As(t, w.ana).Click("Decline") })
	fails(t, "in no channel", func(t slacktest.T) { w.As(t, eve).Command(w.room, "list") })
	fails(t, "no modal open", func(t slacktest.T) { w.As(t, w.ana).Modal() })
	fails(t, "no account", func(t slacktest.T) { w.As(t, "U0NOSUCH") })
	w.As(t, w.bo).Click("Only for Bo")

	_, _, _, err = w.api.UpdateMessageContext(t.Context(), w.room, card, slack.MsgOptionText("done", false))
	ok(t, err)
	fails(t, "is gone", func(t slacktest.T) { w.As(t, w.ana).Press(approve) })
	w.As(t, w.ana).PressStale(approve)
}

func TestAButtonWithoutAnIDIsGivenOne(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.post(t, slack.MsgOptionText("card", false), slack.MsgOptionBlocks(actions("", button("", "v", "Approve"))))
	b := w.As(t, w.ana).Find(func(b slacktest.Button) bool { return b.Label == "Approve" })
	if b.ID == "" || b.Block == "" {
		t.Errorf("%+v", b)
	}
}

func TestAModalIsFilledInAsSlackAllows(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	asking(t, w, func(slack.InteractionCallback) any { return nil })
	m := w.As(t, w.ana).Click("Ask").AwaitModal()
	in := m.Inputs()
	if len(in) != 1 || in[0].Label != "Why" || in[0].Min != 3 || in[0].Max != 100 || in[0].Optional {
		t.Errorf("inputs %+v", in)
	}
	for problem, values := range map[string]map[string]string{
		"Why is empty":     {},
		"Why is too short": {"Why": "no"},
		"Why is too long":  {"reason": strings.Repeat("é", 101)},
		"has no field":     {"Why": "because", "Who": "me"},
	} {
		fails(t, problem, func(ft slacktest.T) { w.As(ft, w.ana).Modal().Submit(values) })
	}
}

func TestAChoiceIsAButton(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.listen(t, ackOnly)
	menu := slack.NewOverflowBlockElement("more", slack.NewOptionBlockObject("v1", plain("Steps"), nil), slack.NewOptionBlockObject("v2", plain("Close"), nil))
	w.post(t, slack.MsgOptionText("card", false), slack.MsgOptionAttachments(slack.Attachment{Color: "#f00", Blocks: slack.Blocks{
		BlockSet: []slack.Block{slack.NewSectionBlock(mrkdwn("more"), nil, slack.NewAccessory(menu))},
	}}))
	w.As(t, w.ana).Click("Close")
	got := string(w.Envelopes()[0].Payload)
	for _, part := range []string{`"selected_option":{"text":`, `"value":"v2"`, `"type":"message_attachment"`, `"action_id":"more"`} {
		if !strings.Contains(got, part) {
			t.Errorf("no %s in %s", part, got)
		}
	}
	if text := w.Text(w.room); !strings.Contains(text, "[Steps | Close]") {
		t.Errorf("shown %q", text)
	}
}

func TestAShortcutCarriesItsMessage(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.listen(t, ackOnly)
	ts := w.As(t, w.ana).Say(w.room, "", "look at this <here>")
	w.As(t, w.bo).Shortcut("report", w.room, ts)
	got := string(w.Envelopes()[0].Payload)
	for _, part := range []string{`"type":"message_action"`, `"callback_id":"report"`, `"message_ts":"` + ts, `\u0026lt;here\u0026gt;`} {
		if !strings.Contains(got, part) {
			t.Errorf("no %s in %s", part, got)
		}
	}
}

func TestWhatAMessageDoesIsSeen(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.post(t, slack.MsgOptionText("<!channel> <@U1> &lt;!here&gt; <https://a.example|a>", false), slack.MsgOptionBlocks(
		slack.NewHeaderBlock(plain("<!everyone> https://plain.example")),
		section("<!subteam^S1> https://bare.example <#C1>"),
		slack.NewRichTextBlock("r", slack.NewRichTextSection(
			slack.NewRichTextSectionTextElement("<!here> https://inert.example", nil), slack.NewRichTextSectionUserElement("U2", nil),
			slack.NewRichTextSectionLinkElement("https://rich.example", "x", nil),
		)),
	))
	m := w.Messages(w.room)[0]
	if got := m.Pings(); !slices.Equal(got, []string{"channel", "U1", "S1", "U2"}) {
		t.Errorf("pings %q", got)
	}
	if got := m.Links(); !slices.Equal(got, []string{"https://a.example", "https://bare.example", "https://rich.example"}) {
		t.Errorf("links %q", got)
	}
}

func TestWhatTheBotDrewIsKept(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.post(t, slack.MsgOptionText("x", false), slack.MsgOptionBlocks(section("one")))
	_, _, err := w.api.PostMessageContext(t.Context(), w.room, slack.MsgOptionBlocks(slack.NewHeaderBlock(plain(strings.Repeat("x", 151)))))
	refused(t, err, "invalid_blocks")
	if said := details(err).([]string); !slices.Equal(said, []string{"[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"}) {
		t.Errorf("said %q", said)
	}
	if drawn := w.Drawn(); len(drawn) != 2 || !strings.Contains(string(drawn[1].JSON), "xxx") {
		t.Errorf("drawn %d", len(drawn))
	}
}
