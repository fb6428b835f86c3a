package incident

import (
	"slices"
	"time"
)

type (
	// Propose puts a plan before people. A person asks; the bot offers.
	Propose struct{ Plan Plan }
	// Approve is a vote. It names the whole digest: people approve what they saw.
	Approve struct {
		Number   int
		Digest   Digest
		Platform string
		Reason   Words
	}
	// Withdraw takes one's own vote back.
	Withdraw struct{ Number int }
	// Decline says no to one digest.
	Decline struct {
		Number int
		Digest Digest
		Reason Words
	}
	// Lapse ends a plan whose votes aged out.
	Lapse struct{ Number int }
)

func (Lapse) botOnly() {}

func (c Propose) decide(r Rules, s State, by Person, at time.Time) ([]Event, error) {
	if err := r.mayPropose(s, c.Plan, at); err != nil {
		return nil, err
	}
	if old, ok := s.Waiting(c.Plan.Step); ok && SamePlan(old.Plan, c.Plan) {
		return nil, AlreadyWaiting
	}
	return r.propose(s, c.Plan), nil
}

// propose is the plan's event, and the end of the plan that it replaces.
func (r Rules) propose(s State, p Plan) []Event {
	tier := r.Tier(p)
	n, need := len(s.Proposals)+1, r.Need(tier)
	var events []Event
	if old, ok := s.Waiting(p.Step); ok {
		events = append(events, Superseded{Number: old.Number, By: n})
	}
	return append(events, Proposed{
		Number: n, Digest: digest(s.ID, n, p, tier, need), Plan: p, Tier: tier, Need: need,
	})
}

// mayPropose checks what holds for any plan, whoever asks.
func (r Rules) mayPropose(s State, p Plan, at time.Time) error {
	switch {
	case !s.Open():
		return NotOpen
	case s.Busy(p.Step):
		return InProgress
	case internal(p.Step):
		return nil
	case s.Lookup():
		return NoKeyYet
	case p.Step == "" || p.Target.Key != s.Key || p.Target.Account == "" || p.Target.User == "" || p.Target.UserID == "":
		return BadPlan
	}
	return r.inOrder(s, p, at)
}

// internal steps are decided by the votes alone and touch no cloud.
func internal(step string) bool { return step == StepFalseAlarm || step == StepClose }

func (c Approve) decide(r Rules, s State, by Person, at time.Time) ([]Event, error) {
	p, err := votable(s, c.Number, c.Digest)
	if err != nil {
		return nil, err
	}
	if err := r.mayVote(p, by); err != nil {
		return nil, err
	}
	if until, ages := p.expires(r.window()); ages && !at.Before(until) {
		return []Event{Lapsed{p.Number}}, TooLate // on the record: no clock going back revives it
	}
	needsReason := r.ReasonFrom != "" && p.Tier.AtLeast(r.ReasonFrom)
	switch {
	case slices.Contains(r.Observe, p.Plan.Target.Account):
		return nil, Observing
	case p.Voted(by, at):
		return r.goAlone(s, p, by, at, c.Reason)
	case needsReason && c.Reason == "":
		return nil, NeedsReason
	}
	vote := Vote{By: by, Platform: c.Platform, At: at, Until: at.Add(r.window()), Reason: c.Reason}
	events := []Event{Approved{p.Number, p.Digest, vote.Platform, vote.Until, vote.Reason}}
	p.Votes = append(p.Live(at), vote)
	if !r.Enough(p, at) {
		return events, nil
	}
	return append(events, r.authorized(s, p)...), nil
}

// authorized is what follows when a plan has its votes. A step that touches no
// cloud is done in the same breath.
func (r Rules) authorized(s State, p Proposal) []Event {
	events := []Event{Authorized{Number: p.Number}}
	switch p.Plan.Step {
	case StepFalseAlarm:
		return append(events, Started{p.Number}, Finished{Number: p.Number, Outcome: Confirmed}, FalseAlarmed{p.Number})
	case StepClose:
		return append(events, Started{p.Number}, Finished{Number: p.Number, Outcome: Confirmed}, Closed{Words(p.Plan.Params["reason"])})
	}
	return events
}

// goAlone lets one approver start a disruptive step when nobody else answered
// for long enough, with a reason.
func (r Rules) goAlone(s State, p Proposal, by Person, at time.Time, reason Words) ([]Event, error) {
	if r.AloneAfter <= 0 || p.Tier != Disruptive || r.Tier(p.Plan) != Disruptive {
		return nil, AlreadyVoted
	}
	for _, v := range p.Live(at) {
		if v.By != by || at.Before(v.At.Add(r.AloneAfter)) {
			continue
		}
		if reason == "" {
			return nil, NeedsReason
		}
		return append([]Event{WentAlone{p.Number, reason}}, r.authorized(s, p)...), nil
	}
	return nil, AlreadyVoted
}

// votable finds the plan that a vote or a no is about.
func votable(s State, number int, d Digest) (Proposal, error) {
	if !s.Open() {
		return Proposal{}, NotOpen
	}
	p, ok := s.Proposal(number)
	switch {
	case !ok:
		return Proposal{}, NoSuchPlan
	case p.Digest != d:
		return Proposal{}, OtherPlan
	}
	return p, whyNotWaiting(p)
}

func whyNotWaiting(p Proposal) error {
	switch p.Status {
	case StatusWaiting:
		return nil
	case StatusReady, StatusRunning:
		return InProgress
	case StatusDeclined:
		return WasDeclined
	case StatusSuperseded:
		return WasReplaced
	case StatusLapsed:
		return TooLate
	case StatusDrifted:
		return HasDrifted
	}
	return AlreadyDone
}

// mayVote says whether a person's vote on p would count now.
func (r Rules) mayVote(p Proposal, by Person) error {
	tier := higher(p.Tier, r.Tier(p.Plan))
	switch {
	case !r.Has(by, Voter(tier)):
		return NotAllowed
	case by == p.By && !r.RequesterCounts:
		return OwnRequest
	case tier == Destructive && r.ownUser(by, p.Plan.Target):
		return OwnUser
	}
	return nil
}

// Enough reports whether p's votes that still count at a moment, by people who
// have the role at that moment, are as many as it takes now.
func (r Rules) Enough(p Proposal, at time.Time) bool {
	people, platforms := make(map[Person]bool), make(map[string]bool)
	for _, v := range p.Live(at) {
		if r.mayVote(p, v.By) == nil {
			people[v.By], platforms[v.Platform] = true, true
		}
	}
	if p.Alone != "" && people[p.Alone] && r.Tier(p.Plan) == Disruptive && p.Tier == Disruptive {
		return true
	}
	if r.CrossPlatform && p.Tier == Destructive && len(platforms) < 2 {
		return false
	}
	return len(people) >= r.NeedNow(p)
}

func (c Withdraw) decide(_ Rules, s State, by Person, at time.Time) ([]Event, error) {
	p, ok := s.Proposal(c.Number)
	switch {
	case !ok:
		return nil, NoSuchPlan
	case whyNotWaiting(p) != nil:
		return nil, whyNotWaiting(p)
	case !p.Voted(by, at):
		return nil, NoVote
	}
	return []Event{Withdrew(c)}, nil
}

func (c Decline) decide(r Rules, s State, by Person, _ time.Time) ([]Event, error) {
	p, err := votable(s, c.Number, c.Digest)
	switch {
	case err != nil:
		return nil, err
	case !r.Has(by, Voter(p.Tier)):
		return nil, NotAllowed
	}
	return []Event{Declined{c.Number, c.Reason}}, nil
}

func (c Lapse) decide(r Rules, s State, _ Person, at time.Time) ([]Event, error) {
	p, ok := s.Proposal(c.Number)
	if !ok {
		return nil, NoSuchPlan
	}
	if err := whyNotWaiting(p); err != nil {
		return nil, err
	}
	if until, ages := p.expires(r.window()); !ages || at.Before(until) {
		return nil, TooEarly
	}
	return []Event{Lapsed(c)}, nil
}
