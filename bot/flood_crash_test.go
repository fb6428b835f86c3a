package bot_test

import (
	"fmt"
	"testing"
	"time"

	"twokey/actions"
	"twokey/bot/chattest"
	"twokey/incident"
	"twokey/store"
)

// Killed anywhere in a flood, the bot shows each card or counts it, never both,
// never twice, and the flood has one message.
func TestKilledInAFloodEveryCardIsShownOrCountedOnce(t *testing.T) {
	const many = 26
	flood := func(t *testing.T, at int) (points int) {
		r, room := &reaper{left: at}, newRoom()
		o := chattest.Options{
			Account: func(a actions.Account) actions.Account { return mortalAccount{quick{a}, r} },
			Store:   func(s store.Store) store.Store { return mortalStore{s, r} },
		}
		s := &told{World: chattest.New(t, o, mortalRoom{room, r}), t: t, room: room}
		for n := range many {
			a := s.junkAlert(n, "strangers")
			if _, _, err := s.Bot.ReceiveAlert(t.Context(), a, incident.AlertText{}); err == nil {
				continue
			}
			s.restart(o, r) // the sender got no answer and asks again
			s.receive(a)
		}
		for range 6 {
			s.Settle()
			if r.died() {
				s.restart(o, r)
			}
			s.Clock.Move(20 * time.Second) // back-off
		}
		// How many are shown depends on how long the bot was gone.
		cards, counted := room.spared()
		messages := cards
		if counted > 0 {
			messages++
		}
		if cards < 20 || cards+counted != many || room.messages() != messages {
			t.Errorf("%d cards, %d counted, %d messages", cards, counted, room.messages())
		}
		return r.seen
	}
	points := flood(t, -1)
	for at := 1; at <= points; at += 29 {
		t.Run(fmt.Sprintf("point %d", at), func(t *testing.T) {
			t.Parallel()
			flood(t, at)
		})
	}
	t.Logf("%d points", points)
}

func (s *told) restart(o chattest.Options, r *reaper) {
	s.t.Helper()
	r.revive()
	s.Reopen(o, mortalRoom{s.room, r})
	s.Clock.Move(2 * time.Minute)
}
