package bot_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
)

func TestAnAccountIsOnePersonOrNobody(t *testing.T) {
	slack := func(team, user string) bot.Account { return bot.Account{Platform: "slack", Tenant: team, User: user} }
	people := bot.People{Entries: []bot.Entry{
		{ID: "ana", Name: "Ana", Accounts: []bot.Account{slack("T1", "U1"), {Platform: "lark", Tenant: "t", User: "U1"}}},
		{ID: "bo", Name: "Bo", Accounts: []bot.Account{slack("T1", "U2"), slack("T1", "U3")}},
		{ID: "cleo", Name: "Cleo", Accounts: []bot.Account{slack("T1", "U3"), {Platform: "slack", Tenant: "T1"}}},
		{ID: incident.Bot, Name: "twokey", Accounts: []bot.Account{slack("T1", "U8")}},
		{Name: "nobody", Accounts: []bot.Account{slack("T1", "U9")}},
	}}
	for _, row := range []struct {
		account bot.Account
		want    incident.Person
	}{
		{slack("T1", "U1"), "ana"},
		{bot.Account{Platform: "lark", Tenant: "t", User: "U1"}, "ana"},
		{bot.Account{Platform: "slack", Tenant: "T1", User: "U1", Lang: "ja"}, "ana"},
		{slack("T1", "U2"), "bo"},
		{slack("T1", "U3"), ""}, // two people say it is theirs
		{slack("T2", "U1"), ""}, // another workspace
		{slack("", "U1"), ""},
		{slack("T1", "u1"), ""},
		{slack("T1", ""), ""}, // although somebody was configured so
		{slack("T1", "U8"), ""},
		{slack("T1", "U9"), ""},
		{bot.Account{}, ""},
	} {
		got, err := people.Person(row.account)
		if got.ID != row.want || (row.want == "") != errors.Is(err, incident.Stranger) {
			t.Errorf("%+v is %q, %v; want %q", row.account, got.ID, err, row.want)
		}
	}
	want := []bot.Account{slack("T1", "U1"), slack("T1", "U2"), slack("T1", "U3")}
	if diff := cmp.Diff(want, people.On("slack", []incident.Person{"bo", "ana", "zed"})); diff != "" {
		t.Errorf("mentioned on Slack (-want +got):\n%s", diff)
	}
}

func TestEverybodyIsAnsweredInTheirLanguage(t *testing.T) {
	s := alerted(t, chattest.Options{})
	s.Bot.People.Entries[0].Lang, s.Bot.People.Entries[1].Lang, s.Bot.Language = "ja", "", "id"
	for _, row := range []struct{ user, platform, want string }{
		{"ana", "zh", "ja"}, // the configuration before the platform
		{"bo", "zh-CN", "zh"},
		{"bo", "tlh", "en"}, // there is no such catalog
		{"bo", "", "id"},
		{"eve", "zh", "zh"}, // strangers too
	} {
		a := s.Bot.Handle(t.Context(), bot.Input{From: bot.Account{Platform: "console", User: row.user, Lang: row.platform}, Text: "take it all"})
		want := s.Bot.View.Refusal(bot.Scene{Lang: row.want, Rules: s.Bot.Rules, Names: s.Bot.People.Names(), Reader: incident.Person(row.user)}, bot.NoSuchCommand)
		if row.user == "eve" {
			want = s.Bot.View.Refusal(bot.Scene{Lang: row.want, Rules: s.Bot.Rules, Names: s.Bot.People.Names()}, incident.Stranger)
		}
		if a.Text != want {
			t.Errorf("%s with %q hears %q, want %q", row.user, row.platform, a.Text, want)
		}
	}
}
