package alicloud

import (
	"context"
	"maps"
	"slices"
	"strings"

	"twokey/actions"
	"twokey/incident"
)

// lookStep is a step that only looks. It changes nothing, so an account that
// observes has it in earnest too, and it may be made as often as one likes.
type lookStep struct {
	step
	see func(context.Context, incident.Plan) (actions.Outcome, error)
}

var (
	_ actions.Action     = lookStep{}
	_ actions.Reconciler = lookStep{}
)

// Plan reads nothing but who the bot is. A key of root has no user; every other
// target is wholly named.
func (s lookStep) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayLook(ctx, t); err != nil {
		return incident.Plan{}, err
	}
	q, err := asking(s.name, t.Key, given)
	if err != nil {
		return incident.Plan{}, err
	}
	return incident.Plan{
		Step: s.name, Target: t, Params: q.params(),
		Guarded: []incident.Fact{{Of: incident.OfKey(t.Key), Name: incident.FactAccountID, Value: s.id}},
	}, nil
}

// mayLook is [Account.mayTouch], and lets root's keys be looked at.
func (s lookStep) mayLook(ctx context.Context, t incident.Target) error {
	if t.User == "" && t.UserID == "" {
		t.User, t.UserID = "root", t.AccountID // nobody here is called by an account's id
	}
	return s.mayTouch(ctx, s.name, t)
}

// Run looks.
func (s lookStep) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if p.Step != s.name {
		return actions.Outcome{}, &actions.Error{Op: s.name, Code: CodeWrongStep}
	}
	if err := s.mayLook(ctx, p.Target); err != nil {
		return actions.Outcome{}, err
	}
	s.looks.set(lookKey(p), false)
	out, err := s.see(ctx, p)
	s.looks.set(lookKey(p), err == nil)
	return out, err
}

// Verify is true when this program has made the look: nothing in the cloud tells.
func (s lookStep) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	if p.Step != s.name {
		return false, &actions.Error{Op: s.name, Code: CodeWrongStep}
	}
	if err := s.mayLook(ctx, p.Target); err != nil {
		return false, err
	}
	return s.looks.made(lookKey(p)), nil
}

// Reconcile looks again: what was found before the program died is lost.
func (s lookStep) Reconcile(ctx context.Context, p incident.Plan) (actions.Outcome, bool, error) {
	out, err := s.Run(ctx, p)
	return out, err == nil, err
}

func lookKey(p incident.Plan) string {
	parts := []string{p.Step, p.Target.UserID, string(p.Target.Key)}
	for _, name := range slices.Sorted(maps.Keys(p.Params)) {
		parts = append(parts, name, p.Params[name])
	}
	return strings.Join(parts, "\x00")
}
