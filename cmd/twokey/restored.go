package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"twokey/incident"
	"twokey/store"
	"twokey/store/bolt"
	"twokey/store/heads"
)

// keyRestored is the mark of a file that is no bot's own: each backup carries it
// from birth, so that it counts even when somebody just copies the file into its
// place. A bot that starts on it holds, and takes the mark away.
const keyRestored = "restored"

// origin is where a file came from; for people who look for it.
type origin struct {
	Made time.Time `json:"made"` // when it became a backup, or was restored without being one
}

// markRestored puts the mark into a closed store that has none.
func markRestored(ctx context.Context, path string, now time.Time) error {
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	_, marked, err := db.Value(ctx, keyRestored)
	if err == nil && !marked {
		body, _ := json.Marshal(origin{now.UTC()}) // a time encodes
		err = db.Append(ctx, store.Batch{Values: []store.Value{{Key: keyRestored, Body: body}}})
	}
	return errors.Join(err, db.Close())
}

// holdIfOld stops every start when the store is an old copy: it was restored, or
// somebody outside knows more than it does. What it does not know may have been
// done. It comes before anything is written, which would become the newest head.
func (a *app) holdIfOld(ctx context.Context) error {
	body, restored, err := a.store.Value(ctx, keyRestored)
	if err != nil {
		return err
	}
	older, err := a.isBehind(ctx)
	if err != nil {
		return err
	}
	switch {
	case restored:
		a.log.Warn("the store was restored from a backup: nothing starts until an approver says go",
			slog.String("backup", string(body)), slog.Bool("older_than_heads", older))
		return a.holdRestored(ctx, older)
	case older:
		a.log.Warn("the store is older than the heads file: nothing starts until an approver says go", slog.String("heads", a.config.Audit.Heads))
		return a.bot.Hold(ctx, incident.HoldBehind)
	}
	return nil
}

func (a *app) isBehind(ctx context.Context) (bool, error) {
	if a.config.Audit.Heads == "" {
		return false, nil
	}
	newest, old, err := heads.Behind(ctx, a.config.Audit.Heads, a.store)
	if err != nil {
		return false, fmt.Errorf("audit.heads: %w", err)
	}
	if old {
		a.log.Warn("the heads file knows more than the store", slog.String("head", newest.String()))
	}
	return old, nil
}

// holdRestored takes the mark away last: cut off before that, the next start does
// the rest, and what was done already is not done again. The heads file may know
// of it by then, and no longer that the store was behind: so the reason that
// says more stays.
func (a *app) holdRestored(ctx context.Context, older bool) error {
	system, err := a.store.Load(ctx, incident.System)
	if err != nil {
		return err
	}
	why := incident.HoldRestored
	if older || incident.Fold(system).Held == incident.HoldRestoredBehind {
		why = incident.HoldRestoredBehind
	}
	if err := a.bot.Hold(ctx, why); err != nil {
		return err
	}
	if err := a.forgetVotes(ctx); err != nil {
		return err
	}
	return a.store.Append(ctx, store.Batch{Values: []store.Value{{Key: keyRestored}}})
}

// forgetVotes ends what had votes in the backup, in every open incident.
func (a *app) forgetVotes(ctx context.Context) error {
	for q := (store.Query{Open: true}); ; {
		open, err := a.store.Find(ctx, q)
		if err != nil || len(open) == 0 {
			return err
		}
		for _, i := range open {
			if err := a.forgetVotesOn(ctx, i.Incident); err != nil {
				return err
			}
		}
		q.Before = open[len(open)-1].Incident
	}
}

// forgetVotesOn passes over an incident of which nothing can start: one that
// can't be read, or that only a newer version may change.
func (a *app) forgetVotesOn(ctx context.Context, id incident.ID) error {
	if _, err := a.store.Load(ctx, id); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		a.log.Error("restored and can't be read", slog.String("incident", string(id)), slog.Any("error", err))
		return nil
	}
	_, err := a.bot.Do(ctx, id, incident.Bot, incident.Restore{})
	if refused := incident.Refusal(""); errors.As(err, &refused) {
		return nil
	}
	return err
}
