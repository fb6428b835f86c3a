package console

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"twokey/bot"
	"twokey/incident"
)

// inert makes foreign text harmless to a reader's eyes, as html/template makes it
// harmless to the browser: what would turn text round or hide in it is spelled out.
func inert(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if strings.IndexFunc(text, treacherous) < 0 {
		return text
	}
	var out strings.Builder
	for _, r := range text {
		if treacherous(r) {
			fmt.Fprintf(&out, "[U+%04X]", r)
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}

// treacherous are controls, marks of direction, and characters without a width,
// but the two joiners that scripts and emoji need.
func treacherous(r rune) bool {
	switch r {
	case '\n', '\t', '\u200c', '\u200d', '\ufeff':
		return r == '\ufeff'
	}
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.In(r, unicode.Zl, unicode.Zp)
}

// span is a run of text; Code is set in the fixed-width face, so that ids and
// addresses can be compared by eye.
type span struct {
	Text string
	Code bool
}

var codelike = regexp.MustCompile(`LTAI[0-9A-Za-z]{4,}(?:…|\*+)?[0-9A-Za-z]*|\b\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?\b`)

func spans(text string) []span {
	text = inert(text)
	var out []span
	done := 0
	for _, at := range codelike.FindAllStringIndex(text, -1) {
		if at[0] > done {
			out = append(out, span{Text: text[done:at[0]]})
		}
		out = append(out, span{Text: text[at[0]:at[1]], Code: true})
		done = at[1]
	}
	if done < len(text) {
		out = append(out, span{Text: text[done:]})
	}
	return out
}

// headline is a card's title in its three parts, each set differently. Where a
// title is built in another way, all of it is the subject.
type headline struct{ Incident, Subject, State string }

func headlineOf(id incident.ID, title string) headline {
	var h headline
	h.Subject = title
	rest, ok := strings.CutPrefix(title, string(id)+" · ")
	if !ok || id == "" {
		return h
	}
	h.Incident, h.Subject = string(id), rest
	if i := strings.LastIndex(h.Subject, " — "); i > 0 {
		h.Subject, h.State = h.Subject[:i], h.Subject[i+len(" — "):]
	}
	return h
}

// tone is a class of the style sheet: an unknown one is plain.
func tone(t bot.Tone) string {
	switch t {
	case bot.Alarm, bot.Warn, bot.Calm, bot.Strong:
		return string(t)
	}
	return string(bot.Plain)
}
