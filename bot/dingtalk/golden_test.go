package dingtalk_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/dingtalk/dingtalktest"
	"twokey/bot/view"
	"twokey/incident"
)

var update = flag.Bool("update", false, "write the golden files anew")

// leaked is built at test time, so that no scanner takes this file for a leak.
func leaked() incident.KeyID { return incident.KeyID("LTAI" + strings.Repeat("5tJ3", 5)) }

// waiting is an incident that was looked up, with a plan that one person agreed to.
func waiting(t *testing.T) (incident.State, []incident.Record) {
	t.Helper()
	at := time.Date(2026, 11, 21, 2, 53, 50, 0, time.UTC)
	var s incident.State
	var records []incident.Record
	do := func(by incident.Person, c incident.Command) {
		t.Helper()
		events, err := chattest.Rules().Decide(s, by, at, c)
		if err != nil {
			t.Fatalf("%s gives %T: %v", by, c, err)
		}
		records = append(records, incident.Chain{}.Seal(s, "inc-7", by, at, events)...)
		s, at = incident.Fold(records), at.Add(2*time.Second)
	}
	do(incident.Bot, incident.Open{Alert: incident.Alert{
		Source: "hook", Type: "gitleaks", Kind: incident.KindOpen, KeyID: leaked(), Public: incident.Yes, DetectedAt: at.Add(-20 * time.Second), ReceivedAt: at,
	}})
	do(incident.Bot, incident.Observe{Of: incident.OfKey(leaked()), AsOf: at.Add(-3 * time.Minute), Source: "ims:GetUser", Facts: map[incident.FactName]string{
		incident.FactOwner: incident.OwnerRAM, incident.FactAccount: "prod", incident.FactAccountID: "1234567890123456", incident.FactUser: "ci-deploy",
		incident.FactUserID: "201912345678", incident.FactStatus: incident.KeyActive, incident.FactLastIP: "203.0.113.7",
		incident.FactLastUsed: "2026-11-21T02:49:50Z", incident.FactLastService: "Oss", incident.FactAbuse: incident.Yes,
	}})
	for _, step := range []string{incident.StepKeyDisable, incident.StepPolicyQuarantine} {
		do(incident.Bot, incident.Propose{Plan: incident.Plan{
			Step: step, Target: s.Target(), Undo: map[string]string{incident.StepKeyDisable: "key.enable"}[step],
			Guarded: []incident.Fact{{Of: incident.OfKey(leaked()), Name: incident.FactStatus, Value: incident.KeyActive}},
			Impact:  incident.Impact{Breaks: []string{"oss:PutObject"}, Since: at.Add(-15 * 24 * time.Hour)},
		}})
	}
	p, _ := s.Proposal(1)
	do(chattest.Ana, incident.Approve{Number: 1, Digest: p.Digest, Platform: "dingtalk"})
	return s, records
}

func scene(s incident.State, lang string) bot.Scene {
	return bot.Scene{
		State: s, Rules: chattest.Rules(), Lang: lang, Now: time.Date(2026, 11, 21, 2, 54, 10, 0, time.UTC), Site: "china",
		Names: map[incident.Person]string{chattest.Ana: "Ana", chattest.Bo: "Bo", chattest.Chen: "Chen"},
	}
}

// What the group is shown, and the plan that one person is shown, read as their golden
// files do, in every language: as cards, and in messages where there are no cards.
func TestWhatIsShownReadsAsItsGoldenFile(t *testing.T) {
	v, err := view.New()
	if err != nil {
		t.Fatal(err)
	}
	s, records := waiting(t)
	for _, lang := range v.Languages() {
		for kind, change := range map[string]func(*office){"card": func(*office) {}, "words": noCards} {
			o := newOffice(t)
			change(o)
			card := v.Card(scene(s, lang))
			ref, err := o.chat.Post(t.Context(), "inc-7/dingtalk/0", card)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range records {
				if l, ok := v.Line(scene(s, lang), r); ok {
					if err := o.chat.Reply(t.Context(), ref, l); err != nil {
						t.Fatal(err)
					}
				}
			}
			got := strings.ReplaceAll(o.Text(t), string(leaked()), "<KEY>")
			golden(t, filepath.Join("testdata", kind+"."+lang+".txt"), got+"\n")
		}
	}
}

func noCards(o *office) { o.RemoveTemplate(dingtalktest.Shared) }

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}
