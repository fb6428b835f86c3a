package alicloud

import (
	"context"
	"strconv"

	"twokey/actions"
	"twokey/incident"
)

// The parameters of the steps on root: what was so when people were asked. They act
// before they say so, so none of it can be compared again.
const (
	paramRootKeys = "root_keys"
	paramRootMFA  = "root_mfa"
)

// rootMFA is an MFA device for root. People bind it in the console; an API only sees
// that there is one.
type rootMFA struct{ step }

// rootDelete is one root key less. People delete it in the console; an API only sees
// how many there are.
type rootDelete struct{ step }

var (
	_ actions.Action = rootMFA{}
	_ actions.Action = rootDelete{}
)

// mayCheck refuses another account's plan and the bot's own key. The target is
// root's: it has a key and no user.
func (s step) mayCheck(ctx context.Context, t incident.Target) error {
	switch {
	case blank(t.AccountID) || blank(string(t.Key)):
		return noTarget(s.name)
	case t.Account != s.Account.name || t.AccountID != s.id:
		return &actions.Error{Op: s.name, Code: CodeOther, Err: ErrOtherAccount}
	}
	own, err := s.self(ctx)
	if err != nil {
		return err
	}
	if own.is(t) {
		return ownIdentity(s.name)
	}
	return nil
}

// attested does nothing: people have done it. It only refuses what no vote allows.
func (s step) attested(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if s.observe {
		return actions.Outcome{}, &actions.Error{Op: s.name, Code: codeObserving, Err: incident.Observing}
	}
	return actions.Outcome{}, s.mayRead(ctx, p)
}

func (s step) mayRead(ctx context.Context, p incident.Plan) error {
	if p.Step != s.name {
		return &actions.Error{Op: s.name, Code: CodeWrongStep}
	}
	return s.mayCheck(ctx, p.Target)
}

// rootPlan guards the account alone: what people do moves all else.
func (s step) rootPlan(t incident.Target, param, value string, fact incident.FactName) incident.Plan {
	of := incident.OfAccount(s.id)
	return incident.Plan{
		Step: s.name, Target: t, Params: map[string]string{param: value},
		Guarded: []incident.Fact{{Of: of, Name: incident.FactAccountID, Value: s.id}},
		Shown:   []incident.Fact{{Of: of, Name: fact, Value: value}},
	}
}

// Plan is of a root user without an MFA device.
func (s rootMFA) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayCheck(ctx, t); err != nil {
		return incident.Plan{}, err
	}
	bound, err := s.rootHasMFA(ctx)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case bound && given[paramRootMFA] == "": // else people have bound it since
		return incident.Plan{}, nothingToDo(s.name)
	}
	return s.rootPlan(t, paramRootMFA, incident.No, incident.FactRootMFA), nil
}

// Run does nothing: people have bound the device.
func (s rootMFA) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	return s.attested(ctx, p)
}

// Verify is true when root has an MFA device.
func (s rootMFA) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	if err := s.mayRead(ctx, p); err != nil {
		return false, err
	}
	return s.rootHasMFA(ctx)
}

// Plan notes how many keys root has. None leaves nothing to do.
func (s rootDelete) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayCheck(ctx, t); err != nil {
		return incident.Plan{}, err
	}
	if _, err := strconv.Atoi(given[paramRootKeys]); err == nil { // made anew
		return s.rootPlan(t, paramRootKeys, given[paramRootKeys], incident.FactRootKeys), nil
	}
	now, err := s.practiceOf(ctx)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case now.rootKeys == 0:
		return incident.Plan{}, nothingToDo(s.name)
	}
	return s.rootPlan(t, paramRootKeys, strconv.Itoa(now.rootKeys), incident.FactRootKeys), nil
}

// Run does nothing: people have deleted the key.
func (s rootDelete) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	return s.attested(ctx, p)
}

// Verify is true when root has fewer keys than when people were asked. Which of them
// is gone no API tells: people look at the id in the console.
func (s rootDelete) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	if err := s.mayRead(ctx, p); err != nil {
		return false, err
	}
	before, err := strconv.Atoi(p.Params[paramRootKeys])
	if err != nil {
		return false, &actions.Error{Op: s.name, Code: CodeParameter}
	}
	now, err := s.practiceOf(ctx)
	return err == nil && now.rootKeys < before, err
}

// seeRoot is what an API sees of root: how many keys, and whether there is an MFA
// device.
func (a *Account) seeRoot(ctx context.Context) ([]actions.Sight, error) {
	var sights [2]actions.Sight
	see := func(i int, source string, name incident.FactName, value func() (string, error)) func() error {
		return func() error {
			at := a.now()
			text, err := value()
			if err == nil {
				sights[i] = actions.Sight{Of: incident.OfAccount(a.id), Facts: facts{name: text}, AsOf: at, Source: source}
			}
			return err
		}
	}
	err := together(
		see(0, "ims:GetAccountSecurityPracticeReport", incident.FactRootKeys, func() (string, error) {
			p, err := a.practiceOf(ctx)
			return strconv.Itoa(p.rootKeys), err
		}),
		see(1, "ims:GetAccountMFAInfo", incident.FactRootMFA, func() (string, error) {
			bound, err := a.rootHasMFA(ctx)
			return yesNo(bound), err
		}),
	)
	var seen []actions.Sight
	for _, s := range sights {
		if s.Of != "" {
			seen = append(seen, s)
		}
	}
	return seen, err
}

func (a *Account) rootSteps() []actions.Action {
	return []actions.Action{rootMFA{step{a, incident.StepRootMFA}}, rootDelete{step{a, incident.StepRootDelete}}}
}

// rootTraits are those of the steps on root. They write nothing.
var rootTraits = map[string]trait{incident.StepRootMFA: {}, incident.StepRootDelete: {}}
