package view

import (
	"slices"
	"strconv"
	"time"

	"twokey/incident"
)

// maxNames is how many people a line names before it only counts them.
const maxNames = 5

// name is a person's display name. People without one go by their id.
func (p page) name(who incident.Person) string {
	if n := clean(p.Names[who], maxName); n != "" {
		return n
	}
	return clean(string(who), maxName)
}

func (p page) names(people []incident.Person) []string {
	names := make([]string, 0, len(people))
	for i, who := range people {
		if i == maxNames {
			return append(names, p.say("people.more", "n", strconv.Itoa(len(people)-maxNames)))
		}
		names = append(names, p.name(who))
	}
	return names
}

// counting are the votes that count now: alive, and by people who may vote.
func (p page) counting(pr incident.Proposal) []incident.Vote {
	blank := pr
	blank.Votes = nil
	may := p.Rules.CanVote(blank, p.Now)
	return slices.DeleteFunc(pr.Live(p.Now), func(v incident.Vote) bool { return !slices.Contains(may, v.By) })
}

// missing is how many more people pr takes.
func (p page) missing(pr incident.Proposal) int {
	return max(0, p.Rules.NeedNow(pr)-len(p.counting(pr)))
}

// outOfReach reports whether fewer people are configured than pr takes: a team of
// one deletes nothing through the bot.
func (p page) outOfReach(pr incident.Proposal) bool {
	return len(p.counting(pr))+len(p.Rules.CanVote(pr, p.Now)) < p.Rules.NeedNow(pr)
}

// votes says who approved until when, how many are still needed, and who can.
func (p page) votes(pr incident.Proposal) string {
	counting, need := p.counting(pr), p.Rules.NeedNow(pr)
	var facts []string
	for _, v := range counting {
		facts = append(facts, p.say("people.approved", "name", p.name(v.By), "at", p.clock(v.At), "until", p.clock(v.Until)))
	}
	can := p.Rules.CanVote(pr, p.Now)
	missing := p.missing(pr)
	names := p.either(p.names(can))
	switch {
	case p.outOfReach(pr):
		facts = append(facts, p.say("people.too_few", "n", strconv.Itoa(need), "have", strconv.Itoa(len(can)+len(counting))))
	case len(counting) == 0 && need == 1:
		facts = append(facts, p.say("people.one", "names", names))
	case len(counting) == 0:
		facts = append(facts, p.say("people.none_yet", "n", strconv.Itoa(need), "names", names))
	case missing > 0:
		facts = append(facts, p.say("people.missing", "n", strconv.Itoa(missing), "names", names))
	}
	switch {
	case p.Rules.LacksPlatform(pr, p.Now):
		facts = append(facts, p.say("people.other_platform", "platform", p.room(counting[0].Platform)))
	case p.Rules.Crosses(pr):
		facts = append(facts, p.say("people.platforms"))
	}
	return dots(facts...)
}

// tierNeed is how many people a step takes that nobody has planned yet.
func (p page) tierNeed(step string) string {
	n := p.Rules.Need(p.Rules.Tier(incident.Plan{Step: step, Target: p.st.Target()}))
	if n == 0 {
		return ""
	}
	if n == 1 {
		return p.say("people.count_one")
	}
	return p.say("people.count", "n", strconv.Itoa(n))
}

// voteOf is a person's vote that has not aged out.
func (p page) voteOf(pr incident.Proposal, by incident.Person) (incident.Vote, bool) {
	i := slices.IndexFunc(pr.Votes, func(v incident.Vote) bool { return v.By == by && p.Now.Before(v.Until) })
	if i < 0 {
		return incident.Vote{}, false
	}
	return pr.Votes[i], true
}

// aloneFrom is when by may start pr without a second person; zero if never.
func (p page) aloneFrom(pr incident.Proposal, by incident.Person) time.Time {
	v, ok := p.voteOf(pr, by)
	if !ok || p.Rules.AloneAfter <= 0 || pr.Tier != incident.Disruptive {
		return time.Time{}
	}
	return v.At.Add(p.Rules.AloneAfter)
}

// quote is a text of a person or a stranger, in quotation marks, on one line.
func (p page) quote(text string) string {
	return p.say("quote", "text", clean(text, maxWords))
}

// reason is a kept text in quotation marks; empty if there is none, and words
// saying so if it was erased.
func (p page) reason(w incident.Words) string {
	if w == "" {
		return ""
	}
	text, ok := p.Texts[w]
	if !ok {
		return p.say("erased")
	}
	return p.quote(text)
}
