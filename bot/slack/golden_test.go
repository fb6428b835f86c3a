package slack_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/bot"
	"twokey/bot/slack/slacktest"
	"twokey/incident"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares what was sent with a file, in which everything stands that Slack
// gets. What differs at each start is replaced.
func golden(t *testing.T, name string, o *office, d slacktest.Drawn) {
	t.Helper()
	for _, err := range slacktest.Check(d.Kind, d.JSON) {
		t.Errorf("%s: %v", name, err)
	}
	path := filepath.Join("testdata", "golden", name+".json")
	got := o.legible(t, d.JSON)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs; look, then run with -update (-want +got):\n%s", path, diff)
	}
}

var stamp = regexp.MustCompile(`\d{10}\.\d{6}`)

func (o *office) legible(t *testing.T, doc []byte) []byte {
	t.Helper()
	var v any
	if err := json.Unmarshal(doc, &v); err != nil {
		t.Fatal(err)
	}
	names := []string{string(keyID()), "<KEY>", o.room.ID, "<ROOM>", o.App.Team, "<TEAM>"}
	for who, id := range o.ids {
		names = append(names, id, "<"+strings.ToUpper(string(who))+">")
	}
	return stamp.ReplaceAll([]byte(strings.NewReplacer(names...).Replace(laidOut(v, "")+"\n")), []byte("<TS>"))
}

// wide is how long a line of a golden file may be.
const wide = 140

// laidOut is JSON with short things on one line, so that a diff is read at a glance.
func laidOut(v any, indent string) string {
	line := inLine(v)
	if len(indent)+len(line) <= wide {
		return line
	}
	deeper := indent + "\t"
	var parts []string
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			parts = append(parts, deeper+laidOut(e, deeper))
		}
		return "[\n" + strings.Join(parts, ",\n") + "\n" + indent + "]"
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, deeper+inLine(name)+": "+laidOut(v[name], deeper))
		}
		return "{\n" + strings.Join(parts, ",\n") + "\n" + indent + "}"
	}
	return line
}

func inLine(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // what was decoded from JSON
	return strings.TrimSpace(b.String())
}

// drawnBy is the last of what was sent while something was done.
func (o *office) drawnBy(t *testing.T, do func()) slacktest.Drawn {
	t.Helper()
	before := len(o.Drawn())
	do()
	all := o.Drawn()
	if len(all) == before {
		t.Fatal("nothing was sent")
	}
	return all[len(all)-1]
}

func (o *office) posts(t *testing.T, key string, c bot.Card) bot.Ref {
	t.Helper()
	ref, err := o.chat.Post(t.Context(), key, c)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

const acme = "acme/web"

// The five moments of an incident look as their golden files do, in every language.
func TestCardsLookAsTheirGoldenFiles(t *testing.T) {
	o, v := newOffice(t, true), words(t)
	for name, build := range moments {
		s := build(t, acme)
		for _, lang := range v.Languages() {
			d := o.drawnBy(t, func() { o.posts(t, name+lang, v.Card(s.scene(lang))) })
			golden(t, name+"."+lang, o, d)
		}
	}
}

// What a stranger wrote, and a card that is too long, look as their golden files do.
func TestHostileAndLongCardsLookAsTheirGoldenFiles(t *testing.T) {
	o, v := newOffice(t, true), words(t)
	for _, lang := range v.Languages() {
		d := o.drawnBy(t, func() { o.posts(t, "hostile"+lang, v.Card(offered(t, hostile).scene(lang))) })
		golden(t, "hostile."+lang, o, d)
		long := v.Card(offered(t, acme).scene(lang))
		for i := range 60 {
			s := long.Steps[0]
			s.Title += " " + strconv.Itoa(i)
			long.Steps = append(long.Steps, s)
		}
		d = o.drawnBy(t, func() { o.posts(t, "long"+lang, long) })
		golden(t, "too-long."+lang, o, d)
	}
}

// The dialogs look as their golden files do: why somebody does something, and a plan
// in full.
func TestDialogsLookAsTheirGoldenFiles(t *testing.T) {
	o, v := newOffice(t, true), words(t)
	s := waiting(t, acme)
	for _, lang := range v.Languages() {
		card := v.Card(s.scene(lang))
		step := v.Plan(s.scene(lang), 1)
		shown := bot.Card{Incident: "inc-7", Lang: lang, Title: step.Title, Steps: []bot.Step{step}}
		b := &bell{answer: bot.Answer{OK: true, Text: step.Title, Card: &shown}}
		stop := o.listen(t, b.handle)
		o.posts(t, "dialogs"+lang, card)
		d := o.drawnBy(t, func() { o.as(t, ana).Press(o.sees(t, ana, bot.ActFalse)).AwaitModal() })
		golden(t, "dialog-reason."+lang, o, d)
		d = o.drawnBy(t, func() { o.as(t, ana).Press(o.sees(t, ana, bot.ActShow)).AwaitText("UpdateAccessKey") })
		golden(t, "dialog-plan."+lang, o, d)
		stop()
	}
}

// sees is the newest button on a message with this act.
func (o *office) sees(t *testing.T, who incident.Person, act bot.Act) slacktest.Button {
	t.Helper()
	return o.as(t, who).Find(func(b slacktest.Button) bool {
		return b.View == "" && strings.HasPrefix(b.ID, string(act)+":")
	})
}

// A line that is for somebody, and what one person is told, look as their golden files
// do.
func TestLinesAndAnswersLookAsTheirGoldenFiles(t *testing.T) {
	o, v := newOffice(t, true), words(t)
	s := waiting(t, acme)
	for _, lang := range v.Languages() {
		scene := s.scene(lang)
		ref := o.posts(t, "lines"+lang, v.Card(scene))
		line, ok := v.Line(scene, s.records[len(s.records)-1])
		if !ok {
			t.Fatal("the last record has no line")
		}
		line.Mention = []bot.Account{{Platform: "slack", Tenant: o.App.Team, User: o.ids[bo]}}
		d := o.drawnBy(t, func() {
			if err := o.chat.Reply(t.Context(), ref, line); err != nil {
				t.Fatal(err)
			}
		})
		golden(t, "line."+lang, o, d)
		scene.Reader, scene.Plan = ana, 1
		b := &bell{answer: bot.Answer{Text: v.Refusal(scene, incident.AlreadyVoted)}}
		stop := o.listen(t, b.handle)
		d = o.drawnBy(t, func() { o.Type(t, ana, "approve 1") })
		golden(t, "answer."+lang, o, d)
		stop()
	}
}
