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
	"time"

	"twokey/actions"
	"twokey/incident"
	"twokey/store"
)

// Bot handles incidents. Its fields are set once, before [Bot.Run]; none may be
// left out but Heard, Mention, Webhook, Sites, Links and Retention.
type Bot struct {
	Rules    incident.Rules
	Chain    incident.Chain
	Store    store.Store
	Accounts []actions.Account
	Chats    []Chat
	View     View
	People   People
	Mention  []incident.Person            // whom reminders call beside those who can still vote
	Webhook  Webhook                      // nil: nobody outside of chat is told
	Language string                       // of rooms
	Drill    bool                         // every account is a pretend one
	Sites    map[string]string            // by account: "china" or "international"; for console links
	Links    map[string]map[string]string // by site and page: addresses of the console that are others here
	Log      *slog.Logger
	Now      func() time.Time  // time.Now
	Salt     func() string     // crypto/rand.Text
	Heard    func(room string) // told of each input; nil: nobody counts them

	Retention *Retention // nil: closed incidents stay

	wake   wakers
	checks checks
	crowds crowds
	doors  doors
	lately lately

	reached reached
}

// with is what goes into the same append as a command's records.
type with struct {
	Values []store.Value
	Marks  []store.Mark
	Jobs   []incident.Job
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
		if err := ctx.Err(); err != nil {
			return incident.State{}, err // an answer that was cut off is not worth writing down
		}
		s, batch, refused, err := b.decide(ctx, id, by, c)
		switch {
		case err != nil:
			return incident.State{}, err
		case refused != nil && len(batch.Records) == 0:
			return s, refused
		case refused != nil:
			w.Values, w.Marks = nil, nil // what was refused leaves no text, and may be asked again
		case len(batch.Records) == 0 && w.Lease == nil:
			return s, nil
		}
		switch err := b.append(ctx, w.added(batch)); {
		case err == nil:
			return s, refused
		case !errors.Is(err, store.ErrConflict):
			return incident.State{}, fmt.Errorf("append to %s: %w", id, err)
		}
	}
}

// added is a batch with w in it.
func (w with) added(to store.Batch) store.Batch {
	to.Values = append(to.Values, w.Values...)
	to.Marks = append(to.Marks, w.Marks...)
	to.Jobs = append(to.Jobs, w.Jobs...)
	to.Lease, to.Finish = w.Lease, w.Finish
	return to
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

func (b *Bot) rooms() []string {
	rooms := make([]string, len(b.Chats))
	for i, c := range b.Chats {
		rooms[i] = c.Room()
	}
	return rooms
}

func (b *Bot) chat(room string) (Chat, bool) {
	for _, c := range b.Chats {
		if c.Room() == room {
			return c, true
		}
	}
	return nil, false
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

// refusal tells a decision from a failure.
func refusal(err error) (incident.Refusal, bool) {
	return errors.AsType[incident.Refusal](err)
}
