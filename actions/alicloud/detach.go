package alicloud

import (
	"context"

	"twokey/actions"
	"twokey/incident"
)

// policyDetach takes the quarantine policy from the user, or the user from the
// quarantine group; policy and group themselves stay in the account.
type policyDetach struct{ step }

// Plan guards every key the user has outside the recycle bin: the order rules
// read there whether a named one still lives.
func (s policyDetach) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayName(ctx, t, given); err != nil {
		return incident.Plan{}, err
	}
	see, err := s.see(ctx, t)
	if err != nil {
		return incident.Plan{}, err
	}
	out, hash, err := s.holding(ctx, see, given)
	if err != nil {
		return incident.Plan{}, err
	}
	p := s.plan(t, see.user.name)
	of := incident.OfUser(t.UserID)
	p.Params = map[string]string{}
	out.params(p.Params)
	p.Guarded = []incident.Fact{
		{Of: of, Name: incident.FactAccountID, Value: s.id},
		{Of: of, Name: incident.FactUserID, Value: see.user.id},
		{Of: of, Name: incident.FactKeys, Value: see.keys},
		{Of: of, Name: incident.FactQuarantine, Value: hash},
	}
	p.Shown = []incident.Fact{
		{Of: of, Name: incident.FactPolicies, Value: list(see.direct)},
		{Of: of, Name: incident.FactGroups, Value: list(see.groups)},
		{Of: of, Name: incident.FactGroupPolicy, Value: list(see.through)},
	}
	return p, nil
}

// holding is the cell that the user is in: the one asked for, or whichever it is,
// its own policy first. In none there is nothing to do.
func (s policyDetach) holding(ctx context.Context, see sighting, given map[string]string) (cell, string, error) {
	direct, group := s.quarantine.cell(nil), s.quarantine.cell(map[string]string{paramVia: viaGroup})
	switch {
	case direct.held(see) && given[paramVia] != viaGroup:
		return direct, see.hash, nil
	case group.held(see) && (given[paramPolicy] == "" || given[paramVia] == viaGroup):
		hash, err := s.storedHash(ctx, group.policy)
		return group, hash, err
	}
	return cell{}, "", nothingToDo(s.name)
}

// Run takes the user out. Found outside is done.
func (s policyDetach) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if err := s.mayRun(ctx, p); err != nil {
		return actions.Outcome{}, err
	}
	out := s.quarantine.cell(p.Params)
	if !out.names(p.Params) {
		return actions.Outcome{}, &actions.Error{Op: s.name, Code: CodeDiffers, Err: ErrDiffers}
	}
	return actions.Outcome{}, s.unlock(ctx, p.Target.User, out)
}

// Verify is true when the policy is not attached to the user, or the user is not in
// the group that the plan names.
func (s policyDetach) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	if err := s.may(ctx, p); err != nil {
		return false, err
	}
	u, err := s.find(ctx, p.Target)
	if err != nil {
		return false, err
	}
	see, err := s.heldBy(ctx, u.name, cell{policy: p.Params[paramPolicy], group: p.Params[paramGroup]})
	if absent(err) {
		return true, nil // the group is gone, and the user with it
	}
	out := cell{policy: p.Params[paramPolicy], group: p.Params[paramGroup]}
	return err == nil && !out.held(see), err
}

// Reverse plans policy.quarantine.
func (s policyDetach) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return policyQuarantine{step{s.Account, incident.StepPolicyQuarantine}}.Plan(ctx, done.Target, done.Params)
}
