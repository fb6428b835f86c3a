package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"twokey/bot"
	"twokey/bot/api"
	"twokey/bot/slack/e2e"
	"twokey/incident"
)

const slackProcessConfig = processConfig + `chat: {slack: {bot_token: "${BOT_TOKEN}", app_token: "${APP_TOKEN}", room: %s, api_url: "%s"}}
`

// TestABotThatIsKilledGoesOnInSlack runs the real program before a Slack that nobody
// here wrote. It is killed again and again while it posts, told to wait and to connect
// anew; in the end two people have disabled the key, and everything stands in the room
// once.
func TestABotThatIsKilledGoesOnInSlack(t *testing.T) {
	t.Parallel()
	const folder = "../../bot/slack/e2e"
	if what := e2e.Missing(folder); what != "" {
		t.Skip(what)
	}
	office := e2e.Start(t, folder, "ana", "bo", "chen")
	p := newProcess(t)
	p.env = []string{"BOT_TOKEN=" + office.BotToken, "APP_TOKEN=" + office.AppToken}
	config := fmt.Sprintf(slackProcessConfig, p.address, office.Room, strings.TrimSuffix(office.URL(), "/"))
	for _, name := range []string{"ana", "bo"} {
		config = strings.Replace(config, "{id: "+name+",", fmt.Sprintf("{id: %s, slack: {team: %s, user: %s},", name, e2e.Team, office.User(name)), 1)
	}
	p.write("twokey.yaml", config)
	p.serve()
	leaked := leakedIn(t, filepath.Join(p.dir, "twokey.db.prod.json"))
	if id, err := p.alert(t.Context(), leaked); id != "inc-1" || err != nil {
		t.Fatal(id, err)
	}
	for n := 1; n <= 4; n++ { // with its first posts on the way
		office.AwaitCalls(t, "chat.postMessage", n)
		p.kill()
		p.serve()
	}
	office.AwaitText(t, "chen", leaked)
	disable := p.approving(incident.StepKeyDisable)
	office.Throttle("chat.update", 2)
	office.Click(t, "ana", disable).Await()
	p.kill()
	p.serve()
	office.HangUp()
	office.Throttle("chat.postMessage", 1)
	office.Click(t, "bo", disable).Await()
	office.AwaitText(t, "chen", "— CONTAINED")
	office.AwaitText(t, "chen", "Key state: Inactive")

	marks := office.Marks(t, "chen", "key")
	slices.Sort(marks)
	if once := slices.Compact(slices.Clone(marks)); len(once) != len(marks) {
		t.Errorf("posted more than once: %q", marks)
	}
	p.kill()
	if got := keyIn(t, filepath.Join(p.dir, "twokey.db.prod.json"), leaked); got != incident.KeyInactive {
		t.Errorf("the key is %s", got)
	}
}

// approving is the button for a plan, once it waits for votes.
func (p *process) approving(step string) func(e2e.Button) bool {
	p.t.Helper()
	digest := string(p.waiting(step).Digest)
	return func(b e2e.Button) bool {
		return strings.HasPrefix(b.ID, string(bot.ActApprove)+":") && strings.Contains(b.Value, digest)
	}
}

// waiting is a plan, once it waits for votes.
func (p *process) waiting(step string) api.Proposal {
	p.t.Helper()
	waits := func(q api.Proposal) bool { return q.Step == step && q.Status == incident.StatusWaiting }
	i := p.until(func(i api.Incident) bool { return slices.ContainsFunc(i.Proposals, waits) })
	return i.Proposals[slices.IndexFunc(i.Proposals, waits)]
}
