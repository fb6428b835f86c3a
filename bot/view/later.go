package view

import (
	"maps"
	"slices"
	"time"

	"twokey/bot"
	"twokey/incident"
)

// held reports whether the bot is on hold: no step may start.
func (p page) held() bool { return p.st.Around.Held || len(p.st.Around.Own) > 0 }

// unplanned is a step of the playbook that no plan stands for.
func (p page) unplanned(n incident.Next) (bot.Step, where) {
	s := bot.Step{Name: n.Step, Title: p.titleOf(n.Step), Tone: bot.Plain}
	switch {
	case n.Done:
		s.State, s.Tone = p.say("later.done"), bot.Calm
		return s, below
	case !n.Now:
		s.State = p.later(n)
		return s, below
	case n.Step == incident.StepKeyDelete && p.Now.Before(p.deleteFrom()):
		s.State = p.say("later.second_look", "at", p.clock(p.deleteFrom()), "span", p.span(p.Rules.Playbook.SecondLook))
		return s, below
	case n.Guided || len(p.Steps) > 0 && !slices.Contains(p.Steps, n.Step):
		s.State, s.Effect = p.say("later.guided"), p.effectOf(n.Step)
		s.Facts, s.Buttons = p.guide(n.Step), []bot.Button{p.look(n.Step)}
		if incident.Guided(n.Step) {
			s.Buttons = []bot.Button{p.ask("button.did", n.Step)}
		}
		if !n.Guided {
			return s, below // what the bot can do itself comes first
		}
		return s, onTop
	}
	s.State, s.Effect, s.People = p.say("later.ask"), p.effectOf(n.Step), p.tierNeed(n.Step)
	s.Buttons = []bot.Button{p.ask("button.ask", n.Step)}
	if incident.StepTier(n.Step) == incident.Look {
		s.State, s.Buttons[0].Label = p.say("later.look"), p.say("button.look_now")
	}
	return s, onTop
}

func (p page) deleteFrom() time.Time { return p.st.DeleteFrom(p.Rules.Playbook.SecondLook) }

// later says what a step waits for: other steps first, then facts.
func (p page) later(n incident.Next) string {
	var first []string
	for _, step := range n.After {
		if !p.isDone(step) {
			first = append(first, p.titleOf(step))
		}
	}
	if len(first) > 0 {
		return p.say("later.after", "steps", p.list(first))
	}
	var facts []string
	for _, fact := range slices.Sorted(maps.Keys(n.Needs)) {
		if !(incident.Conditions{fact: n.Needs[fact]}).Hold(p.st) {
			facts = append(facts, p.say("later.fact", "fact", p.factName(incident.FactName(fact)), "values", p.either(p.values(n.Needs[fact]))))
		}
	}
	return p.say("later.facts", "facts", p.list(facts))
}

// values are the values of a condition in words: Alibaba Cloud's own as they are.
func (p page) values(values []string) []string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = clean(v, maxName)
		if id := "fact.value." + v; p.has(id) {
			texts[i] = p.say(id)
		}
	}
	return texts
}

// isDone asks the playbook's own reading of a step, which also counts what was
// done in the console.
func (p page) isDone(step string) bool {
	return slices.ContainsFunc(p.Rules.Playbook.Next(p.st), func(n incident.Next) bool { return n.Step == step && n.Done }) ||
		slices.ContainsFunc(p.st.Proposals, func(pr incident.Proposal) bool { return pr.Plan.Step == step && pr.Done() })
}
