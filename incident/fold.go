package incident

import (
	"maps"
	"slices"
	"time"
)

// What each event changes. Nothing is decided here: whatever is in the log
// happened.

func (e Opened) apply(s *State, r Record) {
	s.Opened, s.Key = r.At, e.Alert.KeyID
	s.KeyTyped = r.By != Bot && s.Key != ""
	s.Alerts = append(s.Alerts, e.Alert)
	s.Links = append(s.Links, e.Links...)
}

// keptAlerts bounds what a flood can make of one incident. The first of each
// source is kept all the same, so that no source can drown another.
const keptAlerts = 20

func (e Heard) apply(s *State, _ Record) {
	s.Repeats++
	s.Again = slices.ContainsFunc(s.Alerts, func(a Alert) bool { return a.Source == e.Alert.Source })
	if len(s.Alerts) < keptAlerts || !s.Again {
		s.Alerts = append(s.Alerts, e.Alert)
	}
}

func (e KeyEntered) apply(s *State, _ Record) { s.Key, s.KeyTyped = e.Key, true }

func (e Observed) apply(s *State, r Record) {
	s.Seen = maps.Clone(s.Seen)
	if s.Seen == nil {
		s.Seen = make(map[Identity]map[FactName]Seen)
	}
	facts := maps.Clone(s.Seen[e.Of])
	if facts == nil {
		facts = make(map[FactName]Seen)
	}
	for name, value := range e.Facts {
		seen := Seen{Value: value, AsOf: e.AsOf, Since: r.At, Source: e.Source}
		if old, ok := facts[name]; ok && old.Value == value {
			seen.Since = old.Since
		}
		facts[name] = seen
	}
	s.Seen[e.Of] = facts
	switch {
	case !s.Contained():
		s.Unable = time.Time{}
	case s.Unable.IsZero():
		s.Unable = r.At
	}
}

func (e Answered) apply(s *State, r Record) {
	s.Answers = maps.Clone(s.Answers)
	if s.Answers == nil {
		s.Answers = make(map[Question]Answer)
	}
	s.Answers[e.Question] = Answer{Value: e.Value, By: r.By, Source: "person", AsOf: r.At}
}

func (e Proposed) apply(s *State, r Record) {
	s.Proposals = append(s.Proposals, Proposal{
		Number: e.Number, Digest: e.Digest, Plan: e.Plan, Tier: e.Tier, Need: e.Need,
		By: r.By, At: r.At, Status: StatusWaiting,
	})
}

func (e Approved) apply(s *State, r Record) {
	s.change(e.Number, func(p *Proposal) {
		p.Votes = slices.DeleteFunc(slices.Clone(p.Votes), func(v Vote) bool { return v.By == r.By })
		p.Votes = append(p.Votes, Vote{By: r.By, Platform: e.Platform, At: r.At, Until: e.Until, Reason: e.Reason})
	})
}

func (e Withdrew) apply(s *State, r Record) {
	s.change(e.Number, func(p *Proposal) {
		p.Votes = slices.DeleteFunc(slices.Clone(p.Votes), func(v Vote) bool { return v.By == r.By })
	})
}

func (e Declined) apply(s *State, r Record) {
	s.change(e.Number, func(p *Proposal) { p.Status, p.Declined, p.Reason = StatusDeclined, r.By, e.Reason })
}

func (e WentAlone) apply(s *State, r Record) {
	s.change(e.Number, func(p *Proposal) { p.Alone = r.By })
}

func (e Authorized) apply(s *State, _ Record) {
	s.change(e.Number, func(p *Proposal) { p.Status, p.Auto = StatusReady, e.Auto })
}

func (e Superseded) apply(s *State, _ Record) {
	s.change(e.Number, func(p *Proposal) { p.Status, p.NewerBy = StatusSuperseded, e.By })
}

func (e Lapsed) apply(s *State, _ Record) {
	s.change(e.Number, func(p *Proposal) { p.Status = StatusLapsed })
}

func (e Started) apply(s *State, r Record) {
	s.change(e.Number, func(p *Proposal) { p.Status, p.Started = StatusRunning, r.At })
}

func (e Tried) apply(s *State, _ Record) {
	s.change(e.Number, func(p *Proposal) { p.Tries, p.TryCode, p.TryAgain = p.Tries+1, e.Code, e.Again })
}

func (Resumed) apply(*State, Record) {}

func (e Drifted) apply(s *State, r Record) {
	s.change(e.Number, func(p *Proposal) { p.Status, p.Moved, p.Finished = StatusDrifted, e.Moved, r.At })
}

func (e Finished) apply(s *State, r Record) {
	s.change(e.Number, func(p *Proposal) {
		p.Status, p.Finished = StatusDone, r.At
		p.Code, p.Found, p.Result = e.Code, e.Found, e.Result
		p.Findings, p.Sealed = e.Findings, e.Sealed
		p.saw(e.Outcome, r.At)
	})
	s.settleUndo(e.Number)
}

func (e Looked) apply(s *State, r Record) {
	s.change(e.Number, func(p *Proposal) {
		if p.saw(e.Outcome, r.At); e.Result != "" {
			p.Code, p.Result = e.Code, e.Result
		}
	})
	s.settleUndo(e.Number)
}

// settleUndo notes on a step that a confirmed plan took it back, whether that
// plan was asked for as its undo or by its own name.
func (s *State) settleUndo(number int) {
	p, ok := s.Proposal(number)
	if !ok || p.Outcome != Confirmed {
		return
	}
	for i := range s.Proposals[:number-1] {
		done := &s.Proposals[i]
		if (done.Number == p.Plan.Undoes || p.Plan.takesBack(*done)) && done.Status == StatusDone && done.UndoneBy == 0 {
			done.UndoneBy = number
		}
	}
}

func (e Breached) apply(s *State, r Record) {
	s.Breaches = append(s.Breaches, Breach{Number: e.Number, At: r.At, Who: e.Who, Thief: e.Thief, Person: e.Person})
	s.change(e.Number, func(p *Proposal) { p.saw(NotConfirmed, r.At) })
}

func (Noted) apply(*State, Record)            {}
func (Reminded) apply(*State, Record)         {}
func (Escalated) apply(*State, Record)        {}
func (Took) apply(s *State, r Record)         { s.Commander = r.By }
func (FalseAlarmed) apply(s *State, _ Record) { s.FalseAlarm = true }
func (Reopened) apply(s *State, _ Record)     { s.Closed, s.CloseWhy = State{}.Closed, "" }

func (e Merged) apply(s *State, _ Record) {
	s.MergedInto = e.Into
	s.endWaiting()
}

func (e Closed) apply(s *State, r Record) {
	s.Closed, s.CloseWhy = r.At, e.Reason
	s.endWaiting()
}

// endWaiting ends every plan that waits: no vote outlives its incident, not even
// when the incident is reopened a minute later.
func (s *State) endWaiting() {
	for i := range s.Proposals {
		if s.Proposals[i].Status == StatusWaiting {
			s.Proposals[i].Status = StatusLapsed
		}
	}
}

func (e Absorbed) apply(s *State, _ Record) { s.Absorbed = append(s.Absorbed, e.From) }

// Stuck is a job that was given up: a line on the card.
type Stuck struct {
	Task Task
	Room string
	Code string
}

func (e GaveUp) apply(s *State, _ Record) {
	s.Stuck = append(slices.DeleteFunc(slices.Clone(s.Stuck), func(k Stuck) bool {
		return k.Task == e.Task && k.Room == e.Room
	}), Stuck(e))
}

func (e Configured) apply(s *State, _ Record) { s.Config = e.Digest }
func (e Held) apply(s *State, _ Record)       { s.Held = e.Why }
func (Released) apply(s *State, _ Record)     { s.Held = "" }
func (e Damaged) apply(s *State, _ Record)    { s.Damaged = append(s.Damaged, e) }

// A foreign record makes its incident read-only. The system log has to go on,
// or nothing could ever be held again: there it is a hold of its own.
func (f Foreign) apply(s *State, r Record) {
	if r.Incident == System {
		s.Held = HoldForeign
	} else {
		s.ReadOnly = true
	}
	s.Unknown = append(s.Unknown, f.Name)
}
