package incident

import (
	"slices"
	"strings"
	"time"
)

// A new key's secret is sealed for its receiver at birth and lies beside the
// chain until it is fetched, once, or until nobody came for it.

// HandOverFor is how long a sealed secret waits for its receiver.
const HandOverFor = 7 * 24 * time.Hour

// Codes of a step that made a key which nobody can use.
const (
	CodeOrphan  = "Orphan"         // a key was created and its secret is lost: it was disabled
	CodeSeveral = "SeveralNewKeys" // several keys are new, and nobody can tell which is ours: none was touched
)

// KeyOf is the key in [OfKey].
func KeyOf(of Identity) (KeyID, bool) {
	id, ok := strings.CutPrefix(string(of), "key ")
	return KeyID(id), ok
}

// Fetch is somebody having fetched a sealed secret.
type Fetch struct {
	At  time.Time
	By  Person // [Bot]: whoever has the API's token or the bot's file
	Way string // one of the Way values
}

// Ways to fetch a sealed secret.
const (
	WayChat = "chat"
	WayAPI  = "api"  // with the API's token
	WayFile = "file" // from the file of a bot that does not run
)

// Receiver is who gets the new key that a plan would make; empty if it makes none.
func (p Plan) Receiver() Person {
	who, _ := p.Guard(OfUser(p.Target.UserID), FactReceiver)
	return Person(who)
}

// SealedFor is how the secret reaches the receiver: "age" with a fingerprint of the
// public key, or "kms" with the name of the secret there.
func (p Plan) SealedFor() (way, where string) {
	text, _ := p.Guard(OfUser(p.Target.UserID), FactSealedFor)
	way, where, _ = strings.Cut(text, " ")
	return way, where
}

// Ways to seal, as [FactSealedFor] begins.
const (
	SealAge = "age"
	SealKMS = "kms"
)

// Made is the plan that created a key, if this incident did.
func (s State) Made(key KeyID) (Proposal, bool) {
	return s.last(func(p Proposal) bool {
		return p.Plan.Step == StepKeyCreate && p.Status == StatusDone && slices.Contains(p.made(), key)
	})
}

// made are the keys that a step created, or may have created.
func (p Proposal) made() []KeyID {
	var keys []KeyID
	for id := range strings.SplitSeq(p.Result, ",") {
		if id != "" {
			keys = append(keys, KeyID(id))
		}
	}
	return keys
}

// Orphaned reports whether the step left a key behind that nobody can use and
// nobody has explained away.
func (p Proposal) Orphaned() bool {
	return p.Plan.Step == StepKeyCreate && p.Status == StatusDone && p.UndoneBy == 0 &&
		(p.Code == CodeOrphan || p.Code == CodeSeveral)
}

// NewKey is the newest key that this incident created and that was not taken back:
// an orphan before one that works.
func (s State) NewKey() (KeyID, bool) {
	var found KeyID
	for _, p := range s.Proposals {
		made := p.made()
		if p.Plan.Step != StepKeyCreate || p.Status != StatusDone || p.UndoneBy != 0 || len(made) != 1 {
			continue
		}
		if found = made[0]; p.Code == CodeOrphan {
			break
		}
	}
	return found, found != ""
}

// unexplained reports whether an earlier attempt may have worked without anybody
// having seen it, or left an orphan that the plan's own reading still sees. A second
// key is never created on top of one. It is explained when it was discarded, or
// deleted by hand.
func (s State) unexplained(p Plan) bool {
	keys, seen := p.Guard(OfUser(p.Target.UserID), FactKeys)
	there := func(k KeyID) bool {
		return !seen || keys == Unknown || slices.Contains(strings.Split(keys, ","), string(k))
	}
	return slices.ContainsFunc(s.Proposals, func(old Proposal) bool {
		if old.Plan.Step != StepKeyCreate || old.Status != StatusDone {
			return false
		}
		return old.Outcome == NotSeen || old.Orphaned() && slices.ContainsFunc(old.made(), there)
	})
}

// Discards reports whether p takes back a key that done created.
func (p Plan) Discards(done Proposal) bool { return p.Step == StepKeyDiscard && p.takesBack(done) }

// takesBack reports whether p, confirmed, ends done without naming its number:
// both are about the same thing. A discarded key ends the step that created it.
func (p Plan) takesBack(done Proposal) bool {
	if opposite[p.Step] != done.Plan.Step {
		return false
	}
	if p.Step == StepKeyDiscard {
		key, ok := KeyOf(Identity(p.Params[ParamOf]))
		return ok && p.Target.UserID == done.Plan.Target.UserID && slices.Contains(done.made(), key)
	}
	return p.sameAim(done.Plan)
}

type (
	// Receive fetches the sealed secret of a plan, once. Number 0 is the newest.
	// Whoever receives must be the receiver; the bot speaks for the API and the
	// command line, which get no more than a ciphertext.
	Receive struct {
		Number int
		Way    string
	}
	// LetGo ends a hand-over that nobody came for.
	LetGo struct{ Number int }
)

func (LetGo) botOnly() {}

// HandOver is the plan whose sealed secret Receive would fetch: the one of that
// number, or the newest.
func (s State) HandOver(number int) (Proposal, bool) {
	return s.last(func(p Proposal) bool {
		way, _ := p.Plan.SealedFor()
		sealed := p.Sealed != "" || p.Plan.Step == StepKeyCreate && way == SealKMS && p.Status == StatusDone && p.Result != "" && p.Code == ""
		return sealed && (number == 0 || p.Number == number)
	})
}

func (c Receive) decide(_ Rules, s State, by Person, _ time.Time) ([]Event, error) {
	p, ok := s.HandOver(c.Number)
	switch {
	case !ok || s.MergedInto != "":
		return nil, NothingSealed
	case by != Bot && by != p.Plan.Receiver():
		return nil, NotReceiver
	case p.Sealed == "":
		return nil, LiesInKMS
	case !p.Fetched.At.IsZero():
		return nil, WasReceived
	case !p.LetGo.IsZero():
		return nil, HandOverOver
	}
	return []Event{Received{Number: p.Number, By: by, Way: c.Way}}, nil
}

func (c LetGo) decide(_ Rules, s State, _ Person, at time.Time) ([]Event, error) {
	p, ok := s.Proposal(c.Number)
	switch {
	case !ok || p.Sealed == "":
		return nil, NothingSealed
	case !p.Fetched.At.IsZero():
		return nil, WasReceived
	case !p.LetGo.IsZero():
		return nil, HandOverOver
	case at.Before(p.Finished.Add(HandOverFor)):
		return nil, TooEarly
	}
	return []Event{Uncollected(c)}, nil
}

func (e Received) apply(s *State, r Record) {
	s.change(e.Number, func(p *Proposal) { p.Fetched = Fetch{At: r.At, By: e.By, Way: e.Way} })
}

func (e Uncollected) apply(s *State, r Record) {
	s.change(e.Number, func(p *Proposal) { p.LetGo = r.At })
}
