package view

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"twokey/bot"
	"twokey/incident"
)

// Refusal says why not, and what to do next. An error that is no refusal gets a
// calm sentence without its text: that may name what must not be shown.
func (v *View) Refusal(s bot.Scene, err error) string {
	p := v.page(s)
	pr, _ := p.st.Proposal(s.Plan)
	if why, ok := errors.AsType[incident.Refusal](err); ok {
		return p.refusal(why, pr)
	}
	return p.say("error.other")
}

// refusal fills a refusal's blanks from the state: the plan it is about, who
// could do instead, and from when.
func (p page) refusal(why incident.Refusal, pr incident.Proposal) string {
	if code, ok := strings.CutPrefix(string(why), bot.NoPlan); ok {
		return p.say("refusal.no_plan", "why", p.code(code))
	}
	id := "refusal." + string(why)
	switch {
	case !p.has(id):
		return p.say("error.other")
	case why == incident.AlreadyVoted && p.Rules.LacksPlatform(pr, p.Now):
		id = "refusal.already_voted_here"
	}
	var expires string
	if len(pr.Votes) > 0 {
		expires = p.clock(pr.Votes[len(pr.Votes)-1].Until)
	}
	text := p.say(
		id,
		"plan", strconv.Itoa(pr.Number), "step", p.planName(pr), "until", expires,
		"newer", strconv.Itoa(pr.NewerBy), "declined", p.name(pr.Declined),
		"others", p.orNobody(p.Rules.CanVote(pr, p.Now)),
		"approvers", p.orNobody(p.withRole(incident.Approver)),
		"responders", p.orNobody(p.withRole(incident.Responder)),
		"missing", strconv.Itoa(p.missing(pr)),
		"from", p.clock(p.deleteFrom()), "into", string(p.st.MergedInto),
		"holders", p.list(p.ids(p.st.Around.Holders)),
		"receiver", p.name(pr.Plan.Receiver()), "fetcher", p.fetcher(pr.Fetched), "fetched_at", p.clock(pr.Fetched.At),
		"where", p.sealedAt(pr), "keys", clean(p.st.UserFact(incident.FactKeys), maxPlace),
	)
	if why == incident.AlreadyVoted {
		if from := p.aloneFrom(pr, p.Reader); !from.IsZero() {
			return p.prose(text, p.say("refusal.alone_from", "at", p.clock(from)))
		}
	}
	return text
}

func (p page) planName(pr incident.Proposal) string {
	if pr.Number == 0 {
		return p.say("plan.this")
	}
	return p.stepTitle(pr.Plan)
}

func (p page) withRole(role incident.Role) []incident.Person {
	var people []incident.Person
	for _, m := range p.Rules.Members {
		if p.Rules.Has(m.ID, role) && m.ID != p.Reader {
			people = append(people, m.ID)
		}
	}
	return people
}

// orNobody names people of whom one will do, or says that there is nobody.
func (p page) orNobody(people []incident.Person) string {
	people = slices.DeleteFunc(slices.Clone(people), func(who incident.Person) bool { return who == p.Reader })
	if len(people) == 0 {
		return p.say("people.nobody")
	}
	return p.either(p.names(people))
}

func (p page) ids(ids []incident.ID) []string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = string(id)
	}
	return texts
}
