package view_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"twokey/bot"
	"twokey/incident"
)

// everyCard calls a function with each moment's card in each language.
func everyCard(t *testing.T, check func(name string, s *story, c bot.Card)) {
	t.Helper()
	v := words(t)
	for name, build := range moments {
		s := build(t)
		for _, lang := range v.Languages() {
			check(name+"."+lang, s, v.Card(s.scene(lang)))
		}
	}
}

// buttonsOf are all buttons of a card.
func buttonsOf(c bot.Card) []bot.Button {
	all := slices.Clone(c.Actions)
	for _, s := range append(slices.Clone(c.Steps), c.Folded...) {
		all = append(all, s.Buttons...)
	}
	for _, n := range c.Notices {
		all = append(all, n.Buttons...)
	}
	for _, a := range c.Asks {
		all = append(all, a.Buttons...)
	}
	return all
}

// Every button has a text command, fits the chats' limits, and a yes carries the
// whole digest of the plan that it is for.
func TestButtonsCanBePressedAndTyped(t *testing.T) {
	everyCard(t, func(name string, s *story, c bot.Card) {
		for _, b := range buttonsOf(c) {
			if b.Command == "" || b.Label == "" || b.Incident != s.state.ID {
				t.Errorf("%s: %+v lacks its command, label or incident", name, b)
			}
			if utf8.RuneCountInString(b.Label) > 75 {
				t.Errorf("%s: label %q is too long for Slack", name, b.Label)
			}
			if b.Act != bot.ActApprove {
				continue
			}
			p, _ := s.state.Proposal(b.Number)
			if len(b.Digest) != 64 || b.Digest != p.Digest {
				t.Errorf("%s: approve %d carries %q, not the whole digest", name, b.Number, b.Digest)
			}
			if !incident.Guided(p.Plan.Step) { // people did it already
				checkAsked(t, name, b, s.rules.Tier(p.Plan))
			}
		}
	})
}

// checkAsked: what hurts is confirmed first, what is final needs a reason too.
func checkAsked(t *testing.T, name string, b bot.Button, tier incident.Tier) {
	t.Helper()
	if (b.Confirm != nil) != tier.AtLeast(incident.Disruptive) {
		t.Errorf("%s: approve %d of tier %s has confirm %v", name, b.Number, tier, b.Confirm)
	}
	if (b.Reason != nil) != tier.AtLeast(incident.Destructive) {
		t.Errorf("%s: approve %d of tier %s has reason %v", name, b.Number, tier, b.Reason)
	}
	if c := b.Confirm; c != nil {
		for text, limit := range map[string]int{c.Title: 100, c.Text: 300, c.Yes: 30, c.No: 30} {
			if n := utf8.RuneCountInString(text); n == 0 || n > limit {
				t.Errorf("%s: dialog text of %d characters, limit %d: %q", name, n, limit, text)
			}
		}
	}
	if r := b.Reason; r != nil && (!r.Required || utf8.RuneCountInString(r.Title) > 24) {
		t.Errorf("%s: prompt %+v", name, r)
	}
}

// A destructive plan asks for a reason and a confirmation.
func TestDestructivePlansAskTwice(t *testing.T) {
	s := contained(t).wait(2 * time.Hour)
	s.do(incident.Bot, incident.Propose{Plan: s.plan("key.delete", "key.restore")})
	c := words(t).Card(s.scene("en"))
	i := slices.IndexFunc(buttonsOf(c), func(b bot.Button) bool { return b.Act == bot.ActApprove && b.Number == 4 })
	if i < 0 {
		t.Fatal("no button to approve deleting")
	}
	checkAsked(t, "delete", buttonsOf(c)[i], incident.Destructive)
}

// Where nothing can be started, nothing can be pressed.
func TestEndedIncidentsHaveNoButtons(t *testing.T) {
	for _, name := range []string{"closed", "merged", "read-only"} {
		c := words(t).Card(moments[name](t).scene("en"))
		if all := buttonsOf(c); len(all) > 0 || len(c.Steps) > 0 || c.Pending > 0 {
			t.Errorf("%s: %d steps, %d pending, buttons %v", name, len(c.Steps), c.Pending, all)
		}
	}
}

// A card stays true however late it is read: nothing in it counts from now.
func TestCardsDoNotAge(t *testing.T) {
	s := offered(t)
	v := words(t)
	before := v.Card(s.scene("en"))
	if diff := cmp.Diff(before, v.Card(s.wait(5*time.Hour).scene("en"))); diff != "" {
		t.Error(diff)
	}
}

// No card has a blank that was not filled in, and no golden file looks like a key.
func TestNoBlanksStayOpen(t *testing.T) {
	everyCard(t, func(name string, _ *story, c bot.Card) {
		for _, text := range texts(reflect.ValueOf(c)) {
			if blank.MatchString(text) {
				t.Errorf("%s: %q", name, text)
			}
		}
	})
	keyShaped := regexp.MustCompile("LTAI[0-9A-Za-z]{4}")
	files, err := filepath.Glob("testdata/golden/*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil || keyShaped.Match(b) {
			t.Errorf("%s looks like a leak (%v)", file, err)
		}
	}
}

// texts are all strings inside a value.
func texts(v reflect.Value) []string {
	switch v.Kind() {
	case reflect.String:
		return []string{v.String()}
	case reflect.Pointer:
		if !v.IsNil() {
			return texts(v.Elem())
		}
	case reflect.Slice:
		var all []string
		for i := range v.Len() {
			all = append(all, texts(v.Index(i))...)
		}
		return all
	case reflect.Struct:
		var all []string
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				all = append(all, texts(v.Field(i))...)
			}
		}
		return all
	}
	return nil
}

// A plan in full offers each reader only what would not be refused.
func TestPlansOfferWhatTheReaderMayDo(t *testing.T) {
	s := moments["waiting-second-vote"](t)
	for reader, want := range map[incident.Person][]bot.Act{
		ana: {bot.ActDecline, bot.ActWithdraw},
		bo:  {bot.ActApprove, bot.ActDecline},
		eve: nil,
	} {
		scene := s.scene("en")
		scene.Reader = reader
		var got []bot.Act
		for _, b := range words(t).Plan(scene, 1).Buttons {
			got = append(got, b.Act)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", reader, diff)
		}
	}
}

// Votes of people who lost the role are not shown as counting.
func TestVotesOfPeopleWithoutTheRoleDoNotCount(t *testing.T) {
	s := moments["waiting-second-vote"](t)
	s.rules.Members = s.rules.Members[1:] // Ana left
	c := words(t).Card(s.scene("en"))
	if strings.Contains(c.Steps[0].People, "Ana") || !strings.Contains(c.Steps[0].People, "0 so far") {
		t.Error(c.Steps[0].People)
	}
}

// A pretend account is stamped, erased words are said to be erased, and a
// sentence that no catalog has is seen.
func TestSmallThings(t *testing.T) {
	v := words(t)
	s := moments["declined"](t)
	scene := s.scene("en")
	scene.Drill, scene.Texts = true, nil
	c := v.Card(scene)
	if c.Drill != "DRILL" || !strings.Contains(c.Steps[0].State, "(text erased)") || !strings.Contains(c.Fields[0].Text, "(text erased)") {
		t.Errorf("%q %q %q", c.Drill, c.Steps[0].State, c.Fields[0].Text)
	}
	if got := v.Say("en", "no.such.sentence", nil); got != "no.such.sentence" {
		t.Error(got)
	}
}

// On the international site the links lead there.
func TestLinksGoToTheRightSite(t *testing.T) {
	s := moments["not-confirmed"](t)
	scene := s.scene("en")
	scene.Site = "international"
	step := words(t).Card(scene).Steps[0]
	want := "https://ram.console.alibabacloud.com/users/ci-deploy"
	if len(step.Facts) == 0 || !strings.HasSuffix(step.Facts[0].Text, want) {
		t.Errorf("%+v does not lead to %s", step.Facts, want)
	}
	scene.Links = map[string]string{"user": "https://console.corp.example/ram?user={user}"}
	step = words(t).Card(scene).Steps[0]
	if want = "https://console.corp.example/ram?user=ci-deploy"; !strings.HasSuffix(step.Facts[0].Text, want) {
		t.Errorf("%+v does not lead to %s", step.Facts, want)
	}
}

// Only what was seen done looks done, on the card and in the timeline.
func TestOnlyConfirmedIsGreen(t *testing.T) {
	v := words(t)
	for _, outcome := range []incident.Outcome{incident.Confirmed, incident.Rejected, incident.NotConfirmed, incident.NotSeen} {
		s := running(t).do(incident.Bot, incident.Finish{Number: 1, Outcome: outcome, Code: "NoPermission"})
		green := outcome == incident.Confirmed
		step := v.Plan(s.scene("en"), 1)
		if (step.Tone == bot.Calm) != green || strings.HasPrefix(step.State, "done") != green {
			t.Errorf("%s: %s %q", outcome, step.Tone, step.State)
		}
		l, ok := v.Line(s.scene("en"), s.records[len(s.records)-1])
		if !ok || (l.Tone == bot.Calm) != green {
			t.Errorf("%s: line %v %s %q", outcome, ok, l.Tone, l.Text)
		}
		if c := v.Card(s.scene("en")); c.Tone != bot.Alarm || !strings.Contains(c.Title, "NOT CONTAINED") {
			t.Errorf("%s: the key was last seen Active, the card says %s %q", outcome, c.Tone, c.Title)
		}
	}
}
