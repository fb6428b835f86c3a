package bot_test

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"twokey/actions"
	"twokey/bot"
	"twokey/incident"
	"twokey/store"
)

// errDead is what every call of a killed bot answers: nothing that it does after
// the kill reaches disk, cloud or chat.
var errDead = errors.New("killed")

// reaper kills the bot at its n-th point. A point stands before and after each
// commit and each call.
type reaper struct {
	mu   sync.Mutex
	left int // points until the kill; below zero: none is planned
	dead bool
	seen int
}

func (r *reaper) point() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dead {
		return errDead
	}
	r.seen++
	r.left--
	if r.left == 0 {
		r.dead = true
		return errDead
	}
	return nil
}

func (r *reaper) died() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dead
}

func (r *reaper) revive() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dead, r.left = false, -1
}

// around puts a point before and after a call that changes something.
func around[T any](r *reaper, call func() (T, error)) (T, error) {
	var nothing T
	if err := r.point(); err != nil {
		return nothing, err
	}
	got, err := call()
	if dead := r.point(); dead != nil {
		return nothing, dead // it is done, and nobody will hear of it
	}
	return got, err
}

func around0(r *reaper, call func() error) error {
	_, err := around(r, func() (struct{}, error) { return struct{}{}, call() })
	return err
}

// mortalStore can be killed around every commit.
type mortalStore struct {
	store.Store
	r *reaper
}

func (s mortalStore) Append(ctx context.Context, b store.Batch) error {
	return around0(s.r, func() error { return s.Store.Append(ctx, b) })
}

func (s mortalStore) Create(ctx context.Context, f func(incident.ID) store.Batch) (incident.ID, error) {
	return around(s.r, func() (incident.ID, error) { return s.Store.Create(ctx, f) })
}

func (s mortalStore) Purge(ctx context.Context, ids ...incident.ID) error {
	return around0(s.r, func() error { return s.Store.Purge(ctx, ids...) })
}

func (s mortalStore) Claim(ctx context.Context, lane string, now time.Time, d time.Duration) (store.Lease, bool, error) {
	if s.r.died() {
		return store.Lease{}, false, errDead
	}
	l, ok, err := s.Store.Claim(ctx, lane, now, d)
	if ok {
		err = errors.Join(err, s.r.point()) // an empty lane writes nothing
	}
	return l, ok, err
}

func (s mortalStore) Finish(ctx context.Context, l store.Lease) error {
	return around0(s.r, func() error { return s.Store.Finish(ctx, l) })
}

func (s mortalStore) Retry(ctx context.Context, l store.Lease, due time.Time) error {
	return around0(s.r, func() error { return s.Store.Retry(ctx, l, due) })
}

func (s mortalStore) Extend(ctx context.Context, l store.Lease, until time.Time) (store.Lease, error) {
	return around(s.r, func() (store.Lease, error) { return s.Store.Extend(ctx, l, until) })
}

// mortalAccount can be killed around every call to the cloud.
type mortalAccount struct {
	actions.Account
	r *reaper
}

func (a mortalAccount) Owner(ctx context.Context, k incident.KeyID) ([]actions.Sight, error) {
	return around(a.r, func() ([]actions.Sight, error) { return a.Account.Owner(ctx, k) })
}

func (a mortalAccount) Evidence(ctx context.Context, t incident.Target, sign time.Time) ([]actions.Sight, error) {
	return around(a.r, func() ([]actions.Sight, error) { return a.Account.Evidence(ctx, t, sign) })
}

func (a mortalAccount) Actions() actions.Catalog {
	mortal := make(actions.Catalog)
	for name, action := range a.Account.Actions() {
		mortal[name] = mortalAction{action, a.r}
		if once, ok := action.(actions.Reconciler); ok {
			mortal[name] = mortalOnce{mortalAction{action, a.r}, once}
		}
	}
	return mortal
}

type mortalAction struct {
	actions.Action
	r *reaper
}

func (a mortalAction) Plan(ctx context.Context, t incident.Target, params map[string]string) (incident.Plan, error) {
	return around(a.r, func() (incident.Plan, error) { return a.Action.Plan(ctx, t, params) })
}

func (a mortalAction) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	return around(a.r, func() (actions.Outcome, error) { return a.Action.Run(ctx, p) })
}

func (a mortalAction) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	return around(a.r, func() (bool, error) { return a.Action.Verify(ctx, p) })
}

// mortalOnce is a step that must not be made twice.
type mortalOnce struct {
	mortalAction
	once actions.Reconciler
}

func (a mortalOnce) Reconcile(ctx context.Context, p incident.Plan) (out actions.Outcome, done bool, err error) {
	out, err = around(a.r, func() (actions.Outcome, error) {
		var got actions.Outcome
		got, done, err = a.once.Reconcile(ctx, p)
		return got, err
	})
	return out, done, err
}

// mortalRoom can be killed around every message. The platform itself goes on.
type mortalRoom struct {
	*room
	r *reaper
}

func (m mortalRoom) Post(ctx context.Context, key string, c bot.Card) (bot.Ref, error) {
	return around(m.r, func() (bot.Ref, error) { return m.room.Post(ctx, key, c) })
}

func (m mortalRoom) Update(ctx context.Context, ref bot.Ref, c bot.Card) error {
	return around0(m.r, func() error { return m.room.Update(ctx, ref, c) })
}

func (m mortalRoom) Reply(ctx context.Context, ref bot.Ref, l bot.Line) error {
	return around0(m.r, func() error { return m.room.Reply(ctx, ref, l) })
}

// mortalArchive can be killed around every file.
type mortalArchive struct {
	bot.Archive
	r *reaper
}

func (a mortalArchive) Name(at time.Time) (string, error) {
	return around(a.r, func() (string, error) { return a.Archive.Name(at) })
}

func (a mortalArchive) Write(ctx context.Context, want incident.Archived, all iter.Seq2[[]incident.Record, error]) (incident.Archived, error) {
	return around(a.r, func() (incident.Archived, error) { return a.Archive.Write(ctx, want, all) })
}

func (a mortalArchive) Check(ctx context.Context, w incident.Archived) ([]incident.End, error) {
	return around(a.r, func() ([]incident.End, error) { return a.Archive.Check(ctx, w) })
}
