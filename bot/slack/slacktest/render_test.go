package slacktest_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/slack-go/slack"

	"twokey/bot/slack/slacktest"
)

// everything is one of each block, as Slack's documents write them.
const everything = `[
	{"type": "header", "text": {"type": "plain_text", "text": "<!here> & co"}},
	{"type": "section", "text": {"type": "mrkdwn", "text": "<https://a.example> <#C1|room> <!subteam^S1> <!date^1^{date}|then>"},
		"fields": [{"type": "mrkdwn", "text": "*Whose*"}, {"type": "plain_text", "text": "ci-deploy"}],
		"accessory": {"type": "button", "action_id": "b", "text": {"type": "plain_text", "text": "Open"}}},
	{"type": "context", "elements": [{"type": "image", "image_url": "https://i.example", "alt_text": "a lock"}, {"type": "mrkdwn", "text": "record 9f2c"}]},
	{"type": "divider"},
	{"type": "image", "image_url": "https://i.example", "alt_text": "a map"},
	{"type": "markdown", "text": "**bold**"},
	{"type": "actions", "elements": [
		{"type": "button", "action_id": "c", "text": {"type": "plain_text", "text": "Yes"}},
		{"type": "static_select", "action_id": "d", "placeholder": {"type": "plain_text", "text": "More"}, "option_groups": [
			{"label": {"type": "plain_text", "text": "g"}, "options": [{"text": {"type": "plain_text", "text": "One"}, "value": "1"}]}]}]},
	{"type": "rich_text", "elements": [
		{"type": "rich_text_section", "elements": [
			{"type": "text", "text": "Ask "}, {"type": "user", "user_id": "U0ANA"}, {"type": "text", "text": " or "},
			{"type": "usergroup", "usergroup_id": "S1"}, {"type": "text", "text": " in "}, {"type": "channel", "channel_id": "C1"},
			{"type": "emoji", "name": "eyes"}, {"type": "broadcast", "range": "here"}, {"type": "date", "timestamp": 1, "format": "{date}", "fallback": "today"},
			{"type": "link", "url": "https://b.example"}, {"type": "link", "url": "https://c.example", "text": "there"}]},
		{"type": "rich_text_list", "style": "bullet", "elements": [
			{"type": "rich_text_section", "elements": [{"type": "text", "text": "first"}]},
			{"type": "rich_text_section", "elements": [{"type": "text", "text": "second"}]}]},
		{"type": "rich_text_quote", "elements": [{"type": "text", "text": "they said"}]},
		{"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "code"}]}]},
	{"type": "table", "rows": [[{"type": "raw_text", "text": "a"}, {"type": "rich_text", "elements": [
		{"type": "rich_text_section", "elements": [{"type": "text", "text": "b"}]}]}]]}
]`

const everythingRead = `twokey: <!here> & co
https://a.example room @S1 then
*Whose*
ci-deploy
[Open]
a lock record 9f2c
a map
**bold**
[Yes] [More: One]
Ask @ana or @S1 in #C1:eyes:@heretodayhttps://b.examplethere
- first
- second
they said
code
a | b
`

func TestEveryBlockIsRead(t *testing.T) {
	w := slacktest.New(t, slacktest.Options{})
	w.AddUser(slacktest.User{ID: "U0ANA", Name: "ana"})
	room := w.Room("sec-leaks").ID
	api := slack.New(w.App.BotToken, slack.OptionAPIURL(w.URL()))
	var blocks slack.Blocks
	ok(t, json.Unmarshal([]byte(everything), &blocks))
	_, _, err := api.PostMessageContext(t.Context(), room, slack.MsgOptionBlocks(blocks.BlockSet...))
	ok(t, err)
	if diff := cmp.Diff(everythingRead, w.Text(room)); diff != "" {
		t.Error(diff)
	}
}
