package incident

import (
	"slices"
	"time"
)

// autoSteps are the only steps that may ever run before anybody voted. The list
// is code: no configuration adds to it.
var autoSteps = []string{StepKeyFence, StepPolicyQuarantine}

// MayAutomate reports whether a step is one of those that rules can let run before
// anybody voted.
func MayAutomate(step string) bool { return slices.Contains(autoSteps, step) }

// Automate carries out a containment before anybody voted. The caller takes one
// of the account's slots for the hour in the same append.
type Automate struct{ Plan Plan }

func (Automate) botOnly() {}

func (c Automate) decide(r Rules, s State, _ Person, at time.Time) ([]Event, error) {
	if err := r.mayPropose(s, c.Plan, at); err != nil {
		return nil, err
	}
	if err := r.WhyNotAuto(s, c.Plan); err != nil {
		return nil, err
	}
	events := r.propose(s, c.Plan, at)
	return append(events, Authorized{Number: len(s.Proposals) + 1, Auto: true}), nil
}

// WhyNotAuto says why a plan is left to people; nil if it may run by itself,
// but for the cap, which the store counts.
func (r Rules) WhyNotAuto(s State, p Plan) error {
	switch {
	case !MayAutomate(p.Step) || !r.ruleAllows(s, p.Step) || s.FalseAlarm:
		return AutoOff
	case s.KeyTyped:
		return AutoTyped
	case !r.trusts(s):
		return AutoSource
	case len(s.Around.Own) > 0:
		return AutoOwn
	case r.protects(p):
		return AutoProtected
	case !ours(s, p) || slices.Contains(r.Observe, p.Target.Account):
		return AutoUnsure
	case r.Tier(p) != Reversible || !p.Impact.Nil(s.FirstSign(), r.Automation.History) || s.backdated():
		return AutoImpact
	case s.undone(p.Step):
		return AutoUndone
	case s.tried(p.Step):
		return AlreadyDone
	}
	return nil
}

// fresh is how long before the incident an alert may claim that the leak began
// without its word deciding what counts as the owner's use.
const fresh = time.Hour

// backdated reports whether an alert claims an old leak. Use after the first
// sign is no need of the owner's, so whoever picks the date picks what would
// seem to break nothing: then people decide.
func (s State) backdated() bool { return s.FirstSign().Before(s.Opened.Add(-fresh)) }

// autoStill asks again for a plan that automation authorized, right before it
// runs. The impact is the drift check's business.
func (r Rules) autoStill(s State, p Proposal, at time.Time) error {
	if r.reapplies(s, p, at) {
		return nil
	}
	return r.WhyNotAuto(s, p.Plan)
}

func (r Rules) ruleAllows(s State, step string) bool {
	return slices.ContainsFunc(r.Automation.Rules, func(a AutoRule) bool {
		return slices.Contains(a.Do, step) && a.When.Hold(s)
	})
}

// trusts reports whether any alert came from a source that may automate.
func (r Rules) trusts(s State) bool {
	return slices.ContainsFunc(s.Alerts, func(a Alert) bool {
		return a.KeyID == s.Key && slices.Contains(r.Automation.Sources, a.Source)
	})
}

// ours reports whether our own look-up found an Active key of a RAM user.
func ours(s State, p Plan) bool {
	return s.KeyFact(FactOwner) == OwnerRAM && s.KeyFact(FactStatus) == KeyActive && p.Target == s.Target()
}

// undone reports whether somebody took this step back before, or refused it:
// then it is for people to decide, or for the guard.
func (s State) undone(step string) bool {
	return slices.ContainsFunc(s.Proposals, func(p Proposal) bool {
		_, breached := s.lastBreach(p.Number)
		return p.Plan.Step == step && (p.UndoneBy != 0 || p.Status == StatusDeclined || breached)
	})
}

// tried reports whether the step was carried out already, whatever came of it.
// Automation tries once; a cloud that said no is a matter for people.
func (s State) tried(step string) bool {
	return slices.ContainsFunc(s.Proposals, func(p Proposal) bool {
		return p.Plan.Step == step && p.Status == StatusDone
	})
}
