package bot_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"twokey/actions"
	"twokey/bot"
	"twokey/bot/chattest"
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

func (a mortalAccount) Evidence(ctx context.Context, t incident.Target) ([]actions.Sight, error) {
	return around(a.r, func() ([]actions.Sight, error) { return a.Account.Evidence(ctx, t) })
}

func (a mortalAccount) Actions() actions.Catalog {
	mortal := make(actions.Catalog)
	for name, action := range a.Account.Actions() {
		mortal[name] = mortalAction{action, a.r}
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

// life is a bot that is killed once, and the people who press again when they
// get no answer.
type life struct {
	*chattest.World
	t       *testing.T
	r       *reaper
	room    *room
	o       chattest.Options
	id      incident.ID
	applied map[string]int // by the lives before this one
}

// stage is a whole world before one part of the story.
type stage struct {
	frozen  chattest.Frozen
	room    *room
	id      incident.ID
	applied map[string]int
}

// begin goes on from a stage, to be killed at a point. The zero stage is before
// everything.
func (s stage) begin(t *testing.T, killAt int) *life {
	t.Helper()
	l := &life{t: t, r: &reaper{left: killAt}, room: newRoom(), id: s.id, applied: s.applied}
	l.o = chattest.Options{
		Account: func(a actions.Account) actions.Account { return mortalAccount{a, l.r} },
		Store:   func(s store.Store) store.Store { return mortalStore{s, l.r} },
		Keep:    true,
	}
	if s.room == nil {
		l.World = chattest.New(t, l.o, mortalRoom{l.room, l.r})
		return l
	}
	l.room = s.room.clone()
	l.World = chattest.Thaw(t, s.frozen, l.o, mortalRoom{l.room, l.r})
	return l
}

// freeze ends a life at the beginning of the next stage.
func (l *life) freeze() stage {
	l.t.Helper()
	return stage{room: l.room, id: l.id, applied: l.took(), frozen: l.Freeze()}
}

// took counts the calls that took effect in the cloud, from the beginning.
func (l *life) took() map[string]int {
	took := map[string]int{}
	for _, action := range []string{"UpdateAccessKey", "DeleteAccessKey"} {
		took[action] = l.applied[action] + l.Cloud.Applied(action)
	}
	return took
}

// insist does something until it was done by a bot that lived to say so. After a
// kill the file is opened anew and the dead bot's leases run out.
func (l *life) insist(do func() error) {
	l.t.Helper()
	for range 3 {
		err := do()
		l.settle()
		if !l.r.died() && err == nil {
			return
		}
		if !l.r.died() {
			l.t.Fatal(err)
		}
		l.restart()
	}
	l.t.Fatal("killed more than once")
}

func (l *life) settle() {
	for range 3 {
		l.Settle()
		if l.r.died() {
			return
		}
		l.Clock.Move(20 * time.Second) // back-off
	}
}

func (l *life) restart() {
	l.t.Helper()
	l.r.revive()
	l.Reopen(l.o, mortalRoom{l.room, l.r})
	l.Clock.Move(2 * time.Minute)
}

// press votes for a step, as somebody does who got no answer to the last press.
func (l *life) press(who incident.Person, step string) {
	l.t.Helper()
	l.insist(func() error {
		s := l.State(l.id)
		for _, p := range s.Proposals {
			done := p.Plan.Step == step && (p.Status == incident.StatusDone || p.Status == incident.StatusReady || p.Status == incident.StatusRunning)
			if done || p.Plan.Step == step && p.Voted(who, l.Clock.Now()) {
				return nil
			}
		}
		p, ok := s.Waiting(step)
		if !ok {
			return fmt.Errorf("nobody was offered %s", step)
		}
		l.Bot.Handle(l.t.Context(), bot.Input{
			From: bot.Account{Platform: "console", User: string(who)}, Room: "room", ID: fmt.Sprintf("%s %s %d", who, step, p.Number),
			Button: &bot.Press{Act: bot.ActApprove, Incident: l.id, Number: p.Number, Digest: p.Digest, Reason: "agreed"},
		})
		return nil
	})
}

// parts are the whole run: alert, disable, an hour, delete.
func parts() []func(*life) {
	press := func(who incident.Person, step string) func(*life) {
		return func(l *life) { l.press(who, step) }
	}
	return []func(*life){
		func(l *life) {
			l.insist(func() error {
				id, err := l.Hear("delivery 1")
				l.id = id
				return err
			})
		},
		press(chattest.Ana, incident.StepKeyDisable),
		press(chattest.Bo, incident.StepKeyDisable),
		func(l *life) {
			l.insist(func() error {
				l.Bot.Handle(l.t.Context(), bot.Input{
					From: bot.Account{Platform: "console", User: "ana"}, Room: "room", ID: "answer", Text: "answer in_use no",
				})
				return nil
			})
		},
		func(l *life) { l.insist(func() error { l.Clock.Move(time.Hour); return nil }) },
		press(chattest.Ana, incident.StepKeyDelete),
		press(chattest.Bo, incident.StepKeyDelete),
	}
}

// Killed at any point of the whole run, the bot comes back to the same end, does
// no step twice and shows no line twice. A run that is killed in a later part
// begins with what the parts before it left behind: two files and a room.
func TestKilledAnywhereItConverges(t *testing.T) {
	var before stage
	total, all := 0, parts()
	for i, part := range all {
		whole := before.begin(t, -1)
		part(whole)
		points, from := whole.r.seen, before
		total += points
		for at := 1; at <= points; at++ {
			t.Run(fmt.Sprintf("part %d point %d", i+1, at), func(t *testing.T) {
				t.Parallel()
				l := from.begin(t, at)
				for _, part := range all[i:] {
					part(l)
				}
				l.holds()
			})
		}
		before = whole.freeze()
	}
	if total < 250 {
		t.Errorf("the run has only %d points", total)
	}
	t.Logf("%d points", total)
}

func (l *life) holds() {
	t := l.t
	t.Helper()
	for action, n := range l.took() {
		if n != 1 {
			t.Errorf("%s took effect %d times, want once", action, n)
		}
	}
	if got := l.KeyStatus(); got != "bin" {
		t.Errorf("the key is %s", got)
	}
	records, err := l.Bot.Store.Load(t.Context(), l.id)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Bot.Chain.Check(records); err != nil {
		t.Error(err)
	}
	started := map[int]int{}
	for _, r := range records {
		if e, ok := r.Event.(incident.Started); ok {
			started[e.Number]++
		}
	}
	for number, n := range started {
		if n > 1 {
			t.Errorf("plan %d was started %d times", number, n)
		}
	}
	l.shownOnce()
}

func (l *life) shownOnce() {
	l.t.Helper()
	l.room.mu.Lock()
	defer l.room.mu.Unlock()
	if len(l.room.cards) != 1 {
		l.t.Errorf("the room shows %d cards, want one", len(l.room.cards))
	}
	last := uint64(0)
	for _, line := range l.room.lines {
		if line.Seq <= last {
			l.t.Errorf("line %d stands after line %d", line.Seq, last)
		}
		last = line.Seq
	}
}
