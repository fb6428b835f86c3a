package incident

import (
	"slices"
	"strings"
	"time"
)

// inOrder holds what must come before what. Every rule reads the last observed
// state in the plan's own reading, never "we once did": a key can be restored.
func (r Rules) inOrder(s State, p Plan, at time.Time) error {
	status, _ := p.Guard(OfKey(p.Target.Key), FactStatus)
	switch p.Step {
	case StepKeyDelete:
		if status != KeyInactive {
			return KeyStillActive
		}
		if at.Before(s.DeleteFrom(r.Playbook.SecondLook)) {
			return SecondLook
		}
	case StepKeyCreate:
		if s.unexplained(p) {
			return InProgress
		}
	case StepKeyRestore:
		if status != KeyInBin {
			return NotInBin
		}
	case StepPolicyDetach:
		return s.mayDetach(p)
	}
	return nil
}

// secondLook is how long to wait when a playbook does not say.
const secondLook = time.Hour

// DeleteFrom is when deleting may begin: an hour or so after the key was seen
// disabled, because only then would its owner have noticed. Without a wait it
// is an hour.
func (s State) DeleteFrom(wait time.Duration) time.Time {
	if wait <= 0 {
		wait = secondLook
	}
	if since := s.ContainedAt(); !since.IsZero() {
		return since.Add(wait)
	}
	return s.At.Add(wait)
}

// mayDetach: "Do not detach the policy before you disable and delete the
// AccessKey pair" (Alibaba Cloud, Solutions to AccessKey pair leaks, step 1).
// No key of that user that any incident ever named may exist outside the bin,
// and no other open incident may hold the user. Two people can call this
// incident a false alarm; that lifts the rule about keys, but does not speak for
// the other incidents.
func (s State) mayDetach(p Plan) error {
	if len(s.Around.Holders) > 0 {
		return UserHeld
	}
	if s.FalseAlarm {
		return nil
	}
	keys, ok := p.Guard(OfUser(p.Target.UserID), FactKeys)
	if !ok || keys == Unknown {
		return BadPlan // a plan that did not see the user's keys proves nothing
	}
	named := append([]KeyID{s.Key}, s.Around.Named...)
	for k := range strings.SplitSeq(keys, ",") {
		if slices.Contains(named, KeyID(k)) {
			return KeyStillLives
		}
	}
	return nil
}
