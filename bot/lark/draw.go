package lark

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"twokey/bot"
	"twokey/bot/room"
)

// colours of the headline. They never say anything alone.
var colours = map[bot.Tone]string{bot.Alarm: "red", bot.Warn: "orange", bot.Calm: "green"}

// draw is a card as Lark wants it, below what is said first. What one person asked for
// is unfolded.
func (c *Chat) draw(card bot.Card, whole bool, first ...node) string {
	s := newSheet()
	var folded []node
	for _, row := range rows(card.Lang, card.Actions) {
		s.End([]node{row})
	}
	s.End(small(card.Foot))
	s.Add(first)
	s.Add(facts(card.Fields))
	s.Each(&s.Body, room.Drawn(card.Notices, func(n bot.Notice) []node { return notice(card.Lang, n) }))
	steps := func(s bot.Step) []node { return step(card.Lang, s) }
	if len(card.Steps) > 0 {
		s.Add(heading(card.Heading))
		s.Each(&s.Body, room.Drawn(card.Steps, steps))
	}
	s.Each(&s.Body, room.Drawn(card.Asks, func(a bot.Ask) []node { return ask(card.Lang, a) }))
	s.Each(&folded, room.Drawn(card.Folded, steps))
	if len(folded) > 0 {
		s.Body = append(s.Body, fold(card.More, folded, whole))
	}
	if s.Left > 0 {
		s.Body = append(s.Body, plain(c.config.Say(card.Lang, "lark.more", "n", strconv.Itoa(s.Left), "incident", string(card.Incident)))...)
	}
	return packed(frame(room.Title(card), card.Tone, append(s.Body, s.Foot...)))
}

// frame is a card around its elements. It can be updated for everybody, and not be
// forwarded: a button counts on the card of its room only.
func frame(title string, tone bot.Tone, body []node) node {
	if len(body) == 0 {
		body = plain("…")
	}
	return node{
		"schema": "2.0",
		"config": node{
			"update_multi": true, "enable_forward": false, "enable_forward_interaction": false,
			"summary": node{"content": room.Cut(bot.Inert(title), maxTitle)},
		},
		"header": node{"title": plainText(title, maxTitle), "template": cmp.Or(colours[tone], "blue")},
		"body":   node{"elements": body},
	}
}

func words(text, size string) []node {
	if text == "" {
		return nil
	}
	t := plainText(text, maxText)
	t["text_size"] = size
	return []node{{"tag": "div", "text": t}}
}

func plain(text string) []node   { return words(text, "normal") }
func heading(text string) []node { return words(text, "heading") }
func small(text string) []node   { return words(text, "notation") }

func fold(label string, inside []node, open bool) node {
	return node{
		"tag": "collapsible_panel", "expanded": open, "elements": inside,
		"header": node{"title": plainText(label, maxTitle)},
	}
}

// labelled is a fact after its label.
func labelled(f bot.Field) string {
	if f.Label == "" {
		return f.Text
	}
	return f.Label + " · " + f.Text
}

func facts(fields []bot.Field) []node {
	var lines []string
	for _, f := range fields {
		lines = append(lines, labelled(f))
	}
	return plain(strings.Join(lines, "\n"))
}

func notice(lang string, n bot.Notice) []node {
	return append(plain(room.Signed(n.Tone, n.Text)), rows(lang, n.Buttons)...)
}

func ask(lang string, a bot.Ask) []node {
	return append(heading(a.Text), rows(lang, a.Buttons)...)
}

// step is one plan: what, how it stands, what it breaks, how it is taken back, who.
func step(lang string, s bot.Step) []node {
	head := strings.Join(given(room.Signed(s.Tone, s.Title), s.State, s.Digest), " · ")
	lines := given(s.Effect, s.Undo, s.People)
	for _, f := range s.Facts {
		lines = append(lines, labelled(f))
	}
	out := append(heading(head), plain(strings.Join(lines, "\n"))...)
	return append(out, rows(lang, s.Buttons)...)
}

// given are the texts that are not empty.
func given(all ...string) []string {
	return slices.DeleteFunc(all, func(text string) bool { return text == "" })
}

// rows are buttons side by side, that flow into more rows where there is no room.
func rows(lang string, buttons []bot.Button) []node {
	if len(buttons) == 0 {
		return nil
	}
	var columns []node
	for _, b := range buttons {
		columns = append(columns, node{"tag": "column", "width": "auto", "elements": []node{button(lang, b)}})
	}
	return []node{{"tag": "column_set", "flex_mode": "flow", "horizontal_spacing": "8px", "columns": columns}}
}

func button(lang string, b bot.Button) node {
	e := pushed(b.Label, kinds[b.Tone], encode(lang, b))
	if q := b.Confirm; q != nil {
		e["confirm"] = node{"title": plainText(q.Title, maxButton), "text": plainText(q.Text, maxConfirm)}
	}
	return e
}

// kinds of buttons, by tone.
var kinds = map[bot.Tone]string{bot.Strong: "primary", bot.Alarm: "danger"}

func pushed(label, kind string, w wire) node {
	return node{
		"tag": "button", "type": cmp.Or(kind, "default"), "text": plainText(label, maxButton),
		"behaviors": []node{{"type": "callback", "value": w}},
	}
}

// said is a line of the timeline as rich text. Who is named in it is told.
func said(l bot.Line) *rich {
	var r rich
	r.plain(room.Signed(l.Tone, ""))
	if l.Who != "" {
		r.bold(l.Who)
		r.plain(": ")
	}
	r.plain(l.Text)
	for _, who := range l.Mention {
		r.plain(" ")
		r.mention(who.User)
	}
	return &r
}
