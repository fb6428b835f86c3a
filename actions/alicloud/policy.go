package alicloud

import (
	"context"
	"slices"
	"strings"

	"twokey/actions"
	"twokey/actions/rampolicy"
	"twokey/incident"
)

// paramPolicy is the plan's parameter that names the quarantine policy.
const paramPolicy = "policy"

// policyQuarantine attaches the quarantine policy to the key's user, or puts the
// user into the quarantine group when it has no room for one more policy. It binds
// all keys of that user and its console logon, but neither root nor the sessions
// of roles that the user assumed before.
type policyQuarantine struct{ step }

var (
	_ actions.Action   = policyQuarantine{}
	_ actions.Reverser = policyQuarantine{}
	_ actions.Action   = policyDetach{}
	_ actions.Reverser = policyDetach{}
)

// Plan guards the user, the document and what is attached; groups, the user's keys
// and its room for policies are shown. A policy of the same name with another
// content is [CodeDiffers]; none, while the bot may not make one, is [CodeNoPolicy].
func (s policyQuarantine) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayName(ctx, t, given); err != nil {
		return incident.Plan{}, err
	}
	q, err := asking(s.name, t.Key, given)
	if err != nil {
		return incident.Plan{}, err
	}
	var see sighting
	var known past
	err = together(
		func() (err error) { see, err = s.see(ctx, t); return err },
		func() error { known = s.pastUse(ctx, q); return nil },
	)
	if err != nil {
		return incident.Plan{}, err
	}
	in, err := s.choose(ctx, see, given)
	if err != nil {
		return incident.Plan{}, err
	}
	p := s.plan(t, see.user.name)
	of := incident.OfUser(t.UserID)
	p.Params = q.params()
	in.params(p.Params)
	p.Guarded = []incident.Fact{
		{Of: of, Name: incident.FactAccountID, Value: s.id},
		{Of: of, Name: incident.FactUserID, Value: see.user.id},
		{Of: of, Name: incident.FactDocument, Value: in.doc.Hash()},
		{Of: of, Name: incident.FactPolicies, Value: list(see.direct)},
	}
	p.Shown = []incident.Fact{
		{Of: of, Name: incident.FactGroups, Value: list(see.groups)},
		{Of: of, Name: incident.FactGroupPolicy, Value: list(see.through)},
		{Of: of, Name: incident.FactKeys, Value: see.keys},
	}
	if see.room != "" {
		p.Shown = append(p.Shown, incident.Fact{Of: of, Name: incident.FactRoom, Value: see.room})
	}
	p.Impact = known.impact(in.doc)
	return p, nil
}

// choose is how the user is to be held. Held already, either way, there is nothing
// to do.
func (s policyQuarantine) choose(ctx context.Context, see sighting, given map[string]string) (cell, error) {
	direct, group := s.quarantine.cell(nil), s.quarantine.cell(map[string]string{paramVia: viaGroup})
	if err := direct.same(s.name, see.hash); err != nil {
		return cell{}, err
	}
	if direct.held(see) {
		return cell{}, nothingToDo(s.name)
	}
	hash := see.hash
	in := direct
	if see.room == incident.Full || given[paramVia] == viaGroup || group.held(see) {
		var err error
		if hash, err = s.storedHash(ctx, group.policy); err != nil {
			return cell{}, err
		}
		in = group
	}
	in, err := s.ready(ctx, in, hash)
	if err != nil {
		return cell{}, err
	}
	if in.held(see) {
		return cell{}, nothingToDo(s.name)
	}
	return in, nil
}

// mayName refuses a plan that names another policy or group than the configured
// ones.
func (s step) mayName(ctx context.Context, t incident.Target, given map[string]string) error {
	if given[paramPolicy] != "" && !s.quarantine.cell(given).names(given) {
		return &actions.Error{Op: s.name, Code: CodeDiffers, Err: ErrDiffers}
	}
	return s.mayTouch(ctx, s.name, t)
}

// sighting is what a plan about a user's quarantine looks at.
type sighting struct {
	user    user
	direct  []policyRef
	groups  []string
	through []policyRef
	keys    string
	room    string // whether one more custom policy fits the user; empty: not known
	hash    string // of the quarantine policy in the account; absent if there is none
}

func (s step) see(ctx context.Context, t incident.Target) (sighting, error) {
	u, err := s.find(ctx, t)
	if err != nil {
		return sighting{}, err
	}
	out := sighting{user: u}
	var most limits
	err = together(
		func() (err error) { out.direct, err = s.directPolicies(ctx, u.name); return err },
		func() (err error) { out.groups, out.through, err = s.memberships(ctx, u.name); return err },
		func() (err error) { out.hash, err = s.storedHash(ctx, s.quarantine.name); return err },
		func() error { most = s.limits(ctx); return nil },
		func() error {
			keys, err := s.listKeys(ctx, u.name)
			ids := make([]string, len(keys))
			for i, k := range keys {
				ids[i] = k.id
			}
			out.keys = list(ids)
			return err
		},
	)
	out.room = room(out.direct, most)
	return out, err
}

// room says whether one more custom policy fits a user; empty if the account did
// not say how many there may be. System policies have a quota of their own.
func room(direct []policyRef, most limits) string {
	if most.policies == 0 {
		return ""
	}
	customs := 0
	for _, p := range direct {
		if strings.HasPrefix(string(p), custom+":") {
			customs++
		}
	}
	if customs >= most.policies {
		return incident.Full
	}
	return incident.Free
}

// storedHash is the hash of a policy of the account; absent if it has none of that
// name.
func (a *Account) storedHash(ctx context.Context, name string) (string, error) {
	hash, err := a.documentHash(ctx, name)
	if absent(err) {
		return incident.Absent, nil
	}
	return hash, err
}

// Run attaches the policy, or puts the user into the group, after comparing what
// the account has; what is missing it makes only if it may. Found so already is
// done. A quota that filled up meanwhile is the cloud's refusal
// "LimitExceeded.User.Policy".
func (s policyQuarantine) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if err := s.mayRun(ctx, p); err != nil {
		return actions.Outcome{}, err
	}
	in := s.quarantine.cell(p.Params)
	agreed, _ := p.Guard(incident.OfUser(p.Target.UserID), incident.FactDocument)
	if agreed != in.doc.Hash() || !in.names(p.Params) {
		return actions.Outcome{}, &actions.Error{Op: s.name, Code: CodeDiffers, Err: ErrDiffers} // the configuration changed
	}
	if err := s.build(ctx, in); err != nil {
		return actions.Outcome{}, err
	}
	return actions.Outcome{}, s.lock(ctx, p.Target.User, in)
}

// Verify is true when the user has the policy, itself or by the group that the plan
// names, and the policy says what people agreed to: somebody could have changed its
// default version.
func (s policyQuarantine) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	if err := s.may(ctx, p); err != nil {
		return false, err
	}
	u, err := s.find(ctx, p.Target)
	if absent(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	in := cell{policy: p.Params[paramPolicy], group: p.Params[paramGroup]}
	var see sighting
	var hash string
	err = together(
		func() (err error) { see, err = s.heldBy(ctx, u.name, in); return err },
		func() (err error) { hash, err = s.documentHash(ctx, in.policy); return err },
	)
	if absent(err) {
		return false, nil
	}
	agreed, _ := p.Guard(incident.OfUser(p.Target.UserID), incident.FactDocument)
	return err == nil && hash == agreed && in.held(see), err
}

// heldBy reads as much as tells whether a user is in a cell.
func (a *Account) heldBy(ctx context.Context, user string, in cell) (see sighting, err error) {
	if in.group == "" {
		see.direct, err = a.directPolicies(ctx, user)
		return see, err
	}
	err = together(
		func() (err error) { see.groups, err = a.groups(ctx, user); return err },
		func() (err error) { see.through, err = a.groupPolicies(ctx, in.group); return err },
	)
	return see, err
}

// Reverse plans policy.detach.
func (s policyQuarantine) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return policyDetach{step{s.Account, incident.StepPolicyDetach}}.Plan(ctx, done.Target, done.Params)
}

// pastUse bounds how long a plan waits for what the key was used for.
func (s step) pastUse(ctx context.Context, q question) past {
	ctx, cancel := context.WithTimeout(ctx, 2*soon)
	defer cancel()
	return s.history(ctx, q)
}

// impact predicts what a Deny document would stop: the operations that the key is
// known to have been used for, replayed against it.
func (p past) impact(doc rampolicy.Document) incident.Impact {
	return incident.Impact{
		Breaks: rampolicy.Denies(doc, p.actions()), Since: p.since,
		Blind: blind(), // not in ActionTrail (Solutions to AccessKey pair leaks, step 3)
	}
}

// blind is what the audit trail never shows: access to data.
func blind(more ...string) []string {
	return slices.Sorted(slices.Values(append([]string{"oss data events", "sls data events"}, more...)))
}
