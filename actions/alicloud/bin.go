package alicloud

import (
	"context"
	"time"

	"twokey/actions"
	"twokey/incident"
)

// binQuota is how many keys of a user the recycle bin holds. One more silently
// purges the oldest (RAM docs: AccessKey recycle bin).
const binQuota = 3

// keyDelete moves an Inactive key to the recycle bin, where it waits 30 days.
type keyDelete struct{ step }

var (
	_ actions.Action   = keyDelete{}
	_ actions.Reverser = keyDelete{}
	_ actions.Action   = keyRestore{}
	_ actions.Reverser = keyRestore{}
)

// Plan guards what the bin holds, because one more key may push another out for
// good. It is made for an Active key too; the order rules refuse that.
func (s keyDelete) Plan(ctx context.Context, t incident.Target, _ map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	var at place
	var kept []binned
	err := together(
		func() (err error) { at, err = s.locate(ctx, t); return err },
		func() (err error) { kept, err = s.bin(ctx, t.UserID); return err },
	)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case at.status == incident.KeyInBin || at.status == incident.KeyGone:
		return incident.Plan{}, nothingToDo(s.name)
	}
	p := s.plan(t, at.user)
	p.Guarded = append(s.keyGuards(t, at.status), incident.Fact{
		Of: incident.OfUser(t.UserID), Name: incident.FactBin, Value: binIDs(kept),
	})
	p.Shown = append(purged(kept), incident.Fact{
		Of: incident.OfKey(t.Key), Name: incident.FactPurgeAt, Value: moment(s.now().Add(binTime).UTC().Truncate(time.Minute)),
	})
	return p, nil
}

// binTime is how long the recycle bin keeps a key (RAM docs: AccessKey recycle bin).
const binTime = 30 * 24 * time.Hour

// purged names the keys that are gone for good once one more is deleted.
func purged(kept []binned) []incident.Fact {
	var out []incident.Fact
	for i := 0; i <= len(kept)-binQuota; i++ { // oldest first
		out = append(out, incident.Fact{
			Of: incident.OfKey(incident.KeyID(kept[i].id)), Name: incident.FactStatus, Value: incident.KeyGone,
		})
	}
	return out
}

// Run deletes the one key that the plan names, if people saw it Inactive. A key
// that is not there any more is what the plan wants.
func (s keyDelete) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if err := s.mayRun(ctx, p); err != nil {
		return actions.Outcome{}, err
	}
	if seen, _ := p.Guard(incident.OfKey(p.Target.Key), incident.FactStatus); seen != incident.KeyInactive {
		return actions.Outcome{}, stillActive(s.name)
	}
	err := s.deleteKey(ctx, p.Target.User, string(p.Target.Key))
	if absent(err) {
		err = nil // Verify tells whether it is in the bin
	}
	return actions.Outcome{}, err
}

// Verify is true when the key is in the recycle bin and nowhere else. The bin lets
// go of it after its time: from then on, gone is what the plan wanted too.
func (s keyDelete) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	if err := s.may(ctx, p); err != nil {
		return false, err
	}
	at, err := s.locate(ctx, p.Target)
	return err == nil && (at.status == incident.KeyInBin || at.status == incident.KeyGone && s.mayBePurged(p)), err
}

// mayBePurged reports whether the bin's time for the key is over, counted from when
// the plan was made.
func (s keyDelete) mayBePurged(p incident.Plan) bool {
	for _, f := range p.Shown {
		if f.Of == incident.OfKey(p.Target.Key) && f.Name == incident.FactPurgeAt {
			until := date(f.Value)
			return !until.IsZero() && !s.now().Before(until)
		}
	}
	return false
}

// Reverse plans key.restore.
func (s keyDelete) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return keyRestore{step{s.Account, incident.StepKeyRestore}}.Plan(ctx, done.Target, nil)
}

// keyRestore takes a key out of the recycle bin, Inactive as it went in.
type keyRestore struct{ step }

// Plan shows until when the bin keeps the key, and whether the user has room for
// it.
func (s keyRestore) Plan(ctx context.Context, t incident.Target, _ map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	at, err := s.locate(ctx, t)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case at.status == incident.KeyInactive:
		return incident.Plan{}, nothingToDo(s.name)
	case at.status == incident.KeyGone:
		return incident.Plan{}, noKey(s.name)
	case at.bin.userDeleted:
		return incident.Plan{}, &actions.Error{Op: s.name, Code: CodeUserDeleted}
	}
	p := s.plan(t, at.user)
	p.Guarded = s.keyGuards(t, at.status) // an Active key is not in the bin: the order rules say so
	if at.status != incident.KeyInBin {
		return p, nil
	}
	keys, err := s.listKeys(ctx, at.user)
	if err != nil {
		return incident.Plan{}, err
	}
	slot := incident.Free
	if len(keys) >= keysPerUser {
		slot = incident.Full
	}
	p.Shown = []incident.Fact{
		{Of: incident.OfKey(t.Key), Name: incident.FactPurgeAt, Value: moment(at.bin.purge)},
		{Of: incident.OfUser(t.UserID), Name: incident.FactSlot, Value: slot},
	}
	return p, nil
}

// Run restores the key and sees to it that it is Inactive: no document says how
// a key comes back, and what was deleted was Inactive.
func (s keyRestore) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if err := s.mayRun(ctx, p); err != nil {
		return actions.Outcome{}, err
	}
	restored := s.restoreKey(ctx, p.Target.UserID, p.Target.Key)
	if restored != nil && !absent(restored) && !actions.Transient(restored) {
		return actions.Outcome{}, restored
	}
	// Also after no answer: the key may be back, and Active. A program that is
	// being stopped still sees to it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	at, err := s.locate(ctx, p.Target)
	switch {
	case err != nil:
		return actions.Outcome{}, err
	case at.status == incident.KeyActive:
		return actions.Outcome{}, s.updateKey(ctx, at.user, string(p.Target.Key), incident.KeyInactive)
	case at.status == incident.KeyInactive:
		return actions.Outcome{}, nil
	}
	return actions.Outcome{}, restored
}

// Verify is true when the key is outside the bin and Inactive.
func (s keyRestore) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	if err := s.may(ctx, p); err != nil {
		return false, err
	}
	at, err := s.locate(ctx, p.Target)
	return err == nil && at.status == incident.KeyInactive, err
}

// Reverse plans key.delete.
func (s keyRestore) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	return keyDelete{step{s.Account, incident.StepKeyDelete}}.Plan(ctx, done.Target, nil)
}
