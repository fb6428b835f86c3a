package main

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"twokey/bot/api"
	"twokey/bot/slack/slacktest"
	"twokey/incident"
)

const slackHTTPConfig = processConfig + `chat: {slack: {mode: http, bot_token: "${BOT_TOKEN}", signing_secret: "${SIGNING_SECRET}", room: %s, api_url: "%s"}}
`

// VULNERABILITY: in HTTP mode everybody can reach the addresses that Slack calls.
// ATTACK: somebody sends a vote that they made up, or one that they heard, changed or
// kept.
// THIS STORY VERIFIES: the real program takes what Slack signed just now, once, and
// nothing else.
func TestOnlyWhatSlackSignedIsHeard(t *testing.T) {
	t.Parallel()
	w := slacktest.New(t, slacktest.Options{})
	p := newProcess(t)
	p.env = []string{"BOT_TOKEN=" + w.App.BotToken, "SIGNING_SECRET=" + w.App.SigningSecret}
	ana, bo := w.AddUser(slacktest.User{Name: "ana"}).ID, w.AddUser(slacktest.User{Name: "bo"}).ID
	room := w.Room("sec-leaks", ana, bo).ID
	config := fmt.Sprintf(slackHTTPConfig, p.address, room, strings.TrimSuffix(w.URL(), "/"))
	for name, user := range map[string]string{"ana": ana, "bo": bo} {
		config = strings.Replace(config, "{id: "+name+",", fmt.Sprintf("{id: %s, slack: {team: %s, user: %s},", name, w.App.Team, user), 1)
	}
	p.write("twokey.yaml", config)
	p.serve()
	w.PostTo(slacktest.Receiver{URL: "http://" + p.address})
	if id, err := p.alert(t.Context(), leakedIn(t, filepath.Join(p.dir, "twokey.db.prod.json"))); id != "inc-1" || err != nil {
		t.Fatal(id, err)
	}
	disable := p.waiting(incident.StepKeyDisable)
	w.As(t, ana).Command(room, fmt.Sprintf("approve inc-1/%d", disable.Number)).AwaitText("Bo")

	heard := w.Last() // signed now: in another second than the vote it is let in, once
	heard.Send(t)
	theirs := strings.ReplaceAll(string(heard.Body), ana, bo) // as if Bo had typed it
	forged := heard
	forged.Body = []byte(theirs)
	for how, post := range map[string]slacktest.Post{
		"somebody else's name": forged, "another secret": forged.Forged(), "no signature": forged.Unsigned(), "once more": heard,
		"kept": heard.Aged(6 * time.Minute), "written anew": heard.Reencoded(), "in the query": forged.Tampered(url.Values{"user_id": {bo}}),
	} {
		if a := post.Send(t); a.Status != http.StatusUnauthorized || len(a.Body) > 20 {
			t.Errorf("%s: %d %s", how, a.Status, a.Body)
		}
	}
	if q := p.waiting(incident.StepKeyDisable); len(q.Votes) != 1 {
		t.Errorf("%d votes", len(q.Votes))
	}
	w.As(t, bo).Command(room, fmt.Sprintf("approve inc-1/%d", disable.Number)).Await()
	p.until(func(i api.Incident) bool { return i.State == api.StateContained })
}
