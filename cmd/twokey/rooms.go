package main

import (
	"twokey/bot"
	"twokey/bot/room"
)

// hasRoom reports whether people have a chat to vote in.
func (c *config) hasRoom() bool {
	return c.drill() || c.Chat.Slack != nil || c.Chat.Lark != nil || c.Chat.DingTalk != nil
}

// rooms are the chats that are configured, and the console where everything is
// pretend.
func (a *app) rooms(words bot.View) []bot.Chat {
	var all []bot.Chat
	if a.config.drill() {
		a.console = a.newConsole(words)
		all = append(all, a.console)
	}
	for _, platform := range []func(bot.View) []bot.Chat{a.slackRooms, a.dingtalkRooms, a.larkRooms} {
		all = append(all, platform(words)...)
	}
	return all
}

// common is what every room is told.
func (a *app) common(platform string, words bot.View) room.Common {
	return room.Common{
		Words: words.Say, Languages: words.Languages(), Language: a.config.Language,
		Refused: func(why string) { a.metrics.refused.WithLabelValues(platform, why).Inc() },
		Now:     a.now, Log: a.log,
	}
}

// members are all accounts on a platform that are configured, of people without a role
// too.
func (c *config) members(platform string) []room.Member {
	var all []room.Member
	for _, p := range c.People {
		for _, a := range p.accounts() {
			if a.Platform == platform {
				all = append(all, room.Member{Person: p.ID, Tenant: a.Tenant, User: a.User})
			}
		}
	}
	return all
}

// actors are the ids on a platform of everybody who may act.
func (c *config) actors(platform string) []string {
	var all []string
	for _, m := range c.members(platform) {
		if p, _ := c.person(m.Person); len(p.Roles) > 0 {
			all = append(all, m.User)
		}
	}
	return all
}
