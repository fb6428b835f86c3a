package lark_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"twokey/bot"
	"twokey/bot/lark/larktest"
)

// hostile is what an alert may hold.
const hostile = "<at id=all></at><at user_id=\"all\">all</at> @_all @all **bold** [click](https://evil.example) <a href='https://evil.example'>x</a> `x` " +
	"<font color='red'>y</font> :DONE: ${{x}} \u202egnp.exe\u200b {{x}} &#60;at id=all&#62;"

func full(text string) bot.Card {
	b := bot.Button{
		Act: bot.ActApprove, Label: text, Incident: "inc-1", Number: 1, Digest: "9f2c41d0", Value: text,
		Confirm: &bot.Confirm{Title: text, Text: text, Yes: text, No: text}, Reason: &bot.Prompt{Title: text, Label: text, Required: true},
	}
	s := bot.Step{Name: text, Title: text, State: text, Effect: text, Undo: text, People: text, Digest: text, Facts: []bot.Field{{Label: text, Text: text}}, Buttons: []bot.Button{b}}
	return bot.Card{
		Incident: "inc-1", Lang: "en", Title: text, Drill: text, Fields: []bot.Field{{Label: text, Text: text}}, Notices: []bot.Notice{{Text: text, Buttons: []bot.Button{b}}},
		Heading: text, Steps: []bot.Step{s}, Folded: []bot.Step{s}, More: text, Asks: []bot.Ask{{Text: text, Buttons: []bot.Button{b}}}, Actions: []bot.Button{b}, Foot: text,
		Opened: opened, At: opened,
	}
}

func TestForeignTextDoesNothing(t *testing.T) {
	o := newOffice(t, true)
	ref := o.posted(t, full(hostile))
	if err := o.chat.Update(t.Context(), ref, full(hostile)); err != nil {
		t.Fatal(err)
	}
	if err := o.chat.Reply(t.Context(), ref, bot.Line{Key: "l", Who: hostile, Text: hostile}); err != nil {
		t.Fatal(err)
	}
	h := &heard{answer: bot.Answer{Text: strings.Repeat(hostile, 2)}}
	o.ears(t, h.handle)
	for _, a := range []bot.Answer{{Text: strings.Repeat(hostile, 2)}, {Text: hostile, Card: new(full(hostile))}} {
		h.answer = a
		o.as(t, "ana").Direct("help").Await()
	}
	seen := 0
	for _, chat := range []string{o.room, o.as(t, "ana").Buttons()[0].Chat} {
		for _, m := range o.Messages(chat) {
			if m.Sender != "" {
				continue
			}
			seen++
			if pings, links := m.Pings(), m.Links(); len(pings)+len(links) > 0 {
				t.Errorf("%s calls %q and links %q", m.Type, pings, links)
			}
			if strings.ContainsAny(m.Text(), "\u202e\u200b") {
				t.Error("text that hides or turns was shown as it is")
			}
			if !strings.Contains(m.Text(), "<at id=all>") {
				t.Errorf("the text is not shown as it is: %s", m.Text())
			}
		}
	}
	if seen < 4 {
		t.Errorf("only %d messages were seen", seen)
	}
	for _, c := range o.Cards() {
		for _, tag := range []string{`"lark_md"`, `"markdown"`, `"md"`} {
			if strings.Contains(c, `"tag":`+tag) {
				t.Errorf("a card holds %s", tag)
			}
		}
	}
}

// texts are of all lengths and scripts, with what JSON writes longer than it is.
var texts = rapid.Custom(func(t *rapid.T) string {
	piece := rapid.SampledFrom([]string{"a", "字", "<", "\"", "\\", "\n", "🔴", "&", " ", "\u202e", "word "}).Draw(t, "piece")
	return strings.Repeat(piece, rapid.SampledFrom([]int{0, 1, 40, 130, 700, 4000}).Draw(t, "times"))
})

func cards(t *rapid.T) bot.Card {
	c := full(texts.Draw(t, "text"))
	c.Title, c.Foot = texts.Draw(t, "title"), texts.Draw(t, "foot")
	for range rapid.IntRange(0, 40).Draw(t, "steps") {
		c.Steps = append(c.Steps, full(texts.Draw(t, "step")).Steps[0])
	}
	for range rapid.IntRange(0, 40).Draw(t, "folded") {
		c.Folded = append(c.Folded, full(texts.Draw(t, "fold")).Steps[0])
	}
	return c
}

func TestLarkTakesEveryCard(t *testing.T) {
	o := newOffice(t, true)
	rapid.Check(t, func(r *rapid.T) {
		c := cards(r)
		if _, err := o.chat.Post(t.Context(), strconv.Itoa(len(o.Messages(o.room))), c); err != nil {
			r.Fatal(err)
		}
	})
}

func TestLarkTakesEveryLine(t *testing.T) {
	o := newOffice(t, true)
	ref := o.posted(t, card())
	rapid.Check(t, func(r *rapid.T) {
		l := bot.Line{Key: strconv.Itoa(len(o.Messages(o.room))), Who: texts.Draw(r, "who"), Text: texts.Draw(r, "text")}
		if err := o.chat.Reply(t.Context(), ref, l); err != nil {
			r.Fatal(err)
		}
	})
}

func TestWhatDoesNotFitIsCounted(t *testing.T) {
	o := newOffice(t, true)
	c := full("x")
	for range 60 {
		c.Steps = append(c.Steps, c.Steps[0])
	}
	o.posted(t, c)
	if text := o.Text(t); !strings.Contains(text, "more entries do not fit here") || !strings.Contains(text, "steps inc-1") {
		t.Errorf("the card does not say that it is cut:\n%s", text)
	}
	last := o.Cards()[len(o.Cards())-1]
	if found := larktest.CheckCard([]byte(last)); len(found) > 0 || !json.Valid([]byte(last)) {
		t.Error(found)
	}
	if !strings.Contains(last, `"a":"approve"`) {
		t.Error("no button is left")
	}
}
