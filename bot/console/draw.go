package console

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"strconv"
	"time"

	"twokey/bot"
)

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"inert": bot.Inert, "spans": bot.Spans, "tone": tone,
}).ParseFS(assets, "assets/*.html"))

func render(name string, data any) ([]byte, error) {
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, name, data); err != nil {
		return nil, fmt.Errorf("draw %s: %w", name, err)
	}
	return out.Bytes(), nil
}

// speech lets a template say the catalog's sentences in the reader's language.
type speech struct {
	Lang  string
	words func(lang, id string, blanks map[string]string) string
}

// T is a sentence of the catalog; blanks are names and values by turns.
func (s speech) T(id string, blanks ...any) string {
	filled := map[string]string{}
	for i := 0; i+1 < len(blanks); i += 2 {
		filled[fmt.Sprint(blanks[i])] = fmt.Sprint(blanks[i+1])
	}
	return s.words(s.Lang, id, filled)
}

// cardView is a card with its buttons turned into forms.
type cardView struct {
	speech
	bot.Card
	DOM, Tongue string // Tongue: the card's own language
	Head        headline
	Notices     []noticeView
	Steps       []stepView
	Asks        []askView
	Folded      []stepView
	Actions     []buttonView
	Thread      threadView
}

type noticeView struct {
	speech
	Tone    bot.Tone
	Text    string
	Buttons []buttonView
}

type stepView struct {
	speech
	bot.Step
	Buttons []buttonView
	Bare    bool // its button says the title already
	Told    bool // the answer that it stands in says the title already
}

type askView struct {
	Text    string
	Buttons []buttonView
}

// buttonView is a button as a form of its own, with the question that comes first.
type buttonView struct {
	speech
	press
	bot.Button
	DOM, Mark string
	Question  string
	Text      string
	Yes, No   string
}

// Form is what the form carries, as it was marked.
func (b buttonView) Form() press { return b.press }

// artist draws the cards of one message or answer for one identity.
type artist struct {
	speech
	sign signer
	who  string
	ref  string
	turn map[string]int
	used map[string]int // the same button may stand twice on one card
	zone *time.Location
}

func (a artist) card(dom string, c bot.Card, lines []bot.Line) cardView {
	v := cardView{
		speech: a.speech, Card: c, DOM: dom, Tongue: c.Lang, Head: headlineOf(c.Incident, c.Title),
		Steps: a.steps(c.Steps), Actions: a.buttons(c.Actions), Thread: a.thread(dom, lines),
	}
	for _, n := range c.Notices {
		v.Notices = append(v.Notices, noticeView{a.speech, n.Tone, n.Text, a.buttons(n.Buttons)})
	}
	for _, q := range c.Asks {
		v.Asks = append(v.Asks, askView{q.Text, a.buttons(q.Buttons)})
	}
	v.Folded = a.steps(c.Folded)
	return v
}

func (a artist) steps(steps []bot.Step) []stepView {
	var out []stepView
	for _, s := range steps {
		bare := len(s.Buttons) > 0 && s.Buttons[0].Label == s.Title
		out = append(out, stepView{speech: a.speech, Step: s, Buttons: a.buttons(s.Buttons), Bare: bare})
	}
	return out
}

func (a artist) buttons(buttons []bot.Button) []buttonView {
	var out []buttonView
	for _, b := range buttons {
		p := pressOf(a.who, a.ref, b)
		form := p.form(a.sign)
		p.Turn = a.turn[form]
		v := drawButton(a.speech, a.sign, p, b)
		if n := a.used[form]; n > 0 {
			v.DOM += "-" + strconv.Itoa(n)
		}
		a.used[form]++
		out = append(out, v)
	}
	return out
}

func pressOf(who, ref string, b bot.Button) press {
	return press{
		Who: who, Ref: ref, Act: b.Act, Incident: b.Incident, Number: b.Number, Digest: b.Digest, Value: b.Value,
		Ask: b.Confirm != nil || b.Reason != nil,
	}
}

func drawButton(s speech, sign signer, p press, b bot.Button) buttonView {
	v := buttonView{speech: s, press: p, Button: b, DOM: "b-" + p.form(sign)[:16], Mark: p.mark(sign)}
	v.Question, v.Yes, v.No = b.Label, b.Label, s.T("console.cancel")
	if b.Reason != nil && b.Reason.Title != "" {
		v.Question = b.Reason.Title
	}
	if q := b.Confirm; q != nil {
		v.Question, v.Text = q.Title, q.Text
		v.Yes, v.No = cmp.Or(q.Yes, v.Yes), cmp.Or(q.No, v.No)
	}
	return v
}

// threadView is a timeline: what was last said in sight, the rest folded away.
type threadView struct {
	speech
	DOM           string
	Earlier, Last []lineView
	LastFrom      int // number of the first line in sight
	Tongue        string
}

type lineView struct {
	bot.Line
	speech
	DOM, Clock, Stamp string
}

// lastLines is how much of a timeline is in sight on a phone.
const lastLines = 3

func (a artist) thread(dom string, lines []bot.Line) threadView {
	v := threadView{speech: a.speech, DOM: dom}
	for i, l := range lines {
		lv := lineView{
			Line: l, speech: a.speech, DOM: dom + "-l" + strconv.Itoa(i+1),
			Clock: l.At.In(a.zone).Format(time.TimeOnly), Stamp: l.At.UTC().Format(time.RFC3339),
		}
		if i < len(lines)-lastLines {
			v.Earlier = append(v.Earlier, lv)
			continue
		}
		v.Last = append(v.Last, lv)
	}
	v.LastFrom = len(v.Earlier) + 1
	return v
}

// button finds what a press was drawn from, unless the card has moved on.
func (c *Console) button(p press) (bot.Button, bool) {
	for _, b := range c.buttonsOn(p) {
		if q := pressOf(p.Who, p.Ref, b); q.form(c.sign) == p.form(c.sign) {
			return b, true
		}
	}
	return bot.Button{}, false
}

func (c *Console) buttonsOn(p press) []bot.Button {
	c.mu.Lock()
	defer c.mu.Unlock()
	if post, ok := c.byRef[bot.Ref(p.Ref)]; ok {
		return buttonsOf(post.card)
	}
	for _, a := range c.answers[p.Who] {
		if a.ref() == p.Ref && a.Card != nil {
			return buttonsOf(*a.Card)
		}
	}
	return nil
}

func buttonsOf(c bot.Card) []bot.Button {
	out := append([]bot.Button{}, c.Actions...)
	for _, n := range c.Notices {
		out = append(out, n.Buttons...)
	}
	for _, s := range c.Steps {
		out = append(out, s.Buttons...)
	}
	for _, q := range c.Asks {
		out = append(out, q.Buttons...)
	}
	for _, s := range c.Folded {
		out = append(out, s.Buttons...)
	}
	return out
}

func (a answer) ref() string { return "answer-" + strconv.Itoa(a.number) }
