package slack_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/room"
	"twokey/bot/slack"
	"twokey/bot/slack/slacktest"
)

// examined is a workspace, and what `twokey check` would be told of it.
type examined struct {
	*office

	config slack.Config
	asked  slack.Asked
}

// newExamined is a workspace that is as it must be.
func newExamined(t *testing.T, byHTTP bool) *examined {
	t.Helper()
	x := &examined{}
	x.office = newOffice(t, byHTTP, func(c *slack.Config) { c.Words = nil; x.config = *c })
	x.SetScopes(slack.ScopeNames()...)
	x.asked = slack.Asked{Channels: true, Members: []room.Member{{Person: "ana", Tenant: x.App.Team, User: x.ids[chattest.Ana]}}}
	return x
}

// lines are the findings, as check prints them; none has a secret in it.
func (x *examined) lines(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, f := range slack.New(x.config).Check(t.Context(), x.asked) {
		all = append(all, map[room.Level]string{room.OK: "ok ", room.Warn: "warn ", room.Fail: "FAIL "}[f.Level]+f.Text)
	}
	for _, hidden := range []string{x.App.BotToken, x.App.AppToken, x.App.SigningSecret, x.URL()} {
		if strings.Contains(strings.Join(all, "\n"), hidden) {
			t.Errorf("a secret or an address in\n%s", strings.Join(all, "\n"))
		}
	}
	return all
}

// bad are the lines that want something done.
func (x *examined) bad(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(x.lines(t), func(line string) bool { return strings.HasPrefix(line, "ok ") })
}

// only fails unless just these lines want something done; each begins so.
func (x *examined) only(t *testing.T, want ...string) {
	t.Helper()
	got := x.bad(t)
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("%q does not begin with %q", got[i], want[i])
		}
	}
}

func TestCheckFindsNothingWhereNothingIsWrong(t *testing.T) {
	x := newExamined(t, false)
	got := x.lines(t)
	for i, want := range []string{
		"ok bot_token: the bot is \"twokey\"", "ok room " + x.room.ID + ": the bot is in #\"leaks\"", "ok scopes: the 13",
		"ok people: 1 of 1", "ok app_token: Slack opens a socket; others of this app that are open: 0.",
	} {
		if len(got) != 5 || !strings.HasPrefix(got[i], want) {
			t.Fatalf("want %q, have\n%s", want, strings.Join(got, "\n"))
		}
	}
	if x.AwaitSockets(t, 0); len(x.Channels()) != 1 || x.Workspace.Text(x.room.ID) != "" {
		t.Error("check left something behind")
	}
}

func TestCheckNamesEachMissingScopeAndWhatItStops(t *testing.T) {
	for _, private := range []bool{false, true} {
		x := newExamined(t, false)
		x.ChangeChannel(x.room.ID, func(c *slacktest.Channel) { c.Private = private })
		for _, missing := range slack.ScopeNames() {
			x.SetScopes(slices.DeleteFunc(slack.ScopeNames(), func(s string) bool { return s == missing })...)
			got := strings.Join(x.bad(t), "\n")
			want := "FAIL scope " + missing + " is missing, so " + slack.Without(missing) + ": add it"
			if needed := missing != "channels:history" || !private; strings.Contains(got, want) != needed {
				t.Errorf("private %t, without %s:\n%s", private, missing, got)
			}
		}
	}
}

func TestCheckAsksForNoScopeOfIncidentChannelsWhereThereAreNone(t *testing.T) {
	x := newExamined(t, false)
	x.asked.Channels = false
	x.SetScopes(slices.DeleteFunc(slack.ScopeNames(), func(s string) bool {
		return slices.Contains([]string{"groups:write", "groups:history", "pins:write", "bookmarks:write"}, s)
	})...)
	x.only(t)
	x.ChangeChannel(x.room.ID, func(c *slacktest.Channel) { c.Private = true })
	x.only(t, "FAIL scope groups:history is missing")
}

func TestCheckWarnsOfScopesThatNothingUses(t *testing.T) {
	x := newExamined(t, false)
	x.SetScopes(append(slack.ScopeNames(), "users:read.email", "chat:write.public")...)
	x.only(t, "warn scopes: the bot may do more than it ever does: take users:read.email, chat:write.public out")
}

// proxy changes what Slack answers.
type proxy func(*http.Response, []byte) []byte

func (p proxy) RoundTrip(q *http.Request) (*http.Response, error) {
	a, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(a.Body)
	a.Body.Close()
	body = p(a, body)
	a.Body, a.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return a, err
}

func TestCheckSaysWhatIsWrongWithATokenAndAsksNoMore(t *testing.T) {
	for name, row := range map[string]struct {
		spoil func(*examined)
		want  []string
	}{
		"revoked": {
			func(x *examined) { x.Revoke() },
			[]string{"FAIL bot_token: auth.test: token_revoked: the token was taken back", "FAIL app_token: apps.connections.open: token_revoked: "},
		},
		"swapped": {
			func(x *examined) { x.config.BotToken, x.config.AppToken = x.config.AppToken, x.config.BotToken },
			[]string{
				"FAIL bot_token: auth.test: not_allowed_token_type: this is the other kind",
				"FAIL app_token: apps.connections.open: not_allowed_token_type: this is the other kind",
			},
		},
		"wrong bot token": {
			func(x *examined) { x.config.BotToken = "xoxb-" + rand.Text() },
			[]string{"FAIL bot_token: auth.test: invalid_auth: Slack does not know the token"},
		},
		"a person's": {
			func(x *examined) {
				x.config.Transport = proxy(func(_ *http.Response, b []byte) []byte { return bytes.ReplaceAll(b, []byte(x.App.BotID), nil) })
			},
			[]string{"FAIL bot_token: it is a person's"},
		},
		"wrong app token": {
			func(x *examined) { x.config.AppToken = "xapp-" + rand.Text() },
			[]string{"FAIL app_token: apps.connections.open: invalid_auth: Slack does not know the token"},
		},
		"app token without its scope": {
			func(x *examined) {
				x.Inject(slacktest.Fault{Kind: slacktest.Refuse, Method: "apps.connections.open", Code: "missing_scope"})
			},
			[]string{"FAIL app_token: apps.connections.open: missing_scope: add that scope"},
		},
		"scopes not said": {
			func(x *examined) {
				x.config.Transport = proxy(func(a *http.Response, b []byte) []byte { a.Header.Del("X-OAuth-Scopes"); return b })
			},
			[]string{"warn scopes: Slack did not say"},
		},
		"Slack is down": {
			func(x *examined) { x.Inject(slacktest.Fault{Kind: slacktest.Unavailable}) },
			[]string{"FAIL bot_token: auth.test: HTTP.503: Slack did not answer", "FAIL app_token: apps.connections.open: HTTP.503: Slack did not answer"},
		},
		"too often": {
			func(x *examined) { x.Inject(slacktest.Fault{Kind: slacktest.Throttle, Method: "auth.test"}) },
			[]string{"FAIL bot_token: auth.test: RateLimited: "},
		},
		"ten sockets": {
			func(x *examined) {
				for range 10 {
					go slack.New(x.config).Listen(t.Context(), nil)
				}
				x.AwaitSockets(t, 10)
			},
			[]string{"FAIL app_token: socket: closed_at_once: Socket Mode is off in the app"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := newExamined(t, false)
			row.spoil(x)
			x.only(t, row.want...)
		})
	}
}

func TestCheckSaysWhatIsWrongWithTheRoom(t *testing.T) {
	change := func(f func(*slacktest.Channel)) func(*examined) {
		return func(x *examined) { x.ChangeChannel(x.room.ID, f) }
	}
	for name, row := range map[string]struct {
		spoil func(*examined)
		want  string
	}{
		"unknown":  {func(x *examined) { x.config.Room = "C404" }, "FAIL room C404: conversations.info: channel_not_found: the id is wrong"},
		"archived": {change(func(c *slacktest.Channel) { c.Archived = true }), "FAIL room %s: #\"leaks\" is archived"},
		"not in":   {change(func(c *slacktest.Channel) { c.Members = nil }), "FAIL room %s: #\"leaks\": not_in_channel: the bot is not in it: type /invite"},
		"hidden":   {change(func(c *slacktest.Channel) { c.Members, c.Private = nil, true }), "FAIL room %s: conversations.info: channel_not_found: "},
		"shared":   {change(func(c *slacktest.Channel) { c.Shared = true }), "FAIL room %s: #\"leaks\": shared_with_others: "},
		"invited": {func(x *examined) {
			x.config.Transport = proxy(func(_ *http.Response, b []byte) []byte {
				return bytes.ReplaceAll(b, []byte(`"is_ext_shared":false`), []byte(`"is_pending_ext_shared":true`))
			})
		}, "FAIL room %s: #\"leaks\": shared_with_others: "},
		"direct": {func(x *examined) { x.config.Room = "D1" }, "FAIL room D1: this is a direct message"},
	} {
		t.Run(name, func(t *testing.T) {
			x := newExamined(t, false)
			row.spoil(x)
			x.only(t, strings.ReplaceAll(row.want, "%s", x.room.ID))
		})
	}
}

func TestCheckSaysWhosePressesDoNotCount(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*slacktest.User)
		want   string
	}{
		"left":  {func(u *slacktest.User) { u.Deleted = true }, "is deactivated: take it out"},
		"guest": {func(u *slacktest.User) { u.Restricted = true }, "is a guest"},
		"bot":   {func(u *slacktest.User) { u.Bot = true }, "is a bot"},
		"other": {func(u *slacktest.User) { u.Stranger = true }, "is of another organisation"},
	} {
		t.Run(name, func(t *testing.T) {
			x := newExamined(t, false)
			x.ChangeUser(x.ids[chattest.Ana], row.change)
			x.only(t, "FAIL people ana: "+x.ids[chattest.Ana]+" "+row.want)
		})
	}
	x := newExamined(t, false)
	x.asked.Members[0].User = "U404"
	x.only(t, "FAIL people ana: there is no user U404 here: copy the member ID")
	x.asked.Members[0] = room.Member{Person: "ana", Tenant: "T404", User: x.ids[chattest.Ana]}
	x.only(t, "FAIL people ana: "+x.ids[chattest.Ana]+" is said to be of the workspace T404, and this one is "+x.App.Team)
	x.asked.Members = nil
	x.only(t, "warn people: nobody has a Slack account")
}

func TestCheckPressesAButtonOfTheRunningBot(t *testing.T) {
	x := newExamined(t, true)
	refused := 0
	running := x.config
	running.Refused = func(string) { refused++ }
	c := slack.New(running)
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	x.asked.Address = server.Listener.Addr().String()
	x.only(t, "warn signing_secret: the bot at "+x.asked.Address+" is starting or stopping")

	c.Attach(t.Context(), func(context.Context, bot.Input) bot.Answer {
		t.Error("somebody was asked to decide")
		return bot.Answer{}
	})
	x.only(t)
	if got := x.lines(t); !strings.HasPrefix(got[len(got)-1], "ok signing_secret: the bot at "+x.asked.Address+" takes a press") {
		t.Errorf("%s", got)
	}
	if refused > 0 {
		t.Errorf("%d requests were counted as refused", refused)
	}

	x.config.SigningSecret = rand.Text()
	x.only(t, "FAIL signing_secret: the bot at "+x.asked.Address+" refuses what is signed with it")
}

func TestCheckSaysWhenNoBotAnswersThePress(t *testing.T) {
	x := newExamined(t, true)
	answer := func(w http.ResponseWriter, _ *http.Request) { http.NotFound(w, nil) }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r) }))
	x.asked.Address = server.Listener.Addr().String()
	x.only(t, fmt.Sprintf("FAIL signing_secret: what listens at %s answers 404 to a press", x.asked.Address))
	answer = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	x.only(t, fmt.Sprintf("FAIL signing_secret: what listens at %s did not answer", x.asked.Address))
	server.Close()
	x.only(t, "warn signing_secret: no bot listens at "+x.asked.Address+" to try it on: start it")
}
