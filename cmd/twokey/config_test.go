package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/bot"
	"twokey/bot/playbook"
	"twokey/incident"
)

func noEnv(string) (string, bool) { return "", false }

// parsedConfig reads a configuration that must be right.
func parsedConfig(t *testing.T, text string, env map[string]string) *config {
	t.Helper()
	file := filepath.Join(t.TempDir(), "twokey.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, err := readConfig(file, false, func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const oneAccount = `accounts: [{name: prod, id: "1234567890123456", mode: act, credentials: {type: ecs_ram_role}}]
`

func TestDefaultsAreTheDesigns(t *testing.T) {
	c := parsedConfig(t, oneAccount, nil)
	got, err := c.rules()
	if err != nil {
		t.Fatal(err)
	}
	want := incident.Rules{
		People: map[incident.Tier]int{}, RequesterCounts: true, Window: 30 * time.Minute, ReasonFrom: incident.Destructive,
		Remind: []time.Duration{5 * time.Minute, 15 * time.Minute}, Playbook: playbook.Default(),
		Automation: incident.Automation{Cap: 3, History: 336 * time.Hour},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	if c.Listen != "127.0.0.1:8080" || c.API.Token.given() || c.drill() {
		t.Errorf("listen %s, api %v, drill %v", c.Listen, c.API.Token.given(), c.drill())
	}
}

func TestAnAccountThatDoesNotSayIsOnlyLookedAt(t *testing.T) {
	c := parsedConfig(t, strings.Replace(oneAccount, "mode: act, ", "", 1), nil)
	rules, err := c.rules()
	if err != nil {
		t.Fatal(err)
	}
	if !c.account(c.Accounts[0]).Observe || len(rules.Observe) != 1 {
		t.Error("it would be written to")
	}
}

func TestEverythingReachesTheRules(t *testing.T) {
	c := parsedConfig(t, oneAccount+`
people:
  - {id: ana, name: Ana, language: zh, roles: [responder, approver], ram: {account: prod, user: ana}, slack: {team: T1, user: U1}, lark: [{tenant: a, user: b}, {tenant: a, user: c}]}
  - {id: bo, roles: [responder], dingtalk: {corp: d, user: e}}
owners: [{account: prod, user: ci, person: bo}]
protected: {users: [{account: prod, user: break-glass}]}
approval: {people: {disruptive: 1, destructive: 3}, requester_counts: false, window: 10m, cross_platform: true, reason: none, alone_after: 5m}
automation: {cap: 1, history: 48h, rules: [{when: {abuse: [yes, unknown], owner: ram}, do: key.fence}]}
escalation: {remind: [1m], webhook: {url: "https://events.example/v2", secret: ${K}}}
alerts: {sources: [{name: a, type: generic, token: ${K}, may_automate: true}, {name: b, type: generic, token: ${K}}]}
`, map[string]string{"K": "key"})
	got, err := c.rules()
	if err != nil {
		t.Fatal(err)
	}
	want := incident.Rules{
		Members: []incident.Member{
			{ID: "ana", Roles: []incident.Role{incident.Responder, incident.Approver}, RAM: []incident.RAMUser{{Account: "prod", User: "ana"}}},
			{ID: "bo", Roles: []incident.Role{incident.Responder}},
		},
		People: map[incident.Tier]int{incident.Disruptive: 1, incident.Destructive: 3}, Window: 10 * time.Minute, CrossPlatform: true,
		AloneAfter: 5 * time.Minute, Protected: []incident.RAMUser{{Account: "prod", User: "break-glass"}}, Playbook: playbook.Default(),
		Remind: []time.Duration{time.Minute}, Webhook: true,
		Automation: incident.Automation{
			Sources: []string{"a"}, Cap: 1, History: 48 * time.Hour,
			Rules: []incident.AutoRule{{When: incident.Conditions{"abuse": {"yes", "unknown"}, "owner": {"ram"}}, Do: []string{"key.fence"}}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	people := bot.People{
		Entries: []bot.Entry{
			{ID: "ana", Name: "Ana", Lang: "zh", Accounts: []bot.Account{
				{Platform: "slack", Tenant: "T1", User: "U1"}, {Platform: "lark", Tenant: "a", User: "b"}, {Platform: "lark", Tenant: "a", User: "c"},
			}},
			{ID: "bo", Name: "bo", Accounts: []bot.Account{{Platform: "dingtalk", Tenant: "d", User: "e"}}},
		},
		Owners: map[incident.RAMUser]incident.Person{{Account: "prod", User: "ci"}: "bo"},
	}
	if diff := cmp.Diff(people, c.people()); diff != "" {
		t.Errorf("people (-want +got):\n%s", diff)
	}
}

func TestASecretDoesNotPrint(t *testing.T) {
	const planted = "planted-secret"
	c := parsedConfig(t, oneAccount+"api: {token: ${K}}\nalerts: {sources: [{name: a, type: generic, token: [${K}, ${K}]}]}\n", map[string]string{"K": planted})
	if c.API.Token.reveal() != planted || len(c.Alerts.Sources[0].Token) != 2 {
		t.Fatal("the secret was not read")
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("config", slog.Any("config", c), slog.Any("token", c.API.Token))
	slog.New(slog.NewTextHandler(&log, nil)).Info("config", slog.Any("config", c), slog.Any("token", c.API.Token))
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := c.rules()
	if err != nil {
		t.Fatal(err)
	}
	settled, err := json.Marshal(c.settings(rules))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{log.String(), string(encoded), string(settled), fmt.Sprintf("%v %+v %#v %s", *c, *c, *c, c.API.Token)} {
		if strings.Contains(text, planted) {
			t.Errorf("it got out: %s", text)
		}
	}
}

func TestAVariableIsTheWholeValue(t *testing.T) {
	for _, text := range []string{"language: x${K}", "language: ${K}x", "language: ${K}${K}", "language: '${1K}'", "language: '${'"} {
		r := &reader{getenv: func(string) (string, bool) { return "en", true }, lines: map[string]int{}, absent: map[string]bool{}}
		r.parse([]byte(text))
		if err := r.err(); err == nil || !strings.Contains(err.Error(), "must be the whole value") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestTheExampleIsComplete looks for every key there is, so that a new one can't
// be forgotten.
func TestTheExampleIsComplete(t *testing.T) {
	body, err := os.ReadFile("../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	inOtherForm := map[string]bool{"postgres": true, "dsn": true} // refused in this version
	for _, key := range keysOf(reflect.TypeFor[config]()) {
		if !inOtherForm[key] && !regexp.MustCompile(`\b`+key+`(_file)?\b`).Match(body) {
			t.Errorf("config.example.yaml says nothing about %q", key)
		}
	}
}

func keysOf(typ reflect.Type) []string {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return keysOf(typ.Elem())
	case reflect.Struct:
	default:
		return nil
	}
	if typ == reflect.TypeFor[secret]() {
		return nil
	}
	var all []string
	fields, _ := fieldsOf(reflect.New(typ).Elem())
	for key, field := range fields {
		all = append(append(all, key), keysOf(field.Type())...)
	}
	return all
}

func TestOfflineWhatIsNotSetIsNotJudged(t *testing.T) {
	r := &reader{getenv: noEnv, offline: true, lines: map[string]int{}, absent: map[string]bool{}}
	c := r.parse([]byte(`accounts: [{name: prod, id: ${ID}, mode: act, credentials: {type: access_key, access_key_id: ${A}, access_key_secret: ${B}}}]
automation: {cap: ${N}}
audit: {key: ${K}}
`))
	if r.check(c); r.err() != nil {
		t.Error(r.err())
	}
	if len(r.unset) != 5 {
		t.Errorf("unset: %q", r.unset)
	}
}

// FuzzConfig: whatever stands in the file, the answer is a configuration or
// problems with lines, and no value of the environment is ever repeated.
func FuzzConfig(f *testing.F) {
	example, err := os.ReadFile("../../config.example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	f.Add([]byte("accounts: [{name: a, id: ${X}}]\napproval: {window: ${X}, people: {destructive: ${X}}}\nlanguage: ${X}"))
	f.Add([]byte("a: &a [*a]\n? {b: c}\n: d\n--- !!binary x"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := &reader{file: "f", getenv: func(string) (string, bool) { return "5ecretOfTheEnvironment", true }, lines: map[string]int{}, absent: map[string]bool{}}
		c := r.parse(body)
		if c.Playbook == "" && len(r.problems) == 0 { // no file of the machine is opened
			r.check(c)
		}
		for _, p := range r.problems {
			if p.line < 0 || strings.Contains(p.text, "5ecretOfTheEnvironment") && !named(p.text) {
				t.Errorf("%d: %s", p.line, p.text)
			}
		}
	})
}

// named are the problems that repeat a name, which is no secret's place.
func named(text string) bool {
	return strings.Contains(text, "stands at") || strings.Contains(text, "there is ") || strings.Contains(text, "already") ||
		strings.Contains(text, "no condition") || strings.Contains(text, "no age recipient") || strings.Contains(text, "does not sign") || strings.Contains(text, "no credentials of type") || strings.Contains(text, "is not a region")
}
