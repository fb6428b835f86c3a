package main

import (
	"context"

	"twokey/bot/lark"
	"twokey/bot/room"
)

// lark asks Lark whether the room there would work.
func (f *findings) lark(c *config) {
	l := c.Chat.Lark
	if l == nil {
		return
	}
	if l.mode() == larkLong && l.EncryptKey.given() {
		f.ok("lark: encrypt_key is for mode http; the long connection is not encrypted with it")
	}
	f.room(lark.Name, func(ctx context.Context) []room.Finding {
		return lark.New(c.larkConfig(*l)).Check(ctx, c.members(lark.Name))
	})
}
