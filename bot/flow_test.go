package bot_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"twokey/actions"
	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
)

// cabinet is an account whose keys begin with its name, in a world without a
// network, where time passes by itself.
type cabinet struct {
	name  string
	takes time.Duration // to say that it does not know a key
	dead  atomic.Bool   // answers nothing
	asked atomic.Int64
}

func (c *cabinet) Name() string { return c.name }

func (c *cabinet) key(n int) incident.KeyID {
	return "LTAI" + incident.KeyID(c.name) + junkKey(n)[len(junkBegins):]
}

func (c *cabinet) answer(ctx context.Context, takes time.Duration) error {
	c.asked.Add(1)
	if c.dead.Load() {
		takes = time.Hour
	}
	select {
	case <-ctx.Done():
		return &actions.Error{Op: "ims:GetUser", Code: "Timeout", Again: true, Err: ctx.Err()}
	case <-time.After(takes):
		return nil
	}
}

func (c *cabinet) Owner(ctx context.Context, k incident.KeyID) ([]actions.Sight, error) {
	if !strings.HasPrefix(string(k), "LTAI"+c.name) {
		return nil, c.answer(ctx, c.takes)
	}
	return []actions.Sight{{Of: incident.OfKey(k), AsOf: time.Now(), Source: "ims:GetUser", Facts: map[incident.FactName]string{
		incident.FactOwner: incident.OwnerRAM, incident.FactAccount: c.name, incident.FactUser: "u", incident.FactUserID: "1",
		incident.FactStatus: incident.KeyActive,
	}}}, c.answer(ctx, 100*time.Millisecond)
}

func (c *cabinet) Evidence(ctx context.Context, _ incident.Target, _ time.Time) ([]actions.Sight, error) {
	return nil, c.answer(ctx, 100*time.Millisecond)
}

func (c *cabinet) Activity(context.Context, incident.Target, time.Time) ([]actions.Sight, error) {
	return nil, nil
}

func (c *cabinet) Undoer(context.Context, incident.Plan, time.Time) (actions.Undoer, error) {
	return actions.Undoer{}, nil
}

func (c *cabinet) Actions() actions.Catalog { return actions.Catalog{} }

// shift is a bot that runs, with accounts and rooms of its own.
type shift struct {
	*bot.Bot
	t *testing.T
}

func work(t *testing.T, rooms []bot.Chat, accounts ...actions.Account) (o shift, stop func()) {
	t.Helper()
	b := alone(t, nil, rooms...)
	b.Accounts = accounts
	b.Rules.Automation.Sources = []string{"scans"}
	end := running(b)
	return shift{b, t}, func() { end() }
}

func (o shift) hear(source string, k incident.KeyID) incident.ID {
	o.t.Helper()
	_, id, err := o.ReceiveAlert(o.t.Context(), incident.Alert{
		Source: source, Kind: incident.KindOpen, KeyID: k, ExternalKey: string(k), ReceivedAt: time.Now(),
	}, incident.AlertText{})
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

func (o shift) owner(id incident.ID) string {
	o.t.Helper()
	records, err := o.Store.Load(o.t.Context(), id)
	if err != nil {
		o.t.Fatal(err)
	}
	return incident.Fold(records).KeyFact(incident.FactOwner)
}

func (o shift) types(text string) {
	o.t.Helper()
	if a := o.Handle(o.t.Context(), bot.Input{From: bot.Account{Platform: "console", User: "ana"}, Room: "room", ID: text, Text: text}); !a.OK {
		o.t.Fatal(a.Text)
	}
}

func TestJunkHoldsUpNoLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live := &cabinet{name: "live", takes: time.Second}
		o, stop := work(t, nil, live)
		defer stop()
		if incident.LaneSift("strangers", false) == incident.LaneSift("others", false) {
			t.Fatal("these two sources share a lane: take other names")
		}
		var first incident.ID
		for n := range 500 {
			first = o.hear("strangers", junkKey(n))
		}
		trusted, other, typed := o.hear("scans", live.key(1)), o.hear("others", live.key(2)), live.key(3)
		o.types("report " + string(typed))
		o.types("take " + string(first)) // it is the last in its lane; a person wants to know
		o.types("answer in_use no " + string(first))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		for what, id := range map[string]incident.ID{"trusted": trusted, "other": other, "typed": "inc-503"} {
			if got := o.owner(id); got != incident.OwnerRAM {
				t.Errorf("%s: after two seconds the owner is %q", what, got)
			}
		}
		if got := o.owner(first); got != incident.OwnerForeign {
			t.Errorf("a person acted, and nobody looked: %q", got)
		}
	})
}

// sluggish is a room in which everything takes its time.
type sluggish struct{ *room }

func (s sluggish) Post(ctx context.Context, key string, c bot.Card) (bot.Ref, error) {
	time.Sleep(time.Second)
	return s.room.Post(ctx, key, c)
}

func (s sluggish) Update(ctx context.Context, ref bot.Ref, c bot.Card) error {
	time.Sleep(time.Second)
	return s.room.Update(ctx, ref, c)
}

func (s sluggish) Reply(ctx context.Context, ref bot.Ref, l bot.Line) error {
	time.Sleep(time.Second)
	return s.room.Reply(ctx, ref, l)
}

func TestJunkHoldsUpNoCard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		live := &cabinet{name: "live"}
		o, stop := work(t, []bot.Chat{sluggish{r}}, live)
		defer stop()
		for n := range 150 {
			o.hear("strangers", junkKey(n))
		}
		time.Sleep(time.Minute) // what was let in is shown
		for n := range 150 {
			o.hear("strangers", junkKey(1000+n))
		}
		id := o.hear("scans", live.key(1))
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if _, ok := (&told{t: t, room: r}).cardOf(id); !ok {
			t.Error("the card of a key that is ours is not there")
		}
	})
}

func TestWhatSomebodyPressesShowsBeforeTheRestOfTheThread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRoom()
		o, stop := work(t, []bot.Chat{sluggish{r}}, &cabinet{name: "live"})
		defer stop()
		id := o.hear("scans", "LTAI"+"live1")
		time.Sleep(10 * time.Second)
		for n := range 20 {
			o.types(fmt.Sprintf("note the %dth", n))
		}
		time.Sleep(5 * time.Second) // the thread has a long way to go
		o.types("take")
		time.Sleep(2500 * time.Millisecond)
		synctest.Wait()
		c, _ := (&told{t: t, room: r}).cardOf(id)
		if !slices.ContainsFunc(c.Fields, func(f bot.Field) bool { return strings.Contains(f.Text, "Ana") }) {
			t.Errorf("the card does not say who took command: %+v", c.Fields)
		}
		time.Sleep(time.Minute)
		if got := seqs(r); !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) || len(r.lines) < 22 {
			t.Errorf("%d lines: %v", len(r.lines), got)
		}
	})
}

func TestAFullStoreOfJunkStaysSmallInTheSummary(t *testing.T) {
	s := tell(t, flooded(chattest.Options{}))
	for source := range 12 {
		s.junk(source*9, source*9+9, fmt.Sprintf("source %d", source))
	}
	s.Settle()
	s.After(10 * time.Second)
	body, ok, err := s.Bot.Store.Value(t.Context(), "flood/room")
	if err != nil || !ok || len(body) > 2000 {
		t.Errorf("what is kept of a flood: %d bytes, %v", len(body), err)
	}
	s.showsIt("other sources")
	if cards, counted := s.room.spared(); cards < 12*5 || cards+counted != 12*9 {
		t.Errorf("%d cards, %d counted", cards, counted)
	}
}
