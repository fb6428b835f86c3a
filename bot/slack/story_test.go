package slack_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/slack"
	"twokey/bot/slack/slacktest"
	"twokey/incident"
)

var (
	_ chattest.Platform = (*office)(nil)
	_ chattest.Peopled  = (*office)(nil)
)

func TestTheStoryOnSlack(t *testing.T) {
	for name, byHTTP := range map[string]bool{"socket": false, "http": true} {
		t.Run(name, func(t *testing.T) {
			chattest.Run(t, func(t *testing.T) chattest.Platform { return newOffice(t, byHTTP) })
		})
	}
}

func (o *office) Chat() bot.Chat { return o.chat }

// Entries are the story's people under their ids here.
func (o *office) Entries() []bot.Entry {
	all := chattest.Entries()
	for i, e := range all {
		all[i].Accounts = []bot.Account{{Platform: slack.Name, Tenant: o.App.Team, User: o.ids[e.ID]}}
	}
	return all
}

func (o *office) as(t *testing.T, who incident.Person) *slacktest.Person {
	t.Helper()
	return o.As(t, o.ids[who])
}

// Text is the room with its threads.
func (o *office) Text(*testing.T) string { return o.Workspace.Text(o.room.ID) }

// Press presses a button of the card; one that is folded away is found by asking for
// all steps first.
func (o *office) Press(t *testing.T, who incident.Person, b bot.Button, reason string) string {
	t.Helper()
	p := o.as(t, who)
	same := func(seen slacktest.Button) bool { return slack.IsButton(seen.Value, b) }
	if !has(p, same) {
		p.Find(func(seen slacktest.Button) bool { return strings.HasPrefix(seen.ID, string(bot.ActSteps)+":") })
		p.Press(p.Find(func(seen slacktest.Button) bool { return strings.HasPrefix(seen.ID, string(bot.ActSteps)+":") })).Await()
	}
	reply := p.Press(p.Find(same))
	if b.Reason != nil {
		reply = reply.AwaitModal().Submit(map[string]string{"reason": reason})
	}
	return reply.Await()
}

func has(p *slacktest.Person, fits func(slacktest.Button) bool) bool {
	return slices.ContainsFunc(p.Buttons(), fits)
}

// Again delivers the last press once more. A request that was let in once is not let
// in again: Slack would have signed it anew.
func (o *office) Again(t *testing.T) string {
	t.Helper()
	if o.http {
		if a := o.Last().Send(t); a.Status != http.StatusUnauthorized {
			t.Errorf("the same request again: status %d", a.Status)
		}
		return ""
	}
	return o.Workspace.Again(t).Text()
}

// Type types a command in the room.
func (o *office) Type(t *testing.T, who incident.Person, command string) string {
	t.Helper()
	return o.as(t, who).Command(o.room.ID, command).Await()
}
