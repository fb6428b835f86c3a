package view

import (
	"strconv"

	"twokey/incident"
)

// changes tells a changed configuration in words: "Eve may now approve".
func (p page) changes(all []incident.Change) string {
	if len(all) == 0 {
		return p.say("line.configured")
	}
	texts := make([]string, len(all))
	for i, c := range all {
		texts[i] = p.change(c)
	}
	return dots(append([]string{p.say("line.configured")}, texts...)...)
}

// gained are the changes that give a person something, with what to say when it
// is taken away instead: when the new value is "no" or nothing.
var gained = map[string]string{
	"may_approve": "change.may_not_approve",
	"may_respond": "change.may_not_respond",
}

// change is one difference. People are named, a tier is said in words; a change
// that the catalog has no sentence for is shown as its name and values.
func (p page) change(c incident.Change) string {
	id := "change." + c.What
	if lost, ok := gained[c.What]; ok && (c.To == incident.No || c.To == "" && c.From != "") {
		id = lost
	}
	if !p.has(id) {
		id = "change.other"
	}
	who := p.name(incident.Person(c.Who))
	if tier := "tier." + c.Who; p.has(tier) {
		who = p.say(tier)
	}
	return p.say(id, "what", clean(c.What, maxName), "who", who, "from", p.value(c.From), "to", p.value(c.To))
}

// holding says why the bot holds, and what a person is to do.
func (p page) holding(why string) string {
	id := "hold." + why
	if !p.has(id) {
		id = "hold.other"
	}
	return p.prose(p.say("line.held"), p.say(id))
}

// damaged says which history does not hold, and where.
func (p page) damaged(e incident.Damaged) string {
	why := "damage." + e.Why
	if !p.has(why) {
		why = "damage.other"
	}
	if e.Seq == 0 {
		return p.say("line.damaged_whole", "id", string(e.Of), "why", p.say(why))
	}
	return p.say("line.damaged", "id", string(e.Of), "n", strconv.FormatUint(e.Seq, 10), "why", p.say(why))
}
