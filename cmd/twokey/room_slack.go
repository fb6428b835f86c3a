package main

import (
	"twokey/bot"
	"twokey/bot/slack"
)

// slackRooms are the room in Slack, and the incident channels there if wanted.
func (a *app) slackRooms(words bot.View) []bot.Chat {
	s := a.config.Chat.Slack
	if s == nil {
		return nil
	}
	c := a.config.slackConfig(*s)
	c.Common = a.common(slack.Name, words)
	a.slack = slack.New(c)
	if s.IncidentChannels {
		return []bot.Chat{a.slack, a.slack.Rooms()}
	}
	return []bot.Chat{a.slack}
}

// slackConfig is what Slack itself has to be told, also by `twokey check`.
func (c *config) slackConfig(s slackConfig) slack.Config {
	out := slack.Config{BotToken: s.BotToken.reveal(), Room: s.Room, APIURL: s.APIURL, Invite: c.actors(slack.Name)}
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
