package bot_test

import (
	"context"
	"slices"
	"strings"

	"twokey/actions"
	"twokey/incident"
)

// meddle puts something between the bot and every step of its account.
func meddle(with func(actions.Action) actions.Action) func(actions.Account) actions.Account {
	return func(a actions.Account) actions.Account { return meddledAccount{a, with} }
}

type meddledAccount struct {
	actions.Account
	with func(actions.Action) actions.Action
}

func (m meddledAccount) Actions() actions.Catalog {
	all := make(actions.Catalog)
	for name, a := range m.Account.Actions() {
		all[name] = m.with(a)
	}
	return all
}

// meddled is a step with something before its calls; an error there is the
// call's answer.
type meddled struct {
	actions.Action
	plan, run, verify func() error
}

func before(f func() error) error {
	if f == nil {
		return nil
	}
	return f()
}

func (m meddled) Plan(ctx context.Context, t incident.Target, params map[string]string) (incident.Plan, error) {
	if err := before(m.plan); err != nil {
		return incident.Plan{}, err
	}
	return m.Action.Plan(ctx, t, params)
}

func (m meddled) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if err := before(m.run); err != nil {
		return actions.Outcome{}, err
	}
	return m.Action.Run(ctx, p)
}

func (m meddled) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	if err := before(m.verify); err != nil {
		return false, err
	}
	return m.Action.Verify(ctx, p)
}

// stuck expects that the card says, once, that some work was given up.
func (s *told) stuck(task incident.Task) incident.Stuck {
	s.t.Helper()
	all := s.State(s.id).Stuck
	i := slices.IndexFunc(all, func(k incident.Stuck) bool { return k.Task == task })
	if i < 0 {
		s.t.Fatalf("the card does not say that %s fails: %+v", task, all)
	}
	records, err := s.Bot.Store.Load(s.t.Context(), s.id)
	if err != nil {
		s.t.Fatal(err)
	}
	told := 0
	for _, r := range records {
		if e, ok := r.Event.(incident.GaveUp); ok && e.Task == task {
			told++
		}
	}
	if told != 1 {
		s.t.Errorf("that %s fails was told %d times", task, told)
	}
	return all[i]
}

func (s *told) showsIt(part string) {
	s.t.Helper()
	if text := s.text(); !strings.Contains(text, part) {
		s.t.Errorf("the room does not show %q:\n%s", part, text)
	}
}
