package bot_test

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"twokey/actions"
	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
)

// spared is how many cards of incidents a room shows, and how many its summaries
// count instead.
func (r *room) spared() (cards, counted int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.cards {
		if c.Incident != incident.System {
			cards++
			continue
		}
		if at := strings.LastIndexByte(c.Title, ' '); at >= 0 {
			n, _ := strconv.Atoi(c.Title[at+1:]) // a message of another kind counts nothing
			counted += n
		}
	}
	return cards, counted
}

func (r *room) messages() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.cards)
}

// junk is alerts about keys that nobody has.
func (s *told) junk(from, to int, source string) {
	s.t.Helper()
	for n := from; n < to; n++ {
		s.receive(s.junkAlert(n, source))
	}
}

func (s *told) junkAlert(n int, source string) incident.Alert {
	return s.alert(func(a *incident.Alert) {
		a.Source, a.KeyID = source, junkKey(n)
		a.ExternalKey = string(a.KeyID)
	})
}

const junkBegins = "LTAI" + "5tJk"

// junkKey is the id of a key that nobody has.
func junkKey(n int) incident.KeyID {
	sum := sha256.Sum256([]byte(strconv.Itoa(n)))
	return incident.KeyID(junkBegins + base32.StdEncoding.EncodeToString(sum[:10]))
}

// quick is the account with a rate that no flood uses up: the rate has tests of its
// own.
type quick struct{ actions.Account }

func (q quick) Owner(ctx context.Context, k incident.KeyID) ([]actions.Sight, error) {
	if strings.HasPrefix(string(k), junkBegins) {
		return nil, nil
	}
	return q.Account.Owner(ctx, k)
}

func (q quick) Match(ctx context.Context, m incident.Mask) (actions.Matches, error) {
	return q.Account.(actions.Matcher).Match(ctx, m)
}

func flooded(o chattest.Options) chattest.Options {
	o.Account = func(a actions.Account) actions.Account { return quick{a} }
	return o
}

func (s *told) cardOf(id incident.ID) (bot.Card, bool) {
	s.room.mu.Lock()
	defer s.room.mu.Unlock()
	for _, c := range s.room.cards {
		if c.Incident == id {
			return c, true
		}
	}
	return bot.Card{}, false
}

func TestASummaryInsteadOfAFlood(t *testing.T) {
	t.Parallel()
	s := tell(t, flooded(chattest.Options{}))
	const many = 150
	s.junk(0, many, "strangers")
	s.Settle()
	s.After(10 * time.Second)
	cards, counted := s.room.spared()
	if cards != 20 || counted != many-20 || s.room.messages() != 21 {
		t.Fatalf("%d cards, %d counted, %d messages", cards, counted, s.room.messages())
	}
	s.showsIt("strangers")
	s.showsIt("inc-150")
	records, err := s.Bot.Store.Load(t.Context(), "inc-150")
	if err != nil || len(records) == 0 {
		t.Errorf("an incident was not kept: %v", err)
	}
	// News about one that is held back is not one more.
	s.receive(s.alert(func(a *incident.Alert) { a.Source, a.KeyID, a.ExternalKey = "strangers", junkKey(many-1), "again" }))
	s.Settle()
	s.After(10 * time.Second)
	if _, counted := s.room.spared(); counted != many-20 {
		t.Errorf("%d counted", counted)
	}
	// The same flood goes on: the same message.
	s.junk(many, many+50, "strangers")
	s.Settle()
	s.After(10 * time.Second)
	if cards, counted := s.room.spared(); cards != 20 || counted != many+30 || s.room.messages() != 21 {
		t.Errorf("%d cards, %d counted, %d messages", cards, counted, s.room.messages())
	}
	// When it is over, cards are shown again; another flood is another message.
	s.After(15 * time.Minute)
	s.junk(1000, 1010, "strangers")
	s.Settle()
	if cards, _ := s.room.spared(); cards != 30 {
		t.Errorf("%d cards after the flood", cards)
	}
	s.After(15 * time.Minute)
	s.junk(2000, 2050, "strangers")
	s.Settle()
	s.After(10 * time.Second)
	if cards, counted := s.room.spared(); cards != 50 || counted != many+30+30 || s.room.messages() != 52 {
		t.Errorf("%d cards, %d counted, %d messages after the second flood", cards, counted, s.room.messages())
	}
}

func TestAHeldBackCardAppearsWhenItMatters(t *testing.T) {
	s := tell(t, flooded(chattest.Options{}))
	s.junk(0, 40, "strangers")
	id := s.Alert() // ours, in the middle of it
	s.junk(40, 80, "strangers")
	s.Settle()
	if c, ok := s.cardOf(id); !ok || !strings.Contains(c.Title, "NOT CONTAINED") {
		t.Fatalf("the key that is ours has no card: %q", c.Title)
	}
	for name, act := range map[incident.ID]func(id incident.ID){
		"inc-60": func(id incident.ID) { s.say(chattest.Ana, "take "+string(id)) },
		"inc-61": func(id incident.ID) { s.say(chattest.Bo, "show "+string(id)) },
		"inc-62": func(id incident.ID) {
			s.say(chattest.Ana, "report "+string(s.State(id).Key))
		},
	} {
		if _, ok := s.cardOf(name); ok {
			t.Fatalf("%s was not held back", name)
		}
		act(name)
		s.Settle()
		if _, ok := s.cardOf(name); !ok {
			t.Errorf("%s has no card although somebody asked", name)
		}
	}
	if _, ok := s.cardOf("inc-63"); ok {
		t.Error("one that nobody asked for has one")
	}
}

// A masked id that can only be one of our keys is no junk, before anybody says yes.
func TestAMaskedKeyOfOursIsNotHeldBack(t *testing.T) {
	s := tell(t, flooded(chattest.Options{}))
	s.junk(0, 40, "strangers")
	for i, mask := range []string{maskOf(s.Scene.Leaked.ID), maskOf(string(junkKey(1)))} {
		_, id := s.receive(s.alert(func(a *incident.Alert) {
			a.Source, a.Kind, a.KeyID, a.KeyMask, a.ExternalKey = "strangers", incident.KindLookup, "", mask, mask
		}))
		s.Settle()
		if _, ok := s.cardOf(id); ok != (i == 0) {
			t.Errorf("the card of %s is shown: %v", mask, ok)
		}
	}
}

func TestOneSourceKeepsNoCardOfAnotherBack(t *testing.T) {
	s := tell(t, flooded(chattest.Options{}))
	s.junk(0, 60, "strangers")
	s.Settle()
	s.junk(100, 104, "others")
	s.Settle()
	for n := 61; n <= 64; n++ {
		if _, ok := s.cardOf(incident.NewID(uint64(n))); !ok {
			t.Errorf("inc-%d has no card", n)
		}
	}
}

func TestAFloodGoesOnOverARestart(t *testing.T) {
	s := tell(t, flooded(chattest.Options{}))
	s.junk(0, 60, "strangers")
	for range 30 { // stopped in the middle of the work
		for _, lane := range s.Bot.Lanes() {
			if _, err := s.Bot.Work(t.Context(), lane); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.Reopen(flooded(chattest.Options{}), s.room)
	s.Settle()
	s.junk(60, 100, "strangers")
	s.Settle()
	s.After(10 * time.Second)
	if cards, counted := s.room.spared(); cards != 20 || counted != 80 || s.room.messages() != 21 {
		t.Errorf("%d cards, %d counted, %d messages", cards, counted, s.room.messages())
	}
}

func TestNobodyIsRemindedOfWhatNoRoomShows(t *testing.T) {
	page := &pager{}
	s := tell(t, flooded(chattest.Options{Rules: func(r *incident.Rules) { r.Webhook = true }}))
	s.Bot.Webhook = page
	s.junk(0, 80, "strangers")
	s.Settle()
	s.After(6 * time.Minute)
	reminded := 0
	for n := range 80 {
		records, err := s.Bot.Store.Load(t.Context(), incident.NewID(uint64(n+1)))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if _, ok := r.Event.(incident.Reminded); ok {
				reminded++
			}
		}
	}
	if reminded != 20 || len(page.pages) != 20 {
		t.Errorf("reminded of %d, paged of %d, want the 20 that have a card", reminded, len(page.pages))
	}
}

func TestWithoutARoomThePagerIsSparedToo(t *testing.T) {
	page := &pager{}
	s := &told{World: chattest.New(t, flooded(chattest.Options{Rules: func(r *incident.Rules) { r.Webhook = true }})), t: t, room: newRoom()}
	s.Bot.Webhook = page
	s.junk(0, 80, "strangers")
	ours := s.Alert()
	s.Settle()
	s.After(6 * time.Minute)
	if n := len(page.pages); n > 25 || !slices.ContainsFunc(page.pages, func(p bot.Page) bool { return p.Incident == ours }) {
		t.Errorf("%d pages, the one about our key among them or not: %+v", n, page.pages)
	}
}

// Whoever has many cards and makes news about all of them has them told one by one,
// and all of them in the end.
func TestCardsThatMayBeNothingAreKeptUpToDateOneByOne(t *testing.T) {
	s := tell(t, flooded(chattest.Options{}))
	edits := &counting{room: s.room}
	s.Bot.Chats = []bot.Chat{edits}
	const shown = 20
	s.junk(0, shown, "strangers")
	s.Settle()
	s.After(time.Minute)
	again := func(name string) {
		for n := range shown {
			s.receive(s.alert(func(a *incident.Alert) { a.Source, a.KeyID, a.ExternalKey = "strangers", junkKey(n), name }))
		}
		s.Settle()
	}
	before := edits.updates
	again("first")
	again("second")
	again("third")
	s.After(time.Second)
	if n := edits.updates - before; n > 25 {
		t.Errorf("%d edits in a second", n)
	}
	for range 12 {
		s.After(5 * time.Second)
	}
	for n := range shown {
		c, _ := s.cardOf(incident.NewID(uint64(n + 1)))
		if !strings.Contains(fmt.Sprint(c.Fields), "3×") {
			t.Errorf("card %d is not up to date: %v", n+1, c.Fields)
		}
	}
}
