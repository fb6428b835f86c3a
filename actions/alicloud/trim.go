package alicloud

import (
	"context"
	"maps"
	"slices"

	"twokey/actions"
	"twokey/incident"
)

// The parameters of permissions.trim and permissions.give_back: what is taken away
// or given back, comma-separated, policies as "Custom:name" or "System:name".
const (
	paramPolicies = "policies"
	paramGroups   = "groups"
	paramSnapshot = "snapshot" // a hash of what people saw attached: tells a plan made anew from a new one
)

// trim takes policies and groups from a user: those that people name. Nobody having
// named any, it offers those that no known call of the user's keys needs.
type trim struct{ step }

// giveBack gives exactly those back.
type giveBack struct{ step }

var (
	_ actions.Action   = trim{}
	_ actions.Reverser = trim{}
	_ actions.Action   = giveBack{}
	_ actions.Reverser = giveBack{}
)

// Plan guards all attachments and groups. It is refused, with words on how to name
// some, when nothing is named and the known calls don't say what is not needed.
func (s trim) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	q, err := asking(s.name, t.Key, given)
	if err != nil {
		return incident.Plan{}, err
	}
	u, err := s.find(ctx, t)
	if err != nil {
		return incident.Plan{}, err
	}
	if actions.UrgencyOf(ctx) == actions.Looking {
		ctx = actions.With(ctx, actions.Following) // containing the key matters more, and is planned beside it
	}
	used, err := s.known(ctx, u, q)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case named(given, nil).none() && !used.rests():
		return incident.Plan{}, unnamed(s.name, CodeNameThem) // nothing to go by
	}
	h, err := s.holdings(ctx, u, used)
	if err != nil {
		return incident.Plan{}, err
	}
	unneeded := h.unneeded()
	take := named(given, h.has.policies)
	if take.none() {
		take = unneeded
	}
	has := h.has
	if whole := has.and(take); given[paramSnapshot] == whole.hash() {
		has = whole // made anew after a part of it was done
	}
	if err := s.mayTake(take, has, h); err != nil {
		return incident.Plan{}, err
	}
	if take.but(h.has).sorted().equal(take) {
		return incident.Plan{}, nothingToDo(s.name) // nothing of it is left
	}
	p := s.plan(t, u.name)
	p.Params = q.params()
	maps.Copy(p.Params, take.params())
	p.Params[paramSnapshot] = has.hash()
	p.Guarded = append(s.userGuards(t), has.facts(t.UserID)...)
	of := incident.OfUser(t.UserID)
	p.Shown = []incident.Fact{
		{Of: of, Name: incident.FactGroupPolicy, Value: list(h.through())},
		{Of: of, Name: incident.FactUnneeded, Value: list(slices.Concat(texts(unneeded.policies), unneeded.groups))},
	}
	p.Impact = h.impact(take)
	return p, nil
}

// mayTake refuses what is not the user's, and what holds the thief.
func (s trim) mayTake(take, has powers, h holdings) error {
	quarantine := refTo(custom, s.quarantine.name)
	holds := slices.Contains(take.policies, quarantine) || slices.ContainsFunc(take.groups, func(g string) bool {
		return slices.ContainsFunc(h.of[g], func(p policyRef) bool { return p == quarantine || h.denies[p] })
	})
	switch {
	case take.none():
		return unnamed(s.name, CodeNameThem)
	case holds:
		return &actions.Error{Op: s.name, Code: CodeHoldsThief}
	case !take.but(has).none():
		return &actions.Error{Op: s.name, Code: CodeNotAttached}
	}
	return nil
}

// Run detaches and leaves what is left of the list. One refusal does not stop the
// others; the first is returned.
func (s trim) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if err := s.mayRun(ctx, p); err != nil {
		return actions.Outcome{}, err
	}
	take := named(p.Params, nil)
	if slices.Contains(take.policies, refTo(custom, s.quarantine.name)) {
		return actions.Outcome{}, &actions.Error{Op: s.name, Code: CodeHoldsThief}
	}
	var first error
	for _, ref := range take.policies {
		unlessDone(&first, s.detachRef(ctx, p.Target.User, ref), "EntityNotExist.User.Policy", "EntityNotExist.Policy")
	}
	for _, g := range take.groups {
		unlessDone(&first, s.leave(ctx, p.Target.User, g), "EntityNotExist.User.Group", "EntityNotExist.Group")
	}
	return actions.Outcome{}, first
}

// unlessDone remembers the first error whose code does not say that it is so already.
func unlessDone(first *error, err error, done ...string) {
	if err != nil && *first == nil && !slices.Contains(done, actions.Code(err)) {
		*first = err
	}
}

// Verify is true when the user has nothing of the list any more.
func (s trim) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	take, has, err := s.powersNow(ctx, p)
	if absent(err) {
		return true, nil // the user is gone
	}
	return err == nil && !take.none() && take.but(has).equal(take), err
}

// powersNow is what the plan lists and what its user has now.
func (s step) powersNow(ctx context.Context, p incident.Plan) (listed, has powers, err error) {
	if err := s.may(ctx, p); err != nil {
		return powers{}, powers{}, err
	}
	u, err := s.find(ctx, p.Target)
	if err != nil {
		return powers{}, powers{}, err
	}
	has, err = s.powersOf(ctx, u)
	return named(p.Params, nil), has, err
}

// Reverse plans permissions.give_back of exactly what was taken.
func (s trim) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return giveBack{step{s.Account, incident.StepGiveBack}}.Plan(ctx, done.Target, done.Params)
}

// Plan needs the list: only taking permissions.trim back has it.
func (s giveBack) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	give := named(given, nil)
	if give.none() {
		return incident.Plan{}, unnamed(s.name, CodeUndoOnly)
	}
	u, err := s.find(ctx, t)
	if err != nil {
		return incident.Plan{}, err
	}
	has, err := s.powersOf(ctx, u)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case give.but(has).none():
		return incident.Plan{}, nothingToDo(s.name)
	}
	p := s.plan(t, u.name)
	p.Params = give.params()
	p.Guarded = append(s.userGuards(t), has.but(give).facts(t.UserID)...) // without them: a part may be done already
	return p, nil
}

// Run attaches and joins what is missing of the list. One refusal does not stop the
// others; the first is returned.
func (s giveBack) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if err := s.mayRun(ctx, p); err != nil {
		return actions.Outcome{}, err
	}
	give := named(p.Params, nil)
	var first error
	for _, ref := range give.policies {
		unlessDone(&first, s.attachRef(ctx, p.Target.User, ref), "EntityAlreadyExists.User.Policy")
	}
	for _, g := range give.groups {
		unlessDone(&first, s.rejoin(ctx, p.Target.User, g), "EntityAlreadyExists.User.Group")
	}
	return actions.Outcome{}, first
}

// Verify is true when the user has all of the list.
func (s giveBack) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	give, has, err := s.powersNow(ctx, p)
	return err == nil && !give.none() && give.but(has).none(), err
}

// Reverse plans permissions.trim of the same list.
func (s giveBack) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return trim{step{s.Account, incident.StepTrim}}.Plan(ctx, done.Target, done.Params)
}

func (a *Account) trimSteps() []actions.Action {
	return []actions.Action{trim{step{a, incident.StepTrim}}, giveBack{step{a, incident.StepGiveBack}}}
}

// trimTraits are those of the steps on permissions. Giving any policy back takes the
// right to attach any policy: whoever has it can make anybody an administrator.
var trimTraits = map[string]trait{
	incident.StepTrim: {
		undo: incident.StepGiveBack,
		undone: []deed{
			{"AttachPolicyToUser", map[string]string{"UserName": "$user"}},
			{"AddUserToGroup", map[string]string{"UserName": "$user"}},
		},
		writes: map[string]resources{"ram:DetachPolicyFromUser": onUser | onAnyPolicy, "ram:RemoveUserFromGroup": onUser | onGroup},
	},
	incident.StepGiveBack: {
		undo: incident.StepTrim,
		undone: []deed{
			{"DetachPolicyFromUser", map[string]string{"UserName": "$user"}},
			{"RemoveUserFromGroup", map[string]string{"UserName": "$user"}},
		},
		writes: map[string]resources{"ram:AttachPolicyToUser": onUser | onAnyPolicy, "ram:AddUserToGroup": onUser | onGroup},
	},
}
