package view

import (
	"strconv"

	"twokey/bot"
)

// asksKey asks for a look-up's key id. Where just one key of ours fits what the alert
// shows of it, or the source has told it since, a yes is enough; typing it stays
// possible.
func (p page) asksKey() bot.Ask {
	if told := clean(string(p.st.Told()), maxName); told != "" {
		return bot.Ask{Text: p.say("ask.key_told", "key", told), Buttons: []bot.Button{p.yesItIs(told)}}
	}
	fit, known := p.st.Fit()
	mask := clean(string(p.st.Mask()), maxName)
	switch {
	case !known:
		return bot.Ask{Text: p.say("ask.key")}
	case fit.Keys == 0:
		return bot.Ask{Text: p.prose(p.say("ask.key_none", "mask", mask, "at", p.clock(fit.AsOf)), p.say("ask.key"))}
	case fit.Only == "":
		return bot.Ask{Text: p.prose(p.say("ask.key_many", "mask", mask, "n", strconv.Itoa(fit.Keys), "at", p.clock(fit.AsOf)), p.say("ask.key"))}
	}
	key := string(fit.Only)
	return bot.Ask{
		Text:    p.say("ask.key_one", "mask", mask, "key", key, "at", p.clock(fit.AsOf)),
		Buttons: []bot.Button{p.yesItIs(key)},
	}
}

func (p page) yesItIs(key string) bot.Button {
	yes := p.button(bot.ActKey, "button.key", "key "+key)
	yes.Label, yes.Value = p.say("button.key", "key", key), key
	return yes
}
