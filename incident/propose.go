package incident

import (
	"slices"
	"strings"
	"time"
)

// Propose puts a plan before people. A person asks; the bot offers. Asking is
// not voting, but a look that takes nobody starts when a person asks for it.
type Propose struct{ Plan Plan }

func (c Propose) decide(r Rules, s State, by Person, at time.Time) ([]Event, error) {
	p := s.about(c.Plan)
	if err := r.mayPropose(s, p, at); err != nil {
		return nil, err
	}
	asked := by != Bot // the bot offers; only a person's asking can start a look
	if old, ok := s.WaitingFor(p); ok && !r.aged(old, at) {
		switch same := SamePlan(old.Plan, p); {
		case same && asked && r.NeedNow(old) == 0:
			return r.authorized(old), nil
		case same, !asked && len(old.Live(at)) > 0 && !p.voids(old.Plan):
			return nil, AlreadyWaiting
		}
	}
	if !asked && s.declined(p) {
		return nil, WasDeclined
	}
	events := r.propose(s, p, at)
	if asked && r.Need(r.Tier(p)) == 0 {
		events = append(events, r.authorized(Proposal{Number: len(s.Proposals) + 1, Plan: p})...)
	}
	return events, nil
}

// propose is the plan's event, and the end of the plan that it replaces.
func (r Rules) propose(s State, p Plan, at time.Time) []Event {
	tier := r.Tier(p)
	n, need := len(s.Proposals)+1, r.Need(tier)
	var events []Event
	if old, ok := s.WaitingFor(p); ok {
		if r.aged(old, at) {
			events = append(events, Lapsed{old.Number})
		} else {
			events = append(events, Superseded{Number: old.Number, By: n})
		}
	}
	return append(events, Proposed{
		Number: n, Digest: digest(s.ID, n, p, tier, need), Plan: p, Tier: tier, Need: need,
	})
}

// about fills in what a step that touches no cloud is about: this incident's key
// and user, as last seen. So votes are bound to it, and nobody helps to call off
// the alarm about their own user.
func (s State) about(p Plan) Plan {
	if internal(p.Step) || p.OnWord() {
		p.Target = s.Target()
	}
	return p
}

// mayPropose checks what holds for any plan, whoever asks.
func (r Rules) mayPropose(s State, p Plan, at time.Time) error {
	switch {
	case !s.Open():
		return NotOpen
	case s.Busy(p):
		return InProgress
	case !p.keeps():
		return BadPlan
	case internal(p.Step):
		return s.mayDecide(p)
	case s.Lookup():
		return NoKeyYet
	case p.OnWord():
		return nil
	case p.Step == "" || !s.names(p):
		return BadPlan
	}
	if err := s.mayUndo(p); err != nil {
		return err
	}
	return r.inOrder(s, p, at)
}

// names reports whether t is whole and is what was seen to be this incident's
// key and user, or a user that the key made. Nothing else can be acted upon here.
// The user's name may have changed since: its id is what counts. Root has none.
func (s State) names(p Plan) bool {
	t, seen := p.Target, s.Target()
	switch {
	case t.Account == "" || t.Key != s.Key:
		return false
	case strings.HasPrefix(p.Step, "root."):
		return t == seen
	case t.User == "" || t.UserID == "":
		return false
	case seen.UserID == "":
		return true
	}
	return t.Account == seen.Account && (t.UserID == seen.UserID || s.leadsTo(t.UserID))
}

// mayUndo checks what an undo claims to take back.
func (s State) mayUndo(p Plan) error {
	if p.Undoes == 0 {
		return nil
	}
	done, ok := s.Proposal(p.Undoes)
	switch {
	case !ok:
		return NoSuchPlan
	case done.Status != StatusDone || done.Outcome == Rejected || done.UndoneBy != 0:
		return NothingToUndo
	case done.Plan.Undo != p.Step:
		return BadPlan
	}
	return nil
}

// declined reports whether somebody said no to just this when it was last asked.
// Then the bot stops offering it; a person may still ask.
func (s State) declined(p Plan) bool {
	for _, old := range slices.Backward(s.Proposals) {
		if old.Plan.Rivals(p) {
			return old.Status == StatusDeclined && SamePlan(old.Plan, p)
		}
	}
	return false
}

// internal steps are decided by the votes alone and touch no cloud.
func internal(step string) bool {
	return step == StepFalseAlarm || step == StepClose || step == StepOwnerAsk
}

// mayDecide checks an internal step. Its reason is part of the plan, so that
// people vote on it too.
func (s State) mayDecide(p Plan) error {
	switch {
	case p.Step == StepOwnerAsk:
		if p.Params[ParamPerson] == "" {
			return BadPlan
		}
	case p.Params["reason"] == "":
		return NeedsReason
	case p.Step == StepFalseAlarm && s.FalseAlarm:
		return AlreadySaid
	case p.Step == StepClose && s.Running():
		return InProgress
	}
	return nil
}
