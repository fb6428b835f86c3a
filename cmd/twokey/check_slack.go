package main

import (
	"context"

	"twokey/bot/slack"
)

// slack looks at what the Slack room needs.
func (f *findings) slack(c *config) {
	s := c.Chat.Slack
	if s == nil {
		return
	}
	ctx, cancel := context.WithTimeout(f.ctx, proveTimeout)
	defer cancel()
	room := c.slackConfig(*s)
	room.Now = f.now
	asked := slack.Asked{Channels: s.IncidentChannels, Members: c.slackMembers(), Address: fromHere(c.Listen)}
	for _, found := range slack.New(room).Check(ctx, asked) {
		f.found(found)
	}
}

func (f *findings) found(s slack.Finding) {
	switch s.Level {
	case slack.OK:
		f.ok("slack: %s", s.Text)
	case slack.Warn:
		f.warn("slack: %s", s.Text)
	case slack.Fail:
		f.fail("slack: %s", s.Text)
	}
}

// slackMembers are all accounts that are configured, of people without a role too.
func (c *config) slackMembers() []slack.Member {
	var all []slack.Member
	for _, p := range c.People {
		for _, account := range p.Slack {
			all = append(all, slack.Member{Person: p.ID, Team: account.Team, User: account.User})
		}
	}
	return all
}
