package alicloud

import (
	"context"
	"strconv"

	"twokey/actions"
	"twokey/incident"
)

// mandatory asks every RAM user of the account for MFA at each logon (IMS docs:
// SetSecurityPreference).
const mandatory = "mandatory"

// paramMFA is the plan's parameter that says what the account's rule on MFA becomes.
const paramMFA = "mfa"

// paramFormer is the plan's parameter that keeps what it was.
const paramFormer = "former"

// mfaEnforce makes MFA mandatory for all RAM users of the account.
type mfaEnforce struct{ step }

// mfaRelax puts the rule back that held before.
type mfaRelax struct{ step }

var (
	_ actions.Action   = mfaEnforce{}
	_ actions.Reverser = mfaEnforce{}
	_ actions.Action   = mfaRelax{}
	_ actions.Reverser = mfaRelax{}
)

// Plan guards the whole preference, because the API takes all of it at once.
func (s mfaEnforce) Plan(ctx context.Context, t incident.Target, _ map[string]string) (incident.Plan, error) {
	return s.planRule(ctx, t, mandatory)
}

// Plan needs to know which rule to put back: only taking mfa.enforce back says so.
func (s mfaRelax) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	switch given[paramMFA] {
	case "":
		return incident.Plan{}, unnamed(s.name, CodeUndoOnly)
	case "independent", "adaptive":
		return s.planRule(ctx, t, given[paramMFA])
	}
	return incident.Plan{}, &actions.Error{Op: s.name, Code: CodeParameter}
}

func (s step) planRule(ctx context.Context, t incident.Target, rule string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	var now preference
	var users practice
	var counted error
	err := together(
		func() (err error) { now, err = s.preferenceOf(ctx); return err },
		func() error { users, counted = s.practiceOf(ctx); return nil }, // good to know, no more
	)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case now[settingMFA] == rule:
		return incident.Plan{}, nothingToDo(s.name)
	}
	of := incident.OfAccount(s.id)
	p := s.plan(t, t.User) // it is about all users, and holds when this one is gone
	p.Params = map[string]string{paramMFA: rule, paramFormer: now[settingMFA]}
	p.Guarded = []incident.Fact{
		{Of: of, Name: incident.FactAccountID, Value: s.id},
		{Of: of, Name: incident.FactMFARule, Value: now[settingMFA]},
		{Of: of, Name: incident.FactPreference, Value: now.rest()},
	}
	if counted == nil {
		p.Shown = []incident.Fact{{Of: of, Name: incident.FactNoMFA, Value: strconv.Itoa(users.users - users.withMFA)}}
	}
	return p, nil
}

// Run makes MFA mandatory. Doing it again is harmless.
func (s mfaEnforce) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	return actions.Outcome{}, s.rule(ctx, p)
}

// Run puts the former rule back. Doing it again is harmless.
func (s mfaRelax) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	return actions.Outcome{}, s.rule(ctx, p)
}

// rule writes the one setting and asserts that the rest is as people saw it. No
// document says in so many words that what is not sent stays; if it does not, all
// is put back as it was, and that is [CodePreference].
func (s step) rule(ctx context.Context, p incident.Plan) error {
	if err := s.mayRun(ctx, p); err != nil {
		return err
	}
	before, err := s.preferenceOf(ctx)
	if err != nil {
		return err
	}
	set := s.setPreference(ctx, params{settingMFA: p.Params[paramMFA]})
	if set != nil && !actions.Transient(set) {
		return set
	}
	// Also after no answer: it may have been written.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*patience)
	defer cancel()
	after, err := s.preferenceOf(ctx)
	switch {
	case err != nil:
		return err
	case after.rest() == before.rest():
		return set
	}
	if err := s.setPreference(ctx, before.params()); err != nil {
		return err
	}
	return &actions.Error{Op: s.name, Code: CodePreference}
}

// Verify is true when MFA is mandatory for every RAM user.
func (s mfaEnforce) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	return s.isRule(ctx, p, mandatory)
}

// Verify is true when the former rule holds.
func (s mfaRelax) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	return s.isRule(ctx, p, p.Params[paramMFA])
}

func (s step) isRule(ctx context.Context, p incident.Plan, rule string) (bool, error) {
	if err := s.may(ctx, p); err != nil {
		return false, err
	}
	now, err := s.preferenceOf(ctx)
	return err == nil && now[settingMFA] == rule, err
}

// Reverse plans mfa.relax to the rule that held when people agreed.
func (s mfaEnforce) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return mfaRelax{step{s.Account, incident.StepMFARelax}}.Plan(ctx, done.Target, map[string]string{paramMFA: done.Params[paramFormer]})
}

// Reverse plans mfa.enforce.
func (s mfaRelax) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return mfaEnforce{step{s.Account, incident.StepMFAEnforce}}.Plan(ctx, done.Target, nil)
}
