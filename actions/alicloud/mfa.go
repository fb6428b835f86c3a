package alicloud

import (
	"context"

	"twokey/actions"
	"twokey/incident"
)

// mfaRequire lets a user log on with an MFA device only. Who has none is asked to
// bind one at the next logon: the bot binds none, because its seed would pass
// through a chat.
type mfaRequire struct{ step }

// mfaRelease takes that back.
type mfaRelease struct{ step }

var (
	_ actions.Action   = mfaRequire{}
	_ actions.Reverser = mfaRequire{}
	_ actions.Action   = mfaRelease{}
	_ actions.Reverser = mfaRelease{}
)

// Plan is of a user with a logon that does not ask for MFA yet.
func (s mfaRequire) Plan(ctx context.Context, t incident.Target, _ map[string]string) (incident.Plan, error) {
	return s.planMFA(ctx, t, false)
}

// Plan is of a user whose logon asks for MFA.
func (s mfaRelease) Plan(ctx context.Context, t incident.Target, _ map[string]string) (incident.Plan, error) {
	return s.planMFA(ctx, t, true)
}

func (s step) planMFA(ctx context.Context, t incident.Target, required bool) (incident.Plan, error) {
	u, l, err := s.userAndLogon(ctx, t)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case !l.exists || l.mfaRequired != required:
		return incident.Plan{}, nothingToDo(s.name)
	}
	bound, err := s.mfaBound(ctx, u)
	if err != nil {
		return incident.Plan{}, err
	}
	of := incident.OfUser(t.UserID)
	p := s.plan(t, u.name)
	p.Guarded = append(s.userGuards(t), incident.Fact{Of: of, Name: incident.FactMFAForced, Value: yesNo(l.mfaRequired)})
	p.Shown = []incident.Fact{
		{Of: of, Name: incident.FactMFA, Value: yesNo(bound)},
		{Of: of, Name: incident.FactConsole, Value: yesNo(l.open)},
	}
	return p, nil
}

// Run asks for MFA. Doing it again is harmless.
func (s mfaRequire) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	return actions.Outcome{}, s.change(ctx, p, "MFABindRequired", "true")
}

// Run no longer asks for MFA. Doing it again is harmless.
func (s mfaRelease) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	return actions.Outcome{}, s.change(ctx, p, "MFABindRequired", "false")
}

// Verify is true when nobody can log on as the user without MFA: a user without a
// logon can't at all.
func (s mfaRequire) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	l, err := s.logonNow(ctx, p)
	return err == nil && (!l.exists || l.mfaRequired), err
}

// Verify is true when the user's logon asks for no MFA of its own.
func (s mfaRelease) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	l, err := s.logonNow(ctx, p)
	return err == nil && l.exists && !l.mfaRequired, err
}

// Reverse plans mfa.release.
func (s mfaRequire) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return mfaRelease{step{s.Account, incident.StepMFARelease}}.Plan(ctx, done.Target, nil)
}

// Reverse plans mfa.require.
func (s mfaRelease) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return mfaRequire{step{s.Account, incident.StepMFARequire}}.Plan(ctx, done.Target, nil)
}
