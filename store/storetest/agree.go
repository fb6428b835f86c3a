package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twokey/incident"
	"twokey/store"
)

// game plays the same calls to a store and to a model of one.
type game struct {
	ctx    context.Context
	stores [2]store.Store
	model  *model
	now    time.Time     // never goes back
	leases []store.Lease // all that ever were
	tokens map[uint64]bool
}

// Names of the game: few, so that calls meet, and alike, so that they mix if
// they can.
func gameIDs() []incident.ID { return []incident.ID{"inc-1", "inc-2", "inc-10", "inc-3", "inc-4"} }

func gameLanes() []string { return []string{"x", "x/y"} }

func gameMarks() []string { return []string{"m", "m/n", "o"} }

func agree(t *testing.T, open func(*testing.T) (a, b store.Store)) {
	rapid.Check(t, func(r *rapid.T) {
		a, b := open(t)
		defer func() { _, _ = a.Close(), b.Close() }() // there are many rounds
		g := &game{t.Context(), [2]store.Store{a, b}, newModel(), t0(), nil, map[uint64]bool{}}
		r.Repeat(map[string]func(*rapid.T){
			"":       g.compare,
			"append": g.append, "append more": g.append, "create": g.create,
			"claim": g.claim, "claim more": g.claim, "extend": g.extend, "finish": g.finish, "retry": g.retry,
			"find": g.find, "wait": g.wait, "purge": g.purge,
		})
	})
}

// either is one of the two handles.
func (g *game) either(r *rapid.T) store.Store {
	return g.stores[rapid.IntRange(0, 1).Draw(r, "handle")]
}

// soon is a moment around now.
func (g *game) soon(r *rapid.T) time.Time {
	return g.now.Add(time.Duration(rapid.IntRange(-2, 6).Draw(r, "seconds")) * time.Second)
}

func (g *game) wait(r *rapid.T) {
	g.now = g.now.Add(time.Duration(rapid.IntRange(1, 4).Draw(r, "wait")) * time.Second)
}

func (g *game) compare(r *rapid.T) {
	ids := append(gameIDs(), incident.NewID(g.model.created+1))
	for n := range g.model.created {
		ids = append(ids, incident.NewID(n+1))
	}
	got, err := look(g.ctx, g.either(r), g.now, ids, gameLanes(), gameMarks())
	if err != nil {
		r.Fatal(err)
	}
	if diff := cmp.Diff(g.model.contents(g.now, gameLanes()), got); diff != "" {
		r.Fatalf("contents (-model +store):\n%s", diff)
	}
}

// same demands that both refuse in the same way, or neither.
func same(r *rapid.T, model, got error) {
	r.Helper()
	if fmt.Sprint(model) != fmt.Sprint(got) {
		r.Fatalf("the store returns %v, the model %v", got, model)
	}
}

// sometimes is true once in n.
func sometimes(r *rapid.T, n int, what string) bool { return rapid.IntRange(1, n).Draw(r, what) == n }

func (g *game) records(r *rapid.T, id incident.ID) []incident.Record {
	n := rapid.IntRange(0, 2).Draw(r, "records")
	if n == 0 {
		return nil
	}
	have := g.model.records[id]
	if len(have) > 0 && sometimes(r, 8, "stale") {
		have = have[:len(have)-1]
	}
	var records []incident.Record
	if len(have) == 0 {
		have = first(id)
		records = have
	}
	for len(records) < n {
		more := after(have, "ana", "note")
		records, have = append(records, more...), append(slices.Clip(have), more...)
	}
	if sometimes(r, 8, "gap") {
		return records[1:]
	}
	return records
}

func (g *game) batch(r *rapid.T, ids ...incident.ID) store.Batch {
	var b store.Batch
	for _, id := range ids {
		b.Records = append(b.Records, g.records(r, id)...)
	}
	id := rapid.SampledFrom(gameIDs()).Draw(r, "about")
	for range rapid.IntRange(0, 3).Draw(r, "jobs") {
		key := rapid.SampledFrom([]string{"a", "ab", "b", "c"}).Draw(r, "job")
		lane := gameLanes()[len(key)-1]
		j := job(key, lane, g.soon(r))
		j.Incident = id
		j.Seq = uint64(rapid.IntRange(1, 9).Draw(r, "seq")) //nolint:gosec // small
		b.Jobs = append(b.Jobs, j)
	}
	for range rapid.IntRange(0, 2).Draw(r, "marks") {
		m := store.Mark{Name: rapid.SampledFrom(gameMarks()).Draw(r, "mark"), Incident: id, Now: g.now}
		if !sometimes(r, 4, "for ever") {
			m.Until = g.soon(r)
		}
		b.Marks = append(b.Marks, m)
	}
	for range rapid.IntRange(0, 1).Draw(r, "releases") {
		b.Release = append(b.Release, rapid.SampledFrom(gameMarks()).Draw(r, "release"))
	}
	for range rapid.IntRange(0, 2).Draw(r, "values") {
		v := store.Value{Key: rapid.SampledFrom([]string{"v", "v/1", "v0"}).Draw(r, "value")}
		if !sometimes(r, 3, "erase") {
			v.Body = append([]byte{}, rapid.StringN(0, 3, -1).Draw(r, "body")...)
		}
		b.Values = append(b.Values, v)
	}
	for range rapid.IntRange(0, 2).Draw(r, "indexes") {
		b.Index = append(b.Index, g.entry(r))
	}
	return b
}

func (g *game) entry(r *rapid.T) incident.Index {
	return incident.Index{
		Incident: rapid.SampledFrom(gameIDs()).Draw(r, "incident"),
		Key:      rapid.SampledFrom([]incident.KeyID{"", "k", "k1"}).Draw(r, "key"),
		Account:  rapid.SampledFrom([]string{"", "p"}).Draw(r, "account"),
		UserID:   rapid.SampledFrom([]string{"", "u", "u1"}).Draw(r, "user"),
		Open:     rapid.Bool().Draw(r, "open"),
		Opened:   in(time.Duration(rapid.IntRange(0, 5).Draw(r, "opened")) * time.Second),
	}
}

func (g *game) append(r *rapid.T) {
	ids := gameIDs()
	b := g.batch(r, ids[rapid.IntRange(0, 4).Draw(r, "one")], ids[rapid.IntRange(0, 4).Draw(r, "other")])
	if len(g.leases) > 0 && rapid.Bool().Draw(r, "under lease") {
		l := g.lease(r)
		b.Lease, b.Finish = &l, rapid.Bool().Draw(r, "and finish")
	}
	same(r, g.model.append(b), g.either(r).Append(g.ctx, b))
}

func (g *game) create(r *rapid.T) {
	var b store.Batch
	want, refused := g.model.create(func(id incident.ID) store.Batch {
		b = g.batch(r)
		b.Records = first(id)
		for i := range b.Marks {
			b.Marks[i].Incident = rapid.SampledFrom([]incident.ID{"", "inc-9"}).Draw(r, "of")
		}
		given := b
		given.Marks = append([]store.Mark(nil), b.Marks...)
		return given
	})
	got, err := g.either(r).Create(g.ctx, func(incident.ID) store.Batch { return b })
	same(r, refused, err)
	if got != want {
		r.Fatalf("Create = %q, want %q", got, want)
	}
}

func (g *game) claim(r *rapid.T) {
	lane := rapid.SampledFrom(gameLanes()).Draw(r, "lane")
	lasts := time.Duration(rapid.IntRange(1, 4).Draw(r, "lease")) * time.Second
	l, ok, err := g.either(r).Claim(g.ctx, lane, g.now, lasts)
	if err != nil {
		r.Fatal(err)
	}
	want, due := g.model.claim(lane, g.now, g.now.Add(lasts), l.Token)
	if diff := cmp.Diff(want, l.Job); ok != due || diff != "" {
		r.Fatalf("Claim = %v, want %v (-model +store):\n%s", ok, due, diff)
	}
	if !ok {
		return
	}
	if l.Token == 0 || g.tokens[l.Token] || !l.Until.Equal(g.now.Add(lasts)) {
		r.Fatalf("lease has token %d (new: %v) until %v", l.Token, !g.tokens[l.Token], l.Until)
	}
	g.tokens[l.Token] = true
	g.leases = append(g.leases, l)
}

// lease is any that ever was, and mostly one of the latest.
func (g *game) lease(r *rapid.T) store.Lease {
	if len(g.leases) == 0 {
		r.Skip("nothing was claimed yet")
	}
	back := min(rapid.IntRange(1, 4).Draw(r, "back"), len(g.leases))
	return g.leases[len(g.leases)-back]
}

func (g *game) finish(r *rapid.T) {
	l := g.lease(r)
	err := g.either(r).Finish(g.ctx, l)
	same(r, g.lost(l), err)
	if err == nil {
		g.model.finish(l)
	}
}

func (g *game) retry(r *rapid.T) {
	l, due := g.lease(r), g.soon(r)
	err := g.either(r).Retry(g.ctx, l, due)
	same(r, g.lost(l), err)
	if err == nil {
		g.model.retry(l, due)
	}
}

func (g *game) extend(r *rapid.T) {
	l, until := g.lease(r), g.soon(r)
	got, err := g.either(r).Extend(g.ctx, l, until)
	same(r, g.lost(l), err)
	if err != nil {
		return
	}
	if diff := cmp.Diff(g.model.extend(l, until), got); diff != "" {
		r.Fatalf("Extend (-model +store):\n%s", diff)
	}
}

func (g *game) lost(l store.Lease) error {
	if g.model.holds(l) {
		return nil
	}
	return store.ErrLost
}

func (g *game) purge(r *rapid.T) {
	ids := rapid.SliceOfN(rapid.SampledFrom(gameIDs()), 0, 2).Draw(r, "purged")
	got := g.either(r).Purge(g.ctx, ids...)
	if want := g.model.purge(ids); (want == nil) != (got == nil) || want != nil && !errors.Is(got, want) {
		r.Fatalf("Purge %v = %v, want %v", ids, got, want)
	}
}

func (g *game) find(r *rapid.T) {
	e := g.entry(r)
	q := store.Query{Open: e.Open, Key: e.Key, Account: e.Account, UserID: e.UserID, Limit: rapid.IntRange(1, 4).Draw(r, "limit")}
	if rapid.Bool().Draw(r, "since") {
		q.Since = e.Opened
	}
	if rapid.Bool().Draw(r, "until") {
		q.Until = e.Opened.Add(time.Duration(rapid.IntRange(0, 3).Draw(r, "for")) * time.Second)
	}
	if rapid.Bool().Draw(r, "before") {
		q.Before = e.Incident
	}
	got, err := g.either(r).Find(g.ctx, q)
	if err != nil {
		r.Fatal(err)
	}
	if diff := cmp.Diff(g.model.find(q), got); diff != "" {
		r.Fatalf("Find %+v (-model +store):\n%s", q, diff)
	}
}
