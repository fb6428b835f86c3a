package incident

import (
	"slices"
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

// Expected lists the confirmed steps that nobody took back: what the guard looks
// for. It follows from the log; there is no other list.
func (s State) Expected() []Proposal {
	var expected []Proposal
	for _, p := range s.Proposals {
		if p.Status == StatusDone && p.UndoneBy == 0 && !internal(p.Plan.Step) && StepTier(p.Plan.Step) != Look &&
			p.Outcome != Rejected {
			expected = append(expected, p)
		}
	}
	return expected
}

func (c Report) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	p, ok := s.Proposal(c.Number)
	switch {
	case !ok:
		return nil, NoSuchPlan
	case p.Status != StatusDone || p.UndoneBy != 0:
		return nil, NotReady
	}
	if last, ok := s.lastBreach(c.Number); ok && p.Outcome == NotConfirmed && last.Who == c.Who {
		return nil, nil // said already
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
	if !r.reapplies(s, c.Plan, at) {
		return nil, AutoOff
	}
	return append(r.propose(s, c.Plan), Authorized{Number: len(s.Proposals) + 1, Auto: true}), nil
}

// perHour bounds how often the guard fights for one step.
const perHour = 3

// reapplies reports whether the guard may do a step again by itself: only what
// automation may do, only against the leaked identity, and at most three times
// an hour. Against a person, or somebody unknown, it only alarms.
func (r Rules) reapplies(s State, p Plan, at time.Time) bool {
	if !slices.Contains(autoSteps, p.Step) || s.FalseAlarm {
		return false
	}
	breached, recent := false, 0
	for _, old := range s.Proposals {
		if old.Plan.Step != p.Step || old.UndoneBy != 0 {
			continue
		}
		b, ok := s.lastBreach(old.Number)
		breached = breached || ok && b.Thief && b.Person == "" && old.Outcome == NotConfirmed
		if old.Auto && old.Started.After(at.Add(-time.Hour)) {
			recent++
		}
	}
	return breached && recent < perHour
}
