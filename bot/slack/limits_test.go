package slack_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"twokey/bot"
	"twokey/bot/room"
	"twokey/bot/slack"
	"twokey/bot/slack/slacktest"
	"twokey/incident"
)

// anyText is text of any length up to one, with what strangers write in it.
func anyText(most int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		n := min(most, rapid.SampledFrom([]int{0, 1, 30, 75, 76, 150, 151, 300, 301, 1000, 2999, 3000, 3001, 9000}).Draw(t, "length"))
		letter := rapid.SampledFrom([]string{"a", "界", "<!channel>", "\u202e", "&", "\"", "\n", "LTAI" + "5tAbcdefgh ", "10.0.0.1 "}).Draw(t, "letter")
		return strings.Repeat(letter, n/len([]rune(letter))) + strings.Repeat("x", n%len([]rune(letter)))
	})
}

func anyButton(most int) *rapid.Generator[bot.Button] {
	return rapid.Custom(func(t *rapid.T) bot.Button {
		text := func(of string) string { return anyText(most).Draw(t, of) }
		b := bot.Button{
			Act: bot.ActApprove, Label: text("label"), Incident: "inc-7", Number: rapid.IntRange(0, 3).Draw(t, "number"),
			Tone: rapid.SampledFrom([]bot.Tone{bot.Plain, bot.Strong, bot.Alarm}).Draw(t, "tone"), Value: text("value"), Command: text("command"),
		}
		if rapid.Bool().Draw(t, "asks") {
			b.Confirm = &bot.Confirm{Title: text("title"), Text: text("text"), Yes: text("yes"), No: text("no")}
		}
		if rapid.Bool().Draw(t, "wants a reason") {
			b.Reason = &bot.Prompt{Title: text("prompt"), Label: text("label of the reason"), Required: true}
		}
		return b
	})
}

func anyButtons(most, n int) *rapid.Generator[[]bot.Button] {
	return rapid.SliceOfN(anyButton(most), 0, n)
}

func anyStep(most int) *rapid.Generator[bot.Step] {
	return rapid.Custom(func(t *rapid.T) bot.Step {
		text := func(of string) string { return anyText(most).Draw(t, of) }
		return bot.Step{
			Name: "key.disable", Title: "STEP " + text("title"), State: text("state"), Effect: text("effect"), Undo: text("undo"),
			People: text("people"), Digest: text("digest"), Tone: bot.Alarm, Buttons: anyButtons(most, 2).Draw(t, "buttons"),
			Facts: rapid.SliceOfN(anyField(most), 0, 2).Draw(t, "facts"),
		}
	})
}

func anyField(most int) *rapid.Generator[bot.Field] {
	return rapid.Custom(func(t *rapid.T) bot.Field {
		return bot.Field{Label: anyText(most).Draw(t, "label"), Text: anyText(most).Draw(t, "text")}
	})
}

// anyCard is a card with a lot on it, or with long texts, or both.
func anyCard() *rapid.Generator[bot.Card] {
	return rapid.Custom(func(t *rapid.T) bot.Card {
		most := rapid.SampledFrom([]int{1, 30, 9000}).Draw(t, "longest")
		text := func(of string) string { return anyText(most).Draw(t, of) }
		return bot.Card{
			Incident: "inc-7", Lang: rapid.SampledFrom([]string{"en", "zh", "ja", "id"}).Draw(t, "language"),
			Tone: bot.Alarm, Title: text("title"), Drill: text("drill"), Heading: text("heading"), More: text("more"), Foot: text("foot"),
			Fields: rapid.SliceOfN(anyField(most), 0, 12).Draw(t, "fields"), Steps: rapid.SliceOfN(anyStep(most), 0, 15).Draw(t, "steps"),
			Folded: rapid.SliceOfN(anyStep(most), 0, 5).Draw(t, "folded"), Actions: anyButtons(most, 30).Draw(t, "actions"),
			Notices: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) bot.Notice {
				return bot.Notice{Tone: bot.Warn, Text: "NOTICE " + anyText(most).Draw(t, "notice"), Buttons: anyButtons(most, 2).Draw(t, "buttons")}
			}), 0, 15).Draw(t, "notices"),
			Asks: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) bot.Ask {
				return bot.Ask{Text: "ASK " + anyText(most).Draw(t, "question"), Buttons: anyButtons(most, 3).Draw(t, "answers")}
			}), 0, 12).Draw(t, "asks"),
		}
	})
}

// Slack takes every card, whatever is on it, and what does not fit is counted.
func TestEveryCardIsWithinTheLimits(t *testing.T) {
	c := drawer(t)
	rapid.Check(t, func(t *rapid.T) {
		card, whole := anyCard().Draw(t, "card"), rapid.Bool().Draw(t, "whole")
		doc, text := slack.Draw(c, card, whole)
		within(t, slacktest.ForMessage, doc, text)
		want := len(card.Steps) + len(card.Notices) + len(card.Asks)
		if whole {
			want += len(card.Folded)
		}
		shown := strings.Count(string(doc), "STEP ") + strings.Count(string(doc), "NOTICE ") + strings.Count(string(doc), "ASK ")
		if shown < want && !strings.Contains(string(doc), "/leak steps inc-7") {
			t.Fatalf("%d of %d are shown, and the rest is lost without a word", shown, want)
		}
	})
}

// within fails if Slack would refuse a message, as a new one or as a change.
func within(t *rapid.T, kind slacktest.Kind, doc []byte, text string) {
	t.Helper()
	for _, err := range slacktest.Check(kind, doc) {
		t.Fatalf("%v", err)
	}
	if n := len([]rune(text)); n == 0 || n > 4000 {
		t.Fatalf("the text of a notification has %d characters", n)
	}
}

// drawer is a room that is asked for nothing but drawings.
func drawer(t *testing.T) *slack.Chat {
	return slack.New(slack.Config{Common: room.Common{Words: words(t).Say, Language: "en"}})
}

// Slack takes every answer and every dialog.
func TestEveryAnswerAndDialogIsWithinTheLimits(t *testing.T) {
	c := drawer(t)
	rapid.Check(t, func(t *rapid.T) {
		a := bot.Answer{Text: "ANSWER" + strings.Join(rapid.SliceOfN(anyText(9000), 0, 20).Draw(t, "text"), "\n")}
		if rapid.Bool().Draw(t, "with a card") {
			card := anyCard().Draw(t, "card")
			a.Card = &card
		}
		doc := slack.DrawAnswer(c, a)
		within(t, slacktest.ForMessage, doc, "-")
		b := anyButton(9000).Draw(t, "button")
		for _, dialog := range slack.DrawDialogs(c, b, a) {
			within(t, slacktest.ForView, dialog, "-")
		}
		if a.Card == nil && !strings.Contains(string(doc), "ANSWER") {
			t.Fatalf("the answer begins elsewhere: %.200s", doc)
		}
	})
}

// Each limit is kept at its edge: the most that fits is shown whole, one more is cut
// and seen to be cut.
func TestTextsAreCutAtTheEdgeOnly(t *testing.T) {
	c := drawer(t)
	for _, edge := range []struct {
		name string
		most int
		card func(text string) bot.Card
	}{
		{"header", 150, func(s string) bot.Card { return bot.Card{Title: s} }},
		{"fields", 3000, func(s string) bot.Card { return bot.Card{Title: "t", Fields: []bot.Field{{Text: s}}} }},
		{"foot", 3000, func(s string) bot.Card { return bot.Card{Title: "t", Foot: s} }},
		{"label", 75, func(s string) bot.Card { return bot.Card{Title: "t", Actions: []bot.Button{{Label: s}}} }},
		{"question", 100, func(s string) bot.Card { return asking(bot.Confirm{Title: s, Text: "t", Yes: "y", No: "n"}) }},
		{"warning", 300, func(s string) bot.Card { return asking(bot.Confirm{Title: "t", Text: s, Yes: "y", No: "n"}) }},
		{"yes", 30, func(s string) bot.Card { return asking(bot.Confirm{Title: "t", Text: "t", Yes: s, No: "n"}) }},
		{"no", 30, func(s string) bot.Card { return asking(bot.Confirm{Title: "t", Text: "t", Yes: "y", No: s}) }},
	} {
		fits, _ := slack.Draw(c, edge.card(strings.Repeat("界", edge.most)), false)
		if !strings.Contains(string(fits), strings.Repeat("界", edge.most-1)) || edge.name != "fields" && strings.Contains(string(fits), "…") {
			t.Errorf("%s: what just fits is cut", edge.name)
		}
		over, _ := slack.Draw(c, edge.card(strings.Repeat("界", edge.most+1)), false)
		cut := strings.Contains(string(over), strings.Repeat("界", edge.most-1)+"…\"")
		if edge.name == "header" { // a long headline is no header any more, but whole
			cut = strings.Contains(string(over), strings.Repeat("界", edge.most+1))
		}
		if !cut {
			t.Errorf("%s: what does not fit is not cut so that it shows: %.400s", edge.name, over)
		}
		for _, doc := range [][]byte{fits, over} {
			for _, err := range slacktest.Check(slacktest.ForMessage, doc) {
				t.Errorf("%s: %v", edge.name, err)
			}
		}
	}
}

func asking(q bot.Confirm) bot.Card {
	return bot.Card{Title: "t", Actions: []bot.Button{{Label: "b", Confirm: &q}}}
}

// The last steps are left out first, and their number is said.
func TestStepsThatDoNotFitAreCounted(t *testing.T) {
	c := drawer(t)
	card := bot.Card{Incident: "inc-7", Lang: "en", Title: "t", Heading: "Do now", Foot: "record"}
	for i := range 40 {
		card.Steps = append(card.Steps, bot.Step{Title: fmt.Sprintf("STEP-%d.", i), Buttons: []bot.Button{{Label: "go"}}})
	}
	doc, _ := slack.Draw(c, card, false)
	var blocks []any
	if err := json.Unmarshal(doc, &blocks); err != nil {
		t.Fatal(err)
	}
	shown := strings.Count(string(doc), "STEP-")
	if shown < 20 || len(blocks) > 50 || !strings.Contains(string(doc), fmt.Sprintf("%d more entries", 40-shown)) {
		t.Errorf("%d steps in %d blocks: %s", shown, len(blocks), doc)
	}
	if !strings.Contains(string(doc), "STEP-0.") || strings.Contains(string(doc), "STEP-39.") || !strings.Contains(string(doc), "record") {
		t.Error("the first steps and the foot must stay")
	}
}

// A button whose texts are too long for Slack still does what it says; it is only
// asked for less before.
func TestALongButtonStaysAButton(t *testing.T) {
	b := bot.Button{
		Act: bot.ActApprove, Incident: "inc-7", Number: 2, Digest: incident.Digest(strings.Repeat("9", 64)),
		Command: strings.Repeat("\"", 2000), Reason: &bot.Prompt{Title: "t", Label: "l"},
	}
	if value := slack.Encode(b); len(value) > 2000 || !slack.IsButton(value, b) {
		t.Errorf("the button became %.100q…, %d bytes", value, len(value))
	}
}

// A line may call people whose names come after its last letter that fits.
func TestALongLineStillCallsPeople(t *testing.T) {
	o := newOffice(t, false)
	ref := o.posts(t, "inc-7", offeredCard(t))
	called := bot.Account{Platform: "slack", Tenant: o.App.Team, User: o.ids[ana]}
	for long := 2980; long <= 3010; long++ {
		line := bot.Line{Key: strconv.Itoa(long), Text: strings.Repeat("x", long), Mention: []bot.Account{called, called, called}}
		if err := o.chat.Reply(t.Context(), ref, line); err != nil {
			t.Fatalf("%d letters: %v", long, err)
		}
	}
}
