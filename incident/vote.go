package incident

import (
	"slices"
	"time"
)

type (
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

func (c Approve) decide(r Rules, s State, by Person, at time.Time) ([]Event, error) {
	p, err := findPlan(s, c.Number, c.Digest)
	if err != nil {
		return nil, err
	}
	if err := whyNotWaiting(p); err != nil {
		return nil, err
	}
	if err := r.mayVote(p, by); err != nil {
		return nil, err
	}
	if r.aged(p, at) {
		return []Event{Lapsed{p.Number}}, TooLate // on the record: no clock going back revives it
	}
	if now := s.about(p.Plan); now.Target != p.Plan.Target {
		return []Event{Drifted{p.Number, p.Plan.DriftFrom(now)}}, HasDrifted
	}
	needsReason := r.ReasonFrom != "" && r.tierNow(p).AtLeast(r.ReasonFrom) && !Guided(p.Plan.Step)
	switch {
	case r.Observes(p.Plan):
		return nil, Observing
	case p.Plan.Step == StepClose && s.Running():
		return nil, InProgress
	case p.Voted(by, at):
		return r.goAlone(p, by, at, c.Reason)
	case needsReason && c.Reason == "":
		return nil, NeedsReason
	}
	vote := Vote{By: by, Platform: c.Platform, At: at, Until: at.Add(r.window()), Reason: c.Reason}
	events := []Event{Approved{p.Number, p.Digest, vote.Platform, vote.Until, vote.Reason}}
	p.Votes = append(p.Live(at), vote)
	if !r.Enough(p, at) {
		return events, nil
	}
	return append(events, r.authorized(p)...), nil
}

// authorized is what follows when a plan has its votes. A step that touches no
// cloud is done in the same breath.
func (r Rules) authorized(p Proposal) []Event {
	events := []Event{Authorized{Number: p.Number}}
	if p.Plan.OnWord() {
		return append(events, Started{p.Number}, Finished{Number: p.Number, Outcome: Attested})
	}
	switch p.Plan.Step {
	case StepOwnerAsk:
		return append(events, Started{p.Number}, Finished{Number: p.Number, Outcome: Attested})
	case StepFalseAlarm:
		return append(events, Started{p.Number}, Finished{Number: p.Number, Outcome: Confirmed}, FalseAlarmed{p.Number})
	case StepClose:
		return append(events, Started{p.Number}, Finished{Number: p.Number, Outcome: Confirmed}, Closed{Words(p.Plan.Params["reason"])})
	}
	return events
}

// goAlone lets one approver start a disruptive step when nobody else answered
// for long enough, with a reason.
func (r Rules) goAlone(p Proposal, by Person, at time.Time, reason Words) ([]Event, error) {
	live := p.Live(at)
	alone := len(live) == 1 && live[0].By == by // a second answer, and it is no longer alone
	switch {
	case r.AloneAfter <= 0 || r.tierNow(p) != Disruptive || !alone || at.Before(live[0].At.Add(r.AloneAfter)):
		return nil, AlreadyVoted
	case reason == "":
		return nil, NeedsReason
	}
	return append([]Event{WentAlone{p.Number, reason}}, r.authorized(p)...), nil
}

// findPlan finds the plan that a vote or a no is about.
func findPlan(s State, number int, d Digest) (Proposal, error) {
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
	return p, nil
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
	tier := r.tierNow(p)
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
	people, platforms := r.counting(p, at)
	if p.Alone != "" && people[p.Alone] && r.tierNow(p) == Disruptive && r.AloneAfter > 0 {
		return true
	}
	return len(people) >= r.NeedNow(p) && (len(platforms) > 1 || !r.Crosses(p))
}

// Crosses reports whether p takes votes from two platforms.
func (r Rules) Crosses(p Proposal) bool { return r.CrossPlatform && r.tierNow(p) == Destructive }

// LacksPlatform reports whether p has the people that it takes, and yet waits because
// all of them voted on one platform.
func (r Rules) LacksPlatform(p Proposal, at time.Time) bool {
	people, platforms := r.counting(p, at)
	return r.Crosses(p) && len(people) >= r.NeedNow(p) && len(platforms) < 2
}

// counting are the people whose votes on p count, and the platforms that these came
// from.
func (r Rules) counting(p Proposal, at time.Time) (people map[Person]bool, platforms map[string]bool) {
	people, platforms = make(map[Person]bool), make(map[string]bool)
	for _, v := range p.Live(at) {
		if r.mayVote(p, v.By) == nil {
			people[v.By], platforms[v.Platform] = true, true
		}
	}
	delete(platforms, "") // a vote from nowhere is no second platform
	return people, platforms
}

func (c Withdraw) decide(r Rules, s State, by Person, at time.Time) ([]Event, error) {
	p, ok := s.Proposal(c.Number)
	switch {
	case !ok:
		return nil, NoSuchPlan
	case !s.Open():
		return nil, NotOpen
	case whyNotStoppable(p) != nil:
		return nil, whyNotStoppable(p)
	case !p.Voted(by, at):
		return nil, NoVote
	}
	events := []Event{Withdrew(c)}
	p.Votes = slices.DeleteFunc(p.Live(at), func(v Vote) bool { return v.By == by })
	if p.Status == StatusReady && !p.Auto && !r.Enough(p, at) {
		events = append(events, Lapsed(c)) // it was about to start; now it may not
	}
	return events, nil
}

func (c Decline) decide(r Rules, s State, by Person, _ time.Time) ([]Event, error) {
	p, err := findPlan(s, c.Number, c.Digest)
	switch {
	case err != nil:
		return nil, err
	case whyNotStoppable(p) != nil:
		return nil, whyNotStoppable(p)
	case !r.Has(by, Voter(r.tierNow(p))):
		return nil, NotAllowed
	}
	return []Event{Declined{c.Number, c.Reason}}, nil
}

// whyNotStoppable is nil until a plan has started: up to then a vote can be
// withdrawn and an approver's no ends it, also while a hold keeps it waiting.
func whyNotStoppable(p Proposal) error {
	if p.Status == StatusReady {
		return nil
	}
	return whyNotWaiting(p)
}

func (c Lapse) decide(r Rules, s State, _ Person, at time.Time) ([]Event, error) {
	p, ok := s.Proposal(c.Number)
	if !ok {
		return nil, NoSuchPlan
	}
	if err := whyNotWaiting(p); err != nil {
		return nil, err
	}
	if !r.aged(p, at) {
		return nil, TooEarly
	}
	return []Event{Lapsed(c)}, nil
}
