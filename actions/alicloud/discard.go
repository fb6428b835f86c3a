package alicloud

import (
	"context"

	"twokey/actions"
	"twokey/incident"
)

// keyDiscard disables and deletes a key that this incident created. Which one, its
// parameter says; the leaked key goes by key.delete.
type keyDiscard struct{ step }

// of is the target with the key that a plan is about in the leaked one's place.
func (s keyDiscard) of(t incident.Target, given map[string]string) (incident.Target, error) {
	key, ok := incident.KeyOf(incident.Identity(given[incident.ParamOf]))
	if !ok || blank(string(key)) || key == t.Key {
		return t, &actions.Error{Op: s.name, Code: CodeParameter}
	}
	t.Key = key
	return t, nil
}

// Plan says what the key is now, and what its deletion pushes out of the recycle bin.
func (s keyDiscard) Plan(ctx context.Context, t incident.Target, given map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	fresh, err := s.of(t, given)
	if err != nil {
		return incident.Plan{}, err
	}
	if err := s.mayTouch(ctx, s.name, fresh); err != nil {
		return incident.Plan{}, err
	}
	at, err := s.locate(ctx, fresh)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case at.status == incident.KeyInBin || at.status == incident.KeyGone:
		return incident.Plan{}, nothingToDo(s.name)
	}
	kept, err := s.bin(ctx, t.UserID)
	if err != nil {
		return incident.Plan{}, err
	}
	p := s.plan(t, at.user)
	p.Params = map[string]string{incident.ParamOf: given[incident.ParamOf]}
	p.Guarded = append(s.keyGuards(fresh, at.status), incident.Fact{
		Of: incident.OfUser(t.UserID), Name: incident.FactBin, Value: binIDs(kept),
	})
	p.Shown = purged(kept)
	return p, nil
}

// Run disables the key, then deletes it. Doing it again is harmless.
func (s keyDiscard) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if err := s.mayRun(ctx, p); err != nil {
		return actions.Outcome{}, err
	}
	fresh, err := s.of(p.Target, p.Params)
	if err != nil {
		return actions.Outcome{}, err
	}
	if err := s.mayTouch(ctx, s.name, fresh); err != nil {
		return actions.Outcome{}, err
	}
	at, err := s.locate(ctx, fresh)
	if err != nil || at.status == incident.KeyInBin || at.status == incident.KeyGone {
		return actions.Outcome{}, err
	}
	if at.status == incident.KeyActive {
		if err := s.updateKey(ctx, at.user, string(fresh.Key), incident.KeyInactive); err != nil && !absent(err) {
			return actions.Outcome{}, err
		}
	}
	err = s.deleteKey(ctx, at.user, string(fresh.Key))
	if absent(err) {
		err = nil
	}
	return actions.Outcome{}, err
}

// Verify is true when the key is in the recycle bin, or gone from there too.
func (s keyDiscard) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	if err := s.may(ctx, p); err != nil {
		return false, err
	}
	fresh, err := s.of(p.Target, p.Params)
	if err != nil {
		return false, err
	}
	at, err := s.locate(ctx, fresh)
	return err == nil && (at.status == incident.KeyInBin || at.status == incident.KeyGone), err
}
