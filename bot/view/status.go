package view

import (
	"errors"
	"strconv"
	"strings"

	"twokey/bot"
	"twokey/incident"
)

// step is a plan as it stands.
func (p page) step(pr incident.Proposal) bot.Step {
	s := bot.Step{
		Name: pr.Plan.Step, Number: pr.Number, Title: p.stepTitle(pr.Plan),
		Tone: bot.Plain, Digest: pr.Digest.Short(),
	}
	switch pr.Status {
	case incident.StatusWaiting:
		p.waiting(&s, pr)
	case incident.StatusReady:
		s.State, s.Tone = p.say("plan.ready"), bot.Warn
		if p.held() {
			s.State = p.say("plan.held")
		}
		s.Buttons = p.stopping(pr)
	case incident.StatusRunning:
		s.State, s.Tone = p.running(pr), bot.Warn
	case incident.StatusDone:
		p.done(&s, pr)
	case incident.StatusDrifted:
		s.State, s.Tone = p.say("plan.drifted", "moved", p.moved(pr.Moved)), bot.Warn
		s.Buttons = []bot.Button{p.again(pr)}
	case incident.StatusDeclined:
		s.State = dots(p.say("plan.declined", "name", p.name(pr.Declined)), p.reason(pr.Reason))
		s.Buttons = []bot.Button{p.again(pr)}
	case incident.StatusLapsed:
		s.State, s.Tone = p.say("plan.lapsed"), bot.Warn
		s.Buttons = []bot.Button{p.again(pr)}
	case incident.StatusSuperseded:
		s.State = p.say("plan.replaced", "plan", strconv.Itoa(pr.NewerBy))
	}
	return s
}

func (p page) waiting(s *bot.Step, pr incident.Proposal) {
	s.State = p.say("plan.waiting")
	if len(p.counting(pr)) > 0 {
		s.State = p.say("plan.waiting_more", "n", strconv.Itoa(p.missing(pr)))
	}
	if p.Rules.LacksPlatform(pr, p.Now) {
		s.State = p.say("plan.waiting_platform")
	}
	s.Effect, s.Undo, s.People = p.effect(pr), p.undoText(pr.Plan), p.votes(pr)
	if pr.By != incident.Bot {
		s.People = dots(p.say("plan.asked", "name", p.name(pr.By)), s.People)
	}
	if p.observes(pr) {
		s.State, s.People = p.say("plan.observing"), ""
	}
	if incident.Guided(pr.Plan.Step) && len(p.counting(pr)) == 0 {
		s.State = p.say("later.guided")
	}
	if incident.Guided(pr.Plan.Step) || p.outOfReach(pr) {
		s.Facts = append(s.Facts, p.guide(pr.Plan.Step)...)
	}
	s.Facts = append(s.Facts, p.rotation(pr.Plan.Step)...)
	if why := p.whyNotAuto(pr); why != "" {
		s.Facts = append(s.Facts, bot.Field{Label: p.say("label.auto"), Text: why})
	}
	s.Buttons = p.voting(pr)
}

// whyNotAuto says why a containment that automation may do was left to people.
// If the rules would allow it, the hour's cap was reached.
func (p page) whyNotAuto(pr incident.Proposal) string {
	containment := pr.Plan.Step == incident.StepPolicyQuarantine || pr.Plan.Step == incident.StepKeyFence
	if !containment || pr.By != incident.Bot || len(p.Rules.Automation.Rules) == 0 || p.st.FalseAlarm {
		return ""
	}
	why := incident.AutoCap
	errors.As(p.Rules.WhyNotAuto(p.st, pr.Plan), &why)
	if !strings.HasPrefix(string(why), "auto_") {
		return "" // it was tried: its own plan says what came of it
	}
	return p.refusal(why, pr)
}

func (p page) running(pr incident.Proposal) string {
	if pr.TryCode == "" {
		return p.say("plan.running", "at", p.clock(pr.Started))
	}
	return p.say("plan.retrying", "n", strconv.Itoa(pr.Tries),
		"code", clean(pr.TryCode, maxName), "again", p.clock(pr.TryAgain))
}

// done is what became of a finished plan, as read back.
func (p page) done(s *bot.Step, pr incident.Proposal) {
	switch {
	case pr.UndoneBy != 0:
		s.State = p.say("plan.undone", "plan", strconv.Itoa(pr.UndoneBy))
		return
	case pr.Outcome == incident.Confirmed:
		s.State, s.Tone = p.confirmed(pr), bot.Calm
		if p.mayUndo(pr) {
			s.Undo, s.Buttons = p.undoText(pr.Plan), []bot.Button{p.undo(undoLabel(pr), pr)}
		}
		return
	case pr.Outcome == incident.Attested:
		s.State, s.Tone = p.attested(pr), bot.Calm
		return
	case pr.Outcome == incident.Rejected && p.madeKey(pr) != "":
		s.State, s.Tone = p.madeKey(pr), bot.Alarm
		return // to be discarded first: nothing to offer again
	case pr.Outcome == incident.Rejected:
		s.State, s.Tone = p.say("plan.refused", "code", p.code(pr.Code), "at", p.clock(pr.Finished)), bot.Alarm
	case pr.Outcome == incident.NotConfirmed && pr.Code == incident.AgedOut:
		s.State, s.Tone = p.say("plan.aged_out"), bot.Alarm
	case pr.Outcome == incident.NotConfirmed && p.breached(pr.Number):
		s.State, s.Tone = p.say("plan.breached", "at", p.clock(pr.Seen)), bot.Alarm
	case pr.Outcome == incident.NotConfirmed:
		s.State, s.Tone = p.say("plan.not_confirmed", "at", p.clock(pr.Seen)), bot.Alarm
		if pr.Code != "" {
			s.State = p.say("plan.not_confirmed_code", "code", p.code(pr.Code), "at", p.clock(pr.Seen))
		}
	default:
		s.State, s.Tone = p.say("plan.unknown", "at", p.clock(pr.Finished)), bot.Alarm
	}
	s.Facts = p.guide(pr.Plan.Step)
	s.Buttons = []bot.Button{p.look(pr.Plan.Step), p.again(pr)}
}

// attested says on whose word a step stands, or who was asked.
func (p page) attested(pr incident.Proposal) string {
	if pr.Plan.Step == incident.StepOwnerAsk {
		return p.say("plan.owner_asked", "name", p.name(incident.Person(pr.Plan.Params[incident.ParamPerson])), "at", p.clock(pr.Finished))
	}
	who := make([]incident.Person, len(pr.Votes))
	for i, v := range pr.Votes {
		who[i] = v.By
	}
	return p.say("plan.attested", "names", p.list(p.names(who)), "at", p.clock(pr.Finished))
}

func undoLabel(pr incident.Proposal) string {
	if pr.Auto {
		return "button.undo_auto"
	}
	return "button.undo"
}

func (p page) confirmed(pr incident.Proposal) string {
	state := p.say("plan.done", "at", p.clock(pr.Finished))
	switch {
	case isInternal(pr.Plan.Step):
		state = p.say("plan.agreed", "at", p.clock(pr.Finished))
	case pr.Auto:
		state = p.say("plan.done_auto", "at", p.clock(pr.Finished))
	case pr.Found:
		state = p.say("plan.done_found", "at", p.clock(pr.Finished))
	}
	switch key := p.madeKey(pr); {
	case key != "":
		return dots(state, key)
	case pr.Result == "":
		return state
	}
	return dots(state, p.say("plan.result", "result", clean(pr.Result, maxName)))
}

// maxMoved is how many differences a card names.
const maxMoved = 3

// moved is what is no longer as people agreed to it.
func (p page) moved(moved []incident.Drift) string {
	var parts []string
	for i, d := range moved {
		if i == maxMoved {
			parts = append(parts, p.say("people.more", "n", strconv.Itoa(len(moved)-maxMoved)))
			break
		}
		parts = append(parts, p.say("plan.moved", "fact", p.factName(d.Fact.Name),
			"was", p.value(d.Fact.Value), "now", p.value(d.Now)))
	}
	return p.list(parts)
}

func (p page) factName(n incident.FactName) string {
	if id := "fact." + string(n); p.has(id) {
		return p.say(id)
	}
	return clean(string(n), maxName)
}

// value is an observed value as it is shown: ids and names as they are, absence
// in words.
func (p page) value(v string) string {
	if v == "" || v == incident.Absent {
		return p.say("fact.absent")
	}
	return clean(v, maxPlace)
}
