package lark

import (
	"context"
	"time"

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

// Stillness is stillness.
type Stillness struct{ *stillness }

// NewStillness is newStillness.
func NewStillness(moment time.Duration, again func(ctx context.Context, message, content string) error) Stillness {
	return Stillness{newStillness(moment, again)}
}

// Hold is hold.
func (s Stillness) Hold(message string) (answered func()) { return s.hold(message) }

// Wait is wait.
func (s Stillness) Wait(ctx context.Context, message, content string) error {
	return s.wait(ctx, message, content)
}
