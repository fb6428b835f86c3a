package view

import (
	"twokey/bot"
	"twokey/incident"
)

// knownOfKey and knownOfUser are what triage saw, in the order in which it helps.
var (
	knownOfKey = []incident.FactName{
		incident.FactServices, incident.FactKnownIPs, incident.FactNewIPs, incident.FactReported, incident.FactFence,
	}
	knownOfUser = []incident.FactName{
		incident.FactConsole, incident.FactMFA, incident.FactMFAForced, incident.FactPolicies, incident.FactGroups, incident.FactGroupPolicy,
		incident.FactSlot, incident.FactKeys, incident.FactBin, incident.FactRoom,
	}
)

// known is what triage saw of the key and its user, folded away below what to do.
// Each fact comes as it is seen, none waits for the others.
func (p page) known() (bot.Step, bool) {
	if p.st.KeyFact(incident.FactOwner) != incident.OwnerRAM || !p.works() {
		return bot.Step{}, false
	}
	step := bot.Step{Name: "known", Title: p.say("known.title", "user", p.user()), Tone: bot.Plain}
	add := func(of incident.Identity, names []incident.FactName) {
		for _, name := range names {
			if seen, ok := p.st.Seen[of][name]; ok {
				text := dots(p.value(p.inWords(name, seen.Value)), p.say("abuse.as_of", "at", p.clock(seen.AsOf)))
				step.Facts = append(step.Facts, bot.Field{Label: p.factName(name), Text: text})
			}
		}
	}
	add(incident.OfUser(p.st.KeyFact(incident.FactUserID)), knownOfUser)
	add(incident.OfKey(p.st.Key), knownOfKey)
	return step, len(step.Facts) > 0
}

// inWords is a plain value in words, anything else as it is. A network policy is
// known by a hash, which says nothing but that there is one.
func (p page) inWords(name incident.FactName, value string) string {
	if name == incident.FactFence && value != incident.Absent {
		value = incident.Yes
	}
	if id := "fact.value." + value; p.has(id) {
		return p.say(id)
	}
	return value
}
