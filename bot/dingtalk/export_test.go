package dingtalk

import (
	"context"

	"github.com/open-dingtalk/dingtalk-stream-sdk-go/payload"

	"twokey/bot"
	"twokey/bot/room"
)

// IsButton reports whether a button's id on the wire is that of b.
func IsButton(id string, b bot.Button) bool {
	w, ok := decode(id)
	return ok && w.Wire == room.Wired(b)
}

// Hooks for tests in dingtalk_test.
var (
	Inert   = inert
	Command = command
	Decode  = decode
)

// Hear gives a room what came over the stream, as the SDK would.
func (c *Chat) Hear(topic, id, data string) bool {
	if topic == "card" {
		return c.pressed(id, data)
	}
	return c.said(id, data)
}

// Framed gives a room a frame of a message as the SDK does, and returns why it is to be
// sent again.
func (c *Chat) Framed(ctx context.Context, data string) error {
	_, err := c.framed(c.said)(ctx, &payload.DataFrame{Data: data})
	return err
}

// OfDingTalk is what the room thinks of an address to answer at.
func (c *Chat) OfDingTalk(address string) bool { return c.ofDingTalk(address) }

// What a card holds.
const (
	MaxContent = maxContent
	MaxButtons = maxButtons
)
