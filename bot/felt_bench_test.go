package bot_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
)

// How much is measured of each situation.
const (
	leaks     = 30
	leakEvery = 2500 * time.Millisecond
	patience  = 60 * time.Second       // what takes longer counts as this
	perMinute = 10_000                 // junk
	reading   = 500 * time.Millisecond // before somebody presses what has just appeared
)

// What people feel: a leak is contained by automation, the card is there, and
// what somebody presses shows. The cloud and the chat take 80 ms as a rule and a
// second at times, and turn away two calls in a hundred.
func BenchmarkFelt(b *testing.B) {
	strangers := []string{"junk0", "junk1", "junk2", "junk3"}
	b.Run("quiet", func(b *testing.B) { measure(b, newFelt(b), nil) })
	b.Run("junk", func(b *testing.B) { measure(b, newFelt(b), strangers) })
	b.Run("junk-of-a-trusted-source", func(b *testing.B) { measure(b, newFelt(b), []string{"stolen"}) })
	for name, junk := range map[string][]string{"silent-account": nil, "silent-account-and-junk": strangers} {
		b.Run(name, func(b *testing.B) {
			f := newFelt(b)
			f.addSilent()
			measure(b, f, junk)
		})
	}
}

func measure(b *testing.B, f *felt, junk []string) {
	ctx, stop := context.WithCancel(b.Context())
	var work sync.WaitGroup
	work.Go(func() { f.bot.Run(ctx) })
	if len(junk) > 0 {
		work.Go(func() { f.junk(ctx, junk) })
		time.Sleep(5 * time.Second) // it has begun
	}
	var all sums
	for b.Loop() {
		f.night(ctx, &all)
	}
	stop()
	work.Wait()
	report(b, "contain", all.contain)
	report(b, "card", all.card)
	report(b, "click", all.click)
	report(b, "other-card", all.other)
	b.ReportMetric(0, "ns/op")
}

// sums are the figures of many leaks.
type sums struct {
	mu                          sync.Mutex
	contain, card, click, other []time.Duration
}

// night is one leak after the other.
func (f *felt) night(ctx context.Context, all *sums) {
	var leaked sync.WaitGroup
	for n := range leaks {
		key := f.leaky(n)
		leaked.Go(func() { f.leak(ctx, key, all) })
		if n%2 == 0 {
			other := f.leaky(leaks + n)
			leaked.Go(func() { f.otherLeak(ctx, other, all) })
		}
		time.Sleep(leakEvery)
	}
	leaked.Wait()
}

// leak is one leak from the alert to the second vote.
func (f *felt) leak(ctx context.Context, key incident.KeyID, all *sums) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	begun := time.Now()
	id, err := f.hear(ctx, "scans", key)
	if err != nil {
		f.b.Error(err)
		return
	}
	card := f.await(ctx, f.shows(id, time.Time{}))
	contained := f.await(ctx, f.isContained(id))
	all.mu.Lock()
	all.card, all.contain = append(all.card, card.Sub(begun)), append(all.contain, contained.Sub(begun))
	all.mu.Unlock()
	for _, who := range []incident.Person{chattest.Ana, chattest.Bo} {
		took := f.click(ctx, id, who)
		all.mu.Lock()
		all.click = append(all.click, took)
		all.mu.Unlock()
	}
}

// otherLeak is one that a source reports which may not automate: as far as anybody
// knows it may be junk too.
func (f *felt) otherLeak(ctx context.Context, key incident.KeyID, all *sums) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	begun := time.Now()
	id, err := f.hear(ctx, "github", key)
	if err != nil {
		f.b.Error(err)
		return
	}
	card := f.await(ctx, f.shows(id, time.Time{}))
	all.mu.Lock()
	defer all.mu.Unlock()
	all.other = append(all.other, card.Sub(begun))
}

func (f *felt) hear(ctx context.Context, source string, key incident.KeyID) (incident.ID, error) {
	_, id, err := f.bot.ReceiveAlert(ctx, incident.Alert{
		Source: source, Type: "generic", Kind: incident.KindOpen, KeyID: key, ExternalKey: string(key), ReceivedAt: time.Now(),
	}, incident.AlertText{})
	return id, err
}

// click votes for disabling the key, and says when the room shows that.
func (f *felt) click(ctx context.Context, id incident.ID, who incident.Person) time.Duration {
	time.Sleep(reading)
	begun := time.Now()
	var p incident.Proposal
	for ok := false; !ok && ctx.Err() == nil; begun = time.Now() {
		if p, ok = f.state(ctx, id).Waiting(incident.StepKeyDisable); !ok {
			time.Sleep(20 * time.Millisecond) // it is not offered yet: nobody can press it
		}
	}
	if a := f.bot.Handle(ctx, bot.Input{
		From: bot.Account{Platform: "console", User: string(who)}, Room: "room", ID: fmt.Sprint(id, who),
		Button: &bot.Press{Act: bot.ActApprove, Incident: id, Number: p.Number, Digest: p.Digest},
	}); !a.OK {
		f.b.Logf("%s: %s: %s", id, who, a.Text)
		return patience
	}
	voted := f.state(ctx, id).At
	return f.await(ctx, f.shows(id, voted)).Sub(begun)
}

func (f *felt) state(ctx context.Context, id incident.ID) incident.State {
	records, err := f.bot.Store.Load(ctx, id)
	if err != nil && ctx.Err() == nil {
		f.b.Error(err)
	}
	return incident.Fold(records)
}

// junk is alerts about keys that nobody has.
func (f *felt) junk(ctx context.Context, sources []string) {
	tick := time.NewTicker(time.Minute / perMinute)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		_, err := f.hear(ctx, sources[n%len(sources)], junkKey(n))
		if err != nil && ctx.Err() == nil {
			f.b.Error(err)
			return
		}
	}
}
