package alicloud

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"twokey/actions"
	"twokey/incident"
)

// keyCreate gives the user a second key, whose secret goes to its receiver and
// nowhere else.
type keyCreate struct{ step }

var (
	_ actions.Action     = keyCreate{}
	_ actions.Reverser   = keyCreate{}
	_ actions.Reconciler = keyCreate{}
	_ actions.Action     = keyDiscard{}
)

// createSteps are those of a rotation.
func (a *Account) createSteps() []actions.Action {
	return []actions.Action{
		keyCreate{step{a, incident.StepKeyCreate}}, keyDiscard{step{a, incident.StepKeyDiscard}},
	}
}

// createTraits are those of the steps of a rotation. Secrets of KMS are named after
// the user's id.
var createTraits = map[string]trait{
	incident.StepKeyCreate: {
		undo: incident.StepKeyDiscard,
		undone: []deed{
			{"UpdateAccessKey", map[string]string{"UserAccessKeyId": "$" + actions.Made, "Status": incident.KeyInactive}},
			{"DeleteAccessKey", map[string]string{"UserAccessKeyId": "$" + actions.Made}},
		},
		writes: map[string]resources{
			"ram:CreateAccessKey": onUser, "ram:UpdateAccessKey": onUser,
			"kms:CreateSecret": onSecret, "kms:PutSecretValue": onSecret, "kms:DescribeSecret": onSecret,
		},
	},
	incident.StepKeyDiscard: {
		writes: map[string]resources{"ram:UpdateAccessKey": onUser, "ram:DeleteAccessKey": onUser},
	},
}

// Plan needs a receiver before anything else: a secret that nobody can get must not
// come to be.
func (s keyCreate) Plan(ctx context.Context, t incident.Target, _ map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	at := s.now()
	u, err := s.find(ctx, t)
	if err != nil {
		return incident.Plan{}, err
	}
	to, sealer, err := s.sealerFor(u)
	if err != nil {
		return incident.Plan{}, err
	}
	keys, err := s.listKeys(ctx, u.name)
	switch {
	case err != nil:
		return incident.Plan{}, err
	case len(keys) >= keysPerUser:
		return incident.Plan{}, &actions.Error{Op: s.name, Code: CodeSlotsFull, Err: incident.SlotsFull}
	}
	p := s.plan(t, u.name)
	ofKey, ofUser := incident.OfKey(t.Key), incident.OfUser(t.UserID)
	p.Guarded = []incident.Fact{
		{Of: ofKey, Name: incident.FactAccountID, Value: s.id},
		{Of: ofKey, Name: incident.FactUserID, Value: t.UserID},
		{Of: ofUser, Name: incident.FactKeys, Value: keyIDs(keys)},
		{Of: ofUser, Name: incident.FactSlot, Value: incident.Free},
		{Of: ofUser, Name: incident.FactReceiver, Value: to.Person},
		{Of: ofUser, Name: incident.FactSealedFor, Value: sealer.name()},
	}
	p.Shown = []incident.Fact{{Of: ofUser, Name: incident.FactAsOf, Value: moment(at)}}
	return p, nil
}

func keyIDs(keys []listedKey) string {
	ids := make([]string, len(keys))
	for i, k := range keys {
		ids[i] = k.id
	}
	return list(ids)
}

// Run creates the key once and seals its secret in the same breath. CreateAccessKey
// has no idempotency token: after an answer that was lost, [keyCreate.Reconcile]
// looks for the key; it is never asked for again.
func (s keyCreate) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if err := s.mayRun(ctx, p); err != nil {
		return actions.Outcome{}, err
	}
	to, sealer, err := s.sealerFor(user{id: p.Target.UserID, name: p.Target.User})
	if err != nil {
		return actions.Outcome{}, err
	}
	if _, where := p.SealedFor(); incident.Person(to.Person) != p.Receiver() || !strings.HasSuffix(sealer.name(), " "+where) {
		return actions.Outcome{}, &actions.Error{Op: s.name, Code: CodeNoReceiver, Err: incident.NoReceiver}
	}
	if err := sealer.ready(ctx); err != nil {
		return actions.Outcome{}, settled(err) // nothing was created
	}
	key, sealed, err := s.createSealed(ctx, p.Target.User, sealer)
	switch {
	case key == "":
		return actions.Outcome{}, err
	case err != nil:
		return s.orphan(ctx, p, key)
	}
	return actions.Outcome{Result: string(key), Sealed: sealed}, nil
}

// settled is a failure before anything was done: whatever it was, there is nothing to
// look for.
func settled(err error) error {
	if e, ok := errors.AsType[*actions.Error](err); ok {
		return &actions.Error{Op: e.Op, Code: e.Code, Lacks: e.Lacks, Err: e.Err}
	}
	return err
}

// createSealed is the only place where a new secret is ever in the clear. It is
// wiped as far as Go lets it: texts inside the SDK last until their memory is used
// again. A program that is being stopped still seals what it has created.
func (s keyCreate) createSealed(ctx context.Context, name string, to sealer) (incident.KeyID, []byte, error) {
	key, secret, err := s.createKey(ctx, name)
	if err != nil {
		return "", nil, err
	}
	plain := plainKey(key, secret)
	defer clear(plain)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	sealed, err := to.seal(ctx, key, plain)
	return key, sealed, err
}

// orphan disables a key whose secret nobody has, and says which it is and what
// became of it.
func (s keyCreate) orphan(ctx context.Context, p incident.Plan, key incident.KeyID) (actions.Outcome, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	err := s.updateKey(ctx, p.Target.User, string(key), incident.KeyInactive)
	if absent(err) {
		return actions.Outcome{}, nil // deleted meanwhile
	}
	out := actions.Outcome{Result: string(key)}
	at := s.now()
	if keys, look := s.listKeys(ctx, p.Target.User); look == nil {
		if status, ok := statusIn(keys, key); ok {
			out.Sights = []actions.Sight{{
				Of: incident.OfKey(key), AsOf: at, Source: "ram:ListAccessKeys", Facts: facts{incident.FactStatus: status},
			}}
		}
	}
	return out, &actions.Error{Op: s.name, Code: incident.CodeOrphan}
}

// skew is how far the cloud's clock may be from ours.
const skew = 2 * time.Minute

// Reconcile looks for a key that a started plan created without anybody having got
// its secret: one that was not there when people agreed, and is no older than that. It
// disables it, and nothing else. Of several new keys nobody can say which is ours, so
// it touches none.
func (s keyCreate) Reconcile(ctx context.Context, p incident.Plan) (actions.Outcome, bool, error) {
	if err := s.may(ctx, p); err != nil {
		return actions.Outcome{}, false, err
	}
	u, err := s.find(ctx, p.Target)
	if err != nil {
		return actions.Outcome{}, false, err
	}
	p.Target.User = u.name
	keys, err := s.listKeys(ctx, u.name)
	if err != nil {
		return actions.Outcome{}, false, err
	}
	switch fresh := newSince(p, keys); len(fresh) {
	case 0:
		return actions.Outcome{}, false, nil
	case 1:
		return s.reconciled(ctx, p, fresh[0])
	default:
		return actions.Outcome{Result: keyIDs(fresh)}, false, &actions.Error{Op: s.name, Code: incident.CodeSeveral}
	}
}

// reconciled disables the one new key; until that has worked it is not done with.
func (s keyCreate) reconciled(ctx context.Context, p incident.Plan, k listedKey) (actions.Outcome, bool, error) {
	if k.status == incident.KeyActive {
		if err := s.updateKey(ctx, p.Target.User, k.id, incident.KeyInactive); err != nil && actions.Transient(err) {
			return actions.Outcome{}, false, err
		}
	}
	out, err := s.orphan(ctx, p, incident.KeyID(k.id))
	return out, false, err
}

// newSince are the keys that came after the plan. One that the recycle bin gave back
// is older.
func newSince(p incident.Plan, keys []listedKey) []listedKey {
	before, _ := p.Guard(incident.OfUser(p.Target.UserID), incident.FactKeys)
	var asOf time.Time
	for _, f := range p.Shown {
		if f.Name == incident.FactAsOf {
			asOf = date(f.Value)
		}
	}
	known := strings.Split(before, ",")
	return slices.DeleteFunc(slices.Clone(keys), func(k listedKey) bool {
		return slices.Contains(known, k.id) || k.id == string(p.Target.Key) || k.created.Before(asOf.Add(-skew))
	})
}

// Verify is true while the key that the step made is there and Active.
func (s keyCreate) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	if err := s.may(ctx, p); err != nil {
		return false, err
	}
	made := p.Params[actions.Made]
	if made == "" {
		return false, nil
	}
	u, err := s.find(ctx, p.Target)
	if err != nil {
		return false, err
	}
	keys, err := s.listKeys(ctx, u.name)
	status, _ := statusIn(keys, incident.KeyID(made))
	return status == incident.KeyActive, err
}

// Reverse plans key.discard of the key that the step made.
func (s keyCreate) Reverse(ctx context.Context, done incident.Plan) (incident.Plan, error) {
	of := string(incident.OfKey(incident.KeyID(done.Params[actions.Made])))
	return keyDiscard{step{s.Account, incident.StepKeyDiscard}}.Plan(ctx, done.Target, map[string]string{incident.ParamOf: of})
}
