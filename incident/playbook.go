package incident

import (
	"slices"
	"time"
)

// Playbook is what to do, as a value: rows of steps under conditions. Package
// bot/playbook reads it from YAML.
type Playbook struct {
	Name       string
	SecondLook time.Duration // between seeing the key disabled and deleting it
	Rows       []Row         // the first row whose conditions hold is followed
}

// Row is one case of the decision table.
type Row struct {
	Name  string
	When  Conditions
	Steps []PlayStep
}

// PlayStep is one step of a row.
type PlayStep struct {
	Step   string
	Needs  Conditions // must hold before the step is offered
	After  []string   // steps that must be confirmed first, in this incident
	Guided bool       // people do it in the console and say so
}

// Conditions are named facts with the values that satisfy them. All must hold;
// "any" is satisfied by everything. No conditions always hold.
type Conditions map[string][]string

// Any is the condition that everything satisfies.
const Any = "any"

// conditionFacts is the closed set of facts that conditions may name, with the
// values each may have.
var conditionFacts = map[string]struct {
	values []string
	read   func(State) string
}{
	"owner": {
		[]string{OwnerRAM, OwnerRoot, OwnerSTS, OwnerDeleted, OwnerForeign, OwnerUnknown},
		func(s State) string { return orUnknown(s.KeyFact(FactOwner)) },
	},
	"status": {
		[]string{KeyActive, KeyInactive, KeyInBin, KeyGone, KeyUnknown},
		func(s State) string { return orUnknown(s.KeyFact(FactStatus)) },
	},
	"in_use":    {[]string{Yes, No, Unknown}, func(s State) string { return s.Answer(InUse).Value }},
	"rotatable": {[]string{Yes, No, Unknown}, func(s State) string { return s.Answer(Rotatable).Value }},
	"abuse":     {[]string{Yes, No, Unknown}, State.Abuse},
	"slot":      {[]string{Free, Full, Unknown}, func(s State) string { return orUnknown(s.UserFact(FactSlot)) }},
}

func orUnknown(v string) string {
	if v == "" {
		return Unknown
	}
	return v
}

// ConditionValues lists what a condition on a fact may ask for; false if
// conditions can't name that fact.
func ConditionValues(fact string) ([]string, bool) {
	f, ok := conditionFacts[fact]
	return f.values, ok
}

// Hold reports whether all conditions are satisfied. One that names an unknown
// fact never is.
func (c Conditions) Hold(s State) bool {
	for fact, values := range c {
		f, ok := conditionFacts[fact]
		if !ok || !slices.Contains(values, Any) && !slices.Contains(values, f.read(s)) {
			return false
		}
	}
	return true
}

// Next is one step of the row that is being followed.
type Next struct {
	PlayStep
	Row  string
	Done bool // confirmed, and nobody took it back
	Now  bool // may be offered now; else it comes later
}

// Next lists the steps of the first row that holds, in order.
func (b Playbook) Next(s State) []Next {
	i := slices.IndexFunc(b.Rows, func(r Row) bool { return r.When.Hold(s) })
	if i < 0 {
		return nil
	}
	row := b.Rows[i]
	steps := make([]Next, len(row.Steps))
	for j, p := range row.Steps {
		done := s.done(p.Step)
		ready := p.Needs.Hold(s) && !slices.ContainsFunc(p.After, func(step string) bool { return !s.done(step) })
		steps[j] = Next{PlayStep: p, Row: row.Name, Done: done, Now: !done && ready}
	}
	return steps
}

// done reports whether a step stands confirmed. The key's own state counts
// however it came about: somebody may have disabled it in the console.
func (s State) done(step string) bool {
	switch step {
	case StepKeyDisable:
		return s.Contained()
	case StepKeyDelete:
		return s.KeyFact(FactStatus) == KeyInBin || s.KeyFact(FactStatus) == KeyGone
	}
	return slices.ContainsFunc(s.Proposals, func(p Proposal) bool {
		return p.Plan.Step == step && p.Done() && !s.leadsTo(p.Plan.Target.UserID)
	})
}
