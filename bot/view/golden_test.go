package view_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"twokey/bot"
	"twokey/bot/playbook"
	"twokey/bot/view"
	"twokey/incident"
)

var update = flag.Bool("update", false, "write the golden files anew")

// phone is how many characters stand before the fold at most: one screen.
const phone = 1200

// Every moment reads as its golden file does, in every language. The key id is
// replaced, so that no file here looks like a leak.
func TestCardsReadAsTheirGoldenFiles(t *testing.T) {
	v := words(t)
	for name, build := range moments {
		s := build(t)
		for _, lang := range v.Languages() {
			got := strings.ReplaceAll(view.Plain(v.Card(s.scene(lang))), string(leaked()), "<KEY>")
			got = strings.ReplaceAll(got, maskOf(leaked()), "<MASK>")
			golden(t, filepath.Join("testdata", "golden", name+"."+lang+".txt"), got)
		}
	}
}

// A plan in full reads as its golden file does, in every language.
func TestPlansReadAsTheirGoldenFiles(t *testing.T) {
	v := words(t)
	s := moments["waiting-second-vote"](t)
	for _, lang := range v.Languages() {
		got := strings.ReplaceAll(view.PlainStep(v.Plan(s.scene(lang), 1)), string(leaked()), "<KEY>")
		golden(t, filepath.Join("testdata", "golden", "plan-in-full."+lang+".txt"), got)
	}
}

// The timeline of a whole story reads as its golden file does.
func TestLinesReadAsTheirGoldenFiles(t *testing.T) {
	v := words(t)
	s := closedStory(t)
	for _, lang := range v.Languages() {
		var b strings.Builder
		for _, r := range s.records {
			if l, ok := v.Line(s.scene(lang), r); ok {
				b.WriteString(l.At.Format("15:04:05") + " " + strings.TrimSpace(l.Who+" "+l.Text) + "\n")
			}
		}
		got := strings.ReplaceAll(b.String(), string(leaked()), "<KEY>")
		golden(t, filepath.Join("testdata", "golden", "timeline."+lang+".txt"), got)
	}
}

// The message that stands for a flood reads as its golden file does.
func TestTheFloodReadsAsItsGoldenFile(t *testing.T) {
	v := words(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, lang := range v.Languages() {
		got := view.Plain(v.Flood(bot.Flood{
			Lang: lang, Drill: true, Began: at, Last: at.Add(90 * time.Second), Held: 9980,
			Sources: []bot.SourceCount{{Name: "scans \u202e<!channel>", Count: 9000}, {Name: "github", Count: 900}, {Name: "", Count: 80}},
			Newest:  []incident.ID{"inc-10000", "inc-9999"},
		}))
		golden(t, filepath.Join("testdata", "golden", "flood."+lang+".txt"), got)
	}
}

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

// What stands before the fold fits one screen of a phone.
func TestCardsFitAPhone(t *testing.T) {
	v := words(t)
	for name, build := range moments {
		fits(t, name, view.Top(v.Card(build(t).scene("en"))))
		scene := build(t).scene("en")
		scene.Rules.Playbook = playbook.Default()
		fits(t, name+" by the default playbook", view.Top(v.Card(scene)))
	}
}

func fits(t *testing.T, name, top string) {
	t.Helper()
	visible := strings.ReplaceAll(top, "\n  ", "\n") // indentation is ours
	if n := utf8.RuneCountInString(visible); n > phone {
		t.Errorf("%s: %d characters before the fold, more than %d:\n%s", name, n, phone, top)
	}
}
