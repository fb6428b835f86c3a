package view

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"twokey/bot"
	"twokey/incident"
)

// fields are the answers to what a reader asks first: where was it found, whose
// is it, is it used, by whom, is it contained.
func (p page) fields() []bot.Field {
	fields := []bot.Field{{Label: p.say("label.found"), Text: p.found()}}
	add := func(label, text string) {
		if text != "" {
			fields = append(fields, bot.Field{Label: label, Text: text})
		}
	}
	if p.st.Lookup() {
		return fields
	}
	add(p.say("label.whose"), p.whose())
	if p.st.KeyFact(incident.FactOwner) == incident.OwnerRAM {
		add(p.say("label.in_use"), p.inUse())
		add(p.say("label.abuse"), p.abuse())
	}
	add(p.say("label.contained"), p.contained())
	if p.st.Commander != "" {
		add(p.say("label.commander"), p.name(p.st.Commander))
	}
	return fields
}

// found says who found the key, where, and how long before the alert.
func (p page) found() string {
	if len(p.st.Alerts) == 0 {
		return p.say("found.nothing")
	}
	a := p.st.Alerts[0]
	text, known := p.details(a)
	source := clean(a.Type, maxName)
	facts := []string{p.say("found.by", "source", source)}
	switch {
	case a.From != "":
		facts = []string{p.say("found.made", "from", string(a.From))}
	case len(text.Places) > 0:
		facts = []string{p.say("found.in", "source", source, "place", p.place(text.Places[0]))}
		if c := text.Places[0].Commit; c != "" {
			facts = append(facts, p.say("found.commit", "commit", clean(c[:min(7, len(c))], maxName)))
		}
	case text.Title != "":
		facts = append(facts, p.quote(text.Title))
	case a.Details != "" && !known:
		facts = append(facts, p.say("erased"))
	}
	if more := len(text.Places) - 1 + text.More; more > 0 {
		facts = append(facts, p.say("found.more", "n", strconv.Itoa(more)))
	}
	switch a.Public {
	case incident.Yes:
		facts = append(facts, p.say("found.public"))
	case incident.No:
		facts = append(facts, p.say("found.private"))
	}
	if !a.DetectedAt.IsZero() && a.DetectedAt.Before(p.st.Opened) {
		facts = append(facts, p.against(a.DetectedAt))
	}
	if a.SecretSeen {
		facts = append(facts, p.say("found.secret"))
	}
	if p.st.Lookup() && a.KeyMask != "" {
		facts = append(facts, p.say("found.mask", "mask", clean(a.KeyMask, maxName)))
	}
	if p.st.KeyTyped {
		facts = append(facts, p.say("found.typed"))
	}
	if p.st.Repeats > 0 {
		facts = append(facts, p.say("found.again", "n", strconv.Itoa(p.st.Repeats)))
	}
	return dots(facts...)
}

// details is the free text of an alert; false if it was erased or is not one.
func (p page) details(a incident.Alert) (incident.AlertText, bool) {
	var text incident.AlertText
	raw, ok := p.Texts[a.Details]
	if !ok || json.Unmarshal([]byte(raw), &text) != nil {
		return incident.AlertText{}, false
	}
	return text, true
}

func (p page) place(l incident.Place) string {
	path := clean(l.Path, maxPlace)
	if l.Line > 0 {
		path = p.say("found.line", "path", path, "line", strconv.Itoa(l.Line))
	}
	if at := dots(clean(l.Repo, maxPlace), path); at != "" {
		return at
	}
	return clean(l.URL, maxPlace)
}

// whose is the owner, as far as an answer is honest.
func (p page) whose() string {
	owner := p.st.KeyFact(incident.FactOwner)
	if slices.Contains([]string{"", incident.OwnerForeign, incident.OwnerUnknown}, owner) {
		if i := slices.IndexFunc(p.st.Alerts, func(a incident.Alert) bool { return a.OwnerHint == incident.OwnerRoot }); i >= 0 {
			return p.say("whose.said_root", "source", clean(p.st.Alerts[i].Type, maxName))
		}
	}
	switch owner {
	case "":
		return p.say("whose.looking")
	case incident.OwnerRAM:
		t := p.st.Target()
		return dots(
			p.say("whose.ram", "user", clean(t.User, maxName), "account", clean(t.Account, maxName)),
			p.keyState(), p.owner(t), p.protected(t))
	case incident.OwnerRoot:
		return p.prose(p.say("whose.root", "account", clean(p.st.KeyFact(incident.FactAccount), maxName)), p.askedAt())
	case incident.OwnerSTS:
		return p.say("whose.sts")
	case incident.OwnerDeleted:
		return p.prose(p.say("whose.deleted"), p.askedAt())
	case incident.OwnerForeign:
		return p.prose(p.say("whose.foreign"), p.askedAt())
	}
	return p.prose(p.say("whose.unknown"), p.askedAt())
}

// keyState is left out until it was seen: a moment later the card has it.
func (p page) keyState() string {
	status := p.st.KeyFact(incident.FactStatus)
	if status == "" {
		return ""
	}
	return p.say("whose.status", "status", p.status(status))
}

func (p page) askedAt() string {
	seen := p.st.Seen[incident.OfKey(p.st.Key)][incident.FactOwner]
	return p.say("whose.asked", "at", p.clock(seen.AsOf))
}

func (p page) owner(t incident.Target) string {
	person, ok := p.Owners[incident.RAMUser{Account: t.Account, User: t.User}]
	if !ok {
		return p.say("whose.nobody")
	}
	return p.say("whose.person", "name", p.name(person))
}

func (p page) protected(t incident.Target) string {
	if p.Rules.Protects(t) {
		return p.say("whose.protected")
	}
	return ""
}

// status is the state of a key: Alibaba Cloud's own words where it has some.
func (p page) status(value string) string {
	switch value {
	case incident.KeyActive, incident.KeyInactive:
		return value
	case incident.KeyInBin:
		if until := p.purgeAt(); !until.IsZero() {
			return p.say("status.bin_until", "until", p.clock(until))
		}
		return p.say("status.bin")
	case incident.KeyGone:
		return p.say("status.gone")
	}
	return p.say("status.unknown")
}

func (p page) purgeAt() time.Time {
	t, err := time.Parse(time.RFC3339, p.st.KeyFact(incident.FactPurgeAt))
	if err != nil {
		return time.Time{}
	}
	return t
}

// inUse is what a person said, and what the last call was.
func (p page) inUse() string {
	said, a := "", p.st.Answer(incident.InUse)
	switch {
	case a.By != "":
		said = p.say("use.said", "answer", p.answer(a.Value), "name", p.name(a.By), "at", p.clock(a.AsOf))
	case a.Value != incident.Unknown:
		said = p.answer(a.Value) // worked out from the last call
	}
	used, ok := p.st.Seen[incident.OfKey(p.st.Key)][incident.FactLastUsed]
	last, err := time.Parse(time.RFC3339, used.Value)
	if !ok || err != nil {
		return dots(said, p.say("use.never_seen"))
	}
	call := p.say("use.last", "at", p.clock(last), "against", p.against(last))
	if ip := clean(p.st.KeyFact(incident.FactLastIP), maxName); ip != "" {
		call = p.say("use.last_from", "at", p.clock(last), "against", p.against(last), "ip", ip)
	}
	return dots(said, call, clean(p.st.KeyFact(incident.FactLastService), maxName),
		p.say("use.as_of", "at", p.clock(used.AsOf)))
}

func (p page) answer(value string) string {
	switch value {
	case incident.Yes:
		return p.say("answer.yes")
	case incident.No:
		return p.say("answer.no")
	}
	return p.say("answer.unknown")
}

func (p page) abuse() string {
	seen, ok := p.st.Seen[incident.OfKey(p.st.Key)][incident.FactAbuse]
	if !ok {
		return p.say("abuse.unknown")
	}
	asOf := p.say("abuse.as_of", "at", p.clock(seen.AsOf))
	switch p.st.Abuse() {
	case incident.Yes:
		what := p.say("abuse.yes")
		if calls := p.suspects(); calls != "" {
			what = p.say("abuse.calls", "calls", calls)
		}
		return dots(what, p.callsSince(), asOf)
	case incident.No:
		if seen.Value == incident.Yes {
			return dots(p.say("abuse.explained"), p.callsSince(), asOf)
		}
		return dots(p.say("abuse.no"), p.callsSince(), asOf)
	}
	return dots(p.say("abuse.unknown"), p.callsSince())
}

// contained says since when the key can't act, and whether that was our doing.
func (p page) contained() string {
	at := p.st.ContainedAt()
	if at.IsZero() {
		return ""
	}
	status := p.status(p.st.KeyFact(incident.FactStatus))
	text := p.say("contained.since", "status", status, "at", p.clock(at))
	if !p.containedByUs() {
		text = p.say("contained.found", "status", status, "at", p.clock(at))
	}
	return text
}

func (p page) containedByUs() bool {
	return slices.ContainsFunc(p.st.Proposals, func(pr incident.Proposal) bool {
		s := pr.Plan.Step
		return (s == incident.StepKeyDisable || s == incident.StepKeyDelete) && pr.Confirmed()
	})
}
