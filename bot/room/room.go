// Package room is what the rooms on chat platforms do alike: who hears what comes in,
// what is let in once, what is believed of people for a while, what a message holds, and
// how words, signs and marks look on every platform.
//
// It knows no platform and sends nothing: how a thing is said, and to whom, each room
// knows itself. It decides nothing either: that is for package bot.
package room

import (
	"strconv"
	"strings"

	"twokey/bot"
)

// Ref names a message by where it stands and what it is there: "C0123/1700000000.1".
func Ref(where, what string) bot.Ref { return bot.Ref(where + "/" + what) }

// Split is where a message stands, and what it is there.
func Split(ref bot.Ref) (where, what string) {
	where, what, _ = strings.Cut(string(ref), "/")
	return where, what
}

// Mark tells a card from that of another store that gave the same number: two databases
// both have an inc-1.
func Mark(key string, card bot.Card) string {
	at := card.Opened
	if at.IsZero() {
		at = card.At
	}
	return key + "@" + strconv.FormatInt(at.Unix(), 36)
}
