package alicloud

import (
	"context"

	"twokey/actions"
	"twokey/incident"
)

// userDelete moves a user to the recycle bin with its keys, for 30 days. No document
// says that IMS wants the user stripped first, as RAM does (RAM docs: DeleteUser);
// if it does, the cloud refuses with what is left, and user.deactivate does as well.
type userDelete struct{ step }

// userRestore takes a user out of the recycle bin. What comes back with it no
// document says in full; its leaked key stays Inactive in any case.
type userRestore struct{ step }

var (
	_ actions.Action   = userDelete{}
	_ actions.Reverser = userDelete{}
	_ actions.Action   = userRestore{}
	_ actions.Reverser = userRestore{}
)

// Plan shows everything that may not come back with the user.
func (s userDelete) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	q, err := asking(s.name, t.Key, given)
	if err != nil {
		return incident.Plan{}, err
	}
	now, err := s.standing(ctx, t)
	if absent(err) {
		return incident.Plan{}, nothingToDo(s.name)
	}
	if err != nil {
		return incident.Plan{}, err
	}
	shown, err := s.snapshot(ctx, t, now)
	if err != nil {
		return incident.Plan{}, err
	}
	p := s.plan(t, now.user.name)
	p.Params = q.params()
	p.Guarded = append(s.userGuards(t), now.guards(t.UserID, nil, "", yesNo(now.logon.open))...)
	p.Shown = shown
	p.Impact = s.uses(ctx, now, q)
	return p, nil
}

// snapshot is what a user has that its recycle bin may forget.
func (s step) snapshot(ctx context.Context, t incident.Target, now standing) ([]incident.Fact, error) {
	var has powers
	var through []policyRef
	var bound bool
	err := together(
		func() (err error) { has.policies, err = s.directPolicies(ctx, now.user.name); return err },
		func() (err error) { has.groups, through, err = s.memberships(ctx, now.user.name); return err },
		func() (err error) { bound, err = s.mfaBound(ctx, now.user); return err },
	)
	of := incident.OfUser(t.UserID)
	return append(has.facts(t.UserID),
		incident.Fact{Of: of, Name: incident.FactGroupPolicy, Value: list(through)},
		incident.Fact{Of: of, Name: incident.FactMFA, Value: yesNo(bound)},
		incident.Fact{Of: of, Name: incident.FactMFAForced, Value: yesNo(now.logon.mfaRequired)}), err
}

// Run deletes the user by id: its name could be somebody else's by now. A user that
// is not there any more is what the plan wants.
func (s userDelete) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if err := s.mayRun(ctx, p); err != nil {
		return actions.Outcome{}, err
	}
	err := s.deleteUser(ctx, p.Target.UserID)
	if absent(err) {
		err = nil
	}
	return actions.Outcome{}, err
}

// Verify is true when the account has no such user any more.
func (s userDelete) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	if err := s.may(ctx, p); err != nil {
		return false, err
	}
	_, err := s.find(ctx, p.Target)
	if absent(err) {
		return true, nil
	}
	return false, err
}

// Reverse plans user.restore, which shows what the user had.
func (s userDelete) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	p, err := userRestore{step{s.Account, incident.StepUserRestore}}.Plan(ctx, done.Target, nil)
	if err == nil {
		p.Shown = append(p.Shown, done.Shown...)
	}
	return p, err
}

// Plan shows until when the bin keeps the user. A name that somebody else has now is
// in the way.
func (s userRestore) Plan(ctx context.Context, t incident.Target, _ map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	gone, err := s.userInBin(ctx, t.UserID)
	if absent(err) {
		if _, lives := s.find(ctx, t); lives == nil {
			return incident.Plan{}, nothingToDo(s.name)
		}
	}
	if err != nil {
		return incident.Plan{}, err
	}
	if gone.id != t.UserID {
		return incident.Plan{}, &actions.Error{Op: s.name, Code: CodeMoved}
	}
	switch _, err := s.userCalled(ctx, gone.principal); {
	case err == nil:
		return incident.Plan{}, &actions.Error{Op: s.name, Code: CodeNameTaken}
	case !absent(err):
		return incident.Plan{}, err
	}
	kept, err := s.bin(ctx, t.UserID)
	if err != nil {
		return incident.Plan{}, err
	}
	of := incident.OfUser(t.UserID)
	p := s.plan(t, gone.name)
	p.Guarded = append(s.userGuards(t), incident.Fact{Of: of, Name: incident.FactStatus, Value: incident.KeyInBin})
	p.Shown = []incident.Fact{
		{Of: of, Name: incident.FactPurgeAt, Value: moment(gone.purge)},
		{Of: of, Name: incident.FactBin, Value: binIDs(kept)},
	}
	return p, nil
}

// Run restores the user and sees to it that the leaked key is not Active.
func (s userRestore) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if err := s.mayRun(ctx, p); err != nil {
		return actions.Outcome{}, err
	}
	restored := s.restoreUser(ctx, p.Target.UserID)
	if restored != nil && !absent(restored) && !actions.Transient(restored) {
		return actions.Outcome{}, restored
	}
	// Also after no answer: the user may be back, with the leaked key Active. A
	// program that is being stopped still sees to it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	now, err := s.standing(ctx, p.Target)
	switch {
	case absent(err):
		return actions.Outcome{}, restored
	case err != nil:
		return actions.Outcome{}, err
	}
	if status, _ := statusIn(now.keys, p.Target.Key); status == incident.KeyActive {
		return actions.Outcome{}, s.updateKey(ctx, now.user.name, string(p.Target.Key), incident.KeyInactive)
	}
	return actions.Outcome{}, nil
}

// Verify is true when the user is there again and its leaked key can't act.
func (s userRestore) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	now, err := s.standingNow(ctx, p)
	if absent(err) {
		return false, nil
	}
	status, _ := statusIn(now.keys, p.Target.Key)
	return err == nil && status != incident.KeyActive, err
}

// Reverse plans user.delete.
func (s userRestore) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return userDelete{step{s.Account, incident.StepUserDelete}}.Plan(ctx, done.Target, nil)
}
