package slack

import (
	"slices"
	"strconv"
	"unicode/utf8"

	slackgo "github.com/slack-go/slack"

	"twokey/bot"
	"twokey/bot/room"
)

// draw is a card as blocks, below what is said first. Slack has no fold: what is
// folded away is drawn only on what one person asked for, who can scroll.
func (c *Chat) draw(card bot.Card, whole bool, first ...slackgo.Block) []slackgo.Block {
	s := newSheet()
	s.End(rows(card.Lang, card.Actions))
	s.End(footnote(card.Foot))
	s.Add(first)
	s.Add(headline(room.Title(card)))
	s.Add(facts(card.Fields))
	s.Each(&s.Body, room.Drawn(card.Notices, func(n bot.Notice) []slackgo.Block { return notice(card.Lang, n) }))
	steps := func(s bot.Step) []slackgo.Block { return step(card.Lang, s) }
	if len(card.Steps) > 0 {
		s.Add(bold(card.Heading))
		s.Each(&s.Body, room.Drawn(card.Steps, steps))
	}
	if whole && len(card.Folded) > 0 {
		s.Add(bold(card.More))
		s.Each(&s.Body, room.Drawn(card.Folded, steps))
	}
	s.Each(&s.Body, room.Drawn(card.Asks, func(a bot.Ask) []slackgo.Block { return ask(card.Lang, a) }))
	if s.Left > 0 {
		s.Body = append(s.Body, plain(c.config.Say(card.Lang, "slack.more", "n", strconv.Itoa(s.Left), "incident", string(card.Incident)))...)
	}
	return append(s.Body, s.Foot...)
}

// headline is what stands above all else. A header holds less than a message of the
// whole bot may say.
func headline(text string) []slackgo.Block {
	if utf8.RuneCountInString(bot.Inert(text)) > maxHeader {
		return bold(text)
	}
	return []slackgo.Block{slackgo.NewHeaderBlock(plainText(text, maxHeader))}
}

func facts(fields []bot.Field) []slackgo.Block {
	var p prose
	for _, f := range fields {
		p.field(f)
	}
	return p.blocks()
}

func notice(lang string, n bot.Notice) []slackgo.Block {
	var p prose
	p.bold(room.Signed(n.Tone, ""))
	p.plain(n.Text)
	return append(p.blocks(), rows(lang, n.Buttons)...)
}

func ask(lang string, a bot.Ask) []slackgo.Block {
	return append(plain(a.Text), rows(lang, a.Buttons)...)
}

func plain(text string) []slackgo.Block {
	var p prose
	p.plain(text)
	return p.blocks()
}

func bold(text string) []slackgo.Block {
	var p prose
	p.bold(text)
	return p.blocks()
}

// step is one plan: what, how it stands, what it breaks, how it is taken back, who.
func step(lang string, s bot.Step) []slackgo.Block {
	var p prose
	p.bold(room.Signed(s.Tone, s.Title))
	for _, more := range []string{s.State, s.Digest} {
		if more == "" {
			continue
		}
		p.add(" · ", nil)
		if more == s.Digest {
			p.code(more)
			continue
		}
		p.plain(more)
	}
	for _, text := range []string{s.Effect, s.Undo, s.People} {
		if text != "" {
			p.line()
			p.plain(text)
		}
	}
	for _, f := range s.Facts {
		p.field(f)
	}
	return append(p.blocks(), rows(lang, s.Buttons)...)
}

// rows are buttons side by side, as many in a row as Slack takes.
func rows(lang string, buttons []bot.Button) []slackgo.Block {
	var out []slackgo.Block
	for row := range slices.Chunk(buttons, maxButtons) {
		var elements []slackgo.BlockElement
		for i, b := range row {
			elements = append(elements, button(lang, i, b))
		}
		out = append(out, slackgo.NewActionBlock("", elements...))
	}
	return out
}

func footnote(text string) []slackgo.Block {
	if text == "" {
		return nil
	}
	return []slackgo.Block{slackgo.NewContextBlock("", plainText(text, maxText))}
}

func button(lang string, at int, b bot.Button) *slackgo.ButtonBlockElement {
	e := slackgo.NewButtonBlockElement(actionID(at, b), encode(lang, b), plainText(b.Label, maxButton))
	switch b.Tone {
	case bot.Strong:
		e.Style = slackgo.StylePrimary
	case bot.Alarm:
		e.Style = slackgo.StyleDanger
	case bot.Plain, bot.Warn, bot.Calm:
	}
	if q := b.Confirm; q != nil {
		e.Confirm = slackgo.NewConfirmationBlockObject(
			plainText(q.Title, maxTitle), plainText(q.Text, maxConfirm), plainText(q.Yes, maxYesNo), plainText(q.No, maxYesNo),
		)
	}
	return e
}

// drawLine is an entry of the timeline. Who is named in it is told.
func drawLine(l bot.Line) []slackgo.Block {
	var p prose
	p.add(room.Signed(l.Tone, ""), nil)
	if l.Who != "" {
		p.bold(l.Who)
		p.add(": ", nil)
	}
	p.plain(l.Text)
	for _, who := range l.Mention {
		p.add(" ", nil)
		p.mention(who.User)
	}
	return p.blocks()
}
