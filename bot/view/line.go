package view

import (
	"fmt"
	"maps"
	"strconv"

	"twokey/bot"
	"twokey/incident"
)

// maxLine is how long a line of the timeline is at most, in runes.
const maxLine = 200

// maxHeard is how many repeats of an alert are told one by one.
const maxHeard = 5

// Line is a record as an entry of the timeline; false if people need not see it.
// The words depend on the record and on facts that do not change afterwards.
func (v *View) Line(s bot.Scene, r incident.Record) (bot.Line, bool) {
	p := v.page(s)
	text, tone := p.entry(r)
	if text == "" {
		return bot.Line{}, false
	}
	l := bot.Line{Key: fmt.Sprintf("%s/%d", r.Incident, r.Seq), Seq: r.Seq, At: r.At, Tone: tone, Text: clean(text, maxLine)}
	if r.By != incident.Bot {
		l.Who = p.name(r.By)
	}
	return l, true
}

// entry is the words of one record.
func (p page) entry(r incident.Record) (string, bot.Tone) {
	switch e := r.Event.(type) {
	case incident.Opened:
		p.st.Repeats, p.st.KeyTyped = 0, false // what came later is not this record's
		return p.say("line.opened", "found", p.found()), bot.Alarm
	case incident.Heard:
		if p.st.Repeats > maxHeard && p.st.Again {
			return "", bot.Plain // the card counts them
		}
		return p.say("line.heard", "source", clean(e.Alert.Type, maxName), "kind", p.say("alert."+string(e.Alert.Kind))), bot.Plain
	case incident.KeyEntered:
		return p.say("line.key_entered", "key", string(e.Key)), bot.Plain
	case incident.Observed:
		return p.observation(e)
	case incident.Answered:
		return p.answered(e)
	case incident.Noted:
		return p.say("line.noted", "text", p.reason(e.Text)), bot.Plain
	case incident.Took:
		return p.say("line.took"), bot.Plain
	case incident.Reminded:
		return p.say("line.reminded", "names", p.list(p.names(e.Who)), "what", p.about(e.Number)), bot.Warn
	case incident.Escalated:
		return p.say("line.escalated", "what", p.about(e.Number)), bot.Alarm
	case incident.GaveUp:
		return p.stuck(e.Task, e.Room, e.Code), bot.Alarm
	case incident.Merged:
		return p.say("line.merged", "into", string(e.Into)), bot.Plain
	case incident.Absorbed:
		return p.say("line.absorbed", "from", string(e.From), "head", e.Head.Short()), bot.Plain
	case incident.FalseAlarmed:
		return p.say("line.false_alarmed", "plan", strconv.Itoa(e.Number)), bot.Warn
	case incident.Closed:
		return dots(p.say("line.closed"), p.reason(e.Reason)), bot.Plain
	case incident.Reopened:
		return p.say("line.reopened"), bot.Alarm
	case incident.Retired:
		return p.say("line.retired", "file", clean(e.File, maxName)), bot.Plain
	case incident.Archived:
		return p.say("line.archived", "file", clean(e.File, maxName), "n", strconv.Itoa(e.Count)), bot.Plain
	case incident.Configured:
		return p.changes(e.Changes), bot.Warn
	case incident.Held:
		return p.holding(e.Why), bot.Alarm
	case incident.Released:
		return p.say("line.released"), bot.Plain
	case incident.Damaged:
		return p.damaged(e), bot.Alarm
	case incident.Foreign:
		return p.say("line.foreign", "kind", clean(e.Name, maxName)), bot.Warn
	}
	return p.planEntry(r)
}

// planEntry is the words of a record about one plan. Superseded and Resumed have
// none: the plan that takes over, and what becomes of the step, say it all.
func (p page) planEntry(r incident.Record) (string, bot.Tone) {
	switch e := r.Event.(type) {
	case incident.Proposed:
		return p.proposed(e, r.By)
	case incident.Approved:
		return dots(p.say("line.approved", "what", p.about(e.Number), "until", p.clock(e.Until)), p.reason(e.Reason)), bot.Plain
	case incident.Withdrew:
		return p.say("line.withdrew", "what", p.about(e.Number)), bot.Warn
	case incident.Declined:
		return dots(p.say("line.declined", "what", p.about(e.Number)), p.reason(e.Reason)), bot.Warn
	case incident.WentAlone:
		return dots(p.say("line.went_alone", "what", p.about(e.Number)), p.reason(e.Reason)), bot.Alarm
	case incident.Authorized:
		if e.Auto {
			return p.say("line.automatic", "what", p.about(e.Number)), bot.Warn
		}
	case incident.Lapsed:
		return p.say("line.lapsed", "what", p.about(e.Number)), bot.Warn
	case incident.Started:
		if pr, _ := p.st.Proposal(e.Number); !isInternal(pr.Plan.Step) && !onWord(pr) {
			return p.say("line.started", "what", p.about(e.Number)), bot.Plain
		}
	case incident.Tried:
		return p.say("line.tried", "what", p.about(e.Number), "code", clean(e.Code, maxName), "again", p.clock(e.Again)), bot.Warn
	case incident.Drifted:
		return p.say("line.drifted", "what", p.about(e.Number), "moved", p.moved(e.Moved)), bot.Warn
	case incident.Finished:
		if pr, _ := p.st.Proposal(e.Number); !isInternal(pr.Plan.Step) {
			return p.finished(e, pr)
		}
	case incident.Looked:
		return p.looked(e)
	case incident.Received:
		return p.received(e.Number, incident.Fetch{By: e.By, Way: e.Way}, false)
	case incident.Uncollected:
		return p.received(e.Number, incident.Fetch{}, true)
	case incident.Breached:
		pr, _ := p.st.Proposal(e.Number)
		return p.breach(pr, incident.Breach{Number: e.Number, At: r.At, Who: e.Who, Thief: e.Thief, Person: e.Person}), bot.Alarm
	}
	return "", bot.Plain
}

// about names a plan by number and title; number 0 is the incident itself.
func (p page) about(number int) string {
	pr, ok := p.st.Proposal(number)
	if !ok {
		return p.say("line.incident")
	}
	return p.say("line.plan", "plan", strconv.Itoa(number), "step", p.stepTitle(pr.Plan))
}

// proposed tells what a person asked for. The bot's own offers stand on the
// card, where they can be pressed.
func (p page) proposed(e incident.Proposed, by incident.Person) (string, bot.Tone) {
	if by == incident.Bot {
		return "", bot.Plain
	}
	return p.say("line.proposed", "what", p.about(e.Number), "digest", e.Digest.Short(), "n", strconv.Itoa(e.Need)), bot.Plain
}

// finished tells how a step ended. False alarms and closings are told by the record
// that follows from them.
func (p page) finished(e incident.Finished, pr incident.Proposal) (string, bot.Tone) {
	what, code := p.about(e.Number), p.code(e.Code)
	switch e.Outcome {
	case incident.Attested:
		if pr.Plan.Step == incident.StepOwnerAsk {
			return p.asking(pr), bot.Warn
		}
		return p.say("line.attested", "what", what), bot.Calm
	case incident.Confirmed:
		id := "line.confirmed"
		if e.Found {
			id = "line.found_done"
		}
		pr, _ := p.st.Proposal(e.Number)
		result := p.madeKey(pr)
		if result == "" && e.Result != "" {
			result = p.say("plan.result", "result", clean(e.Result, maxName))
		}
		return dots(append([]string{p.say(id, "what", what), result}, p.gravest(pr)...)...), p.toneOf(pr)
	case incident.Rejected:
		if pr, _ := p.st.Proposal(e.Number); p.madeKey(pr) != "" {
			return dots(what, p.madeKey(pr)), bot.Alarm
		}
		return p.say("line.refused", "what", what, "code", code), bot.Alarm
	case incident.NotConfirmed:
		if e.Code == incident.AgedOut {
			return p.say("line.aged_out", "what", what), bot.Alarm
		}
		return dots(p.say("line.not_confirmed", "what", what), code), bot.Alarm
	}
	return dots(p.say("line.unknown", "what", what), code), bot.Alarm
}

func (p page) looked(e incident.Looked) (string, bot.Tone) {
	if pr, _ := p.st.Proposal(e.Number); e.Result != "" && p.madeKey(pr) != "" {
		return dots(p.about(e.Number), p.madeKey(pr)), bot.Alarm
	}
	if e.Outcome == incident.Confirmed {
		return p.say("line.seen", "what", p.about(e.Number)), bot.Calm
	}
	if e.Outcome == incident.NotConfirmed {
		return p.say("line.seen_not", "what", p.about(e.Number)), bot.Alarm
	}
	return p.say("line.seen_unknown", "what", p.about(e.Number)), bot.Warn
}

// observation tells what a look showed, if it changes what people think: whose
// key it is, its state, abuse, or a call although it is contained.
func (p page) observation(e incident.Observed) (string, bot.Tone) {
	if e.Of != incident.OfKey(p.st.Key) {
		return p.leadSeen(e), bot.Alarm
	}
	switch e.Facts[incident.FactOwn] {
	case incident.Yes:
		return p.say("notice.own_key"), bot.Alarm
	case incident.OwnSibling:
		return p.say("notice.own_user"), bot.Alarm
	case incident.No:
		return p.say("line.own_no"), bot.Calm
	}
	if e.Facts[incident.FactOwner] != "" {
		return p.say("line.owner", "whose", p.asOf(e).whose()), bot.Plain
	}
	switch status := e.Facts[incident.FactStatus]; status {
	case "":
	case incident.KeyActive, incident.KeyUnknown:
		return p.say("line.status", "status", p.status(status)), bot.Alarm
	default:
		return p.say("line.status", "status", p.status(status)), bot.Calm
	}
	if e.Facts[incident.FactAbuse] == incident.Yes || e.Facts[incident.FactSuspects] != "" {
		if calls := p.suspects(); calls != "" {
			return p.say("line.suspects", "calls", calls), bot.Alarm
		}
		return p.say("line.abuse"), bot.Alarm
	}
	if last, late := p.usedAfter(); late && e.Facts[incident.FactLastUsed] != "" {
		return p.say("notice.used_after", "at", p.clock(last)), bot.Alarm
	}
	return "", bot.Plain
}

// asOf is the page as one look saw it, whatever later looks saw.
func (p page) asOf(e incident.Observed) page {
	facts := maps.Clone(p.st.Seen[e.Of])
	if facts == nil {
		facts = make(map[incident.FactName]incident.Seen)
	}
	for name, value := range e.Facts {
		facts[name] = incident.Seen{Value: value, AsOf: e.AsOf, Source: e.Source}
	}
	p.st.Seen = maps.Clone(p.st.Seen)
	if p.st.Seen == nil {
		p.st.Seen = make(map[incident.Identity]map[incident.FactName]incident.Seen)
	}
	p.st.Seen[e.Of] = facts
	return p
}
