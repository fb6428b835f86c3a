package view

import (
	"slices"
	"strconv"

	"twokey/bot"
	"twokey/incident"
)

// FindingKinds are the kinds of findings that have words, in the catalogs as
// "finding.<kind>". One of a kind that a newer version wrote is only counted.
var FindingKinds = []string{
	// What the key did.
	"call", "call_refused", "address", "probe",
}

// finding is one finding in words, with its weight and moment.
func (p page) finding(f incident.Finding) string {
	if !slices.Contains(FindingKinds, f.Kind) {
		return ""
	}
	blanks := make([]string, 0, 2*len(f.Values))
	for name, value := range f.Values {
		blanks = append(blanks, name, clean(value, maxPlace))
	}
	text := p.say("finding."+f.Kind, blanks...)
	if !f.At.IsZero() {
		text = dots(text, p.clock(f.At))
	}
	switch f.Weight {
	case incident.Grave:
		return p.say("finding.grave", "finding", text)
	case incident.Notable:
		return p.say("finding.notable", "finding", text)
	case incident.Known:
	}
	return text
}

// inPlan is how many findings stand in the full view of a plan.
const inPlan = 25

// foundBy is what a look found, most of it left out where there is no room: the
// gravest first.
func (p page) foundBy(pr incident.Proposal, room int) []bot.Field {
	if pr.Findings == "" {
		return nil
	}
	f, ok := bot.FindingsIn(p.Texts, pr.Findings)
	if !ok {
		return []bot.Field{{Label: p.say("label.findings"), Text: p.say("erased")}}
	}
	var fields []bot.Field
	add := func(text string) { fields = append(fields, bot.Field{Label: p.say("label.findings"), Text: text}) }
	more := f.More
	for _, item := range f.Items {
		text := p.finding(item)
		if text == "" || len(fields) == room {
			more++
			continue
		}
		add(text)
	}
	if len(fields) == 0 && more == 0 {
		add(p.say("finding.nothing"))
	}
	if more > 0 {
		add(p.say("finding.more", "n", strconv.Itoa(more)))
	}
	if len(f.Blind) > 0 {
		add(p.say("finding.blind", "what", p.list(p.cleaned(f.Blind))))
	}
	if !f.AsOf.IsZero() {
		add(p.say("finding.as_of", "at", p.clock(f.AsOf)))
	}
	return fields
}
