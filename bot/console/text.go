package console

import (
	"strings"

	"twokey/bot"
	"twokey/incident"
)

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
