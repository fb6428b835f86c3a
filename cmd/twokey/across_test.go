package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/api"
	"twokey/bot/dingtalk/dingtalktest"
	"twokey/bot/lark/larktest"
	"twokey/bot/slack/slacktest"
	"twokey/incident"
)

// across is the real program with four rooms at once: three pretend platforms and the
// console.
type across struct {
	*process

	slack   *slacktest.Workspace
	channel string
	lark    *larktest.Tenant
	group   string
	ding    *dingtalktest.Org
	circle  string // the group in DingTalk

	ids    map[string]accounts // by name
	leaked string
}

// accounts are somebody's, one on each platform.
type accounts struct{ slack, lark, ding string }

const acrossChats = `chat:
  slack: {bot_token: "${BOT_TOKEN}", app_token: "${APP_TOKEN}", room: %s, api_url: "%s"}
  lark: {app_id: %s, app_secret: "${LARK_SECRET}", room: %s, api_url: "%s"}
  dingtalk: {client_id: %s, client_secret: "${DING_SECRET}", room: "%s", api_url: "%s"}
`

// newAcross is a bot that is not started yet. Ana and Bo have accounts everywhere, Dan
// too, whom the configuration does not know.
func newAcross(t *testing.T, more string) *across {
	t.Helper()
	a := &across{
		process: newProcess(t), slack: slacktest.New(t, slacktest.Options{}), lark: larktest.New(t, larktest.Options{}),
		ding: dingtalktest.New(t), ids: map[string]accounts{},
	}
	var slack, lark, ding []string
	for _, name := range []string{"ana", "bo", "dan"} {
		who := accounts{
			slack: a.slack.AddUser(slacktest.User{Name: name}).ID, lark: a.lark.AddUser(larktest.User{Name: name}).Union,
			ding: a.ding.AddUser(dingtalktest.User{Name: name}),
		}
		a.ids[name] = who
		slack, lark, ding = append(slack, who.slack), append(lark, who.lark), append(ding, who.ding)
	}
	a.channel, a.group, a.circle = a.slack.Room("leaks", slack...).ID, a.lark.Group("leaks", lark...), a.ding.Group(ding...)
	a.env = []string{
		"BOT_TOKEN=" + a.slack.App.BotToken, "APP_TOKEN=" + a.slack.App.AppToken,
		"LARK_SECRET=" + a.lark.App.Secret, "DING_SECRET=" + a.ding.App.ClientSecret,
	}
	config := fmt.Sprintf(processConfig, a.address) + more + fmt.Sprintf(acrossChats, a.channel, strings.TrimSuffix(a.slack.URL(), "/"),
		a.lark.App.ID, a.group, a.lark.URL(), a.ding.App.ClientID, a.circle, a.ding.URL())
	for _, name := range []string{"ana", "bo"} {
		mapped := fmt.Sprintf("{id: %s, slack: {team: %s, user: %s}, lark: {tenant: %s, user: %s}, dingtalk: {corp: %s, user: %s},", name,
			a.slack.App.Team, a.ids[name].slack, a.lark.App.Tenant, a.ids[name].lark, a.ding.App.Corp, a.ids[name].ding)
		config = strings.Replace(config, "{id: "+name+",", mapped, 1)
	}
	a.write("twokey.yaml", config)
	return a
}

// reconfigured puts one address in place of another.
func (a *across) reconfigured(was, is string) {
	a.t.Helper()
	file := filepath.Join(a.dir, "twokey.yaml")
	body, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(body), was) {
		a.t.Fatal(err, was)
	}
	a.write("twokey.yaml", strings.ReplaceAll(string(body), was, is))
}

// eventually waits for what the bot does in its own time.
func (a *across) eventually(what string, so func() bool) {
	a.t.Helper()
	for range 1500 {
		if so() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	a.t.Fatalf("waited in vain for %s", what)
}

// alerted starts the bot and tells it of a leak.
func (a *across) alerted() {
	a.t.Helper()
	a.serve()
	a.hears()
}

func (a *across) hears() {
	a.t.Helper()
	a.leaked = leakedIn(a.t, filepath.Join(a.dir, "twokey.db.prod.json"))
	if id, err := a.alert(a.t.Context(), a.leaked); id != "inc-1" || err != nil {
		a.t.Fatal(id, err)
	}
}

// everywhere waits until all four rooms show every text.
func (a *across) everywhere(texts ...string) {
	a.t.Helper()
	for _, text := range texts {
		a.inSlack(text)
		a.inLark(text)
		a.inDingTalk(text)
	}
	a.sees(a.as("ana"), texts...)
}

func (a *across) inSlack(text string) {
	a.t.Helper()
	a.slack.Await(a.t, "Slack to show "+text, func() bool { return strings.Contains(a.slack.Text(a.channel), text) })
}

func (a *across) inLark(text string) {
	a.t.Helper()
	a.lark.Await(a.t, "Lark to show "+text, func() bool { return strings.Contains(a.lark.Text(a.group), text) })
}

func (a *across) inDingTalk(text string) {
	a.t.Helper()
	a.ding.Await(a.t, "DingTalk to show "+text, func() bool { return strings.Contains(a.ding.Text(a.circle), text) })
}

// presses in Slack, and is what the person is told.
func (a *across) pressesInSlack(name, digest string) string {
	a.t.Helper()
	who := a.slack.As(a.t, a.ids[name].slack)
	fits := func(b slacktest.Button) bool {
		return strings.HasPrefix(b.ID, string(bot.ActApprove)+":") && strings.Contains(b.Value, digest)
	}
	a.slack.Await(a.t, "the button", func() bool { return slices.ContainsFunc(who.Buttons(), fits) })
	return who.Press(who.Find(fits)).Await()
}

// pressesInLark presses, and is what the person is told.
func (a *across) pressesInLark(name, digest string) string {
	a.t.Helper()
	who := a.lark.As(a.t, a.ids[name].lark)
	fits := func(b larktest.Button) bool {
		return strings.Contains(string(b.Value), `"a":"approve"`) && strings.Contains(string(b.Value), digest)
	}
	a.lark.Await(a.t, "the button", func() bool { return slices.ContainsFunc(who.Buttons(), fits) })
	return who.Press(who.Find(fits)).Await()
}

// votes are who counts for a plan.
func (a *across) votes(step string) (who []incident.Person) {
	a.t.Helper()
	i := a.until(func(i api.Incident) bool { return planned(i, step) != nil })
	for _, v := range planned(i, step).Votes {
		who = append(who, v.By)
	}
	return who
}

// planned is the newest plan of a step.
func planned(i api.Incident, step string) *api.Proposal {
	for _, p := range slices.Backward(i.Proposals) {
		if p.Step == step {
			return &p
		}
	}
	return nil
}

// said is what each platform shows below the card, in its order.
func (a *across) said() map[string][]string {
	said := map[string][]string{}
	for _, m := range a.slack.Messages(a.channel) {
		if m.Bot && m.Thread != "" {
			said["slack"] = append(said["slack"], m.Text)
		}
	}
	for _, m := range a.lark.Messages(a.group) {
		if m.Sender == "" && m.Root != "" {
			said["lark"] = append(said["lark"], m.Text())
		}
	}
	for _, m := range a.ding.InGroup(a.circle) { // which has no threads
		if line := a.ding.Said(m); strings.Contains(line, "inc-1") && !strings.Contains(line, "times in UTC") {
			said["dingtalk"] = append(said["dingtalk"], line)
		}
	}
	return said
}

// shownOnce waits until every platform shows the whole timeline, and reports what
// stands there twice or in another order.
func (a *across) shownOnce() {
	a.t.Helper()
	var entries []api.Entry
	complete := func() bool {
		entries = nil
		if err := json.Unmarshal([]byte(a.ask("/api/incidents/inc-1/timeline")), &entries); err != nil {
			a.t.Fatal(err)
		}
		entries = slices.DeleteFunc(entries, func(e api.Entry) bool { return e.Text == "" })
		said := a.said()
		for _, platform := range []string{"slack", "lark", "dingtalk"} {
			if len(said[platform]) < len(entries) {
				return false
			}
		}
		return true
	}
	a.eventually("all lines", complete)
	for platform, lines := range a.said() {
		if len(lines) != len(entries) {
			a.t.Errorf("%s shows %d lines of %d:\n%s", platform, len(lines), len(entries), strings.Join(lines, "\n"))
			continue
		}
		for i, e := range entries {
			if !strings.Contains(plainly(lines[i]), plainly(e.Text)) {
				a.t.Errorf("%s: line %d is %q, the record says %q", platform, i, lines[i], e.Text)
			}
		}
	}
}

var ascii = regexp.MustCompile(`[A-Za-z0-9]+`)

// plainly is a text without what the platforms' dialects do to it.
func plainly(text string) string {
	return strings.Join(ascii.FindAllString(text, -1), " ")
}

// later is the program at another time: a test's own main, with a clock that the
// environment sets forward, for an hour between two starts, or makes faster, for what
// is not to be waited for.
func later() {
	forward, err := time.ParseDuration(os.Getenv("FORWARD"))
	if err != nil {
		panic(err)
	}
	faster, _ := strconv.Atoi(os.Getenv("FASTER")) // by how many times
	began := time.Now()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(&env{
		ctx: ctx, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.LookupEnv,
		now: func() time.Time { return time.Now().Add(forward + time.Duration(faster)*time.Since(began)) },
	}, os.Args[1:]))
}
