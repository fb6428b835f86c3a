package incident

import (
	"slices"
	"strings"
)

// ParamPerson is the parameter of owner.ask that says who is asked.
const ParamPerson = "person"

// ParamCalls is the parameter of owner.ask that lists what is asked about:
// suspicious calls, as [FactSuspects] has them. None asks what the playbook asks.
const ParamCalls = "calls"

// Asked is who was asked about which calls, by the last owner.ask.
func (s State) Asked() (Person, []Question) {
	p, ok := s.last(func(p Proposal) bool { return p.Plan.Step == StepOwnerAsk && p.Status == StatusDone })
	if !ok {
		return "", nil
	}
	var calls []Question
	for call := range strings.SplitSeq(p.Plan.Params[ParamCalls], ",") {
		if call != "" {
			calls = append(calls, Question(call))
		}
	}
	return Person(p.Plan.Params[ParamPerson]), calls
}

// aboutCall reports whether a question is whether a call was the owner's.
func aboutCall(q Question) bool { return strings.Contains(string(q), "@") }

// owns reports whether c is the answer of whoever was asked, or fetches what may be
// theirs. The owner of a key need not be anybody else here.
func (s State) owns(by Person, c Command) bool {
	if _, own := c.(Receive); own {
		return true // nobody else gets it: see its decide
	}
	reply, ok := c.(Reply)
	who, calls := s.Asked()
	return ok && by == who && by != "" && slices.Contains(calls, reply.Question)
}

// mayAnswer checks who answers what: the playbook's questions any responder, those
// about calls their owner alone. An answer is evidence, never a vote.
func (c Reply) mayAnswer(s State, by Person) error {
	switch c.Question {
	case InUse:
		if !slices.Contains([]string{Yes, No, Unknown}, c.Value) {
			return BadAnswer
		}
	case Rotatable:
		if c.Value != Yes && c.Value != No {
			return BadAnswer
		}
	default:
		_, calls := s.Asked()
		switch {
		case !slices.Contains(calls, c.Question) || !slices.Contains([]string{Yes, No, Unknown}, c.Value):
			return BadAnswer
		case !s.owns(by, c):
			return NotAsked
		}
	}
	return nil
}

// Abuse is whether the key seems to be abused: what was observed, and what its
// owner says to it. A call that its owner does not know is theft; if all that
// looks suspicious was the owner's, nothing is left of the suspicion.
func (s State) Abuse() string {
	observed := orUnknown(s.KeyFact(FactAbuse))
	for q, a := range s.Answers {
		if aboutCall(q) && a.Value == No {
			return Yes // whatever the trail lists now
		}
	}
	suspects := s.Suspects()
	owned := 0
	for _, u := range suspects {
		if s.Answers[Question(u.String())].Value == Yes {
			owned++
		}
	}
	if observed == Yes && owned > 0 && owned == len(suspects) {
		return No
	}
	return observed
}
