package slack

import (
	"strconv"
	"strings"
	"unicode/utf8"

	slackgo "github.com/slack-go/slack"

	"twokey/bot"
)

// signs stand beside words that say the same.
var signs = map[bot.Tone]string{bot.Alarm: "🔴", bot.Warn: "🟠", bot.Calm: "🟢"}

func signed(t bot.Tone, text string) string {
	if sign, ok := signs[t]; ok {
		return sign + " " + text
	}
	return text
}

// title is a card's headline, and what a notification shows.
func title(c bot.Card) string {
	return signed(c.Tone, strings.TrimSpace(c.Drill+" "+c.Title))
}

// draw is a card as blocks. Slack has no fold: what is folded away is drawn only on
// what one person asked for, who can scroll.
func (c *Chat) draw(card bot.Card, whole bool) []slackgo.Block {
	head := c.head(card)
	foot := append(row(card.Lang, card.Actions), footnote(card.Foot)...)
	var steps [][]slackgo.Block
	for _, s := range card.Steps {
		steps = append(steps, step(card.Lang, s))
	}
	if whole && len(card.Folded) > 0 {
		steps = append(steps, bold(card.More))
		for _, s := range card.Folded {
			steps = append(steps, step(card.Lang, s))
		}
	}
	var asks []slackgo.Block
	for _, a := range card.Asks {
		var p prose
		p.plain(a.Text)
		asks = append(append(asks, p.blocks()...), row(card.Lang, a.Buttons)...)
	}
	return c.fit(card, head, steps, append(asks, foot...))
}

// fit leaves out the last steps that Slack would not take, and says how many: one
// block too many, and it takes none.
func (c *Chat) fit(card bot.Card, head []slackgo.Block, steps [][]slackgo.Block, foot []slackgo.Block) []slackgo.Block {
	count, size := len(head)+len(foot)+1, length(head)+length(foot)
	out := head
	for i, s := range steps {
		if count += len(s); count > maxBlocks || size+length(s) > maxMessage {
			var p prose
			p.plain(c.say(card.Lang, "slack.more", "n", strconv.Itoa(len(steps)-i), "incident", string(card.Incident)))
			return append(append(out, p.blocks()...), foot...)
		}
		size += length(s)
		out = append(out, s...)
	}
	return append(out, foot...)
}

// head is what stands above the steps. What could not be taken of it is cut: state
// and what to do next come first.
func (c *Chat) head(card bot.Card) []slackgo.Block {
	out := []slackgo.Block{slackgo.NewHeaderBlock(plainText(title(card), maxHeader))}
	if utf8.RuneCountInString(title(card)) > maxHeader { // a sentence to everybody, as a rule
		out = append(out, paragraphs(card.Title)...)
	}
	var facts prose
	for _, f := range card.Fields {
		facts.field(f)
	}
	out = append(out, facts.blocks()...)
	for i, n := range card.Notices {
		if i == maxNotices {
			break
		}
		var p prose
		p.bold(signed(n.Tone, ""))
		p.plain(n.Text)
		out = append(append(out, p.blocks()...), row(card.Lang, n.Buttons)...)
	}
	if len(card.Steps) > 0 {
		out = append(out, bold(card.Heading)...)
	}
	return out
}

// maxNotices leaves room for the steps.
const maxNotices = 8

func bold(text string) []slackgo.Block {
	var p prose
	p.bold(text)
	return p.blocks()
}

// step is one plan: what, how it stands, what it breaks, how it is taken back, who.
func step(lang string, s bot.Step) []slackgo.Block {
	var p prose
	p.bold(signed(s.Tone, s.Title))
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
	return append(p.blocks(), row(lang, s.Buttons)...)
}

func row(lang string, buttons []bot.Button) []slackgo.Block {
	if len(buttons) == 0 {
		return nil
	}
	var elements []slackgo.BlockElement
	for _, b := range buttons[:min(len(buttons), maxButtons)] {
		elements = append(elements, button(lang, b))
	}
	return []slackgo.Block{slackgo.NewActionBlock("", elements...)}
}

func footnote(text string) []slackgo.Block {
	if text == "" {
		return nil
	}
	return []slackgo.Block{slackgo.NewContextBlock("", plainText(text, maxText))}
}

func button(lang string, b bot.Button) *slackgo.ButtonBlockElement {
	e := slackgo.NewButtonBlockElement(actionID(b), encode(lang, b), plainText(b.Label, maxButton))
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
	if sign, ok := signs[l.Tone]; ok {
		p.add(sign+" ", nil)
	}
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

// length is how many characters of blocks people see.
func length(blocks []slackgo.Block) int {
	n := 0
	for _, b := range blocks {
		switch b := b.(type) {
		case *slackgo.RichTextBlock:
			for _, e := range b.Elements {
				if s, ok := e.(*slackgo.RichTextSection); ok {
					for _, part := range s.Elements {
						if t, ok := part.(*slackgo.RichTextSectionTextElement); ok {
							n += len([]rune(t.Text))
						}
					}
				}
			}
		case *slackgo.ActionBlock:
			n += 100 * len(b.Elements.ElementSet)
		}
	}
	return n
}
