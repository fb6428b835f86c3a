package alicloud

import (
	"context"
	"slices"

	"twokey/actions"
	"twokey/actions/rampolicy"
	"twokey/incident"
)

// paramPolicy is the plan's parameter that names the quarantine policy.
const paramPolicy = "policy"

// policyQuarantine attaches the quarantine policy to the key's user. It binds all
// keys of that user and its console logon, but neither root nor the sessions of
// roles that the user assumed before.
type policyQuarantine struct{ step }

var (
	_ actions.Action   = policyQuarantine{}
	_ actions.Reverser = policyQuarantine{}
	_ actions.Action   = policyDetach{}
	_ actions.Reverser = policyDetach{}
)

// Plan guards the user, the document and what is attached; groups and the user's
// keys are shown. A policy of the same name with another content is
// [CodeDiffers].
func (s policyQuarantine) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayName(ctx, t, given); err != nil {
		return incident.Plan{}, err
	}
	q, err := asking(s.name, t.Key, given)
	if err != nil {
		return incident.Plan{}, err
	}
	var see sighting
	var impact incident.Impact
	err = together(
		func() (err error) { see, err = s.see(ctx, t); return err },
		func() error { impact = s.impact(ctx, q, s.quarantine.doc); return nil },
	)
	if err != nil {
		return incident.Plan{}, err
	}
	if err := s.sameDocument(see.hash); err != nil {
		return incident.Plan{}, err
	}
	if see.attached {
		return incident.Plan{}, nothingToDo(s.name)
	}
	p := s.plan(t, see.user.name)
	of := incident.OfUser(t.UserID)
	p.Params = q.params()
	p.Params[paramPolicy] = s.quarantine.name
	p.Guarded = []incident.Fact{
		{Of: of, Name: incident.FactAccountID, Value: s.id},
		{Of: of, Name: incident.FactUserID, Value: see.user.id},
		{Of: of, Name: incident.FactDocument, Value: s.quarantine.doc.Hash()},
		{Of: of, Name: incident.FactPolicies, Value: list(see.direct)},
	}
	p.Shown = []incident.Fact{
		{Of: of, Name: incident.FactGroups, Value: list(see.groups)},
		{Of: of, Name: incident.FactGroupPolicy, Value: list(see.through)},
		{Of: of, Name: incident.FactKeys, Value: see.keys},
	}
	p.Impact = impact
	return p, nil
}

// mayName refuses a plan that names another policy than the configured one.
func (s step) mayName(ctx context.Context, t incident.Target, given map[string]string) error {
	if name := given[paramPolicy]; name != "" && name != s.quarantine.name {
		return &actions.Error{Op: s.name, Code: CodeDiffers, Err: ErrDiffers}
	}
	return s.mayTouch(ctx, s.name, t)
}

// sighting is what a plan about a user's quarantine looks at.
type sighting struct {
	user     user
	direct   []policyRef
	groups   []string
	through  []policyRef
	keys     string
	hash     string // of the quarantine policy in the account; absent if there is none
	attached bool
}

func (s step) see(ctx context.Context, t incident.Target) (sighting, error) {
	u, err := s.find(ctx, t)
	if err != nil {
		return sighting{}, err
	}
	out := sighting{user: u}
	err = together(
		func() (err error) { out.direct, err = s.directPolicies(ctx, u.name); return err },
		func() (err error) { out.groups, out.through, err = s.memberships(ctx, u.name); return err },
		func() (err error) { out.hash, err = s.storedHash(ctx); return err },
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
	out.attached = slices.Contains(out.direct, refTo(custom, s.quarantine.name))
	return out, err
}

// storedHash is the hash of the account's quarantine policy; absent if it has
// none yet.
func (a *Account) storedHash(ctx context.Context) (string, error) {
	hash, err := a.documentHash(ctx, a.quarantine.name)
	if absent(err) {
		return incident.Absent, nil
	}
	return hash, err
}

// sameDocument refuses a policy of our name with another content: somebody else's,
// or edited by somebody.
func (s step) sameDocument(hash string) error {
	if hash != incident.Absent && hash != s.quarantine.doc.Hash() {
		return &actions.Error{Op: s.name, Code: CodeDiffers, Err: ErrDiffers}
	}
	return nil
}

// Run creates the policy if the account has none, and attaches it. Found created
// or attached already is done, after comparing the document. A full quota is the
// cloud's refusal "LimitExceeded.User.Policy".
func (s policyQuarantine) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if err := s.mayRun(ctx, p); err != nil {
		return actions.Outcome{}, err
	}
	agreed, _ := p.Guard(incident.OfUser(p.Target.UserID), incident.FactDocument)
	if agreed != s.quarantine.doc.Hash() || p.Params[paramPolicy] != s.quarantine.name {
		return actions.Outcome{}, &actions.Error{Op: s.name, Code: CodeDiffers, Err: ErrDiffers} // the configuration changed
	}
	if err := s.ensure(ctx); err != nil {
		return actions.Outcome{}, err
	}
	err := s.attach(ctx, p.Target.User, s.quarantine.name)
	if actions.Code(err) == "EntityAlreadyExists.User.Policy" {
		err = nil
	}
	return actions.Outcome{}, err
}

// ensure sees to it that the account has the policy with our content. Whoever
// creates it in the same moment is compared too.
func (s policyQuarantine) ensure(ctx context.Context) error {
	hash, err := s.storedHash(ctx)
	if err != nil {
		return err
	}
	if hash == incident.Absent {
		err := s.createPolicy(ctx, s.quarantine.name, string(s.quarantine.doc.Canonical()))
		if actions.Code(err) != "EntityAlreadyExists.Policy" {
			return err
		}
		if hash, err = s.documentHash(ctx, s.quarantine.name); err != nil {
			return err
		}
	}
	return s.sameDocument(hash)
}

// Verify is true when the user has the policy and the policy says what people
// agreed to: somebody could have changed its default version.
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
	name := p.Params[paramPolicy]
	var direct []policyRef
	var hash string
	err = together(
		func() (err error) { direct, err = s.directPolicies(ctx, u.name); return err },
		func() (err error) { hash, err = s.documentHash(ctx, name); return err },
	)
	if absent(err) {
		return false, nil
	}
	agreed, _ := p.Guard(incident.OfUser(p.Target.UserID), incident.FactDocument)
	return err == nil && hash == agreed && slices.Contains(direct, refTo(custom, name)), err
}

// Reverse plans policy.detach.
func (s policyQuarantine) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return policyDetach{step{s.Account, incident.StepPolicyDetach}}.Plan(ctx, done.Target, done.Params)
}

// policyDetach takes the quarantine policy from the user; the policy itself stays
// in the account.
type policyDetach struct{ step }

// Plan guards every key the user has outside the recycle bin: the order rules
// read there whether a named one still lives.
func (s policyDetach) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayName(ctx, t, given); err != nil {
		return incident.Plan{}, err
	}
	see, err := s.see(ctx, t)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case !see.attached:
		return incident.Plan{}, nothingToDo(s.name)
	}
	p := s.plan(t, see.user.name)
	of := incident.OfUser(t.UserID)
	p.Params = map[string]string{paramPolicy: s.quarantine.name}
	p.Guarded = []incident.Fact{
		{Of: of, Name: incident.FactAccountID, Value: s.id},
		{Of: of, Name: incident.FactUserID, Value: see.user.id},
		{Of: of, Name: incident.FactKeys, Value: see.keys},
		{Of: of, Name: incident.FactQuarantine, Value: see.hash},
	}
	p.Shown = []incident.Fact{
		{Of: of, Name: incident.FactPolicies, Value: list(see.direct)},
		{Of: of, Name: incident.FactGroups, Value: list(see.groups)},
		{Of: of, Name: incident.FactGroupPolicy, Value: list(see.through)},
	}
	return p, nil
}

// Run detaches the policy. Found detached is done.
func (s policyDetach) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if err := s.mayRun(ctx, p); err != nil {
		return actions.Outcome{}, err
	}
	if p.Params[paramPolicy] != s.quarantine.name {
		return actions.Outcome{}, &actions.Error{Op: s.name, Code: CodeDiffers, Err: ErrDiffers}
	}
	err := s.detach(ctx, p.Target.User, s.quarantine.name)
	if actions.Code(err) == "EntityNotExist.User.Policy" {
		err = nil
	}
	return actions.Outcome{}, err
}

// Verify is true when the policy is not attached to the user.
func (s policyDetach) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	if err := s.may(ctx, p); err != nil {
		return false, err
	}
	u, err := s.find(ctx, p.Target)
	if err != nil {
		return false, err
	}
	direct, err := s.directPolicies(ctx, u.name)
	return err == nil && !slices.Contains(direct, refTo(custom, p.Params[paramPolicy])), err
}

// Reverse plans policy.quarantine.
func (s policyDetach) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return policyQuarantine{step{s.Account, incident.StepPolicyQuarantine}}.Plan(ctx, done.Target, done.Params)
}

// impact predicts what a Deny document would stop: the operations that the key is
// known to have been used for, replayed against it.
func (s step) impact(ctx context.Context, q question, doc rampolicy.Document) incident.Impact {
	ctx, cancel := context.WithTimeout(ctx, 2*soon)
	defer cancel()
	known := s.history(ctx, q)
	return incident.Impact{
		Breaks: rampolicy.Denies(doc, known.actions()), Since: known.since,
		Blind: []string{"oss data events", "sls data events"}, // not in ActionTrail (Solutions to AccessKey pair leaks, step 3)
	}
}
