package view

import (
	"slices"
	"strconv"
	"time"

	"twokey/bot"
	"twokey/incident"
)

// notices are what must not be missed, the worst first.
func (p page) notices() []bot.Notice {
	var all []bot.Notice
	add := func(tone bot.Tone, text string, buttons ...bot.Button) {
		all = append(all, bot.Notice{Tone: tone, Text: text, Buttons: buttons})
	}
	if p.st.ReadOnly {
		add(bot.Alarm, p.say("notice.read_only", "kinds", p.list(p.cleaned(p.st.Unknown))))
	}
	if p.st.Around.Held {
		add(bot.Alarm, p.say("notice.held"))
	}
	all = append(all, p.ownNotices()...)
	if p.observed() {
		add(bot.Warn, p.say("notice.observing", "account", clean(p.st.KeyFact(incident.FactAccount), maxName)))
	}
	if last, ok := p.usedAfter(); ok {
		add(bot.Alarm, p.say("notice.used_after", "at", p.clock(last)))
	}
	if p.st.KeyFact(incident.FactGuarded) == incident.Yes && !p.st.Contained() {
		add(bot.Warn, p.say("notice.restricted"))
	}
	all = append(all, p.breaches()...)
	all = append(all, p.own()...)
	if len(p.Behind) > 0 {
		add(bot.Warn, p.behind())
	}
	for _, s := range p.st.Stuck {
		if s.Task == incident.Announce {
			continue // as long as it is so, it stands above
		}
		add(bot.Alarm, p.stuck(s.Task, s.Room, s.Code))
	}
	if p.st.FalseAlarm && p.st.Open() {
		add(bot.Warn, p.say("notice.false_alarm"))
	}
	if why := p.reason(p.st.CloseWhy); why != "" {
		add(bot.Plain, p.say("notice.close_why", "reason", why))
	}
	if !p.st.Closed.IsZero() && p.st.MergedInto == "" {
		add(bot.Plain, p.say("notice.watching", "until", p.clock(p.st.Closed.Add(watchClosed))))
	}
	return append(all, p.relations()...)
}

// watchClosed is how long looks go on after closing (incident.State.NextLook).
const watchClosed = 24 * time.Hour

func (p page) observed() bool {
	return p.works() && slices.Contains(p.Rules.Observe, p.st.KeyFact(incident.FactAccount))
}

// usedAfter reports a call that was made after the key was seen contained. It
// may have been refused: the bot can't tell, and says so.
func (p page) usedAfter() (time.Time, bool) {
	last, err := time.Parse(time.RFC3339, p.st.KeyFact(incident.FactLastUsed))
	at := p.st.ContainedAt()
	for _, pr := range p.st.Proposals {
		if pr.Plan.Step == incident.StepRootDisable && pr.Done() {
			at = pr.Finished // no API sees it; a later call would belie it
		}
	}
	return last, err == nil && !at.IsZero() && last.After(at)
}

// breached reports whether the guard found a plan's step undone.
func (p page) breached(number int) bool {
	return slices.ContainsFunc(p.st.Breaches, func(b incident.Breach) bool { return b.Number == number })
}

// breaches are the confirmed steps that somebody undid and that are not done
// again since.
func (p page) breaches() []bot.Notice {
	latest := make(map[int]incident.Breach)
	for _, b := range p.st.Breaches {
		latest[b.Number] = b
	}
	var notices []bot.Notice
	for i, b := range p.st.Breaches {
		pr, ok := p.st.Proposal(b.Number)
		if !ok || latest[b.Number] != b || slices.Contains(p.st.Breaches[i+1:], b) || p.redone(pr) {
			continue
		}
		notices = append(notices, bot.Notice{Tone: bot.Alarm, Text: p.breach(pr, b)})
	}
	return notices
}

func (p page) redone(pr incident.Proposal) bool {
	return pr.UndoneBy != 0 || pr.Outcome == incident.Confirmed ||
		slices.ContainsFunc(p.st.Proposals, func(o incident.Proposal) bool {
			return o.Number > pr.Number && o.Plan.Step == pr.Plan.Step && o.Confirmed()
		})
}

// breach says who undid a step, as far as it is known.
func (p page) breach(pr incident.Proposal, b incident.Breach) string {
	blanks := []string{"step", p.stepTitle(pr.Plan), "plan", strconv.Itoa(pr.Number), "at", p.clock(b.At), "who", clean(b.Who, maxName)}
	switch {
	case b.Thief:
		return p.say("breach.thief", blanks...)
	case b.Person != "":
		return p.say("breach.person", append(blanks, "name", p.name(b.Person))...)
	case b.Who != "":
		return p.say("breach.other", blanks...)
	}
	return p.say("breach.unknown", blanks...)
}

// own is what happened without the usual votes: by automation, with its way
// back, or by one approver alone.
func (p page) own() []bot.Notice {
	var notices []bot.Notice
	for _, pr := range p.st.Proposals {
		plan, title := strconv.Itoa(pr.Number), p.stepTitle(pr.Plan)
		switch {
		case pr.Auto && pr.Confirmed():
			n := bot.Notice{Tone: bot.Warn, Text: p.say("notice.auto", "step", title, "plan", plan, "at", p.clock(pr.Finished))}
			if p.works() && !p.st.FalseAlarm && p.mayUndo(pr) {
				n.Buttons = []bot.Button{p.undo(undoLabel(pr), pr)}
			}
			notices = append(notices, n)
		case pr.Alone != "" && pr.Status == incident.StatusDone:
			notices = append(notices, bot.Notice{Tone: bot.Warn, Text: p.say("notice.alone", "step", title, "plan", plan, "name", p.name(pr.Alone))})
		}
	}
	return notices
}

// stuck says which work was given up, and what that means.
func (p page) stuck(task incident.Task, room, code string) string {
	id := "task." + string(task)
	switch {
	case code == bot.CodeBroken:
		return p.say("task.broken")
	case !p.has(id):
		id = "task.other"
	}
	text := p.say(id, "room", p.room(room))
	if code == "" {
		return text
	}
	return dots(text, clean(code, maxName))
}

// behind says which other rooms don't show this card as it is, since when, and why.
func (p page) behind() string {
	rooms := make([]string, len(p.Behind))
	for i, b := range p.Behind {
		rooms[i] = p.say("notice.behind_since", "room", p.room(b.Room), "at", p.clock(b.Since), "code", clean(b.Why, maxName))
	}
	return p.say("notice.behind", "rooms", p.list(rooms))
}

// room is what people call a room.
func (p page) room(name string) string {
	if id := "room." + name; p.has(id) {
		return p.say(id)
	}
	return clean(name, maxName)
}

// relations are the incidents that belong to this one.
func (p page) relations() []bot.Notice {
	var notices []bot.Notice
	add := func(id string, ids []incident.ID) {
		if len(ids) == 0 {
			return
		}
		names := make([]string, len(ids))
		for i, id := range ids {
			names[i] = string(id)
		}
		notices = append(notices, bot.Notice{Tone: bot.Plain, Text: p.say(id, "ids", p.list(names))})
	}
	add("notice.links", p.st.Links)
	add("notice.absorbed", p.st.Absorbed)
	if p.st.Open() {
		add("notice.holders", p.st.Around.Holders)
	}
	return notices
}

func (p page) cleaned(texts []string) []string {
	short := make([]string, len(texts))
	for i, t := range texts {
		short[i] = clean(t, maxName)
	}
	return short
}
