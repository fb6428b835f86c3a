package alicloud

import (
	"context"
	"time"

	"twokey/actions"
	"twokey/incident"
)

// lookStep is a step that only looks: it guards nothing and leaves nothing behind.
// It may run in an account that is only observed.
type lookStep struct {
	step
	look func(context.Context, question, incident.Target) (actions.Outcome, error)
}

var _ actions.Action = lookStep{}

// Plan asks nothing: what is to be seen is seen when the step runs.
func (s lookStep) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	q, err := asking(s.name, t.Key, given)
	if err != nil {
		return incident.Plan{}, err
	}
	p := s.plan(t, t.User)
	p.Params = q.params()
	return p, nil
}

// Run looks. What it found is in the outcome.
func (s lookStep) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if err := s.may(ctx, p); err != nil {
		return actions.Outcome{}, err
	}
	q, err := asking(s.name, p.Target.Key, p.Params)
	if err != nil {
		return actions.Outcome{}, err
	}
	s.forget(p)
	out, err := s.look(ctx, q, p.Target)
	if err == nil {
		s.remember(p)
	}
	return out, err
}

// Verify is true when the look was made. Nothing in the cloud could say so: the
// program remembers it. After a restart it is made again, which is harmless.
func (s lookStep) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	if err := s.may(ctx, p); err != nil {
		return false, err
	}
	return s.made(p), nil
}

// lookMemory is how long it is remembered that a look was made: longer than it
// takes to ask.
const lookMemory = 10 * time.Minute

func lookName(p incident.Plan) string {
	return p.Step + " " + string(p.Target.Key) + " " + p.Params[actions.KnownBefore]
}

func (a *Account) remember(p incident.Plan) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	for name, at := range a.looks {
		if now.Sub(at) > lookMemory {
			delete(a.looks, name)
		}
	}
	if a.looks == nil {
		a.looks = map[string]time.Time{}
	}
	a.looks[lookName(p)] = now
}

func (a *Account) forget(p incident.Plan) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.looks, lookName(p))
}

func (a *Account) made(p incident.Plan) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	at, ok := a.looks[lookName(p)]
	return ok && a.now().Sub(at) <= lookMemory
}
