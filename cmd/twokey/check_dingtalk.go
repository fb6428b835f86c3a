package main

import (
	"context"

	"twokey/bot/dingtalk"
	"twokey/bot/room"
)

// dingtalk asks DingTalk what the bot may do there.
func (f *findings) dingtalk(c *config) {
	d := c.Chat.DingTalk
	if d == nil {
		return
	}
	f.room(dingtalk.Name, func(ctx context.Context) []room.Finding {
		return dingtalk.Check(ctx, d.room(), c.actors(dingtalk.Name))
	})
}
