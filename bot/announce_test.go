package bot_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
)

// seqs are the records that a room's thread shows, in the order in which it does.
func seqs(r *room) []uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []uint64
	for _, l := range r.lines {
		all = append(all, l.Seq)
	}
	return all
}

func TestTwoRoomsStayInStep(t *testing.T) {
	one, two := newRoom(), newRoom()
	w := chattest.New(t, chattest.Options{}, namedRoom{one, "one"}, namedRoom{two, "two"})
	s := &told{World: w, t: t, room: one}
	two.fail = errors.New("HTTP 503")
	s.id = s.Alert()
	s.Settle()
	s.receive(s.alert(nil))
	s.say(chattest.Ana, "answer in_use no")
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	s.After(time.Hour + time.Minute)
	s.agree(incident.StepKeyDelete, chattest.Ana, chattest.Bo)
	if len(two.lines) != 0 {
		t.Fatal("the second room was not down")
	}
	two.fail = nil
	s.After(10 * time.Minute)
	if !slices.Equal(seqs(one), seqs(two)) || !slices.IsSorted(seqs(two)) || len(slices.Compact(seqs(two))) != len(seqs(one)) {
		t.Errorf("the rooms tell different stories: %v and %v", seqs(one), seqs(two))
	}
	// What was so then is told the same now.
	a, b := (&platform{one}).Text(t), (&platform{two}).Text(t)
	if a != b {
		t.Errorf("one room shows\n%s\nthe other\n%s", a, b)
	}
	for _, r := range []*room{one, two} {
		if r.replies != len(r.lines) {
			t.Errorf("%d lines were shown %d times", len(r.lines), r.replies)
		}
	}
}

// slow is a room whose answer comes when another worker has long taken over.
type slow struct {
	*room
	then func()
}

func (s slow) Post(ctx context.Context, key string, c bot.Card) (bot.Ref, error) {
	s.then()
	return s.room.Post(ctx, key, c)
}

func TestWhoeverLostTheLeaseMovesNoCursor(t *testing.T) {
	var w *chattest.World
	w = chattest.New(t, chattest.Options{}, slow{newRoom(), func() {
		w.Clock.Move(2 * time.Minute)
		if _, ok, err := w.Bot.Store.Claim(context.Background(), incident.LaneRoom("room"), w.Clock.Now(), time.Minute); err != nil || !ok {
			t.Error("the job was not to be had")
		}
	}})
	w.Alert()
	if _, err := w.Bot.Work(t.Context(), incident.LaneRoom("room")); err != nil {
		t.Error(err)
	}
	if body, ok, err := w.Bot.Store.Value(t.Context(), "room/inc-1/room"); ok || err != nil {
		t.Errorf("it wrote %s", body)
	}
}

func TestARoomThatIsGoneIsBegunAnewWhole(t *testing.T) {
	t.Run("its card", func(t *testing.T) {
		s := alerted(t, chattest.Options{})
		s.say(chattest.Ana, "note one")
		s.Settle()
		story := seqs(s.room)
		clear(s.room.cards)
		s.say(chattest.Ana, "take")
		s.Settle()
		got := seqs(s.room)
		if len(s.room.cards) != 1 || len(got) != 2*len(story)+1 || !slices.Equal(got[len(story):2*len(story)], story) {
			t.Errorf("%d cards, lines %v after %v", len(s.room.cards), got, story)
		}
	})
	t.Run("its thread", func(t *testing.T) {
		s := alerted(t, chattest.Options{})
		story := seqs(s.room)
		s.room.gone = true // until a card is posted
		s.say(chattest.Ana, "note one")
		s.Settle()
		if got := seqs(s.room); len(got) != 2*len(story)+1 {
			t.Errorf("lines %v after %v", got, story)
		}
	})
}

func TestARoomThatIsNewIsShownTheWholeStory(t *testing.T) {
	s := alerted(t, chattest.Options{})
	s.say(chattest.Ana, "note one")
	s.After(5 * time.Minute) // somebody is reminded
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	second := newRoom()
	s.Bot.Chats = append(s.Bot.Chats, namedRoom{second, "second"})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Bot.Run(ctx) }()
	second.await(t, func() bool { return len(second.lines) == len(s.room.lines) })
	stop()
	<-done
	if !slices.Equal(seqs(second), seqs(s.room)) {
		t.Errorf("the new room shows %v, want %v", seqs(second), seqs(s.room))
	}
	for _, l := range second.lines {
		if len(l.Mention) > 0 {
			t.Errorf("an old story mentions %v", l.Mention)
		}
	}
	if posts := len(s.room.keys); posts != 1 {
		t.Errorf("the room that was known was shown %d cards", posts)
	}
}

func TestEveryRoomIsToldOfTheConfigurationOnce(t *testing.T) {
	one, two := newRoom(), newRoom()
	w := chattest.New(t, chattest.Options{}, namedRoom{one, "one"}, namedRoom{two, "two"})
	two.fail = errors.New("HTTP 503")
	change := []incident.Change{{What: "may_approve", Who: "bo", To: "yes"}}
	for range 2 { // the same configuration at the next start is no change
		if err := w.Bot.Configured(t.Context(), "d1", change); err != nil {
			t.Fatal(err)
		}
	}
	w.Settle()
	two.fail = nil
	w.After(10 * time.Second)
	if err := w.Bot.Configured(t.Context(), "d2", []incident.Change{{What: "window", From: "30m", To: "1h"}}); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	for _, r := range []*room{one, two} {
		if len(r.cards) != 2 {
			t.Errorf("%d messages, want 2", len(r.cards))
		}
		if text := (&platform{r}).Text(t); !strings.Contains(text, "Bo") {
			t.Errorf("the room is not told who may approve now:\n%s", text)
		}
	}
}

func TestAHoldStandsOnEveryCardUntilItEnds(t *testing.T) {
	s := alerted(t, chattest.Options{})
	const held = "On hold"
	card := func() bot.Card {
		for _, c := range s.room.cards {
			if c.Incident == s.id {
				return c
			}
		}
		t.Fatal("no card")
		return bot.Card{}
	}
	says := func() bool {
		return slices.ContainsFunc(card().Notices, func(n bot.Notice) bool { return strings.Contains(n.Text, held) })
	}
	if err := s.Bot.Hold(t.Context(), incident.HoldClock); err != nil {
		t.Fatal(err)
	}
	s.Settle()
	if !says() {
		t.Error("the card does not say that the bot is on hold")
	}
	if a := s.say("chen", "go"); !a.OK {
		t.Fatal(a.Text)
	}
	s.Settle()
	if says() {
		t.Error("the card still says so")
	}
	if a := s.say("chen", "go"); a.OK {
		t.Error("there was nothing to end")
	}
}

// The card names the other incidents about the same user, which stand in the way
// of taking the quarantine off.
func TestACardNamesWhoElseHoldsTheUser(t *testing.T) {
	s := alerted(t, chattest.Options{})
	k, err := s.Cloud.AddKey(s.Scene.Victim)
	if err != nil {
		t.Fatal(err)
	}
	s.receive(s.alert(func(a *incident.Alert) { a.KeyID, a.ExternalKey = incident.KeyID(k.ID), "other" }))
	s.Settle()
	a := s.say(chattest.Ana, "show inc-2")
	if a.Card == nil || !slices.ContainsFunc(a.Card.Notices, func(n bot.Notice) bool { return strings.Contains(n.Text, "inc-1") }) {
		t.Errorf("%+v", a.Card)
	}
}

func TestARoomThatStaysDownEndsOnTheCardOfTheOthers(t *testing.T) {
	dead, live := newRoom(), newRoom()
	dead.fail = errors.New("HTTP 500")
	w := chattest.New(t, chattest.Options{}, namedRoom{dead, "dead"}, namedRoom{live, "live"})
	s := &told{World: w, t: t, room: live}
	s.id = s.Alert()
	s.Settle()
	for range 20 {
		s.After(time.Minute)
	}
	if got := s.stuck(incident.Announce); got.Room != "dead" {
		t.Errorf("%+v", got)
	}
	s.showsIt("dead")
}

func TestARoomThatBreaksTheProgramHurtsOnlyItself(t *testing.T) {
	live := newRoom()
	w := chattest.New(t, chattest.Options{}, breaking{namedRoom{newRoom(), "dead"}}, live)
	s := &told{World: w, t: t, room: live}
	s.id = s.Alert()
	s.Settle()
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	if got := s.KeyStatus(); got != "Inactive" {
		t.Errorf("the key is %s", got)
	}
	for range 20 {
		s.After(time.Minute)
	}
	if got := s.stuck(incident.Announce); got.Code != "Panic" {
		t.Errorf("%+v", got)
	}
}

// breaking is a room with a bug.
type breaking struct{ namedRoom }

func (breaking) Post(context.Context, string, bot.Card) (bot.Ref, error) { panic("nil pointer") }
