package main

import (
	"context"

	"twokey/bot/room"
	"twokey/bot/slack"
)

// slack looks at what the Slack room needs.
func (f *findings) slack(c *config) {
	s := c.Chat.Slack
	if s == nil {
		return
	}
	asked := slack.Asked{Channels: s.IncidentChannels, Members: c.members(slack.Name), Address: fromHere(c.Listen)}
	config := c.slackConfig(*s)
	config.Now = f.now
	f.room(slack.Name, func(ctx context.Context) []room.Finding { return slack.New(config).Check(ctx, asked) })
}
