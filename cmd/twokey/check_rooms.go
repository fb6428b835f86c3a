package main

import (
	"context"

	"twokey/bot/room"
)

// rooms asks the platforms whether the rooms there would work.
func (f *findings) rooms(c *config) {
	f.slack(c)
	f.lark(c)
	f.dingtalk(c)
}

// room prints what a platform's check found in the time that it may take.
func (f *findings) room(platform string, check func(context.Context) []room.Finding) {
	ctx, cancel := context.WithTimeout(f.ctx, proveTimeout)
	defer cancel()
	say := map[room.Level]func(string, ...any){room.OK: f.ok, room.Warn: f.warn, room.Fail: f.fail}
	for _, found := range check(ctx) {
		say[found.Level]("%s: %s", platform, found.Text)
	}
}
