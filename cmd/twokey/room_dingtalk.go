package main

import (
	"context"
	"strings"

	"twokey/bot"
	"twokey/bot/dingtalk"
)

func (a *app) dingtalkConfig(d dingtalkConfig, words bot.View) dingtalk.Config {
	c := d.room()
	c.Words, c.Languages, c.Language = words.Say, words.Languages(), a.config.Language
	c.Refused = func(why string) { a.metrics.refused.WithLabelValues(dingtalk.Name, why).Inc() }
	c.Now, c.Log = a.now, a.log
	return c
}

// room is what DingTalk itself has to be told, also by `twokey check`.
func (d dingtalkConfig) room() dingtalk.Config {
	return dingtalk.Config{
		ClientID: d.ClientID, ClientSecret: d.ClientSecret.reveal(), RobotCode: d.RobotCode, Room: d.Room, Template: d.Template,
		APIURL: d.APIURL, OldAPIURL: d.OldAPIURL,
	}
}

// checkDingTalk asks for what DingTalk can't be spoken to without.
func (r *reader) checkDingTalk(d dingtalkConfig) {
	r.url("chat.dingtalk.api_url", d.APIURL)
	r.url("chat.dingtalk.oapi_url", d.OldAPIURL)
	if d.ClientID == "" || !d.ClientSecret.given() {
		r.at("chat.dingtalk", "give the app's client_id and client_secret")
	}
	if !strings.HasPrefix(d.Room, "cid") {
		r.at("chat.dingtalk.room", "name the group by its openConversationId: cid…")
	}
}

// dingtalk asks DingTalk what the bot may do there.
func (f *findings) dingtalk(c *config) {
	if c.Chat.DingTalk == nil {
		return
	}
	ctx, cancel := context.WithTimeout(f.ctx, proveTimeout)
	defer cancel()
	for _, found := range dingtalk.Check(ctx, c.Chat.DingTalk.room(), c.dingtalkUsers()) {
		switch {
		case found.Err != nil:
			f.fail("dingtalk: %s: %s: %s", found.What, found.Err, found.Advice)
		default:
			f.ok("dingtalk: %s", found.What)
		}
	}
}

// dingtalkUsers are the accounts of everybody who may act.
func (c *config) dingtalkUsers() []string {
	var all []string
	for _, p := range c.People {
		for _, account := range p.DingTalk {
			if len(p.Roles) > 0 {
				all = append(all, account.User)
			}
		}
	}
	return all
}
