package dingtalk

import (
	"strings"

	"twokey/bot"
	"twokey/bot/room"
)

// What is put on a card, in characters and buttons; all its text in bytes, so that a
// message holds it too (see maxParam). DingTalk's page says 1 KB for each part of a
// card, and DingTalk's own SDKs send more: what it refuses is said in a message.
const (
	maxContent = 12000 // bytes
	maxText    = 3500  // of an answer or a line
	maxTitle   = 200
	maxLabel   = 40
	maxButtons = 20
	maxBrief   = 200 // in notifications and lists of chats
)

// sheet is what a card shows: text, then all its buttons.
type sheet struct {
	Tone    bot.Tone
	Title   string
	Brief   string // what a notification shows
	Content string
	Foot    string
	Buttons []key
	lang    string
}

// key is one button of a sheet.
type key struct {
	Label string
	Tone  bot.Tone
	Wire  wire
	Typed string // the command that does the same at once; empty: it needs more than a press
}

// drawing is a sheet that fills up. What does not fit is left out, and counted.
type drawing struct {
	*Chat

	card    bot.Card
	private bool
	parts   []string
	size    int
	left    int
	buttons []key
}

// draw is a card as a sheet, below what is said first. DingTalk has no fold: what is
// folded away is drawn only on what one person asked for.
func (c *Chat) draw(card bot.Card, private bool, first string) sheet {
	d := &drawing{Chat: c, card: card, private: private}
	d.add(inert(first))
	d.add(facts(card.Fields))
	for _, n := range card.Notices {
		if d.add(paragraph(bold(room.Signed(n.Tone, ""))+inert(n.Text), d.typed(n.Buttons))) {
			d.press("", n.Buttons)
		}
	}
	d.steps(card.Heading, card.Steps)
	if private {
		d.steps(card.More, card.Folded)
	}
	for _, a := range card.Asks {
		if d.add(paragraph(inert(a.Text), d.typed(a.Buttons))) {
			d.press(a.Text, a.Buttons)
		}
	}
	d.press("", card.Actions)
	if d.left > 0 {
		d.parts = append(d.parts, inert(c.config.Say(card.Lang, "dingtalk.more", "n", count(d.left), "incident", string(card.Incident))))
	}
	return sheet{
		Tone: card.Tone, Title: room.Cut(bot.Inert(room.Title(card)), maxTitle), Brief: room.Cut(bot.Inert(room.Title(card)), maxBrief), Content: strings.Join(d.parts, "\n\n"), Foot: inert(card.Foot),
		Buttons: d.buttons, lang: card.Lang,
	}
}

// add puts a part on the sheet, whole or not at all; it reports whether it fitted.
func (d *drawing) add(part string) bool {
	size := len(part)
	switch {
	case size == 0:
		return true
	case d.left > 0 || d.size+size > maxContent:
		d.left++ // what comes later is worth less
		return false
	}
	d.size += size
	d.parts = append(d.parts, part)
	return true
}

func (d *drawing) steps(heading string, steps []bot.Step) {
	if len(steps) > 0 {
		d.add(bold(heading))
	}
	for _, s := range steps {
		if d.add(paragraph(step(s), d.typed(s.Buttons))) {
			d.press(s.Title, s.Buttons)
		}
	}
}

// press puts buttons on the card. They all stand below the text, so each says what it
// is about.
func (d *drawing) press(about string, buttons []bot.Button) {
	for _, b := range buttons {
		if len(d.buttons) == maxButtons {
			return // its command stands in the text
		}
		label := b.Label
		if about != "" {
			label += " · " + about
		}
		k := key{Label: room.Cut(bot.Inert(label), maxLabel), Tone: b.Tone, Wire: wired(d.card.Lang, b, d.private)}
		if b.Confirm == nil && b.Reason == nil {
			k.Typed = command(b)
		}
		d.buttons = append(d.buttons, k)
	}
}

// typed is what to type in place of buttons.
func (d *drawing) typed(buttons []bot.Button) string {
	var all []string
	for _, b := range buttons {
		if c := command(b); c != "" {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return inert(d.config.Say(d.card.Lang, "dingtalk.type", "commands", strings.Join(all, " · ")))
}

// paragraph is lines that stand together.
func paragraph(lines ...string) string {
	var full []string
	for _, l := range lines {
		if l != "" {
			full = append(full, l)
		}
	}
	return strings.Join(full, newLine)
}

// bold is a text in bold, with a blank after it: some clients want one.
func bold(text string) string {
	if text = strings.TrimSpace(inert(text)); text == "" {
		return ""
	}
	return "**" + text + "** "
}

func facts(fields []bot.Field) string {
	var lines []string
	for _, f := range fields {
		lines = append(lines, bold(f.Label)+inert(f.Text))
	}
	return paragraph(lines...)
}

// step is one plan: what, how it stands, what it breaks, how it is taken back, who.
func step(s bot.Step) string {
	head := []string{strings.TrimSpace(bold(room.Signed(s.Tone, s.Title)))}
	for _, more := range []string{s.State, s.Digest} {
		if more != "" {
			head = append(head, inert(more))
		}
	}
	return paragraph(strings.Join(head, " · "), inert(s.Effect), inert(s.Undo), inert(s.People), facts(s.Facts))
}

// drawLine is an entry of the timeline, under the name of its incident.
func drawLine(about string, l bot.Line) sheet {
	text := inert(l.Text)
	if l.Who != "" {
		text = bold(l.Who+":") + text
	}
	return sheet{
		Tone: l.Tone, Title: room.Signed(l.Tone, about), Brief: room.Cut(bot.Inert(room.Signed(l.Tone, about+" · "+room.Said(l))), maxBrief), Content: room.Cut(text, maxText),
	}
}
