// Package bot joins people, rules, cloud and store: it carries commands to the
// rules, keeps what they decide, and does the work that follows.
//
// It knows no chat platform, no cloud and no database by name; those are in
// rooms of their own. It decides nothing: package incident does.
package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"twokey/actions"
	"twokey/incident"
	"twokey/store"
)

// Bot handles incidents. Its fields are set once, before [Bot.Run]; none may be
// left out but Webhook and Sites.
type Bot struct {
	Rules    incident.Rules
	Chain    incident.Chain
	Store    store.Store
	Accounts []actions.Account
	Chats    []Chat
	View     View
	People   People
	Webhook  Webhook           // nil: nobody outside of chat is told
	Language string            // of rooms
	Drill    bool              // every account is a pretend one
	Sites    map[string]string // by account: "china" or "international"; for console links
	Log      *slog.Logger
	Now      func() time.Time // time.Now
	Salt     func() string    // crypto/rand.Text

	wake wakers
}

// Times of the work. A lease is longer than any call it covers, so that nobody
// else takes a job that is still being done.
const (
	leaseTime   = time.Minute
	callTimeout = 20 * time.Second
)

// with is what goes into the same append as a command's records.
type with struct {
	Values []store.Value
	Marks  []store.Mark
	Lease  *store.Lease
	Finish bool
}

// Do is the only way to change an incident: load, fold, decide, seal, append;
// and again if someone else was quicker. It returns the state after, together
// with the refusal if there was one.
func (b *Bot) Do(ctx context.Context, id incident.ID, by incident.Person, c incident.Command) (incident.State, error) {
	return b.do(ctx, id, by, c, with{})
}

func (b *Bot) do(ctx context.Context, id incident.ID, by incident.Person, c incident.Command, w with) (incident.State, error) {
	for {
		s, batch, refusal, err := b.decide(ctx, id, by, c)
		if err != nil {
			return s, err
		}
		if refusal != nil && len(batch.Records) == 0 {
			return s, refusal
		}
		if len(batch.Records) == 0 && w.Lease == nil && len(w.Values) == 0 {
			return s, nil
		}
		batch.Values = append(batch.Values, w.Values...)
		batch.Marks = append(batch.Marks, w.Marks...)
		batch.Lease, batch.Finish = w.Lease, w.Finish
		switch err := b.append(ctx, batch); {
		case err == nil:
			return s, refusal
		case errors.Is(err, store.ErrConflict) && ctx.Err() == nil:
			continue
		default:
			return s, fmt.Errorf("append to %s: %w", id, err)
		}
	}
}

// decide loads an incident and returns the state after c, with the batch that
// makes it so.
func (b *Bot) decide(ctx context.Context, id incident.ID, by incident.Person, c incident.Command) (
	s incident.State, batch store.Batch, refusal, err error,
) {
	s, err = b.state(ctx, id)
	if err != nil {
		return s, batch, nil, err
	}
	if s.Around, err = b.around(ctx, s, c); err != nil {
		return s, batch, nil, err
	}
	at := b.at(s)
	events, refusal := b.Rules.Decide(s, by, at, c)
	if len(events) == 0 {
		return s, batch, refusal, nil
	}
	before := s
	batch.Records = b.Chain.Seal(s, id, by, at, events)
	for _, r := range batch.Records {
		s = s.Apply(r)
	}
	b.complete(&batch, before, s)
	return s, batch, refusal, nil
}

// complete adds to a batch what follows from its records: work, index, names.
func (b *Bot) complete(batch *store.Batch, before, after incident.State) {
	batch.Jobs = append(batch.Jobs, b.Rules.Jobs(after, batch.Records, b.rooms())...)
	if after.ID != incident.System && after.Index() != before.Index() {
		batch.Index = append(batch.Index, after.Index())
	}
	take, release := names(batch.Records, after)
	batch.Marks, batch.Release = append(batch.Marks, take...), append(batch.Release, release...)
}

func (b *Bot) append(ctx context.Context, batch store.Batch) error {
	if err := b.Store.Append(ctx, batch); err != nil {
		return err
	}
	b.wake.all(batch.Jobs)
	return nil
}

// state loads and folds one incident.
func (b *Bot) state(ctx context.Context, id incident.ID) (incident.State, error) {
	records, err := b.Store.Load(ctx, id)
	if err != nil {
		return incident.State{}, fmt.Errorf("load %s: %w", id, err)
	}
	return incident.Fold(records), nil
}

// at is the time of a decision: the later of the clock and the last record.
func (b *Bot) at(s incident.State) time.Time {
	if now := b.Now(); now.After(s.At) {
		return now
	}
	return s.At
}

// around reads what a decision must know from outside the incident's own log.
func (b *Bot) around(ctx context.Context, s incident.State, c incident.Command) (incident.Around, error) {
	var a incident.Around
	detach := false
	switch c := c.(type) {
	case incident.Propose:
		detach = c.Plan.Step == incident.StepPolicyDetach
	case incident.Start:
		detach = stepOf(s, c.Number) == incident.StepPolicyDetach
		a.Held = true
	case incident.Resume:
		detach = stepOf(s, c.Number) == incident.StepPolicyDetach
		a.Held = true
	}
	if a.Held {
		system, err := b.state(ctx, incident.System)
		if err != nil {
			return a, err
		}
		a.Held = system.Held != ""
	}
	if !detach {
		return a, nil
	}
	t := s.Target()
	same, err := b.Store.Find(ctx, store.Query{Account: t.Account, UserID: t.UserID, Limit: maxSameUser})
	if err != nil {
		return a, fmt.Errorf("find incidents of the same user: %w", err)
	}
	for _, other := range same {
		if other.Key != "" {
			a.Named = append(a.Named, other.Key)
		}
		if other.Open && other.Incident != s.ID {
			a.Holders = append(a.Holders, other.Incident)
		}
	}
	return a, nil
}

// maxSameUser bounds the incidents of one user that a decision reads. RAM allows
// two keys per user, so real numbers stay far below.
const maxSameUser = 10_000

func stepOf(s incident.State, number int) string {
	p, _ := s.Proposal(number)
	return p.Plan.Step
}

func (b *Bot) rooms() []string {
	rooms := make([]string, len(b.Chats))
	for i, c := range b.Chats {
		rooms[i] = c.Room()
	}
	return rooms
}

// account returns the configured account of that name.
func (b *Bot) account(name string) (actions.Account, bool) {
	for _, a := range b.Accounts {
		if a.Name() == name {
			return a, true
		}
	}
	return nil, false
}

// action returns a step of the account that a plan names.
func (b *Bot) action(t incident.Target, step string) (actions.Action, bool) {
	account, ok := b.account(t.Account)
	if !ok {
		return nil, false
	}
	a, ok := account.Actions()[step]
	return a, ok
}

// waiting is how many calls to wake up a lane remembers: one for each of its
// workers.
const waiting = 8

// wakers tell sleeping workers of this process that a lane has work.
type wakers struct {
	mu    sync.Mutex
	lanes map[string]chan struct{}
}

func (w *wakers) lane(name string) chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lanes == nil {
		w.lanes = make(map[string]chan struct{})
	}
	if w.lanes[name] == nil {
		w.lanes[name] = make(chan struct{}, waiting)
	}
	return w.lanes[name]
}

func (w *wakers) all(jobs []incident.Job) {
	for _, j := range jobs {
		select {
		case w.lane(j.Lane) <- struct{}{}:
		default: // it is awake already
		}
	}
}
