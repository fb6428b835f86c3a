package main

import (
	"strings"

	"twokey/bot"
	"twokey/bot/dingtalk"
)

// dingtalkRooms are the room in DingTalk, and the incident groups there if wanted.
func (a *app) dingtalkRooms(words bot.View) []bot.Chat {
	d := a.config.Chat.DingTalk
	if d == nil {
		return nil
	}
	c := d.room()
	c.Common, c.Invite = a.common(dingtalk.Name, words), a.config.actors(dingtalk.Name)
	fixed := dingtalk.New(c)
	if d.GroupTemplate != "" {
		return []bot.Chat{fixed, fixed.Rooms()}
	}
	return []bot.Chat{fixed}
}

// room is what DingTalk itself has to be told, also by `twokey check`.
func (d dingtalkConfig) room() dingtalk.Config {
	return dingtalk.Config{
		ClientID: d.ClientID, ClientSecret: d.ClientSecret.reveal(), RobotCode: d.RobotCode, Room: d.Room, Template: d.Template,
		GroupTemplate: d.GroupTemplate, GroupOwner: d.GroupOwner, APIURL: d.APIURL, OldAPIURL: d.OldAPIURL,
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
	if (d.GroupTemplate == "") != (d.GroupOwner == "") {
		r.at("chat.dingtalk.group_template", "incident groups need a group_template and a group_owner")
	}
}
