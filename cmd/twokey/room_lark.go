package main

import (
	"twokey/bot"
	"twokey/bot/lark"
)

// larkRooms are the room in Lark or Feishu, and the incident groups there if wanted.
func (a *app) larkRooms(words bot.View) []bot.Chat {
	l := a.config.Chat.Lark
	if l == nil {
		return nil
	}
	c := a.config.larkConfig(*l)
	c.Common = a.common(lark.Name, words)
	a.lark = lark.New(c)
	if l.IncidentGroups {
		return []bot.Chat{a.lark, a.lark.Rooms()}
	}
	return []bot.Chat{a.lark}
}

// larkConfig is what Lark itself has to be told, also by `twokey check`.
func (c *config) larkConfig(l larkConfig) lark.Config {
	out := lark.Config{
		AppID: l.AppID, AppSecret: l.AppSecret.reveal(), Room: l.Room, APIURL: or(l.APIURL, larkDomains[or(l.Domain, "feishu")]), Invite: c.actors(lark.Name),
	}
	if l.mode() == larkHTTP {
		out.EncryptKey = l.EncryptKey.reveal()
	}
	return out
}

var larkDomains = map[string]string{"feishu": lark.Feishu, "lark": lark.Lark}

// Ways in which Lark is heard.
const (
	larkLong = "long_connection"
	larkHTTP = "http"
)

func (l larkConfig) mode() string { return or(l.Mode, larkLong) }

// checkLark asks for what Lark can't be spoken to without.
func (r *reader) checkLark(l larkConfig) {
	r.oneOf("chat.lark.mode", l.mode(), larkLong, larkHTTP)
	r.oneOf("chat.lark.domain", or(l.Domain, "feishu"), "feishu", "lark")
	r.url("chat.lark.api_url", l.APIURL)
	if l.Room == "" {
		r.at("chat.lark.room", "name the group by its id: oc_5ad11d72b830411d72b836c20")
	}
	if l.AppID == "" || !l.AppSecret.given() {
		r.at("chat.lark", "give app_id and app_secret")
	}
	if l.mode() == larkHTTP && !l.EncryptKey.given() {
		r.at("chat.lark.encrypt_key", "mandatory in mode http: without it anybody can pretend to be Lark")
	}
}
