package slack

import (
	"unicode/utf8"

	slackgo "github.com/slack-go/slack"

	"twokey/bot"
)

// What Slack takes, in characters (Slack docs: Block Kit reference, chat.postMessage).
const (
	maxBlocks   = 50
	maxHeader   = 150
	maxText     = 3000
	maxButton   = 75
	maxActionID = 255
	maxValue    = 2000
	maxButtons  = 25 // in one row
	maxTitle    = 100
	maxConfirm  = 300
	maxYesNo    = 30
	maxModal    = 24 // title, submit and close of a dialog
	maxTopic    = 250
	maxLabel    = 2000
	maxReason   = 1000
	maxFallback = 4000
	maxMessage  = 12000 // all blocks together: longer ones are refused as a whole
)

// cut shortens a text to so many characters, and shows that it did.
func cut(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// prose is text that Slack takes as it is: in a rich_text block nothing is read as a
// mention, a link or a format. It is foreign text's only way into a message.
type prose struct {
	parts []slackgo.RichTextSectionElement
	size  int
}

func (p *prose) add(text string, style *slackgo.RichTextSectionTextStyle) {
	room := maxText - p.size
	if text == "" || room <= 0 {
		return
	}
	text = cut(text, room)
	p.size += utf8.RuneCountInString(text)
	p.parts = append(p.parts, slackgo.NewRichTextSectionTextElement(text, style))
}

func (p *prose) plain(text string) {
	for _, s := range bot.Spans(text) {
		if s.Code {
			p.add(s.Text, &slackgo.RichTextSectionTextStyle{Code: true})
			continue
		}
		p.add(s.Text, nil)
	}
}

func (p *prose) bold(text string) {
	p.add(bot.Inert(text), &slackgo.RichTextSectionTextStyle{Bold: true})
}

func (p *prose) code(text string) {
	p.add(bot.Inert(text), &slackgo.RichTextSectionTextStyle{Code: true})
}

// line begins a new line, unless it is the first.
func (p *prose) line() {
	if p.size > 0 {
		p.add("\n", nil)
	}
}

func (p *prose) mention(user string) {
	p.parts = append(p.parts, slackgo.NewRichTextSectionUserElement(user, nil))
	p.size += len(user)
}

func (p *prose) field(f bot.Field) {
	p.line()
	if f.Label != "" {
		p.bold(f.Label)
		p.add(" ", nil)
	}
	p.plain(f.Text)
}

// blocks is one block, or none if nothing was said.
func (p *prose) blocks() []slackgo.Block {
	if p.size == 0 {
		return nil
	}
	return []slackgo.Block{slackgo.NewRichTextBlock("", slackgo.NewRichTextSection(p.parts...))}
}

func plainText(text string, most int) *slackgo.TextBlockObject {
	return slackgo.NewTextBlockObject(slackgo.PlainTextType, cut(bot.Inert(text), most), false, false)
}
