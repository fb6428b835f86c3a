package alicloud

import (
	"context"
	"slices"
	"time"

	"twokey/actions"
	"twokey/incident"
)

// RAM has no search by a part of a key's id: one inventory of all keys answers
// everybody who asks. Alerts are what makes people ask, and anybody may send them.
const (
	inventoryFor  = 5 * time.Minute // after its end; until then there is no other one, also if it failed
	inventoryTime = 4 * time.Minute // that one may take: 1,000 users, at the pace of a flood
	inventorySoon = 3 * time.Second // that those who ask wait for one, from its start
)

// inventory is the ids of all keys of the account's RAM users.
type inventory struct {
	done, soon chan struct{} // closed when it is read, and when it should have been
	keys       []incident.KeyID
	err        error
	from, to   time.Time // when it was read
}

var _ actions.Matcher = (*Account)(nil)

// Match returns the keys that fit a mask, from an inventory that is shared by all who
// ask. It refuses a mask that tells too little, and says [actions.ErrNotYet] while an
// account with many users is still being read.
func (a *Account) Match(ctx context.Context, mask incident.Mask) (actions.Matches, error) {
	if !mask.Tells() {
		return actions.Matches{}, &actions.Error{Op: "match", Code: CodeParameter}
	}
	i := a.inventory(ctx)
	select {
	case <-i.done:
	case <-i.soon:
		if !i.read() {
			return actions.Matches{}, actions.ErrNotYet
		}
	case <-ctx.Done():
		return actions.Matches{}, translate(ctx, "ram:ListAccessKeys", ctx.Err())
	}
	if i.err != nil {
		return actions.Matches{}, i.err
	}
	found := actions.Matches{AsOf: i.from}
	for _, k := range i.keys {
		if mask.Fits(k) {
			found.Keys = append(found.Keys, k)
		}
	}
	return found, nil
}

// inventory is the last one, or a new one if that has become old. Nobody's patience
// ends it: it is for all.
func (a *Account) inventory(ctx context.Context) *inventory {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.taken != nil && !a.taken.old(a.now()) {
		return a.taken
	}
	i := &inventory{done: make(chan struct{}), soon: make(chan struct{}), from: a.now()}
	a.taken = i
	time.AfterFunc(inventorySoon, func() { close(i.soon) })
	go func() {
		defer close(i.done)
		i.keys, i.err = a.everyKey(context.WithoutCancel(ctx))
		i.to = a.now()
	}()
	return i
}

func (i *inventory) read() bool {
	select {
	case <-i.done:
		return true
	default:
		return false
	}
}

// old reports whether another one may be made. A clock that was set back says nothing
// of how old this one is.
func (i *inventory) old(now time.Time) bool {
	if !i.read() {
		return false
	}
	age := now.Sub(i.to)
	return age < 0 || age >= inventoryFor
}

// everyKey lists the keys of all users, at the pace of what may be nothing: looks into
// known leaks don't wait for it. A user who can't be asked makes it worthless, as
// nothing could be called the only match; what the bot may not ask of itself, it knows.
func (a *Account) everyKey(ctx context.Context) ([]incident.KeyID, error) {
	ctx, cancel := context.WithTimeout(actions.With(ctx, actions.Sifting), inventoryTime)
	defer cancel()
	own, err := a.self(ctx)
	if err != nil {
		return nil, err
	}
	users, err := a.listUsers(ctx)
	if err != nil {
		return nil, err
	}
	of, looks := make([][]listedKey, len(users)), make([]func() error, len(users))
	for n, u := range users {
		looks[n] = func() (err error) {
			of[n], err = a.listKeys(ctx, u.name)
			if absent(err) || actions.Lacking(err) != "" && own.users[u.id] { // deleted just now; its policy may deny it itself
				return nil
			}
			if err != nil {
				cancel() // the rest would change nothing
			}
			return err
		}
	}
	if err := together(looks...); err != nil {
		return nil, err
	}
	all := own.sorted()
	for _, keys := range of {
		for _, k := range keys {
			all = append(all, incident.KeyID(k.id))
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}
