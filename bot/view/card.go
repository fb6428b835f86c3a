package view

import (
	"strconv"

	"twokey/bot"
	"twokey/incident"
)

// Card is the incident's card: the state first, then what to do now, then the
// rest folded away.
func (v *View) Card(s bot.Scene) bot.Card {
	p := v.page(s)
	title, tone := p.title()
	c := bot.Card{
		Incident: p.st.ID, Lang: p.lang, Tone: tone, Title: title,
		Foot: p.say("card.foot", "head", p.st.Head.Short()), Opened: p.st.Opened, At: p.st.At,
	}
	if p.Drill {
		c.Drill = p.say("card.drill")
	}
	c.Fields, c.Notices = p.fields(), p.notices()
	if p.st.MergedInto != "" {
		c.Fields = c.Fields[:1]
		return c
	}
	now, folded := p.steps(len(c.Notices))
	if guide, own := p.ownGuide(); own {
		now, folded = []bot.Step{guide}, append(now, folded...) // nothing else comes first
	}
	c.Steps, c.Folded = now, folded
	c.Asks, c.Actions = p.asks(), p.actions()
	if len(now) > 0 {
		c.Heading = p.heading()
	}
	if len(folded) > 0 {
		c.More = p.say("card.more", "n", strconv.Itoa(len(folded)))
	}
	if known, ok := p.known(); ok && len(folded) > 0 {
		c.Folded = append([]bot.Step{known}, folded...)
	}
	for _, pr := range p.st.Proposals {
		if pr.Status == incident.StatusWaiting && p.works() {
			c.Pending++
		}
	}
	return c
}

// works reports whether anything may still be pressed.
func (p page) works() bool { return p.st.Open() && !p.st.ReadOnly }

// title names the incident, the whole key id, and the state.
func (p page) title() (string, bot.Tone) {
	state, tone := p.state()
	id := string(p.st.ID)
	if p.st.Lookup() {
		return p.say("title.lookup", "id", id, "state", state), tone
	}
	return p.say("title.key", "id", id, "key", string(p.st.Key), "state", state), tone
}

// state is where the incident stands, in a word or two.
func (p page) state() (string, bot.Tone) {
	st := p.st
	switch {
	case st.MergedInto != "":
		return p.say("state.merged", "into", string(st.MergedInto)), bot.Plain
	case !st.Closed.IsZero():
		return p.say("state.closed", "at", p.clock(st.Closed)), bot.Plain
	case st.FalseAlarm:
		return p.say("state.false_alarm"), bot.Plain
	case st.Lookup():
		return p.say("state.lookup"), bot.Warn
	}
	if st.Own() && !st.Contained() {
		return p.say("state.own"), bot.Alarm
	}
	switch st.KeyFact(incident.FactOwner) {
	case "":
		return p.say("state.looking"), bot.Warn
	case incident.OwnerRoot:
		return p.say("state.root"), bot.Alarm
	case incident.OwnerSTS:
		return p.say("state.sts"), bot.Warn
	case incident.OwnerForeign:
		return p.say("state.foreign"), bot.Warn
	case incident.OwnerDeleted:
		return p.say("state.deleted"), bot.Calm
	case incident.OwnerUnknown:
		return p.say("state.unknown"), bot.Alarm
	}
	switch at := st.ContainedAt(); {
	case !at.IsZero() && p.containedByUs():
		return p.say("state.contained", "at", p.clock(at), "against", p.against(at)), bot.Calm
	case !at.IsZero():
		return p.say("state.contained_found", "at", p.clock(at)), bot.Calm
	case st.KeyFact(incident.FactStatus) == incident.KeyActive:
		return p.say("state.active"), bot.Alarm
	}
	return p.say("state.unknown"), bot.Alarm
}

func (p page) heading() string {
	switch {
	case p.st.FalseAlarm:
		return p.say("card.take_back")
	case p.st.Contained():
		return p.say("card.next")
	}
	return p.say("card.now")
}

// asks are the playbook's questions that nobody answered, while an answer would
// change what to do.
func (p page) asks() []bot.Ask {
	if !p.works() || p.st.FalseAlarm {
		return nil
	}
	if p.st.Lookup() {
		return []bot.Ask{p.asksKey()}
	}
	asks := p.asksOwner()
	status := p.st.KeyFact(incident.FactStatus)
	alive := status == incident.KeyActive || status == incident.KeyInactive
	if p.st.KeyFact(incident.FactOwner) != incident.OwnerRAM || !alive || p.ofBot() {
		return asks
	}
	user := clean(p.st.KeyFact(incident.FactUser), maxName)
	if p.asksInUse(status) {
		asks = append(asks, bot.Ask{
			Text:    p.say("ask.in_use", "user", user),
			Buttons: []bot.Button{p.reply(incident.InUse, incident.Yes), p.reply(incident.InUse, incident.No)},
		})
	}
	if _, said := p.st.Answers[incident.Rotatable]; !said && p.st.Answer(incident.InUse).Value != incident.No {
		asks = append(asks, bot.Ask{
			Text:    p.say("ask.rotatable", "user", user),
			Buttons: []bot.Button{p.reply(incident.Rotatable, incident.Yes), p.reply(incident.Rotatable, incident.No)},
		})
	}
	return asks
}

// asksInUse: while the key is live, evidence will do; once it is disabled, only
// a person can say that nothing misses it, and deleting waits for that.
func (p page) asksInUse(status string) bool {
	_, said := p.st.Answers[incident.InUse]
	believed := p.st.Answer(incident.InUse).Value
	if status == incident.KeyActive {
		return believed == incident.Unknown
	}
	return !said && believed != incident.No
}

// actions are the buttons about the whole incident.
func (p page) actions() []bot.Button {
	if !p.works() {
		return nil
	}
	var buttons []bot.Button
	if !p.st.Lookup() {
		buttons = append(buttons, p.button(bot.ActSteps, "button.steps", "steps"))
	}
	if p.st.Commander == "" {
		buttons = append(buttons, p.button(bot.ActTake, "button.take", "take"))
	}
	if _, waits := p.st.Waiting(incident.StepFalseAlarm); !waits && !p.st.FalseAlarm {
		b := p.button(bot.ActFalse, "button.false_alarm", "false_alarm because …")
		b.Reason = p.prompt(true)
		buttons = append(buttons, b)
	}
	if p.mayClose() {
		b := p.button(bot.ActClose, "button.close", "close")
		b.Reason = p.prompt(!p.st.Contained())
		if b.Reason.Required {
			b.Command = "close because …"
		}
		buttons = append(buttons, b)
	}
	return buttons
}

// mayClose leaves the button out while the leak is not contained: closing then
// takes two people and a reason, and the command says so. Where the bot can
// never see the key contained, the button is there.
func (p page) mayClose() bool {
	if _, waits := p.st.Waiting(incident.StepClose); waits || p.st.Running() {
		return false
	}
	if p.st.Contained() || p.st.FalseAlarm || p.st.Lookup() {
		return true
	}
	switch p.st.KeyFact(incident.FactOwner) {
	case incident.OwnerRoot, incident.OwnerSTS, incident.OwnerDeleted, incident.OwnerForeign:
		return true
	}
	return false
}
