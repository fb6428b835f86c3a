package main

import (
	"twokey/bot"
	"twokey/bot/dingtalk"
	"twokey/bot/slack"
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
	if s := a.config.Chat.Slack; s != nil {
		a.slack = slack.New(a.slackConfig(*s, words))
		all = append(all, a.slack)
		if s.IncidentChannels {
			all = append(all, a.slack.Rooms())
		}
	}
	if d := a.config.Chat.DingTalk; d != nil {
		all = append(all, dingtalk.New(a.dingtalkConfig(*d, words)))
	}
	return append(all, a.larkRooms(words)...)
}

func (a *app) slackConfig(s slackConfig, words bot.View) slack.Config {
	c := a.config.slackConfig(s)
	c.Words, c.Languages, c.Language = words.Say, words.Languages(), a.config.Language
	c.Refused = func(why string) { a.metrics.refused.WithLabelValues(slack.Name, why).Inc() }
	c.Now, c.Log = a.now, a.log
	return c
}

// slackConfig is what Slack itself has to be told, also by `twokey check`.
func (c *config) slackConfig(s slackConfig) slack.Config {
	out := slack.Config{BotToken: s.BotToken.reveal(), Room: s.Room, APIURL: s.APIURL, Invite: c.slackUsers()}
	if s.mode() == slackSocket {
		out.AppToken = s.AppToken.reveal()
	} else {
		out.SigningSecret = s.SigningSecret.reveal()
	}
	return out
}

// Ways in which Slack is heard.
const (
	slackSocket = "socket"
	slackHTTP   = "http"
)

func (s slackConfig) mode() string { return or(s.Mode, slackSocket) }

// slackUsers are the accounts of everybody who may act, for an incident's channel.
func (c *config) slackUsers() []string {
	var all []string
	for _, p := range c.People {
		if len(p.Roles) == 0 {
			continue
		}
		for _, account := range p.Slack {
			all = append(all, account.User)
		}
	}
	return all
}

// checkSlack asks for what Slack can't be spoken to without.
func (r *reader) checkSlack(s slackConfig) {
	r.oneOf("chat.slack.mode", s.mode(), slackSocket, slackHTTP)
	r.url("chat.slack.api_url", s.APIURL)
	if s.Room == "" {
		r.at("chat.slack.room", "name the channel by its id: C0123456789")
	}
	if !s.BotToken.given() {
		r.at("chat.slack", "give the bot's token: bot_token")
	}
	switch {
	case s.mode() == slackSocket && !s.AppToken.given():
		r.at("chat.slack", "mode socket needs app_token")
	case s.mode() == slackHTTP && !s.SigningSecret.given():
		r.at("chat.slack", "mode http needs signing_secret: without it anybody can pretend to be Slack")
	}
}
