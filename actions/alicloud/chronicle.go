package alicloud

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"twokey/actions"
)

// searchLag is how late events come into the trail at the most, as far as anybody
// has seen; no document says.
const searchLag = 10 * time.Minute

// What is kept of the trail. A chronicle that would grow longer is not whole any
// more.
const (
	keptChronicles = 256
	keptDeeds      = 2000
	keptMade       = 400
)

// topic is one question to one region's trail: every event of a key or a user
// since a moment.
type topic struct {
	region, attribute, value string
	since                    time.Time
}

// deedOf is what events have in common that are counted together.
type deedOf struct {
	action, address, key, code, service string // code: why it was refused
	write                               bool
}

// tally is how often something was done, and when.
type tally struct {
	deedOf
	n           int
	first, last time.Time
}

// chronicle is what the trail has told of a topic so far, counted; whole are only
// the events that made something. Asked again it only reads what may have come
// since, so that it can be asked every few minutes. One goroutine at a time reads
// it on.
type chronicle struct {
	turn    chan struct{}
	tallies map[deedOf]*tally
	made    []event
	ids     map[string]time.Time // of events that may come once more
	read    time.Time            // until when; zero: nothing yet
	holed   bool                 // events were left out: there were too many
	asked   int                  // when it was last asked for, in questions
}

// chronicles are those kept, by topic. The zero value is ready.
type chronicles struct {
	mu        sync.Mutex
	all       map[topic]*chronicle
	questions int
}

// of is the chronicle of a topic, if need be a new one in the place of what was
// asked for longest ago.
func (c *chronicles) of(t topic) *chronicle {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.questions++
	kept, ok := c.all[t]
	if !ok {
		if c.all == nil {
			c.all = map[topic]*chronicle{}
		}
		if len(c.all) >= keptChronicles {
			delete(c.all, c.oldest())
		}
		kept = &chronicle{turn: make(chan struct{}, 1), tallies: map[deedOf]*tally{}, ids: map[string]time.Time{}}
		c.all[t] = kept
	}
	kept.asked = c.questions
	return kept
}

func (c *chronicles) oldest() (at topic) {
	least := c.questions + 1
	for t, kept := range c.all {
		if kept.asked < least {
			at, least = t, kept.asked
		}
	}
	return at
}

// told is what is known of a topic. Whole says that nothing is missing but what the
// trail itself does not have yet.
type told struct {
	tallies []tally
	made    []event
	whole   bool
}

// watchPace is how the trail is watched: a first look takes the turns that are at
// hand, because other incidents wait behind it; later looks wait for theirs.
func watchPace(ctx context.Context) pace {
	switch actions.UrgencyOf(ctx) {
	case actions.Looking, actions.Sifting, actions.Screening:
		return glancing
	case actions.Following, actions.Containing:
	}
	return watching
}

// recall reads a topic on. What was known before is told beside an error.
func (a *Account) recall(ctx context.Context, t topic) (told, error) {
	c := a.chronicles.of(t)
	select {
	case c.turn <- struct{}{}: // also without time left: what is known costs none
	default:
		select {
		case c.turn <- struct{}{}:
		case <-ctx.Done():
			return told{}, translate(ctx, lookupOp, ctx.Err())
		}
	}
	defer func() { <-c.turn }()
	now := a.now()
	if !c.read.IsZero() && now.Sub(c.read) < recent {
		return c.told(!c.holed), nil
	}
	from := t.since
	if again := c.read.Add(-2 * searchLag); !c.read.IsZero() && again.After(from) {
		from = again
	}
	events, all, err := a.searchAt(ctx, watchPace(ctx), t, from, time.Time{}, searchPages)
	c.add(events)
	if err != nil {
		return c.told(false), err
	}
	c.read, c.holed = now, c.holed || !all
	c.forget(now.Add(-4 * searchLag))
	return c.told(!c.holed), nil
}

// add counts events that were not counted yet.
func (c *chronicle) add(events []event) {
	for _, e := range events {
		if _, counted := c.ids[e.id()]; counted {
			continue
		}
		at := date(e.EventTime)
		c.ids[e.id()] = at
		d := e.deed()
		t := c.tallies[d]
		switch {
		case t == nil && len(c.tallies) >= keptDeeds:
			c.holed = true
			continue
		case t == nil:
			t = &tally{deedOf: d, first: at, last: at}
			c.tallies[d] = t
		}
		t.n++
		t.first, t.last = earlier(t.first, at), later(t.last, at)
		if e.makes() {
			if len(c.made) >= keptMade {
				c.holed = true
				continue
			}
			c.made = append(c.made, e)
		}
	}
}

// forget drops the ids of events that are too old to be read once more.
func (c *chronicle) forget(before time.Time) {
	for id, at := range c.ids {
		if at.Before(before) {
			delete(c.ids, id)
		}
	}
}

func (c *chronicle) told(whole bool) told {
	out := told{made: slices.Clone(c.made), whole: whole}
	for _, t := range c.tallies {
		out.tallies = append(out.tallies, *t)
	}
	return out
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// deed is the event as it is counted.
func (e event) deed() deedOf {
	return deedOf{e.action(), e.address(), e.UserIdentity.AccessKeyId, word(e.ErrorCode), word(e.ServiceName), e.writes()}
}

// makes reports whether the event may have left something behind that goes on
// without the key: see descendants.
func (e event) makes() bool {
	return e.ErrorCode == "" && e.writes() && madeBy(e.action()) != ""
}

// recallAll reads what a key, its user, or both did since a moment, in every
// region. What could be read comes beside the first error, and whether that was
// all.
func (a *Account) recallAll(ctx context.Context, key, user string, since time.Time) (told, error) {
	var topics []topic
	for _, r := range a.trailRegions() {
		topics = append(topics, topic{r, "EventAccessKeyId", key, since})
	}
	if user != "" {
		for _, r := range a.trailRegions() {
			topics = append(topics, topic{r, "User", user, since})
		}
	}
	parts := make([]told, len(topics))
	looks := make([]func() error, len(topics))
	for i, t := range topics {
		looks[i] = func() (err error) {
			parts[i], err = a.recall(ctx, t)
			return err
		}
	}
	err := together(looks...)
	out := told{whole: err == nil}
	for i, p := range parts {
		out.whole = out.whole && p.whole
		if topics[i].attribute == "User" { // the key's own were counted already
			p.tallies = slices.DeleteFunc(p.tallies, func(t tally) bool { return t.key == key })
			p.made = slices.DeleteFunc(p.made, func(e event) bool { return e.UserIdentity.AccessKeyId == key })
		}
		out.tallies, out.made = append(out.tallies, p.tallies...), append(out.made, p.made...)
	}
	slices.SortFunc(out.tallies, func(x, y tally) int {
		return slices.Compare([]string{x.action, x.address, x.key, x.code, x.service}, []string{y.action, y.address, y.key, y.code, y.service})
	})
	slices.SortStableFunc(out.made, func(x, y event) int { return strings.Compare(x.EventTime, y.EventTime) })
	return out, err
}

// busy reports that an error says only that there was no time: what is missing is
// read next time.
func busy(err error) bool {
	switch actions.Code(err) {
	case codeBusy, codeTimeout, codeCanceled:
		return true
	}
	return false
}
