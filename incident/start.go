package incident

import (
	"slices"
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
	// Resume goes on with a started plan that was read and found not done.
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
	}
	// LookBack writes down a later reading, if it differs from the last.
	LookBack struct {
		Number  int
		Outcome Outcome
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
		return whenAged(p, err)
	}
	if err := r.inOrder(s, p.Plan, at); err != nil {
		return nil, err
	}
	return []Event{Started(c)}, nil
}

func (c Resume) decide(r Rules, s State, _ Person, at time.Time) ([]Event, error) {
	p, err := running(s, c.Number)
	if err != nil {
		return nil, err
	}
	if err := r.mayRun(s, p, at); err != nil {
		return nil, err
	}
	if err := r.inOrder(s, p.Plan, at); err != nil {
		return nil, err
	}
	return []Event{Resumed(c)}, nil
}

// mayRun is asked each time before the cloud is touched: who agreed, and may
// they still?
func (r Rules) mayRun(s State, p Proposal, at time.Time) error {
	switch {
	case s.Around.Held:
		return OnHold
	case slices.Contains(r.Observe, p.Plan.Target.Account):
		return Observing
	case r.Tier(p.Plan) == Look:
		return nil
	case p.Auto:
		return r.autoStill(s, p, at)
	case !r.Enough(p, at):
		return TooLate
	}
	return nil
}

// whenAged ends a ready plan that lost what it needs, so that it can be offered
// again; a hold only delays it.
func whenAged(p Proposal, err error) ([]Event, error) {
	if err == OnHold { //nolint:errorlint // a Refusal is a value, never wrapped here
		return nil, err
	}
	return []Event{Lapsed{p.Number}}, err
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
	return []Event{Tried{c.Number, c.Code, c.Again.UTC()}}, nil
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
	return []Event{Finished(c)}, nil
}

func (c LookBack) decide(_ Rules, s State, _ Person, _ time.Time) ([]Event, error) {
	p, ok := s.Proposal(c.Number)
	switch {
	case !ok:
		return nil, NoSuchPlan
	case p.Status != StatusDone:
		return nil, NotReady
	case p.Outcome == c.Outcome || p.UndoneBy != 0:
		return nil, nil
	}
	return []Event{Looked(c)}, nil
}
