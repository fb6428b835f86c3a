package incident

import (
	"slices"
	"time"
)

// Status is how far a plan has come.
type Status string

// The life of a plan. Only a Ready one may be started.
const (
	StatusWaiting    Status = "waiting"    // for votes
	StatusReady      Status = "ready"      // has what it needs
	StatusRunning    Status = "running"    // started
	StatusDone       Status = "done"       // see its Outcome
	StatusDrifted    Status = "drifted"    // what people agreed to is no longer so
	StatusDeclined   Status = "declined"   // somebody said no
	StatusLapsed     Status = "lapsed"     // its votes aged out
	StatusSuperseded Status = "superseded" // a newer plan asks for the same step
)

// Outcome is what was seen of a started plan. Only Confirmed is green.
type Outcome string

// The outcomes.
const (
	Confirmed    Outcome = "confirmed"     // read back: it is so
	Rejected     Outcome = "refused"       // the cloud said no; its code is kept
	NotConfirmed Outcome = "not_confirmed" // looked, and it is not so
	NotSeen      Outcome = "unknown"       // could not look; looking goes on
	Attested     Outcome = "attested"      // people say so, and no API can see it
)

func (o Outcome) valid() bool {
	return o == Confirmed || o == Rejected || o == NotConfirmed || o == NotSeen
}

// AgedOut is the code of a started plan that was found not done after its votes
// had aged out: it ends, it never runs late.
const AgedOut = "votes_aged_out"

// Vote is one person's yes to one digest.
type Vote struct {
	By       Person
	Platform string
	At       time.Time
	Until    time.Time // counts before this moment
	Reason   Words
}

// Proposal is one plan and what became of it.
type Proposal struct {
	Number int
	Digest Digest
	Plan   Plan
	Tier   Tier
	Need   int
	By     Person // who asked; [Bot] for offers
	At     time.Time

	Votes    []Vote
	Alone    Person // went alone after nobody answered
	Auto     bool   // authorized by automation
	Status   Status
	Declined Person
	Reason   Words // of the decline

	Started  time.Time
	Tries    int // calls that did not get through
	TryCode  string
	TryAgain time.Time
	Finished time.Time
	Outcome  Outcome
	Code     string
	Found    bool
	Result   string
	Findings Words
	Sealed   Words
	Fetched  Fetch     // the sealed secret was fetched; zero: not yet
	LetGo    time.Time // nobody came for it; zero: it waits, or was fetched
	Seen     time.Time // when the outcome was last read
	StoodAt  time.Time // when it was first seen confirmed; zero: never
	Moved    []Drift
	NewerBy  int // number of the plan that superseded this one
	UndoneBy int // number of the confirmed plan that took this one back
}

// Proposal returns the plan with that number.
func (s State) Proposal(number int) (Proposal, bool) {
	if number < 1 || number > len(s.Proposals) {
		return Proposal{}, false
	}
	return s.Proposals[number-1], true // numbers are given in order and never skip
}

// ByDigest returns the plan whose digest begins with prefix; false if there is
// none or more than one. A prefix shorter than 8 characters finds nothing.
func (s State) ByDigest(prefix string) (found Proposal, ok bool) {
	if len(prefix) < 8 {
		return Proposal{}, false
	}
	for _, p := range s.Proposals {
		if len(p.Digest) >= len(prefix) && string(p.Digest[:len(prefix)]) == prefix {
			if ok {
				return Proposal{}, false
			}
			found, ok = p, true
		}
	}
	return found, ok
}

// Live returns the votes that still count at a moment.
func (p Proposal) Live(at time.Time) []Vote {
	var live []Vote
	for _, v := range p.Votes {
		if at.Before(v.Until) {
			live = append(live, v)
		}
	}
	return live
}

// Voted reports whether by has a vote that still counts.
func (p Proposal) Voted(by Person, at time.Time) bool {
	return slices.ContainsFunc(p.Live(at), func(v Vote) bool { return v.By == by })
}

// Confirmed reports whether the step was seen done and nobody took it back.
func (p Proposal) Confirmed() bool {
	return p.Status == StatusDone && p.Outcome == Confirmed && p.UndoneBy == 0
}

// saw notes what a reading of the step's state showed.
func (p *Proposal) saw(o Outcome, at time.Time) {
	p.Outcome, p.Seen = o, at
	if o == Confirmed && p.StoodAt.IsZero() {
		p.StoodAt = at
	}
}

// expires is when the plan dies without more votes: with its last vote, or a
// window after a person asked for it. False for an offer that nobody has
// touched.
func (p Proposal) expires(window time.Duration) (until time.Time, ages bool) {
	if p.By != Bot {
		until = p.At.Add(window)
	}
	for _, v := range p.Votes {
		if v.Until.After(until) {
			until = v.Until
		}
	}
	return until, !until.IsZero()
}

// aged reports whether p, while waiting, has died of old age.
func (r Rules) aged(p Proposal, at time.Time) bool {
	until, ages := p.expires(r.window())
	return ages && !at.Before(until)
}

// Done reports whether the step stands: seen done, or said to be by those who
// must know, and not taken back.
func (p Proposal) Done() bool {
	return p.Confirmed() || p.Status == StatusDone && p.Outcome == Attested && p.UndoneBy == 0
}

// Waiting returns the plan that waits for votes on step, if there is one.
func (s State) Waiting(step string) (Proposal, bool) {
	return s.last(func(p Proposal) bool { return p.Plan.Step == step && p.Status == StatusWaiting })
}

// WaitingFor returns the plan that waits for votes on p's step and aim.
func (s State) WaitingFor(p Plan) (Proposal, bool) {
	return s.last(func(o Proposal) bool { return p.Rivals(o.Plan) && o.Status == StatusWaiting })
}

func (s State) last(is func(Proposal) bool) (Proposal, bool) {
	for _, p := range slices.Backward(s.Proposals) {
		if is(p) {
			return p, true
		}
	}
	return Proposal{}, false
}

// Busy reports whether a plan for p's step and aim is ready or running.
func (s State) Busy(p Plan) bool {
	return slices.ContainsFunc(s.Proposals, func(o Proposal) bool {
		return p.Rivals(o.Plan) && (o.Status == StatusReady || o.Status == StatusRunning)
	})
}

// Running reports whether any step is ready or running.
func (s State) Running() bool {
	return slices.ContainsFunc(s.Proposals, func(p Proposal) bool {
		return p.Status == StatusReady || p.Status == StatusRunning
	})
}

// change edits one plan, in a state that Apply has cloned.
func (s *State) change(number int, edit func(*Proposal)) {
	if number >= 1 && number <= len(s.Proposals) {
		edit(&s.Proposals[number-1])
	}
}
