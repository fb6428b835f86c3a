package alicloud

import (
	"context"
	"slices"
	"strings"

	"twokey/actions"
	"twokey/incident"
)

// The parameters of user.deactivate and user.reactivate.
const (
	paramKeys    = "keys"    // those that were Active, comma-separated
	paramConsole = "console" // yes: the console logon was open
)

// deactivate takes everything from a user that it can act with: its keys become
// Inactive, and its console logon is closed. Sessions of roles it took on go on.
type deactivate struct{ step }

// reactivate gives back what deactivate took, and no more.
type reactivate struct{ step }

var (
	_ actions.Action   = deactivate{}
	_ actions.Reverser = deactivate{}
	_ actions.Action   = reactivate{}
	_ actions.Reverser = reactivate{}
)

// standing is what a user can act with now.
type standing struct {
	user  user
	keys  []listedKey
	logon logon
}

func (s step) standing(ctx context.Context, t incident.Target) (standing, error) {
	u, err := s.find(ctx, t)
	if err != nil {
		return standing{}, err
	}
	out := standing{user: u}
	err = together(
		func() (err error) { out.keys, err = s.listKeys(ctx, u.name); return err },
		func() (err error) { out.logon, err = s.logonOf(ctx, u); return err },
	)
	return out, err
}

// with are the ids of the keys that have a status.
func (s standing) with(status string) []string {
	var ids []string
	for _, k := range s.keys {
		if k.status == status {
			ids = append(ids, k.id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (s standing) ids() []string {
	ids := make([]string, len(s.keys))
	for i, k := range s.keys {
		ids[i] = k.id
	}
	return ids
}

// guards are the keys with their statuses, and the logon. What the plan is about
// counts as it was when people agreed: a part of it may be done already.
func (s standing) guards(userID string, keys []string, was string, console string) []incident.Fact {
	of := incident.OfUser(userID)
	out := []incident.Fact{{Of: of, Name: incident.FactKeys, Value: list(s.ids())}}
	for _, k := range s.keys {
		status := k.status
		if slices.Contains(keys, k.id) {
			status = was
		}
		out = append(out, incident.Fact{Of: incident.OfKey(incident.KeyID(k.id)), Name: incident.FactStatus, Value: status})
	}
	slices.SortFunc(out[1:], func(x, y incident.Fact) int { return strings.Compare(string(x.Of), string(y.Of)) })
	return append(out, incident.Fact{Of: of, Name: incident.FactConsole, Value: console})
}

// Plan names each key that is Active, and the logon if it is open: taking it back
// gives back just these.
func (s deactivate) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	q, err := asking(s.name, t.Key, given)
	if err != nil {
		return incident.Plan{}, err
	}
	now, err := s.standing(ctx, t)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case len(now.with(incident.KeyActive)) == 0 && !now.logon.open:
		return incident.Plan{}, nothingToDo(s.name)
	}
	keys, console := now.with(incident.KeyActive), yesNo(now.logon.open)
	if given[paramConsole] != "" { // made anew
		keys, console = items(given[paramKeys]), given[paramConsole]
	}
	p := s.plan(t, now.user.name)
	p.Params = q.params()
	p.Params[paramKeys], p.Params[paramConsole] = list(keys), console
	p.Guarded = append(s.userGuards(t), now.guards(t.UserID, keys, incident.KeyActive, console)...)
	p.Impact = s.uses(ctx, now, q)
	return p, nil
}

// uses are the services that the user's keys are known to use.
func (s step) uses(ctx context.Context, now standing, q question) incident.Impact {
	var impact incident.Impact
	for _, id := range now.with(incident.KeyActive) {
		impact.Breaks = append(impact.Breaks, s.knownServices(ctx, question{key: incident.KeyID(id), until: q.until})...)
	}
	slices.Sort(impact.Breaks)
	impact.Breaks = slices.Compact(impact.Breaks)
	if now.logon.open {
		impact.Blind = []string{"console sessions"}
	}
	return impact
}

// Run disables the keys of the plan and closes the logon. One refusal does not stop
// the others; the first is returned.
func (s deactivate) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	return s.turn(ctx, p, incident.KeyInactive)
}

// Run enables the keys of the plan and opens the logon, as they were.
func (s reactivate) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	return s.turn(ctx, p, incident.KeyActive)
}

// turn gives the keys of the plan and its logon a status.
func (s step) turn(ctx context.Context, p incident.Plan, status string) (actions.Outcome, error) {
	if err := s.mayRun(ctx, p); err != nil {
		return actions.Outcome{}, err
	}
	now, err := s.standing(ctx, p.Target)
	if err != nil {
		return actions.Outcome{}, err
	}
	var first error
	for _, id := range items(p.Params[paramKeys]) {
		if slices.Contains(now.ids(), id) && !slices.Contains(now.with(status), id) {
			unlessDone(&first, s.updateKey(ctx, now.user.name, id, status), "EntityNotExist.User.AccessKey")
		}
	}
	if open := status == incident.KeyActive; p.Params[paramConsole] == incident.Yes && now.logon.exists && now.logon.open != open {
		unlessDone(&first, s.updateLogon(ctx, now.user, "Status", status), "EntityNotExist.User.LoginProfile")
	}
	return actions.Outcome{}, first
}

// Verify is true when the user can act with nothing: a key made since counts too.
func (s deactivate) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	now, err := s.standingNow(ctx, p)
	if absent(err) {
		return true, nil // the user is gone
	}
	idle := len(now.with(incident.KeyInactive)) == len(now.keys)
	return err == nil && idle && !now.logon.open, err
}

func (s step) standingNow(ctx context.Context, p incident.Plan) (standing, error) {
	if err := s.may(ctx, p); err != nil {
		return standing{}, err
	}
	return s.standing(ctx, p.Target)
}

// Reverse plans user.reactivate of what was deactivated.
func (s deactivate) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return reactivate{step{s.Account, incident.StepUserReactivate}}.Plan(ctx, done.Target, done.Params)
}

// Plan needs to know what to give back: only taking user.deactivate back says so. A
// key that was deleted since is left out.
func (s reactivate) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	if given[paramConsole] == "" {
		return incident.Plan{}, unnamed(s.name, CodeUndoOnly)
	}
	now, err := s.standing(ctx, t)
	if err != nil {
		return incident.Plan{}, err
	}
	keys := slices.DeleteFunc(items(given[paramKeys]), func(id string) bool { return !slices.Contains(now.ids(), id) })
	asleep := slices.ContainsFunc(keys, func(id string) bool { return slices.Contains(now.with(incident.KeyInactive), id) })
	closed := given[paramConsole] == incident.Yes && now.logon.exists && !now.logon.open
	if !asleep && !closed {
		return incident.Plan{}, nothingToDo(s.name)
	}
	console := yesNo(now.logon.open)
	if given[paramConsole] == incident.Yes {
		console = incident.No
	}
	p := s.plan(t, now.user.name)
	p.Params = map[string]string{paramKeys: list(keys), paramConsole: given[paramConsole]}
	p.Guarded = append(s.userGuards(t), now.guards(t.UserID, keys, incident.KeyInactive, console)...)
	return p, nil
}

// Verify is true when the user can act with all that the plan names.
func (s reactivate) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	now, err := s.standingNow(ctx, p)
	if err != nil {
		return false, err
	}
	asleep := slices.ContainsFunc(items(p.Params[paramKeys]), func(id string) bool { return slices.Contains(now.with(incident.KeyInactive), id) })
	return !asleep && (p.Params[paramConsole] != incident.Yes || !now.logon.exists || now.logon.open), nil
}

// Reverse plans user.deactivate.
func (s reactivate) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return deactivate{step{s.Account, incident.StepUserDeactivate}}.Plan(ctx, done.Target, nil)
}

func (a *Account) userSteps() []actions.Action {
	return []actions.Action{
		deactivate{step{a, incident.StepUserDeactivate}},
		reactivate{step{a, incident.StepUserReactivate}},
		userDelete{step{a, incident.StepUserDelete}},
		userRestore{step{a, incident.StepUserRestore}},
	}
}

// userTraits are those of the steps on a whole user. Restoring takes no resource:
// the user does not exist then (RAM docs: Actions, resources, and condition keys).
var userTraits = map[string]trait{
	incident.StepUserDeactivate: {
		undo: incident.StepUserReactivate,
		undone: []deed{
			{"UpdateAccessKey", map[string]string{"UserName": "$user", "Status": incident.KeyActive}},
			{"CreateAccessKey", map[string]string{"UserName": "$user"}},
			{"UpdateLoginProfile", map[string]string{"UserName": "$user", "Status": incident.KeyActive}},
			{"CreateLoginProfile", map[string]string{"UserName": "$user"}},
		},
		writes: map[string]resources{"ram:UpdateAccessKey": onUser, "ram:UpdateLoginProfile": onUser},
	},
	incident.StepUserReactivate: {
		undo: incident.StepUserDeactivate,
		undone: []deed{
			{"UpdateAccessKey", map[string]string{"UserName": "$user", "Status": incident.KeyInactive}},
			{"UpdateLoginProfile", map[string]string{"UserName": "$user", "Status": incident.KeyInactive}},
		},
		writes: map[string]resources{"ram:UpdateAccessKey": onUser, "ram:UpdateLoginProfile": onUser},
	},
	incident.StepUserDelete: {
		undo:   incident.StepUserRestore,
		undone: []deed{{"RestoreUserFromRecycleBin", map[string]string{"UserId": "$id"}}},
		writes: map[string]resources{"ram:DeleteUser": onUser},
	},
	incident.StepUserRestore: {
		undo:   incident.StepUserDelete,
		undone: []deed{{"DeleteUser", map[string]string{"UserId": "$id"}}, {"DeleteUser", map[string]string{"UserName": "$user"}}},
		writes: map[string]resources{"ram:RestoreUserFromRecycleBin": onAll, "ram:UpdateAccessKey": onUser},
	},
}
