package bot

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"twokey/actions"
	"twokey/incident"
	"twokey/store"
)

// unmask looks for the key that a look-up's alert shows a part of. What fits is
// written down, and nothing follows from it: a person says whether it is the one. Where
// an account can't say, nothing is said at all.
func (b *Bot) unmask(ctx context.Context, l store.Lease, s incident.State) error {
	mask := s.Mask()
	if mask == "" || len(b.Accounts) == 0 {
		return b.Store.Finish(ctx, l)
	}
	fit, err := b.fitting(ctx, mask)
	switch {
	case errors.Is(err, actions.ErrNotYet):
		return b.later(ctx, l, notYet)
	case err != nil && (actions.Transient(err) || code(err) == codeTimeout):
		return err // again, and if need be a line on the card
	case err != nil:
		b.Log.Warn("look for a masked key", slog.String("incident", string(s.ID)), slog.Any("error", err))
		return b.Store.Finish(ctx, l)
	}
	return b.settle(ctx, l, incident.Observe{Of: incident.OfMask(mask), Facts: fit.Facts(), AsOf: fit.AsOf, Source: "all accounts"})
}

// notYet is how long a look-up waits for an account that is still being read.
const notYet = 30 * time.Second

// errNoMatcher says that an account can't be asked for a part of a key's id.
var errNoMatcher = errors.New("the account has no list of keys")

// fitting asks every configured account at once. Only if all of them answered is
// anything known: a key that is the only one in some accounts may not be in all.
func (b *Bot) fitting(ctx context.Context, mask incident.Mask) (incident.Fit, error) {
	found, errs := make([]actions.Matches, len(b.Accounts)), make([]error, len(b.Accounts))
	var wg sync.WaitGroup
	for i, a := range b.Accounts {
		wg.Go(func() { found[i], errs[i] = b.fittingIn(ctx, a, mask) })
	}
	wg.Wait()
	var keys []incident.KeyID
	asOf := b.Now()
	for _, m := range found {
		keys = append(keys, m.Keys...)
		if m.AsOf.Before(asOf) {
			asOf = m.AsOf
		}
	}
	return incident.FitOf(keys, asOf), errors.Join(errs...)
}

func (b *Bot) fittingIn(ctx context.Context, a actions.Account, mask incident.Mask) (actions.Matches, error) {
	m, ok := a.(actions.Matcher)
	if !ok {
		return actions.Matches{}, errNoMatcher
	}
	return outside(ctx, func(ctx context.Context) (actions.Matches, error) { return m.Match(ctx, mask) })
}
