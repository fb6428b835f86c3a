package intake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"twokey/bot"
	"twokey/incident"
)

// maxStoring bounds the alerts of one request that are stored at a time: the store
// puts all that wait into one commit, so a thousand keys cost some commits and not a
// thousand, and other senders' alerts are in the same ones.
const maxStoring = 64

// receive hands on what stands for itself and says what became of each entry, in
// their order. What was received before an error stays received: the sender asks
// again and hears "duplicate".
func (h *hooks) receive(ctx context.Context, s *source, in input, all []*finding) ([]result, error) {
	r := &receiving{hooks: h, source: s, in: in, became: make(map[*finding]result)}
	keyed, others := queues(all)
	err := r.each(ctx, keyed)
	if err == nil {
		err = r.each(ctx, others) // their secrets may be those of the keys
	}
	if err != nil {
		for _, told := range r.became {
			h.Count(s.Name, told.Verdict)
		}
		return nil, err
	}
	results := make([]result, len(all))
	for i, f := range all {
		switch {
		case f.verdict != "":
			results[i] = result{Verdict: f.verdict, Reason: f.reason, Shown: f.shown}
		case f.of != nil:
			results[i] = f.part(r.became[f.head()])
		default:
			results[i] = r.became[f]
		}
	}
	return results, nil
}

// queues are the findings that stand for themselves, in rows that need not wait for
// each other: those of one key stay in order, and so do those without a key that show
// one secret or are one finding.
func queues(all []*finding) (keyed, others [][]*finding) {
	rows := make(map[string]*[]*finding)
	var order []*[]*finding
	for _, f := range all {
		if f.verdict != "" || f.of != nil {
			continue
		}
		var row *[]*finding
		for _, name := range f.ties() {
			if row == nil {
				row = rows[name]
			}
		}
		if row == nil {
			row = new([]*finding)
			order = append(order, row)
		}
		*row = append(*row, f)
		for _, name := range f.ties() {
			rows[name] = row
		}
	}
	for _, row := range order {
		if (*row)[0].alert.KeyID != "" {
			keyed = append(keyed, *row)
		} else {
			others = append(others, *row)
		}
	}
	return keyed, others
}

// ties are what findings must have in common to be about one thing.
func (f *finding) ties() []string {
	if f.alert.KeyID != "" {
		return []string{"key " + string(f.alert.KeyID)}
	}
	ties := []string{"finding " + f.externalKey()}
	if f.alert.SecretPrint != "" {
		ties = append(ties, "secret "+f.alert.SecretPrint)
	}
	return ties
}

// receiving is one request's findings on their way to the disk.
type receiving struct {
	*hooks
	source *source
	in     input

	mu     sync.Mutex
	became map[*finding]result
}

// each stores rows of findings side by side, and returns when all that was begun has
// ended. Nothing is begun after an error, which is the first one; what was begun is not
// cut off by it.
func (r *receiving) each(ctx context.Context, rows [][]*finding) error {
	work, failed := errgroup.WithContext(ctx)
	work.SetLimit(maxStoring)
	for _, row := range rows {
		work.Go(func() error {
			for _, f := range row {
				if err := failed.Err(); err != nil {
					return err
				}
				if err := r.one(ctx, f); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return work.Wait()
}

// one stores a finding.
func (r *receiving) one(ctx context.Context, f *finding) error {
	told, err := r.store(ctx, f)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.became[f] = told
	return nil
}

// store makes one finding durable. A bug that an alert trips over ends its request
// and not the bot.
func (r *receiving) store(ctx context.Context, f *finding) (told result, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: a %T", errPanic, v) // never its words: they may quote the alert
		}
	}()
	v, id, err := r.Receive(ctx, f.normal(r.source, r.in), f.text)
	if err != nil {
		return result{}, err
	}
	r.delivered(ctx, r.source, f)
	return f.result(v, id), nil
}

var errPanic = errors.New("storing an alert panicked")

// delivered remembers an alert that the same source may list one day, so that its
// list does not bring it anew. Failing in that costs a duplicate.
func (h *hooks) delivered(ctx context.Context, s *source, f *finding) {
	if f.asks == nil || f.alert.KeyID == "" || h.Keep == nil {
		return
	}
	if err := h.Keep(ctx, polledName(s.Name, githubAccount, f.asks.name())); err != nil {
		h.Log.Warn("remember alert", "source", s.Name, "error", err)
	}
}

// result is what became of a finding. News about what is not open are what they
// are, and change nothing.
func (f *finding) result(v bot.Verdict, id incident.ID) result {
	news := map[incident.AlertKind]bot.Verdict{incident.KindEnrich: bot.Enriched, incident.KindResolve: bot.Resolved}
	if kind, ok := news[f.alert.Kind]; ok && v == bot.Ignored {
		return result{Verdict: kind, Reason: NothingOpen}
	}
	return result{Verdict: v, Incident: id, Reason: f.reason}
}

// part is what became of a finding in another one's alert.
func (f *finding) part(head result) result {
	v := head.Verdict
	switch v {
	case bot.Opened, bot.LookedUp, bot.Enriched:
		v = bot.Duplicate
		if f.added {
			v = bot.Enriched
		}
	}
	return result{Verdict: v, Incident: head.Incident, Reason: f.reason}
}

// normal is the alert as it is handed on. A delivery is remembered per key, not
// per request: a sender that calls everything by one Idempotency-Key loses no
// key by that.
func (f *finding) normal(s *source, in input) incident.Alert {
	a := f.alert
	a.Source, a.Type = s.Name, s.Type
	a.ReceivedAt, a.BodySHA256 = in.at, in.sha256
	a.ExternalKey = f.externalKey()
	if f.news != "" {
		a.News = hash(f.news)[:16]
	}
	about := string(a.KeyID)
	if about == "" {
		about = a.ExternalKey
	}
	if a.Kind != incident.KindOpen && a.Kind != incident.KindLookup {
		about += string(a.Kind)
	}
	a.Delivery = in.sent + "/" + hash(about)[:16]
	return a
}

// externalKey is what the source calls a finding, as it is kept.
func (f *finding) externalKey() string { return hash(slices.Sorted(maps.Keys(f.external))...) }
