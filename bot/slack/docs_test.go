package slack_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	slackgo "github.com/slack-go/slack"
	"go.yaml.in/yaml/v4"

	"twokey/bot/slack"
)

// guide is docs/slack.md.
func guide(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/slack.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// manifest reads the first block of the guide that begins so; keys that the SDK does
// not know as a manifest's are refused.
func manifest(t *testing.T, begin string) slackgo.Manifest {
	t.Helper()
	_, rest, found := strings.Cut(guide(t), "```yaml\n"+begin)
	body, _, closed := strings.Cut(begin+rest, "```")
	if !found || !closed {
		t.Fatalf("no block begins with %q", begin)
	}
	var m slackgo.Manifest
	if err := yaml.Load([]byte(body), &m, yaml.WithKnownFields(), yaml.WithUniqueKeys()); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTheManifestAsksForWhatTheBotUses(t *testing.T) {
	m := manifest(t, "display_information:")
	if diff := cmp.Diff(slack.ScopeNames(), m.OAuthConfig.Scopes.Bot); diff != "" {
		t.Errorf("scopes (-code +manifest):\n%s", diff)
	}
	if len(m.OAuthConfig.Scopes.User) > 0 {
		t.Error("it asks for scopes of people")
	}
	want := slackgo.Features{
		AppHome: slackgo.AppHome{MessagesTabEnabled: true}, BotUser: slackgo.BotUser{DisplayName: "twokey", AlwaysOnline: true},
		Shortcuts: []slackgo.Shortcut{{
			Name: "Report leaked key", CallbackID: slack.ShortcutReport, Type: slackgo.MessageShortcut, Description: m.Features.Shortcuts[0].Description,
		}},
		SlashCommands: commandOf(m),
	}
	if diff := cmp.Diff(want, m.Features); diff != "" {
		t.Errorf("features (-want +manifest):\n%s", diff)
	}
	s := m.Settings
	if !s.SocketModeEnabled || s.OrgDeployEnabled || s.TokenRotationEnabled || !s.Interactivity.IsEnabled {
		t.Errorf("settings: %+v", s)
	}
	hears(t, m)
	if len(m.Display.Name) > 35 || len(m.Display.Description) > 140 || len(m.Features.Shortcuts[0].Name) > 24 || len(m.Features.Shortcuts[0].Description) > 150 {
		t.Error("longer than Slack takes")
	}
}

// commandOf is the one command that the bot has, described as the manifest does.
func commandOf(m slackgo.Manifest) []slackgo.ManifestSlashCommand {
	one := m.Features.SlashCommands[0]
	return []slackgo.ManifestSlashCommand{{
		Command: "/leak", ShouldEscape: true, Description: one.Description, UsageHint: one.UsageHint, Url: one.Url,
	}}
}

// hears fails unless the manifest subscribes to just the events that the bot answers.
func hears(t *testing.T, m slackgo.Manifest) {
	t.Helper()
	var heard []string
	for _, name := range []string{"app_mention", "message.channels", "message.groups", "message.im", "message.mpim"} {
		if slack.Hears(name) {
			heard = append(heard, name)
		}
	}
	if diff := cmp.Diff(heard, m.Settings.EventSubscriptions.BotEvents); diff != "" {
		t.Errorf("events (-code +manifest):\n%s", diff)
	}
}

func TestTheManifestOfHTTPModeHasTheBotsAddresses(t *testing.T) {
	m := manifest(t, "features:\n")
	if diff := cmp.Diff(commandOf(m), m.Features.SlashCommands); diff != "" {
		t.Errorf("command (-want +manifest):\n%s", diff)
	}
	hears(t, m)
	for path, address := range map[string]string{
		slack.PathCommand: m.Features.SlashCommands[0].Url, slack.PathInteract: m.Settings.Interactivity.RequestUrl,
		slack.PathEvents: m.Settings.EventSubscriptions.RequestUrl,
	} {
		if address != "https://twokey.example.com"+path {
			t.Errorf("%s: %s", path, address)
		}
	}
	if m.Settings.SocketModeEnabled || !m.Settings.Interactivity.IsEnabled {
		t.Errorf("settings: %+v", m.Settings)
	}
}

func TestTheGuideSaysWhyForEachScope(t *testing.T) {
	_, rest, _ := strings.Cut(guide(t), "| scope | what the bot does with it | without it |\n|---|---|---|\n")
	table, _, _ := strings.Cut(rest, "\n\n")
	if diff := cmp.Diff(slack.ScopeRows(), strings.Split(table, "\n")); diff != "" {
		t.Errorf("rows (-code +guide):\n%s", diff)
	}
}

func TestTheGuideKnowsEveryWordThatThereIsAdviceFor(t *testing.T) {
	_, table, _ := strings.Cut(guide(t), "## When something is wrong")
	var firsts []string
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			firsts = append(firsts, strings.Fields(cells[1])...)
		}
	}
	for word := range slack.Advised() {
		if !slices.Contains(firsts, "`"+word+"`") {
			t.Errorf("no row for %s", word)
		}
	}
}
