package view

import (
	"strconv"

	"twokey/bot"
	"twokey/incident"
)

// button is a button about the incident. Its command does the same when typed.
func (p page) button(act bot.Act, label, command string) bot.Button {
	return bot.Button{Act: act, Label: p.say(label), Tone: bot.Plain, Incident: p.st.ID, Command: command}
}

// planButton is a button about one plan: it carries the whole digest.
func (p page) planButton(act bot.Act, label, command string, pr incident.Proposal) bot.Button {
	b := p.button(act, label, command+" "+strconv.Itoa(pr.Number))
	b.Number, b.Digest = pr.Number, pr.Digest
	return b
}

func (p page) reply(q incident.Question, value string) bot.Button {
	label := map[string]string{incident.Yes: "button.yes", incident.No: "button.no"}[value]
	if label == "" {
		label = "button.unknown"
	}
	b := p.button(bot.ActAnswer, label, "answer "+string(q)+" "+value)
	b.Value = string(q) + "=" + value
	return b
}

// ask asks for a step anew. It names a question, never a step to run: what comes
// of it is a plan that waits for votes.
func (p page) ask(label, step string) bot.Button {
	b := p.button(bot.ActDo, label, "do "+step)
	b.Value = step
	return b
}

// again offers an ended plan again: undoing goes by the number of what it
// undoes, everything else by the step's name.
func (p page) again(pr incident.Proposal) bot.Button {
	switch {
	case pr.Plan.Undoes != 0:
		done, _ := p.st.Proposal(pr.Plan.Undoes)
		return p.undo("button.again", done)
	case pr.Plan.Step == incident.StepFalseAlarm:
		b := p.button(bot.ActFalse, "button.again", "false_alarm because …")
		b.Reason = p.prompt(true)
		return b
	case pr.Plan.Step == incident.StepClose:
		b := p.button(bot.ActClose, "button.again", "close because …")
		b.Reason = p.prompt(true)
		return b
	}
	return p.ask("button.again", pr.Plan.Step)
}

// undo asks to take a confirmed plan back.
func (p page) undo(label string, pr incident.Proposal) bot.Button {
	b := p.planButton(bot.ActUndo, label, "undo", pr)
	b.Digest = "" // asking is not voting: the new plan will have a digest of its own
	return b
}

func (p page) look(step string) bot.Button {
	b := p.button(bot.ActLook, "button.look", "look")
	b.Value = step
	return b
}

// voting are the buttons of a plan that waits: yes, no, one's own yes back, and
// the plan in full.
func (p page) voting(pr incident.Proposal) []bot.Button {
	show := p.planButton(bot.ActShow, "button.show", "show", pr)
	show.Command = "show " + string(p.st.ID) + "/" + strconv.Itoa(pr.Number)
	if p.observes(pr) || p.outOfReach(pr) {
		return []bot.Button{show}
	}
	buttons := []bot.Button{p.approve(pr)}
	if p.touched(pr) {
		buttons = append(buttons, p.stopping(pr)...)
	}
	return append(buttons, show)
}

// touched reports whether people have a hand in a plan: somebody asked for it,
// or said yes. What the bot merely offers can be declined from its details.
func (p page) touched(pr incident.Proposal) bool {
	return pr.By != incident.Bot || len(p.counting(pr)) > 0
}

// isInternal reports whether a step is decided by the votes alone.
func isInternal(step string) bool {
	return step == incident.StepFalseAlarm || step == incident.StepClose
}

// onWord reports whether a plan is done when people say so, or when they were
// asked: nothing is carried out.
func onWord(pr incident.Proposal) bool {
	return pr.Plan.OnWord() || pr.Plan.Step == incident.StepOwnerAsk
}

// stopping are the buttons that keep a plan from starting: until it has begun,
// an approver's no ends it and one's own yes can be taken back.
func (p page) stopping(pr incident.Proposal) []bot.Button {
	buttons := []bot.Button{p.decline(pr)}
	if len(p.counting(pr)) > 0 {
		buttons = append(buttons, p.planButton(bot.ActWithdraw, "button.withdraw", "withdraw", pr))
	}
	return buttons
}

// observes reports whether a plan is shown and never carried out, because its
// account is only watched. Looking, and what touches no cloud, still works.
func (p page) observes(pr incident.Proposal) bool {
	return p.Rules.Observes(pr.Plan)
}

func (p page) approve(pr incident.Proposal) bot.Button {
	label := "button.approve"
	if p.missing(pr) <= 1 && !p.Rules.Crosses(pr) { // nobody knows yet where it will come from
		label = "button.approve_last" // says that this yes starts it
	}
	if incident.Guided(pr.Plan.Step) {
		label = "button.did"
		if len(p.counting(pr)) > 0 {
			label = "button.saw"
		}
	}
	b := p.planButton(bot.ActApprove, label, "approve", pr)
	b.Tone = bot.Strong
	if incident.Guided(pr.Plan.Step) {
		return b // who did it by hand has thought about it
	}
	if p.tier(pr).AtLeast(incident.Disruptive) {
		b.Confirm = p.confirm(pr)
	}
	if p.Rules.ReasonFrom != "" && p.tier(pr).AtLeast(p.Rules.ReasonFrom) {
		b.Reason = p.prompt(true)
		b.Command += " because …"
	}
	return b
}

func (p page) decline(pr incident.Proposal) bot.Button {
	b := p.planButton(bot.ActDecline, "button.decline", "decline", pr)
	b.Reason = p.prompt(false)
	return b
}

// confirm is asked before a yes that hurts counts. Chats cut such texts at 300
// characters, so it is cut here, with the count of voices kept.
func (p page) confirm(pr incident.Proposal) *bot.Confirm {
	count := p.say("confirm.vote", "n", strconv.Itoa(len(p.counting(pr))+1), "need", strconv.Itoa(p.Rules.NeedNow(pr)))
	room := maxConfirm - len([]rune(count)) - 2
	return &bot.Confirm{
		Title: clean(p.say("confirm.title", "step", p.stepTitle(pr.Plan)), maxTitle),
		Text:  p.prose(count, clean(p.effect(pr), room)),
		Yes:   p.say("confirm.yes"),
		No:    p.say("confirm.no"),
	}
}

// What chats can show in a dialog: Slack allows 100 and 300 characters.
const (
	maxTitle   = 99
	maxConfirm = 290
)

func (p page) prompt(required bool) *bot.Prompt {
	label := "prompt.label"
	if required {
		label = "prompt.label_required"
	}
	return &bot.Prompt{Title: p.say("prompt.title"), Label: p.say(label), Required: required}
}

func (p page) tier(pr incident.Proposal) incident.Tier {
	if now := p.Rules.Tier(pr.Plan); now.AtLeast(pr.Tier) {
		return now
	}
	return pr.Tier
}
