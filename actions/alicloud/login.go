package alicloud

import (
	"context"

	"twokey/actions"
	"twokey/incident"
)

// loginCut closes a user's console logon. The bot never sets a password: one would
// have to pass through a chat. Who has the old one can't log on, and a new one is
// set in the console.
type loginCut struct{ step }

// loginGiveBack opens it again, with the password that it had.
type loginGiveBack struct{ step }

var (
	_ actions.Action   = loginCut{}
	_ actions.Reverser = loginCut{}
	_ actions.Action   = loginGiveBack{}
	_ actions.Reverser = loginGiveBack{}
)

// Plan is of a user who can log on now. A user without a logon leaves nothing to do.
func (s loginCut) Plan(ctx context.Context, t incident.Target, _ map[string]string) (incident.Plan, error) {
	return s.planLogon(ctx, t, true)
}

// Plan is of a user whose logon is closed.
func (s loginGiveBack) Plan(ctx context.Context, t incident.Target, _ map[string]string) (incident.Plan, error) {
	return s.planLogon(ctx, t, false)
}

// planLogon plans to turn an open logon, or a closed one, around.
func (s step) planLogon(ctx context.Context, t incident.Target, open bool) (incident.Plan, error) {
	u, l, err := s.userAndLogon(ctx, t)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case !l.exists || l.open != open:
		return incident.Plan{}, nothingToDo(s.name)
	}
	p := s.plan(t, u.name)
	p.Guarded = append(s.userGuards(t), incident.Fact{
		Of: incident.OfUser(t.UserID), Name: incident.FactConsole, Value: yesNo(l.open),
	})
	p.Shown = []incident.Fact{{Of: incident.OfUser(t.UserID), Name: incident.FactMFAForced, Value: yesNo(l.mfaRequired)}}
	return p, nil
}

// userAndLogon finds the target's user, whatever it is called now, and its logon.
func (s step) userAndLogon(ctx context.Context, t incident.Target) (user, logon, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return user{}, logon{}, err
	}
	u, err := s.find(ctx, t)
	if err != nil {
		return user{}, logon{}, err
	}
	l, err := s.logonOf(ctx, u)
	return u, l, err
}

// userGuards are what every step on a user compares again before it runs.
func (s step) userGuards(t incident.Target) []incident.Fact {
	of := incident.OfUser(t.UserID)
	return []incident.Fact{
		{Of: of, Name: incident.FactAccountID, Value: s.id},
		{Of: of, Name: incident.FactUserID, Value: t.UserID},
	}
}

func yesNo(yes bool) string {
	if yes {
		return incident.Yes
	}
	return incident.No
}

// Run closes the logon. Doing it again is harmless.
func (s loginCut) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	return actions.Outcome{}, s.change(ctx, p, "Status", incident.KeyInactive)
}

// Run opens the logon. Doing it again is harmless.
func (s loginGiveBack) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	return actions.Outcome{}, s.change(ctx, p, "Status", incident.KeyActive)
}

// change writes one setting of the logon of the plan's user.
func (s step) change(ctx context.Context, p incident.Plan, name, value string) error {
	if err := s.mayRun(ctx, p); err != nil {
		return err
	}
	u, err := s.find(ctx, p.Target)
	if err != nil {
		return err
	}
	return s.updateLogon(ctx, u, name, value)
}

// Verify is true when nobody can log on as the user with a password.
func (s loginCut) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	l, err := s.logonNow(ctx, p)
	return err == nil && !l.open, err
}

// Verify is true when the user can log on.
func (s loginGiveBack) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	l, err := s.logonNow(ctx, p)
	return err == nil && l.open, err
}

// logonNow reads the logon of the plan's user back. A user who was deleted has none.
func (s step) logonNow(ctx context.Context, p incident.Plan) (logon, error) {
	if err := s.may(ctx, p); err != nil {
		return logon{}, err
	}
	u, err := s.find(ctx, p.Target)
	if absent(err) {
		return logon{}, nil
	}
	if err != nil {
		return logon{}, err
	}
	return s.logonOf(ctx, u)
}

// Reverse plans login.give_back.
func (s loginCut) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return loginGiveBack{step{s.Account, incident.StepLoginGiveBack}}.Plan(ctx, done.Target, nil)
}

// Reverse plans login.cut.
func (s loginGiveBack) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return loginCut{step{s.Account, incident.StepLoginCut}}.Plan(ctx, done.Target, nil)
}

func (a *Account) loginSteps() []actions.Action {
	return []actions.Action{
		loginCut{step{a, incident.StepLoginCut}},
		loginGiveBack{step{a, incident.StepLoginGiveBack}},
		mfaRequire{step{a, incident.StepMFARequire}},
		mfaRelease{step{a, incident.StepMFARelease}},
		mfaEnforce{step{a, incident.StepMFAEnforce}},
		mfaRelax{step{a, incident.StepMFARelax}},
	}
}

// loginTraits are those of the steps on the console logon. IMS permissions are ram:
// actions; the preference takes no resource (RAM docs: Actions, resources, and
// condition keys).
var loginTraits = map[string]trait{
	incident.StepLoginCut: {
		undo: incident.StepLoginGiveBack,
		undone: []deed{
			{"UpdateLoginProfile", map[string]string{"UserName": "$user", "Status": incident.KeyActive}},
			{"CreateLoginProfile", map[string]string{"UserName": "$user"}},
		},
		writes: map[string]resources{"ram:UpdateLoginProfile": onUser},
	},
	incident.StepLoginGiveBack: {
		undo: incident.StepLoginCut,
		undone: []deed{
			{"UpdateLoginProfile", map[string]string{"UserName": "$user", "Status": incident.KeyInactive}},
			{"DeleteLoginProfile", map[string]string{"UserName": "$user"}},
		},
		writes: map[string]resources{"ram:UpdateLoginProfile": onUser},
	},
	incident.StepMFARequire: {
		undo:   incident.StepMFARelease,
		undone: []deed{{"UpdateLoginProfile", map[string]string{"UserName": "$user", "MFABindRequired": "false"}}},
		writes: map[string]resources{"ram:UpdateLoginProfile": onUser},
	},
	incident.StepMFARelease: {
		undo:   incident.StepMFARequire,
		undone: []deed{{"UpdateLoginProfile", map[string]string{"UserName": "$user", "MFABindRequired": "true"}}},
		writes: map[string]resources{"ram:UpdateLoginProfile": onUser},
	},
	incident.StepMFAEnforce: {
		undo:   incident.StepMFARelax,
		undone: []deed{{"SetSecurityPreference", nil}},
		writes: map[string]resources{"ram:SetSecurityPreference": onAll},
	},
	incident.StepMFARelax: {
		undo:   incident.StepMFAEnforce,
		undone: []deed{{"SetSecurityPreference", nil}},
		writes: map[string]resources{"ram:SetSecurityPreference": onAll},
	},
}
