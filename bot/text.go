package bot

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Inert makes foreign text harmless to a reader's eyes: what would turn text round or
// hide in it is spelled out. What it means to a platform is the platform's business.
func Inert(text string) string {
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

// Span is a run of text; Code is set in the fixed-width face, so that ids and
// addresses can be compared by eye.
type Span struct {
	Text string
	Code bool
}

var codelike = regexp.MustCompile(`LTAI[0-9A-Za-z]{4,}(?:…|\*+)?[0-9A-Za-z]*|\b\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?\b`)

// Spans cuts a text into its runs, made inert.
func Spans(text string) []Span {
	text = Inert(text)
	var out []Span
	done := 0
	for _, at := range codelike.FindAllStringIndex(text, -1) {
		if at[0] > done {
			out = append(out, Span{Text: text[done:at[0]]})
		}
		out = append(out, Span{Text: text[at[0]:at[1]], Code: true})
		done = at[1]
	}
	if done < len(text) {
		out = append(out, Span{Text: text[done:]})
	}
	return out
}
