package slack

import (
	"cmp"
	"strings"
	"unicode/utf8"

	slackgo "github.com/slack-go/slack"

	"twokey/bot"
	"twokey/bot/room"
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
	maxFallback = 700  // 4,000 after each sign of it was escaped, as chat.update counts
	maxMessage  = 9500 // all texts in the blocks together, as far as was seen to pass: Slack names no figure
)

// prose is text that Slack takes as it is: in a rich_text block nothing is read as a
// mention, a link or a format. It is foreign text's only way into a message.
type prose struct {
	parts []slackgo.RichTextSectionElement
	size  int
	full  bool
}

func (p *prose) add(text string, style *slackgo.RichTextSectionTextStyle) {
	if text == "" || p.full || p.size >= maxText { // a mention may go over
		return
	}
	if left := maxText - p.size; utf8.RuneCountInString(text) >= left {
		text, p.full = room.Cut(text+"…", left), true // the last letter that fits says that there was more
	}
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

// escaped is a text, cut first, in which Slack finds no mention and no link (Slack docs:
// Formatting text for app surfaces). It makes a link of every address by itself.
func escaped(text string, most int) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "://", "[:]//").Replace(room.Cut(bot.Inert(text), most))
}

// plainText is a text that Slack takes as it is. It takes none that is empty.
func plainText(text string, most int) *slackgo.TextBlockObject {
	return slackgo.NewTextBlockObject(slackgo.PlainTextType, room.Cut(cmp.Or(bot.Inert(text), "…"), most), false, false)
}
