package room

import (
	"strings"
	"unicode/utf8"

	"twokey/bot"
)

// signs stand beside words that say the same.
var signs = map[bot.Tone]string{bot.Alarm: "🔴", bot.Warn: "🟠", bot.Calm: "🟢"}

// Signed is a text after the sign of its tone, if that has one.
func Signed(t bot.Tone, text string) string {
	if sign, ok := signs[t]; ok {
		return sign + " " + text
	}
	return text
}

// Title is a card's headline, and what a notification shows.
func Title(c bot.Card) string {
	return Signed(c.Tone, strings.TrimSpace(c.Drill+" "+c.Title))
}

// Said is a line of the timeline as words alone.
func Said(l bot.Line) string {
	if l.Who == "" {
		return l.Text
	}
	return l.Who + ": " + l.Text
}

// Cut shortens a text to so many characters, and shows that it did.
func Cut(text string, most int) string {
	switch {
	case utf8.RuneCountInString(text) <= most:
		return text
	case most < 1:
		return ""
	}
	return string([]rune(text)[:most-1]) + "…"
}

// Drawn is each of a list as parts of a message.
func Drawn[T, P any](list []T, draw func(T) []P) [][]P {
	var out [][]P
	for _, each := range list {
		out = append(out, draw(each))
	}
	return out
}
