package incident

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Breach is the guard finding that somebody undid a confirmed step.
type Breach struct {
	Number int
	At     time.Time
	Who    string
	Thief  bool
	Person Person
}

// Report is the guard's finding that a step is no longer so.
type Report struct {
	Number int
	Who    string
	Thief  bool
	Person Person
}

// Reapply does a breached step again, without votes: people or automation have
// agreed to it before, and the leaked identity itself undid it.
type Reapply struct{ Plan Plan }

func (Report) botOnly()  {}
func (Reapply) botOnly() {}

// opposite names, for a step, the step that it takes back, where both are about
// the whole key or user: confirming one ends the other, however it was asked for.
var opposite = both(map[string]string{
	StepKeyDisable: StepKeyEnable, StepKeyFence: StepKeyUnfence, StepKeyDelete: StepKeyRestore,
	StepKeyCreate: StepKeyDiscard, StepPolicyQuarantine: StepPolicyDetach,
	StepUserDelete: StepUserRestore, StepUserDeactivate: StepUserReactivate, StepLoginCut: StepLoginGiveBack,
	StepTrim: StepGiveBack, StepMFARequire: StepMFARelease, StepMFAEnforce: StepMFARelax,
	StepRoleQuarantine: StepRoleRelease, StepAttachRole: StepDetachRole, StepEnforceIMDS: StepRelaxIMDS,
})

func both(oneWay map[string]string) map[string]string {
	out := maps.Clone(oneWay)
	for step, back := range oneWay {
		out[back] = step
	}
	return out
}

// Expected lists the steps whose effect should still be there: carried out, not
// taken back, and not swallowed by a later one. The guard looks for these. It
// follows from the log; there is no other list.
func (s State) Expected() []Proposal {
	var expected []Proposal
	for _, p := range s.Proposals {
		if p.Status == StatusDone && p.Outcome != Rejected && p.Outcome != Attested && p.UndoneBy == 0 &&
			!internal(p.Plan.Step) && !Guided(p.Plan.Step) && StepTier(p.Plan.Step) != Look && !s.moot(p) {
			expected = append(expected, p)
		}
	}
	return expected
}

// moot reports whether a later confirmed step left nothing of p to look for: a
// deleted key is no longer Inactive, and a fence drawn again is the new one.
func (s State) moot(p Proposal) bool {
	return slices.ContainsFunc(s.Proposals, func(later Proposal) bool {
		if later.Number <= p.Number || !later.Confirmed() || later.Plan.Target.UserID != p.Plan.Target.UserID {
			return false
		}
		again := later.Plan.Step == p.Plan.Step && p.Plan.Step != StepKeyCreate && // that one made another key
			(MayAutomate(p.Plan.Step) || maps.Equal(later.Plan.Params, p.Plan.Params))
		return again || swallows(later.Plan.Step, p.Plan.Step)
	})
}

// swallows reports whether what a later step removed held the earlier one's
// effect.
func swallows(later, earlier string) bool {
	family, _, _ := strings.Cut(earlier, ".")
	switch later {
	case StepKeyDelete:
		return earlier == StepKeyDisable || earlier == StepKeyEnable || earlier == StepKeyFence || earlier == StepKeyUnfence
	case StepUserDelete:
		return slices.Contains([]string{"key", "policy", "permissions", "login", "user"}, family) || earlier == StepMFARequire
	}
	return false
}

func (c Report) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	p, ok := s.Proposal(c.Number)
	switch {
	case !ok:
		return nil, NoSuchPlan
	case p.StoodAt.IsZero() || p.UndoneBy != 0:
		return nil, NotReady // what never stood can't have been undone
	}
	if last, ok := s.lastBreach(c.Number); ok && p.Outcome == NotConfirmed {
		if last.At = (time.Time{}); last == (Breach{Number: c.Number, Who: c.Who, Thief: c.Thief, Person: c.Person}) {
			return nil, nil // said already
		}
	}
	return []Event{Breached(c)}, nil
}

func (s State) lastBreach(number int) (Breach, bool) {
	for _, b := range slices.Backward(s.Breaches) {
		if b.Number == number {
			return b, true
		}
	}
	return Breach{}, false
}

func (c Reapply) decide(r Rules, s State, _ Person, at time.Time) ([]Event, error) {
	if err := r.mayPropose(s, c.Plan, at); err != nil {
		return nil, err
	}
	n := len(s.Proposals) + 1
	if !r.reapplies(s, Proposal{Number: n, Plan: c.Plan}, at) {
		return nil, AutoOff
	}
	return append(r.propose(s, c.Plan, at), Authorized{Number: n, Auto: true}), nil
}

// perHour bounds how often the guard fights for one step.
const perHour = 3

// reapplies reports whether the guard may do a step again by itself: only what
// automation may do, only against the leaked identity, and at most three times
// an hour. Against a person, or somebody unknown, it only alarms.
func (r Rules) reapplies(s State, p Proposal, at time.Time) bool {
	may := MayAutomate(p.Plan.Step) && r.ruleAllows(s, p.Plan.Step) &&
		r.Tier(p.Plan) == Reversible && !r.Observes(p.Plan) && !s.FalseAlarm && len(s.Around.Own) == 0
	return may && s.thiefUndid(p.Plan.Step) && s.autoRuns(p, at.Add(-time.Hour)) < perHour
}

// thiefUndid reports whether the step, as it last stood, was undone by the
// leaked identity itself.
func (s State) thiefUndid(step string) bool {
	for _, p := range slices.Backward(s.Proposals) {
		if p.Plan.Step != step || p.Status != StatusDone {
			continue
		}
		b, breached := s.lastBreach(p.Number)
		return breached && b.Thief && b.Person == "" && p.Outcome == NotConfirmed && p.UndoneBy == 0
	}
	return false
}

// autoRuns counts how often the step ran by itself since a moment, apart from p.
func (s State) autoRuns(p Proposal, since time.Time) int {
	n := 0
	for _, old := range s.Proposals {
		if old.Plan.Step == p.Plan.Step && old.Number != p.Number && old.Auto && old.Started.After(since) {
			n++
		}
	}
	return n
}
