package main

import "twokey/bot/lark"

// lark asks Lark whether the room there would work.
func (f *findings) lark(c *config) {
	l := c.Chat.Lark
	if l == nil {
		return
	}
	if l.mode() == larkLong && l.EncryptKey.given() {
		f.ok("lark: encrypt_key is for mode http; the long connection is not encrypted with it")
	}
	for _, found := range lark.New(c.larkConfig(*l)).Check(f.ctx) {
		f.larkFound(*l, found)
		if found.Need == lark.NeedRoom && found.Err == nil {
			f.larkTenant(c, found.Who)
		}
	}
}

// larkTenant compares whose people are configured with whose room it is.
func (f *findings) larkTenant(c *config, tenant string) {
	for _, p := range c.People {
		for _, account := range p.Lark {
			if account.Tenant != tenant {
				f.fail("lark: people: %s: the room's tenant is %s, not %s: nothing that this account does would count", p.ID, tenant, account.Tenant)
			}
		}
	}
}

func (f *findings) larkFound(l larkConfig, found lark.Finding) {
	if found.Err == nil {
		switch found.Need {
		case lark.NeedApp:
			f.ok("lark: the app %s signs in", l.AppID)
		case lark.NeedBot:
			f.ok("lark: the app is a bot")
		case lark.NeedRoom:
			f.ok("lark: the bot is in the room %s of the tenant %s, and nobody from outside can be", l.Room, found.Who)
		case lark.NeedPerson:
			f.ok("lark: %s is active", found.Who)
		case lark.NeedEars:
			f.ok("lark: a long connection can be opened")
		}
		return
	}
	why := lark.Why(found.Err)
	switch found.Need {
	case lark.NeedApp:
		f.fail("lark: the app %s does not sign in (%s): compare app_id, app_secret and domain with the developer console", l.AppID, why)
	case lark.NeedBot:
		f.fail("lark: the app is no bot (%s): add the bot ability and publish a version", why)
	case lark.NeedRoom:
		f.fail("lark: the room %s does not serve (%s): %s", l.Room, why, larkRoomAdvice(why))
	case lark.NeedPerson:
		f.fail("lark: %s can't act (%s): %s", found.Who, why, larkPersonAdvice(why))
	case lark.NeedEars:
		f.fail("lark: no long connection (%s): choose it under Events & Callbacks in the developer console, or use mode http", why)
	}
}

func larkRoomAdvice(why string) string {
	switch why {
	case "shared_with_others":
		return "people of other organisations can be in it; choose an internal group"
	case "232006", "232011", "230002":
		return "put the bot into the group, and take the id from the group's settings"
	}
	return "the permissions im:chat:readonly and im:message are needed"
}

func larkPersonAdvice(why string) string {
	switch why {
	case "NoUserStatus":
		return "the permission contact:user.employee:readonly is missing, so nobody's vote can count"
	case "unknown":
		return "the union id is not one of this app's developer, or the person is outside of the app's contact range"
	}
	return "the account does not work there any more"
}
