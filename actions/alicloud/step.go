package alicloud

import (
	"context"

	"twokey/actions"
	"twokey/incident"
)

// step is what all steps share: their account and name.
type step struct {
	*Account
	name string
}

// Name is the step's name in plans, playbooks and commands.
func (s step) Name() string { return s.name }

// may refuses a plan that is not this step's, or that aims where no step may.
func (s step) may(ctx context.Context, p incident.Plan) error {
	if p.Step != s.name {
		return &actions.Error{Op: s.name, Code: CodeWrongStep}
	}
	return s.mayTouch(ctx, s.name, p.Target)
}

// mayRun refuses what no vote can allow, once more right before a call. It looks
// at nothing but the plan and who the bot is: what moved since people agreed is
// found by planning again.
func (s step) mayRun(ctx context.Context, p incident.Plan) error {
	if s.observe {
		return &actions.Error{Op: s.name, Code: codeObserving, Err: incident.Observing}
	}
	return s.may(ctx, p)
}

// place is where a key is now, and under which name its user goes.
type place struct {
	status string // one of the Key values
	user   string
	bin    binned // when the status is KeyInBin
}

// locate reads where the key is. A user renamed since the target was named is
// found by the key; a key that has another owner now is [CodeMoved].
func (s step) locate(ctx context.Context, t incident.Target) (place, error) {
	u, err := s.userOfKey(ctx, t.Key)
	switch {
	case absent(err):
		return s.locateInBin(ctx, t)
	case err != nil:
		return place{}, err
	case u.id != t.UserID:
		return place{}, &actions.Error{Op: s.name, Code: CodeMoved}
	}
	keys, err := s.listKeys(ctx, u.name)
	if err != nil {
		return place{}, err
	}
	status, ok := statusIn(keys, t.Key)
	if !ok {
		return place{}, inconsistent("ram:ListAccessKeys")
	}
	return place{status: status, user: u.name}, nil
}

func (s step) locateInBin(ctx context.Context, t incident.Target) (place, error) {
	b, err := s.keyInBin(ctx, t.Key)
	switch {
	case absent(err):
		return place{status: incident.KeyGone, user: t.User}, nil
	case err != nil:
		return place{}, err
	case b.userID != "" && b.userID != t.UserID:
		return place{}, &actions.Error{Op: s.name, Code: CodeMoved}
	}
	return place{status: incident.KeyInBin, user: or(b.userName, t.User), bin: b}, nil
}

// find is the target's user under its present name; the id is what counts.
func (s step) find(ctx context.Context, t incident.Target) (user, error) {
	u, err := s.userByID(ctx, t.UserID)
	if err == nil && u.id != t.UserID {
		return user{}, &actions.Error{Op: s.name, Code: CodeMoved}
	}
	return u, err
}

// plan is the plan of this step with what the cloud looks like now.
func (s step) plan(t incident.Target, name string) incident.Plan {
	t.User = name
	return incident.Plan{Step: s.name, Target: t, Undo: undo(s.name)}
}

// keyGuards are what every step on a key compares again before it runs.
func (s step) keyGuards(t incident.Target, status string) []incident.Fact {
	of := incident.OfKey(t.Key)
	return []incident.Fact{
		{Of: of, Name: incident.FactAccountID, Value: s.id},
		{Of: of, Name: incident.FactUserID, Value: t.UserID},
		{Of: of, Name: incident.FactStatus, Value: status},
	}
}
