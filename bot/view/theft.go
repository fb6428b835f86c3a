package view

import (
	"strconv"
	"strings"

	"twokey/bot"
	"twokey/incident"
)

// maxSuspects is how many suspicious calls a line names.
const maxSuspects = 3

// suspects are the suspicious calls since the leak, and what their owner says to
// them.
func (p page) suspects() string {
	var calls []string
	all := p.st.Suspects()
	for i, u := range all {
		if i == maxSuspects {
			calls = append(calls, p.say("people.more", "n", strconv.Itoa(len(all)-maxSuspects)))
			break
		}
		call := p.suspect(u)
		if a, ok := p.st.Answers[incident.Question(u.String())]; ok {
			call = p.say("suspect.said", "call", call, "name", p.name(a.By), "answer", p.answer(a.Value))
		}
		calls = append(calls, call)
	}
	return p.list(calls)
}

func (p page) suspect(u incident.Suspect) string {
	return p.say("suspect.call", "operation", clean(u.Operation, maxName), "ip", clean(u.From, maxName))
}

// callsSince is how much of what the key did since the leak went through.
func (p page) callsSince() string {
	passed, refused := p.st.KeyFact(incident.FactPassed), p.st.KeyFact(incident.FactRefused)
	if passed == "" && refused == "" {
		return ""
	}
	count := func(n string) string {
		if n == "" {
			return "0"
		}
		return clean(n, maxName)
	}
	return p.say("calls.since", "passed", count(passed), "refused", count(refused))
}

// leadSeen tells that the leaked key made something or took on a role.
func (p page) leadSeen(e incident.Observed) string {
	key := string(p.st.Key)
	switch {
	case key == "":
	case e.Facts[incident.FactAssumedBy] == key:
		role, _ := incident.RoleOf(e.Of)
		return p.say("line.assumed", "role", clean(role, maxName))
	case e.Facts[incident.FactMadeBy] == key:
		kind, name, _ := strings.Cut(string(e.Of), " ")
		if user := e.Facts[incident.FactUser]; user != "" {
			name = user
		}
		return p.say("line.made", "kind", p.kindOf(kind), "name", clean(name, maxName))
	}
	return ""
}

// kindOf is what kind of identity a leaked key made, in words.
func (p page) kindOf(kind string) string {
	switch kind {
	case "user":
		return p.say("kind.user")
	case "role":
		return p.say("kind.role")
	case "key":
		return p.say("kind.key")
	}
	return clean(kind, maxName)
}

// asksOwner are the questions to the owner about calls that look suspicious, as
// long as they are open.
func (p page) asksOwner() []bot.Ask {
	who, calls := p.st.Asked()
	var asks []bot.Ask
	for _, q := range calls {
		operation, from, _ := strings.Cut(string(q), "@")
		if _, said := p.st.Answers[q]; said {
			continue
		}
		asks = append(asks, bot.Ask{
			Text:    p.say("ask.call", "name", p.name(who), "call", p.suspect(incident.Suspect{Operation: operation, From: from})),
			Buttons: []bot.Button{p.reply(q, incident.Yes), p.reply(q, incident.No), p.reply(q, incident.Unknown)},
		})
	}
	return asks
}

// asking tells who was asked about what.
func (p page) asking(pr incident.Proposal) string {
	name := p.name(incident.Person(pr.Plan.Params[incident.ParamPerson]))
	calls := pr.Plan.Params[incident.ParamCalls]
	if calls == "" {
		return p.say("line.owner_asked", "name", name)
	}
	return p.say("line.owner_asked_calls", "name", name, "n", strconv.Itoa(strings.Count(calls, ",")+1))
}

// answered tells what somebody said to a question.
func (p page) answered(e incident.Answered) (string, bot.Tone) {
	if operation, from, ok := strings.Cut(string(e.Question), "@"); ok {
		call, tone := p.suspect(incident.Suspect{Operation: operation, From: from}), bot.Plain
		id := "line.call_unknown"
		switch e.Value {
		case incident.Yes:
			id = "line.call_mine"
		case incident.No:
			id, tone = "line.call_not_mine", bot.Alarm
		}
		return p.say(id, "call", call), tone
	}
	return p.say("line.answered", "question", p.factName(incident.FactName(e.Question)), "answer", p.answer(e.Value)), bot.Plain
}

// gravest are the most serious things that a look found, for its line.
func (p page) gravest(pr incident.Proposal) []string {
	f, ok := bot.FindingsIn(p.Texts, pr.Findings)
	if pr.Findings == "" || !ok {
		return nil
	}
	var said []string
	for _, item := range f.Items {
		if text := p.finding(item); text != "" && item.Weight == incident.Grave && len(said) < maxSuspects {
			said = append(said, text)
		}
	}
	if len(said) == 0 {
		said = append(said, p.say("finding.count", "n", strconv.Itoa(len(f.Items)+f.More)))
	}
	return said
}

// toneOf is the tone of a confirmed step: a look that found theft is no calm news.
func (p page) toneOf(pr incident.Proposal) bot.Tone {
	f, ok := bot.FindingsIn(p.Texts, pr.Findings)
	if !ok {
		return bot.Calm
	}
	for _, item := range f.Items {
		if item.Weight == incident.Grave {
			return bot.Alarm
		}
	}
	return bot.Calm
}
