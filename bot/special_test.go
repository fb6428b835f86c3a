package bot_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/view"
	"twokey/incident"
)

// special is a room with a channel for each incident that matters, which it puts away.
type special struct {
	*room

	away  []bot.Ref
	stuck error
}

func (*special) Room() string      { return "channels" }
func (*special) OnlyMatters() bool { return true }

func (s *special) Archive(_ context.Context, ref bot.Ref) error {
	if s.stuck != nil {
		return s.stuck
	}
	s.away = append(s.away, ref)
	return nil
}

// toldWith is a world with a special room beside the usual one.
func toldWith(t *testing.T) (*told, *special) {
	t.Helper()
	usual, channels := newRoom(), &special{room: newRoom()}
	w := chattest.New(t, chattest.Options{}, usual, channels)
	return &told{World: w, t: t, room: usual}, channels
}

func TestAChannelIsOpenedOnlyForWhatMatters(t *testing.T) {
	s, channels := toldWith(t)
	s.junk(0, 3, "strangers")
	s.Settle()
	if len(s.room.cards) == 0 || len(channels.cards) != 0 {
		t.Fatalf("junk has %d cards in the usual room and %d channels", len(s.room.cards), len(channels.cards))
	}
	s.Alert()
	s.Settle()
	if len(channels.cards) != 1 {
		t.Errorf("a leaked key of ours has %d channels", len(channels.cards))
	}
}

func TestAClosedIncidentsMessagesArePutAwayAndReopenedOnesPostedAnew(t *testing.T) {
	s, channels := toldWith(t)
	s.id = s.Alert()
	s.Settle()
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	if len(channels.away) != 0 {
		t.Fatal("put away while it is open")
	}
	channels.stuck = errors.New("not now")
	s.say(chattest.Ana, "close "+string(s.id))
	s.Settle()
	channels.stuck = nil
	s.After(time.Minute)
	if len(channels.away) != 1 {
		t.Fatalf("put away %d times", len(channels.away))
	}
	lines := len(channels.lines)
	if last := channels.lines[lines-1].Text; !strings.Contains(last, "losed") {
		t.Errorf("the last line before is %q", last)
	}
	s.After(2 * time.Hour) // looks go on
	if a := s.say(chattest.Ana, "note the owner was told "+string(s.id)); !a.OK {
		t.Fatal(a.Text)
	}
	s.Settle()
	if len(channels.lines) != lines || len(channels.keys) != 1 {
		t.Error("something was shown where all is put away")
	}

	s.console(t, "UpdateAccessKey", map[string]string{"UserName": s.Scene.Victim, "UserAccessKeyId": s.Scene.Leaked.ID, "Status": "Active"})
	s.After(2 * time.Hour)
	if !s.State(s.id).Open() {
		t.Fatal("the key lives again, and nobody reopened")
	}
	if len(channels.keys) != 2 {
		t.Errorf("%d messages after reopening, want a new one", len(channels.keys))
	}
}

func TestAButtonCountsOnlyOnItsIncidentsCard(t *testing.T) {
	s := alerted(t, chattest.Options{})
	p, _ := s.State(s.id).Waiting(incident.StepKeyDisable)
	press := func(on bot.Ref, room string) bot.Answer {
		s.n++
		return s.Bot.Handle(t.Context(), bot.Input{
			From: bot.Account{Platform: "console", User: "ana"}, Room: room, On: on,
			Button: &bot.Press{Act: bot.ActApprove, Incident: s.id, Number: p.Number, Digest: p.Digest},
		})
	}
	var card bot.Ref
	for ref := range s.room.cards {
		card = ref
	}
	for _, wrong := range []struct {
		on   bot.Ref
		room string
	}{{"message 99", "room"}, {card, "another room"}} {
		if a := press(wrong.on, wrong.room); a.OK {
			t.Errorf("pressed on %q in %q, and it counts", wrong.on, wrong.room)
		}
	}
	if a := press(card, "room"); !a.OK {
		t.Errorf("pressed on the card: %s", a.Text)
	}
}

func TestWhatIsNoCommandAndHoldsKeysIsShownBack(t *testing.T) {
	s := tell(t, chattest.Options{})
	key, other := s.Scene.Leaked.ID, s.Scene.Idle.ID
	for _, text := range []string{"look what I found: " + key + " and " + other, "report " + key + " " + other, key + " " + other + " secret=" + strings.Repeat("a1B2c3", 5)} {
		a := s.say(chattest.Ana, text)
		if !a.OK || a.Card == nil || len(a.Card.Asks) != 2 || a.Card.Asks[0].Text != key {
			t.Fatalf("%q: %+v", text, a)
		}
		if strings.Contains(text, "secret=") != strings.Contains(a.Text, "Delete your message") {
			t.Errorf("%q: %q", text, a.Text)
		}
	}
	s.Settle()
	if s.State("inc-1").Seq != 0 {
		t.Fatal("opened without anybody's yes")
	}
	a := s.say(chattest.Ana, "look: "+key)
	b := a.Card.Asks[0].Buttons[0]
	pressed := s.Bot.Handle(t.Context(), bot.Input{
		From: bot.Account{Platform: "console", User: "ana"}, Room: "room", ID: "p", Button: &bot.Press{Act: b.Act, Value: b.Value},
	})
	if !pressed.OK || s.State("inc-1").Key != incident.KeyID(key) || !s.State("inc-1").KeyTyped {
		t.Errorf("reported: %+v", pressed)
	}
	s.refuses(chattest.Ana, "look what I found", bot.NoSuchCommand)
}

// worded is an error of a platform with a word for it.
type worded struct{}

func (worded) Error() string { return "chat.postMessage: not_in_channel" }
func (worded) Code() string  { return "not_in_channel" }

func TestTheCardElsewhereHasThePlatformsWord(t *testing.T) {
	s, channels := toldWith(t)
	channels.fail = worded{}
	s.id = s.Alert()
	s.Settle()
	for range 10 {
		s.After(5 * time.Minute)
	}
	if got := s.stuck(incident.Announce); got.Code != "not_in_channel" || got.Room != "channels" {
		t.Errorf("stuck: %+v", got)
	}
}

func TestTwoLeakedKeysOfOneUserNameEachOther(t *testing.T) {
	s := alerted(t, chattest.Options{})
	k, err := s.Cloud.AddKey(s.Scene.Victim)
	if err != nil {
		t.Fatal(err)
	}
	s.say(chattest.Ana, "report "+k.ID)
	s.Settle()
	for id, other := range map[incident.ID]string{"inc-1": "inc-2", "inc-2": "inc-1"} {
		card, ok := s.cardOf(id)
		if !ok || !strings.Contains(view.Plain(card), "same user: "+other) {
			t.Errorf("the card of %s does not name %s:\n%s", id, other, view.Plain(card))
		}
	}
}
