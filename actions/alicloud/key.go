package alicloud

import (
	"context"
	"slices"
	"time"

	"twokey/actions"
	"twokey/incident"
)

// keyDisable makes a key Inactive: the thief is out, and so is everybody else who
// uses the key.
type keyDisable struct{ step }

var (
	_ actions.Action   = keyDisable{}
	_ actions.Reverser = keyDisable{}
	_ actions.Action   = keyEnable{}
	_ actions.Reverser = keyEnable{}
)

// Plan says which services are known to use the key. It does not depend on that:
// the audit trail being down must not hold up containment.
func (s keyDisable) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	q, err := asking(s.name, t.Key, given)
	if err != nil {
		return incident.Plan{}, err
	}
	var at place
	var uses []string
	err = together(
		func() (err error) { at, err = s.locate(ctx, t); return err },
		func() error { uses = s.knownServices(ctx, q); return nil },
	)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case at.status != incident.KeyActive:
		return incident.Plan{}, nothingToDo(s.name) // Inactive, in the bin or gone: it cannot act
	}
	p := s.plan(t, at.user)
	p.Params = q.params()
	p.Guarded = s.keyGuards(t, at.status)
	p.Impact.Breaks = uses
	return p, nil
}

// soon bounds how long a plan waits for what is merely good to know.
const soon = 3 * time.Second

// knownServices are the services that use the key, sorted; none if the trail does
// not say in time. A service used lately counts only if its owner used it before
// the leak too.
func (s step) knownServices(ctx context.Context, q question) []string {
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	all, err := s.services(ctx, q.key)
	if err != nil {
		return nil
	}
	var names []string
	var late []dated
	for _, service := range all {
		if q.counts(service.at) {
			names = append(names, service.name)
		} else {
			late = append(late, service)
		}
	}
	if len(late) > 0 {
		before := s.history(ctx, q)
		for _, service := range late {
			if slices.ContainsFunc(before.uses, func(u use) bool { return u.service == service.name }) {
				names = append(names, service.name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Run makes the key Inactive. Doing it again is harmless.
func (s keyDisable) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	return actions.Outcome{}, s.set(ctx, p, incident.KeyInactive)
}

// Verify is true when the key cannot act: Inactive, in the recycle bin, or gone.
func (s keyDisable) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	if err := s.may(ctx, p); err != nil {
		return false, err
	}
	at, err := s.locate(ctx, p.Target)
	if err != nil {
		return false, err
	}
	return at.status == incident.KeyInactive || at.status == incident.KeyInBin || at.status == incident.KeyGone, nil
}

// Reverse plans key.enable.
func (s keyDisable) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return keyEnable{step{s.Account, incident.StepKeyEnable}}.Plan(ctx, done.Target, nil)
}

// set gives the key a status. A refusal is no refusal if the key has it already.
func (s step) set(ctx context.Context, p incident.Plan, status string) error {
	if err := s.mayRun(ctx, p); err != nil {
		return err
	}
	err := s.updateKey(ctx, p.Target.User, string(p.Target.Key), status)
	if err == nil || actions.Transient(err) {
		return err
	}
	if at, look := s.locate(ctx, p.Target); look == nil && at.status == status {
		return nil
	}
	return err
}

// keyEnable makes an Inactive key Active: it gives power back.
type keyEnable struct{ step }

// Plan is of a key that is Inactive now.
func (s keyEnable) Plan(ctx context.Context, t incident.Target, _ map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	at, err := s.locate(ctx, t)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case at.status == incident.KeyActive:
		return incident.Plan{}, nothingToDo(s.name)
	case at.status != incident.KeyInactive:
		return incident.Plan{}, noKey(s.name)
	}
	p := s.plan(t, at.user)
	p.Guarded = s.keyGuards(t, at.status)
	return p, nil
}

// noKey says that the key is not outside the recycle bin, in RAM's own words.
func noKey(step string) error {
	return &actions.Error{Op: step, Code: "EntityNotExist.User.AccessKey"}
}

// Run makes the key Active. Doing it again is harmless.
func (s keyEnable) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	return actions.Outcome{}, s.set(ctx, p, incident.KeyActive)
}

// Verify is true when the key is Active.
func (s keyEnable) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	if err := s.may(ctx, p); err != nil {
		return false, err
	}
	at, err := s.locate(ctx, p.Target)
	return err == nil && at.status == incident.KeyActive, err
}

// Reverse plans key.disable.
func (s keyEnable) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return keyDisable{step{s.Account, incident.StepKeyDisable}}.Plan(ctx, done.Target, nil)
}
