package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"twokey/incident"
	"twokey/store"
)

// Checks is what is known of the record's chains since the start.
type Checks struct {
	Broken []incident.Damaged // histories that do not hold, by number, then the system log
	Whole  time.Time          // when the last round through every history ended; zero: not yet
}

// checks is where [Checks] is kept.
type checks struct {
	mu     sync.Mutex
	broken map[incident.ID]incident.Damaged
	whole  time.Time
	files  []string // archives that the system log names
}

// Checks tells what was found so far.
func (b *Bot) Checks() Checks {
	b.checks.mu.Lock()
	defer b.checks.mu.Unlock()
	found := slices.SortedFunc(maps.Values(b.checks.broken), func(x, y incident.Damaged) int {
		return cmp.Compare(x.Of.Number()-1, y.Of.Number()-1) // the system log has no number and comes last
	})
	return Checks{Broken: found, Whole: b.checks.whole}
}

const (
	// checkEvery is how often the whole record is read through.
	checkEvery = 24 * time.Hour
	// checkPage is how many open incidents are asked for at once.
	checkPage = 100
	// The rests after each history keep the disk and a core for what people wait
	// for: open ones are few and urgent, of all others a hundred a second.
	restOpen = time.Millisecond
	restAll  = 10 * time.Millisecond
	// checkRetry is how long a round that could not be ended waits for the next.
	checkRetry = time.Minute
)

// watchRecord checks every chain there is: what is open first, then everything,
// slowly, and again every day. It holds nothing up: a step is not started
// before its incident's own chain was checked anyway.
func (b *Bot) watchRecord(ctx context.Context) {
	for ctx.Err() == nil {
		wait := checkEvery
		if err := b.checkRecord(ctx); err != nil && ctx.Err() == nil {
			b.Log.Error("check the record", slog.Any("error", err))
			wait = checkRetry
		}
		sleep(ctx, wait)
	}
}

func (b *Bot) checkRecord(ctx context.Context) (err error) {
	defer caught(&err)
	if err := b.CheckSystem(ctx); err != nil {
		return err
	}
	if err := b.checkOpen(ctx); err != nil {
		return err
	}
	if err := errors.Join(b.checkAll(ctx), b.checkGraves(ctx)); err != nil {
		return err
	}
	b.checks.mu.Lock()
	defer b.checks.mu.Unlock()
	b.checks.whole = b.Now()
	return nil
}

func (b *Bot) checkOpen(ctx context.Context) error {
	q := store.Query{Open: true, Limit: checkPage}
	for {
		open, err := b.Store.Find(ctx, q)
		if err != nil || len(open) == 0 {
			return err
		}
		for _, i := range open {
			if err := b.check(ctx, i.Incident); err != nil {
				return err
			}
			sleep(ctx, restOpen)
		}
		q.Before = open[len(open)-1].Incident
	}
}

// checkAll goes by number, not by the index: numbers have no gaps, so an incident
// that is gone from everywhere is found too.
func (b *Bot) checkAll(ctx context.Context) error {
	newest, err := b.Store.Find(ctx, store.Query{Limit: 1})
	if err != nil || len(newest) == 0 {
		return err
	}
	for n := newest[0].Incident.Number(); n > 0; n-- {
		if err := b.check(ctx, incident.NewID(n)); err != nil {
			return err
		}
		sleep(ctx, restAll)
	}
	return nil
}

// check checks one incident, and tells if it does not hold. Its error is about
// the store as a whole.
func (b *Bot) check(ctx context.Context, id incident.ID) error {
	records, err := b.Store.Load(ctx, id)
	if err != nil && ctx.Err() == nil {
		sleep(ctx, poll) // a disk that stumbled is no finding
		records, err = b.Store.Load(ctx, id)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	switch {
	case err != nil:
		if _, other := b.Store.Load(ctx, incident.System); other != nil {
			return other
		}
		return b.damaged(ctx, incident.State{}, incident.Damaged{Of: id, Why: "unreadable"}, err)
	case len(records) == 0:
		return b.absent(ctx, id)
	}
	if err := b.Chain.Check(records); err != nil {
		return b.damaged(ctx, incident.Fold(records), damageOf(id, err), err)
	}
	b.mended(id)
	return nil
}

func damageOf(id incident.ID, err error) incident.Damaged {
	if broken, ok := errors.AsType[*incident.BrokenError](err); ok {
		return incident.Damaged{Of: id, Seq: broken.Seq, Why: broken.Why}
	}
	return incident.Damaged{Of: id, Why: "edited"}
}

// errGone says that an incident has a number and no records.
var errGone = errors.New("it has no records any more")

// absent tells of a history that is gone, unless it was archived.
func (b *Bot) absent(ctx context.Context, id incident.ID) error {
	t, purged, err := Buried(ctx, b.Store, id)
	if err != nil {
		return err
	}
	if purged {
		if known, err := b.knownFile(ctx, t.File); err != nil || known {
			return err
		}
	}
	return b.damaged(ctx, incident.State{}, incident.Damaged{Of: id, Why: "missing"}, errGone)
}

// damaged tells of a history that does not hold: the log each time it is news to
// this process, every room once and for all in the system log, as a closed
// incident has no card that anybody reads, and the card of an open one.
func (b *Bot) damaged(ctx context.Context, s incident.State, d incident.Damaged, cause error) error {
	if !b.found(d) {
		b.Log.Error("the record does not hold: somebody wrote to the store past the bot", slog.String("incident", string(d.Of)), slog.Any("error", cause))
	}
	if _, err := b.Do(ctx, incident.System, incident.Bot, incident.ReportDamage(d)); err != nil {
		return fmt.Errorf("tell of %s: %w", d.Of, err)
	}
	if !s.Open() || slices.Contains(s.Stuck, incident.Stuck{Task: incident.Execute, Code: CodeBroken}) {
		return nil
	}
	return b.giveUp(ctx, incident.Job{Task: incident.Execute, Incident: d.Of}, CodeBroken)
}

// CheckSystem checks the bot's own log, and holds every start if it does not
// hold together: a hold could have been taken out of it. An approver who has
// looked says go; from the hold on the log must hold together again.
func (b *Bot) CheckSystem(ctx context.Context) error {
	records, err := b.Store.Load(ctx, incident.System)
	if err != nil {
		return fmt.Errorf("load %s: %w", incident.System, err)
	}
	broken := b.Chain.Check(records)
	if broken == nil {
		b.mended(incident.System)
		return nil
	}
	known := b.found(damageOf(incident.System, broken))
	if i := toldBroken(records); i > 0 && b.Chain.CheckAfter(records[i-1], records[i:]) == nil {
		return nil
	}
	if !known {
		b.Log.Error("the bot's own log does not hold: nothing starts until an approver says go", slog.Any("error", broken))
	}
	if incident.Fold(records).Held == incident.HoldBroken {
		return nil
	}
	return b.Hold(ctx, incident.HoldBroken)
}

// toldBroken is the place of the last hold for a broken log; 0 if there is none.
func toldBroken(records []incident.Record) int {
	for i, r := range slices.Backward(records) {
		if held, ok := r.Event.(incident.Held); ok && held.Why == incident.HoldBroken {
			return i
		}
	}
	return 0
}

// found keeps a finding, and reports whether it was known.
func (b *Bot) found(d incident.Damaged) (known bool) {
	b.checks.mu.Lock()
	defer b.checks.mu.Unlock()
	if b.checks.broken[d.Of] == d {
		return true
	}
	if b.checks.broken == nil {
		b.checks.broken = make(map[incident.ID]incident.Damaged)
	}
	b.checks.broken[d.Of] = d
	return false
}

// mended forgets what was found: somebody put it right.
func (b *Bot) mended(id incident.ID) {
	b.checks.mu.Lock()
	defer b.checks.mu.Unlock()
	delete(b.checks.broken, id)
}
