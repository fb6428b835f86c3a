package slack_test

import (
	"slices"
	"strings"
	"testing"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/room"
	"twokey/bot/slack"
	"twokey/bot/slack/e2e"
	"twokey/incident"
)

// foreign is a room in a Slack that nobody here wrote, seen through people's own
// tokens.
type foreign struct {
	*e2e.Slack

	chat *slack.Chat
}

var (
	_ chattest.Platform = (*foreign)(nil)
	_ chattest.Peopled  = (*foreign)(nil)
)

func TestTheStoryOnASlackThatNobodyHereWrote(t *testing.T) {
	const folder = "e2e"
	if what := e2e.Missing(folder); what != "" {
		t.Skip(what)
	}
	chattest.Run(t, func(t *testing.T) chattest.Platform {
		f := &foreign{Slack: e2e.Start(t, folder, "ana", "bo", "chen", "eve")}
		f.chat = slack.New(slack.Config{
			BotToken: f.BotToken, AppToken: f.AppToken, Room: f.Room, APIURL: f.URL(), Common: room.Common{Words: words(t).Say, Language: "en", Languages: []string{"en"}},
		})
		return f
	})
}

func (f *foreign) Chat() bot.Chat { return f.chat }

// Entries are the story's people under their ids here.
func (f *foreign) Entries() []bot.Entry {
	all := chattest.Entries()
	for i, e := range all {
		all[i].Accounts = []bot.Account{{Platform: slack.Name, Tenant: e2e.Team, User: f.User(string(e.ID))}}
	}
	return all
}

// Text is what Chen reads.
func (f *foreign) Text(t *testing.T) string { return f.Everything(t, string(chattest.Chen)) }

// Press presses a button of the card; one that is folded away is found by asking for
// all steps first.
func (f *foreign) Press(t *testing.T, who incident.Person, b bot.Button, reason string) string {
	t.Helper()
	name := string(who)
	same := func(seen e2e.Button) bool { return slack.IsButton(seen.Value, b) }
	if !slices.ContainsFunc(f.Buttons(t, name), same) {
		f.Click(t, name, func(seen e2e.Button) bool { return strings.HasPrefix(seen.ID, string(bot.ActSteps)+":") }).Await()
	}
	r := f.Click(t, name, same)
	if b.Reason != nil {
		r = r.Submit(name, map[string]string{"reason": reason})
	}
	return r.Await()
}

// Again delivers the last press once more. Nothing is told: it was heard already.
func (f *foreign) Again(t *testing.T) string {
	t.Helper()
	f.Slack.Again(t)
	return ""
}

// Type types a command in the room.
func (f *foreign) Type(t *testing.T, who incident.Person, command string) string {
	t.Helper()
	return f.Command(t, string(who), command).Await()
}
