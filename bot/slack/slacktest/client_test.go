package slacktest_test

import (
	"errors"
	"testing"

	"github.com/slack-go/slack"

	"twokey/bot/slack/slacktest"
)

// world is a workspace with one room and two people, and the bot's own client.
type world struct {
	*slacktest.Workspace
	api  *slack.Client
	room string
	ana  string
	bo   string
}

func newWorld(t *testing.T, o slacktest.Options) *world {
	t.Helper()
	w := &world{Workspace: slacktest.New(t, o)}
	w.ana = w.AddUser(slacktest.User{Name: "ana", Email: "ana@corp.example", Locale: "zh-CN"}).ID
	w.bo = w.AddUser(slacktest.User{Name: "bo", Email: "bo@corp.example"}).ID
	w.room = w.Room("sec-leaks", w.ana, w.bo).ID
	w.api = slack.New(w.App.BotToken, slack.OptionAPIURL(w.URL()), slack.OptionAppLevelToken(w.App.AppToken))
	return w
}

// post posts as the bot and fails the test if it can't.
func (w *world) post(t *testing.T, options ...slack.MsgOption) string {
	t.Helper()
	_, ts, err := w.api.PostMessageContext(t.Context(), w.room, options...)
	ok(t, err)
	return ts
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err, details(err))
	}
}

func details(err error) any {
	if said, is := errors.AsType[slack.SlackErrorResponse](err); is {
		return said.ResponseMetadata.Messages
	}
	return ""
}

// refused wants one of Slack's own error codes.
func refused(t *testing.T, err error, code string) {
	t.Helper()
	if err == nil || err.Error() != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func plain(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, text, false, false)
}

func mrkdwn(text string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, text, false, false)
}

func section(text string) slack.Block { return slack.NewSectionBlock(mrkdwn(text), nil, nil) }

func button(id, value, label string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(id, value, plain(label))
}

func actions(id string, elements ...slack.BlockElement) slack.Block {
	return slack.NewActionBlock(id, elements...)
}
