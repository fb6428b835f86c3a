package view

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"twokey/bot"
	"twokey/incident"
)

// FindingKinds are the kinds of findings that have words, in the catalogs as
// "finding.<kind>". One of a kind that a newer version wrote is only counted.
var FindingKinds = []string{
	// What the key did.
	"call", "call_refused", "address", "probe", "call_by", "session_call",
	// What goes on without it.
	"made_user", "made_user_gone", "made_key", "made_key_unnamed", "made_key_gone", "made_login", "made_role", "made_role_gone",
	"made_trust", "made_policy", "made_grant", "made_provider", "made_instance", "assumed_role", "assumed_role_gone", "assumed_foreign",
	// Other identities.
	"other_identity", "no_mfa", "root_keys", "root_no_mfa", "unused_key", "idle_key", "old_key",
	// Where the calls came from.
	"caller_instance", "caller_instance_role", "caller_gateway", "caller_service", "caller_unknown",
	// What it cost.
	"fee_new", "fee_rise", "fee_region", "fee_total",
	// What else is old or unused.
	"key_old", "key_idle", "key_silent", "user_no_mfa", "idle_advice",
}

// BlindSpots are what a look or a prediction could not see, in the catalogs as
// "blind.<name>" with underscores. Any other stands as it is.
var BlindSpots = []string{
	"oss data events", "sls data events", "rest of the trail", "before the leak", "older than the trail", "rest of the logs",
	"credential report", "some names", "other callers",
	"other regions", "programs with the role", "programs without a token",
}

// lookedAtByHand are the blind spots that people can look at in the console.
var lookedAtByHand = []string{"oss data events", "sls data events"}

func blindID(spot string) string { return "blind." + strings.ReplaceAll(spot, " ", "_") }

// unseen are blind spots in words.
func (p page) unseen(spots []string) []string {
	out := make([]string, len(spots))
	for i, s := range spots {
		if out[i] = clean(s, maxName); slices.Contains(BlindSpots, s) {
			out[i] = p.say(blindID(s))
		}
	}
	return out
}

// finding is one finding in words, with its weight and moment.
func (p page) finding(f incident.Finding) string {
	if !slices.Contains(FindingKinds, f.Kind) {
		return ""
	}
	blanks := make([]string, 0, 2*len(f.Values))
	for name, value := range f.Values {
		said := clean(value, maxPlace)
		if at, err := time.Parse(time.RFC3339, value); err == nil {
			said = p.clock(at)
		}
		blanks = append(blanks, name, said)
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
		add(p.say("finding.blind", "what", p.list(p.unseen(f.Blind))))
		for _, spot := range f.Blind {
			if slices.Contains(lookedAtByHand, spot) {
				add(p.say(blindID(spot) + ".where"))
			}
		}
	}
	if !f.AsOf.IsZero() {
		add(p.say("finding.as_of", "at", p.clock(f.AsOf)))
	}
	return fields
}
