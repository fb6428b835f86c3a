package incident

import (
	"errors"
	"time"
)

type (
	// Start claims a ready plan, before the cloud is touched. It decides anew.
	Start struct{ Number int }
	// Try writes down a call that did not get through.
	Try struct {
		Number int
		Code   string
		Again  time.Time
	}
	// Resume goes on with a started plan that was read and found not done. If it
	// may not, the refusal comes with the plan's end.
	Resume struct{ Number int }
	// Void ends a plan because guarded facts have moved.
	Void struct {
		Number int
		Moved  []Drift
	}
	// Finish writes down what was read back.
	Finish struct {
		Number  int
		Outcome Outcome
		Code    string
		Found   bool
		Result  string

		Findings, Sealed Words
	}
	// LookBack writes down a later reading, if it differs from the last.
	LookBack struct {
		Number  int
		Outcome Outcome

		Code, Result string // of a step whose call was never answered
	}
)

func (Start) botOnly()    {}
func (Try) botOnly()      {}
func (Resume) botOnly()   {}
func (Void) botOnly()     {}
func (Finish) botOnly()   {}
func (LookBack) botOnly() {}

func (c Start) decide(r Rules, s State, _ Person, at time.Time) ([]Event, error) {
	p, ok := s.Proposal(c.Number)
	switch {
	case !ok:
		return nil, NoSuchPlan
	case p.Status != StatusReady:
		return nil, NotReady
	case !s.Open():
		return nil, NotOpen
	}
	if err := r.mayRun(s, p, at); err != nil {
		return unlessHeld(err, Lapsed(c))
	}
	return []Event{Started(c)}, nil
}

func (c Resume) decide(r Rules, s State, _ Person, at time.Time) ([]Event, error) {
	p, err := running(s, c.Number)
	if err != nil {
		return nil, err
	}
	if err := r.mayRun(s, p, at); err != nil {
		return unlessHeld(err, Finished{Number: c.Number, Outcome: NotConfirmed, Code: endCode(err)})
	}
	return []Event{Resumed(c)}, nil
}

// mayRun is asked each time before the cloud is touched: is it what they agreed
// to, may they still, and is it its turn?
func (r Rules) mayRun(s State, p Proposal, at time.Time) error {
	switch {
	case s.Around.Held:
		return OnHold
	case len(s.Around.Own) > 0 && r.changes(p.Plan):
		return OwnLeaked
	case p.Digest != digest(s.ID, p.Number, p.Plan, p.Tier, p.Need):
		return OtherPlan
	case r.Observes(p.Plan):
		return Observing
	case !p.Auto && !r.Enough(p, at):
		return TooLate
	}
	if p.Auto {
		if err := r.autoStill(s, p, at); err != nil {
			return err
		}
	}
	return r.inOrder(s, p.Plan, at)
}

// unlessHeld ends a plan that lost what it needs, together with the refusal: it
// never runs late, whatever the clock does next, and can be offered again. A
// hold only delays it.
func unlessHeld(err error, end Event) ([]Event, error) {
	if errors.Is(err, OnHold) || errors.Is(err, OwnLeaked) {
		return nil, err
	}
	return []Event{end}, err
}

// endCode says why a started plan that was found not done does not go on.
func endCode(err error) string {
	var why Refusal
	if errors.As(err, &why) && why != TooLate {
		return string(why)
	}
	return AgedOut
}

func running(s State, number int) (Proposal, error) {
	p, ok := s.Proposal(number)
	switch {
	case !ok:
		return Proposal{}, NoSuchPlan
	case p.Status != StatusRunning:
		return Proposal{}, NotRunning
	}
	return p, nil
}

func (c Try) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	if _, err := running(s, c.Number); err != nil {
		return nil, err
	}
	return []Event{Tried{c.Number, c.Code, sane(c.Again)}}, nil
}

func (c Void) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	if _, err := running(s, c.Number); err != nil {
		return nil, err
	}
	return []Event{Drifted(c)}, nil
}

func (c Finish) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	if _, err := running(s, c.Number); err != nil {
		return nil, err
	}
	if !c.Outcome.valid() {
		return nil, BadAnswer
	}
	return []Event{Finished(c)}, nil
}

func (c LookBack) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	p, ok := s.Proposal(c.Number)
	switch {
	case !ok:
		return nil, NoSuchPlan
	case p.Status != StatusDone:
		return nil, NotReady
	case !c.Outcome.valid():
		return nil, BadAnswer
	case p.Outcome == c.Outcome || p.UndoneBy != 0:
		return nil, nil
	}
	return []Event{Looked(c)}, nil
}
