package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"twokey/bot/slack/slacktest"
)

// workspace is a pretend Slack with a room, Ana, and Bo who left.
func workspace(t *testing.T, mode string) (w *slacktest.Workspace, config string) {
	t.Helper()
	w = slacktest.New(t, slacktest.Options{})
	ana, bo := w.AddUser(slacktest.User{Name: "ana"}), w.AddUser(slacktest.User{Name: "bo", Deleted: true})
	room := w.Room("leaks", ana.ID)
	dir := t.TempDir()
	for name, text := range map[string]string{"bot": w.App.BotToken, "app": w.App.AppToken, "signing": w.App.SigningSecret} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return w, fmt.Sprintf(`listen: 127.0.0.1:0
accounts: [{name: prod, id: "1234567890123456", mode: sandbox}]
people:
  - {id: ana, name: Ana, roles: [responder, approver], slack: {team: %[1]s, user: %[2]s}}
  - {id: bo, name: Bo, slack: [{team: %[1]s, user: %[3]s}]}
chat:
  slack: {mode: %[4]s, bot_token_file: %[5]s/bot, app_token_file: %[5]s/app, signing_secret_file: %[5]s/signing, room: %[6]s, incident_channels: true, api_url: %[7]q}
`, w.App.Team, ana.ID, bo.ID, mode, dir, room.ID, w.URL())
}

// listensThere writes into the configuration where the bot came to listen.
func (r *running) listensThere() {
	r.t.Helper()
	text, err := os.ReadFile(r.file())
	if err != nil {
		r.t.Fatal(err)
	}
	there := strings.Replace(string(text), "127.0.0.1:0", hostOf(r.url), 1)
	if err := os.WriteFile(r.file(), []byte(there), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func TestCheckPressesAButtonOfTheBotThatServes(t *testing.T) {
	_, config := workspace(t, slackHTTP)
	r := startOn(t, config, "", nil)
	r.listensThere()
	code, printed := r.cli("check")
	for strings.Contains(printed, "is starting or stopping") { // served, and the room does not listen yet
		code, printed = r.cli("check")
	}
	says(
		t, said{code, printed}, 1, "ok    slack: bot_token: the bot is ", "ok    slack: room C", "warn  slack: scopes: the bot may do more",
		"FAIL  slack: people bo: U", "is deactivated: take it out of people", "ok    slack: people: 1 of 2",
		"ok    slack: signing_secret: the bot at "+hostOf(r.url)+" takes a press",
	)
	r.stop()
	code, printed = r.cli("check")
	says(t, said{code, printed}, 1, "warn  slack: signing_secret: no bot listens at "+hostOf(r.url))
}

func TestCheckOpensASocketBesideTheBotThatServes(t *testing.T) {
	w, config := workspace(t, slackSocket)
	r := startOn(t, config, "", nil)
	w.AwaitSockets(t, 1)
	w.SetScopes("chat:write", "channels:read")
	code, printed := r.cli("check")
	says(
		t, said{code, printed}, 1, "FAIL  slack: scope pins:write is missing, so the card of an incident's channel is not pinned: add it",
		"FAIL  slack: people: users.info: missing_scope (users:read): ",
		"ok    slack: app_token: Slack opens a socket; others of this app that are open: 1.",
	)
}

func TestCheckOfflineAsksSlackNothing(t *testing.T) {
	w, config := workspace(t, slackHTTP)
	r := startOn(t, config, "", nil)
	r.stop()
	before := w.Calls("auth.test")
	code, printed := r.cli("check", "--offline")
	says(t, said{code, printed}, 0, "ok    configuration: ")
	if strings.Contains(printed, " slack: ") || w.Calls("auth.test") != before {
		t.Errorf("Slack was asked:\n%s", printed)
	}
}

func TestADrillIsHeldInSlack(t *testing.T) {
	w, config := workspace(t, slackSocket)
	r := startOn(t, config, "", nil)
	w.AwaitSockets(t, 1)
	room, ana := w.Channels()[0], w.Channels()[0].Members[1]
	leaked := r.drills[0].scene.Leaked.ID
	w.As(t, ana).Command(room.ID, "report "+leaked).Await()
	w.Await(t, "the card of the drill", func() bool {
		text := w.Text(room.ID)
		return strings.Contains(text, "DRILL") && strings.Contains(text, leaked)
	})
}

func TestABotThatListensEverywhereIsReachedHere(t *testing.T) {
	for listen, want := range map[string]string{
		":8080": "127.0.0.1:8080", "0.0.0.0:80": "127.0.0.1:80", "[::]:80": "127.0.0.1:80",
		"127.0.0.1:8080": "127.0.0.1:8080", "10.0.0.7:80": "10.0.0.7:80", "odd": "odd",
	} {
		if got := fromHere(listen); got != want {
			t.Errorf("%s: %s, want %s", listen, got, want)
		}
	}
}
