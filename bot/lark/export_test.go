package lark

import (
	"twokey/bot"
	"twokey/bot/room"
)

// IsButton reports whether a button's value on the wire is that of b.
func IsButton(value []byte, b bot.Button) bool {
	w, ok := decode(value)
	return ok && w.Wire == room.Wired(b)
}

// Asks reports whether a button asks for a reason before it counts.
func Asks(value []byte) bool {
	w, ok := decode(value)
	return ok && w.Ask != nil
}

// Decrypt is decrypt.
func Decrypt(sealed, key string) ([]byte, bool) { return decrypt(sealed, key) }
