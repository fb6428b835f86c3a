package view

import (
	"slices"
	"strconv"

	"twokey/bot"
	"twokey/incident"
)

// ownSteps are what people do when the bot's own key leaked, in this order. The
// new credentials come first: until the bot works with them, it is of no use to
// anybody.
var ownSteps = []struct{ words, page string }{
	{"own.create", ""},
	{"own.restart", ""},
	{"own.disable", "users"},
	{"own.audit", "audit"},
	{"own.delete", ""},
}

// ownGuide is the way by hand for a key of the bot itself, which it never touches.
func (p page) ownGuide() (bot.Step, bool) {
	own := p.st.KeyFact(incident.FactOwn)
	if !p.ofBot() || !p.works() || p.st.FalseAlarm {
		return bot.Step{}, false
	}
	s := bot.Step{
		Name: "manual.own_key", Title: p.say("own.title"), State: p.say("later.guided"),
		Tone: bot.Alarm, Buttons: []bot.Button{p.look("manual.own_key")},
	}
	if own == incident.OwnSibling {
		s.Title = p.titleOf(incident.StepKeyDisable)
	}
	for _, step := range ownSteps {
		if own == incident.OwnSibling && step.words != "own.disable" && step.words != "own.audit" {
			continue // the bot works with another key
		}
		text := p.say(step.words)
		if step.page != "" {
			text += " " + p.address(step.page)
		}
		s.Facts = append(s.Facts, bot.Field{Label: strconv.Itoa(len(s.Facts) + 1), Text: text})
	}
	return s, true
}

// ofBot reports whether the key is one of the identity that the bot works as.
func (p page) ofBot() bool {
	own := p.st.KeyFact(incident.FactOwn)
	return own == incident.Yes || own == incident.OwnSibling
}

// ownNotices say that the bot does nothing any more, on the card about its key and
// on those of everything that waits for it.
func (p page) ownNotices() []bot.Notice {
	var all []bot.Notice
	switch p.st.KeyFact(incident.FactOwn) {
	case incident.Yes:
		all = append(all, bot.Notice{Tone: bot.Alarm, Text: p.say("notice.own_key")})
	case incident.OwnSibling:
		all = append(all, bot.Notice{Tone: bot.Alarm, Text: p.say("notice.own_user")})
	}
	others := slices.DeleteFunc(slices.Clone(p.st.Around.Own), func(id incident.ID) bool { return id == p.st.ID })
	if len(others) == 0 || !p.works() {
		return all
	}
	names := make([]string, len(others))
	for i, id := range others {
		names[i] = string(id)
	}
	return append(all, bot.Notice{Tone: bot.Alarm, Text: p.say("notice.own_elsewhere", "ids", p.list(names))})
}
