package view

import (
	"strings"
	"unicode"
)

// catalog is the sentences of one language, by id.
type catalog map[string]string

// words speaks one language.
type words struct {
	lang  string
	texts catalog
}

// has reports whether the catalog has a sentence.
func (w words) has(id string) bool { _, ok := w.texts[id]; return ok }

// say fills the blanks of a sentence: pairs are names and values. A value is
// never read again, so a blank inside foreign text stays text.
func (w words) say(id string, pairs ...string) string {
	text, ok := w.texts[id]
	if !ok {
		return id
	}
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			b.WriteString("{" + rest)
			return b.String()
		}
		if value, ok := lookUp(pairs, name); ok {
			b.WriteString(value)
		} else {
			b.WriteString("{" + name + "}")
		}
		text = after
	}
}

func lookUp(pairs []string, name string) (string, bool) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == name {
			return pairs[i+1], true
		}
	}
	return "", false
}

// list joins names as the language does.
func (w words) list(items []string) string { return strings.Join(items, w.say("list.and")) }

// either joins names of which one will do.
func (w words) either(items []string) string {
	if len(items) < 2 {
		return w.list(items)
	}
	last := len(items) - 1
	return w.list(items[:last]) + w.say("list.or") + items[last]
}

// prose joins sentences as the language does, leaving out empty ones.
func (w words) prose(sentences ...string) string {
	return strings.Join(present(sentences), w.say("list.sentence"))
}

// dots joins short facts on one line, leaving out empty ones.
func dots(facts ...string) string { return strings.Join(present(facts), " · ") }

func present(texts []string) []string {
	var there []string
	for _, t := range texts {
		if t != "" {
			there = append(there, t)
		}
	}
	return there
}

// How much foreign text a card or line takes, in runes.
const (
	maxWords = 160 // a note or a reason
	maxPlace = 80  // a path, a title
	maxName  = 64  // a user, an error code: RAM's own limit for user names
)

// clean makes foreign text one line of at most limit runes without control and
// format characters: no terminal escapes, no text running backwards, nothing
// invisible. What a platform reads as mark-up is the platform's to escape.
func clean(text string, limit int) string {
	text = strings.ToValidUTF8(dropEscapes(text), "\uFFFD")
	var b strings.Builder
	runes, space := 0, false
	for _, r := range text {
		switch {
		case unicode.IsSpace(r) || r == '\u2028' || r == '\u2029':
			space = runes > 0
			continue
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs):
			continue
		}
		if runes >= limit {
			return b.String() + "…"
		}
		if space {
			b.WriteByte(' ')
			runes, space = runes+1, false
		}
		b.WriteRune(r)
		runes++
	}
	return b.String()
}

// dropEscapes takes out whole terminal sequences ("ESC [ 3 1 m"), not just the
// escape character: what is left of them would only puzzle.
func dropEscapes(text string) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(text, 0x1b)
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i])
		text = afterEscape(text[i+1:])
	}
}

func afterEscape(text string) string {
	switch {
	case strings.HasPrefix(text, "["): // CSI: up to its final byte
		for i := 1; i < len(text); i++ {
			if text[i] < 0x20 || text[i] > 0x3f {
				return text[min(i+1, len(text)):]
			}
		}
		return ""
	case strings.HasPrefix(text, "]"): // OSC: up to BEL or ESC \
		if _, rest, ok := strings.Cut(text, "\x07"); ok {
			return rest
		}
		if _, rest, ok := strings.Cut(text, "\x1b\\"); ok {
			return rest
		}
	}
	return text
}
