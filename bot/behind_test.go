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

// editing is a room that counts how often its card changes.
type editing struct {
	namedRoom
	edits *int
}

func (c editing) Update(ctx context.Context, ref bot.Ref, card bot.Card) error {
	*c.edits++
	return c.namedRoom.Update(ctx, ref, card)
}

// apart is a world of two rooms, of which Lark can fail.
type apart struct {
	*told
	lark  *room
	edits int // in Slack
	rooms []bot.Chat
}

const notUpToDate = "Not up to date: "

func newApart(t *testing.T, more ...bot.Chat) *apart {
	t.Helper()
	a := &apart{lark: newRoom()}
	slack := newRoom()
	a.rooms = append([]bot.Chat{editing{namedRoom{slack, "slack"}, &a.edits}, namedRoom{a.lark, "lark"}}, more...)
	a.told = &told{World: chattest.New(t, chattest.Options{}, a.rooms...), t: t, room: slack}
	return a
}

func (a *apart) begin() {
	a.t.Helper()
	a.id = a.Alert()
	a.Settle()
}

// fails makes Lark fail for some time, with all the tries that fall into it.
func (a *apart) fails(d time.Duration) {
	a.lark.fail = errors.New("HTTP 503")
	a.Settle()
	for range d / time.Second {
		a.After(time.Second)
	}
}

func TestTheOtherCardsSayWhichRoomIsBehindUntilItHasCaughtUp(t *testing.T) {
	a := newApart(t)
	a.begin()
	since := a.Clock.Now()
	a.lark.fail = errors.New("HTTP 503")
	a.say(chattest.Ana, "note one")
	a.fails(8 * time.Second)
	if text := a.text(); strings.Contains(text, notUpToDate) {
		t.Errorf("after eight seconds the card says\n%s", text)
	}
	a.fails(30 * time.Second)
	a.showsIt(notUpToDate + "Lark (since " + since.Format("15:04:05") + ": Internal)")
	if show := a.say(chattest.Bo, "show"); show.Card == nil || !strings.Contains(show.Card.Notices[0].Text, notUpToDate) {
		t.Errorf("whoever asks is shown %+v", show.Card)
	}
	a.say(chattest.Bo, "note two")
	a.lark.fail = nil
	a.After(time.Minute)
	for name, r := range map[string]*room{"slack": a.room, "lark": a.lark} {
		if text := (&platform{r}).Text(t); strings.Contains(text, notUpToDate) {
			t.Errorf("all is told, and %s shows\n%s", name, text)
		}
	}
	if !slices.Equal(seqs(a.lark), seqs(a.room)) || a.lark.replies != len(a.lark.lines) {
		t.Errorf("Lark shows %v in %d calls, Slack %v", seqs(a.lark), a.lark.replies, seqs(a.room))
	}
}

// A room does not say of itself that it is behind: what is read there is up to date.
func TestARoomThatCatchesUpIsNotShownThatItWasBehind(t *testing.T) {
	a := newApart(t)
	var seen []string
	a.Bot.Chats[1] = watched{namedRoom{a.lark, "lark"}, func(c bot.Card) {
		for _, n := range c.Notices {
			seen = append(seen, n.Text)
		}
	}}
	a.lark.fail = errors.New("HTTP 503")
	a.begin()
	a.fails(time.Minute)
	a.showsIt(notUpToDate)
	a.lark.fail = nil
	a.After(10 * time.Second)
	if len(a.lark.cards) != 1 || slices.ContainsFunc(seen, func(text string) bool { return strings.Contains(text, notUpToDate) }) {
		t.Errorf("Lark was shown %d cards: %q", len(a.lark.cards), seen)
	}
	if text := a.text(); strings.Contains(text, notUpToDate) {
		t.Errorf("Slack still shows\n%s", text)
	}
}

// watched is a room whose cards somebody looks at.
type watched struct {
	namedRoom
	look func(bot.Card)
}

func (w watched) Post(ctx context.Context, key string, c bot.Card) (bot.Ref, error) {
	w.look(c)
	return w.namedRoom.Post(ctx, key, c)
}

func (w watched) Update(ctx context.Context, ref bot.Ref, c bot.Card) error {
	w.look(c)
	return w.namedRoom.Update(ctx, ref, c)
}

func TestARoomThatFailsForLongCostsTheOthersTwoEdits(t *testing.T) {
	a := newApart(t)
	a.begin()
	a.After(30 * time.Second) // what is read back soon
	a.lark.fail = errors.New("HTTP 503")
	a.say(chattest.Ana, "note one")
	a.Settle()
	a.edits = 0
	a.fails(time.Minute) // before it is given up, which is a line of its own
	a.showsIt(notUpToDate)
	if a.edits != 1 {
		t.Errorf("while Lark failed, Slack's card was changed %d times", a.edits)
	}
	a.lark.fail = nil
	a.After(2 * time.Minute)
	if a.edits != 2 {
		t.Errorf("in the end it was changed %d times", a.edits)
	}
}

func TestRoomsThatAreDownTogetherDoNotKeepEachOtherBusy(t *testing.T) {
	second := newRoom()
	a := newApart(t, namedRoom{second, "dingtalk"})
	a.begin()
	tries := &tried{err: errors.New("HTTP 503")}
	a.Bot.Chats[1], a.Bot.Chats[2] = stuckRoom{namedRoom{a.lark, "lark"}, tries}, stuckRoom{namedRoom{second, "dingtalk"}, tries}
	a.say(chattest.Ana, "note one")
	for range 60 {
		a.After(time.Second)
	}
	a.showsIt("Lark (since ")
	a.showsIt("DingTalk (since ")
	if tries.n > 2*(7+2) { // each at 0, 1, 2, 4, 8, 16, 32 s, and when the other one is noted
		t.Errorf("they were tried %d times", tries.n)
	}
}

type tried struct {
	n   int
	err error
}

// stuckRoom is a room whose card can't be changed.
type stuckRoom struct {
	namedRoom
	*tried
}

func (f stuckRoom) Update(context.Context, bot.Ref, bot.Card) error {
	f.n++
	return f.err
}

// News is told at once, so it brings tries of its own; these must not make a hiccup long.
func TestMuchNewsDoesNotKeepARoomWaitingForLonger(t *testing.T) {
	a := newApart(t)
	a.begin()
	a.lark.fail = errors.New("HTTP 503")
	for range 10 {
		a.say(chattest.Ana, "note one")
		a.Settle()
	}
	if text := a.text(); strings.Contains(text, notUpToDate) {
		t.Errorf("at once the card says\n%s", text)
	}
	a.lark.fail = nil
	a.After(time.Second)
	if text := a.text(); !slices.Equal(seqs(a.lark), seqs(a.room)) || strings.Contains(text, notUpToDate) {
		t.Errorf("Lark shows %v, Slack %v and\n%s", seqs(a.lark), seqs(a.room), text)
	}
}

func TestARoomThatWasDownForHoursCatchesUpWithinAMinute(t *testing.T) {
	a := newApart(t)
	a.begin()
	a.lark.fail = errors.New("HTTP 503")
	a.say(chattest.Ana, "note one")
	for range 200 {
		a.After(time.Minute)
	}
	a.lark.fail = nil
	a.After(time.Minute)
	if !slices.Equal(seqs(a.lark), seqs(a.room)) {
		t.Errorf("Lark shows %v, Slack %v", seqs(a.lark), seqs(a.room))
	}
}

// A room in which the program ends each time can't be told why.
func TestARoomThatEndsTheProgramIsBehind(t *testing.T) {
	a := newApart(t)
	a.begin()
	a.say(chattest.Ana, "note one")
	for range 8 { // each time the lease runs out, as nobody lives to give it back
		if _, ok, err := a.Bot.Store.Claim(t.Context(), incident.LaneRoom("lark"), a.Clock.Now(), time.Minute); !ok || err != nil {
			t.Fatal(ok, err)
		}
		a.Clock.Move(2 * time.Minute)
	}
	a.lark.fail = errors.New("HTTP 503")
	a.Settle()
	a.showsIt(notUpToDate + "Lark")
	a.showsIt(": Crashed)")
}

// Who is told to wait longer than that is behind at once.
func TestARoomThatAsksForPatienceIsBehindAtOnce(t *testing.T) {
	a := newApart(t)
	a.begin()
	a.lark.fail = slowDown(40 * time.Second)
	a.say(chattest.Ana, "note one")
	a.Settle()
	a.showsIt(notUpToDate + "Lark")
	a.lark.fail = nil
	a.After(41 * time.Second)
	if text := a.text(); strings.Contains(text, notUpToDate) {
		t.Errorf("the card still says\n%s", text)
	}
}

type slowDown time.Duration

func (slowDown) Error() string         { return "too many requests" }
func (s slowDown) Wait() time.Duration { return time.Duration(s) }

func TestWhoIsBehindIsKnownAfterARestart(t *testing.T) {
	a := newApart(t)
	a.begin()
	a.lark.fail = errors.New("HTTP 503")
	a.say(chattest.Ana, "note one")
	a.fails(time.Minute)
	a.Reopen(chattest.Options{}, a.rooms...)
	a.say(chattest.Ana, "note two")
	a.Settle()
	a.showsIt(notUpToDate + "Lark")
	a.lark.fail = nil
	a.After(5 * time.Minute)
	if text := a.text(); strings.Contains(text, notUpToDate) || !slices.Equal(seqs(a.lark), seqs(a.room)) {
		t.Errorf("Lark shows %v, Slack %v and\n%s", seqs(a.lark), seqs(a.room), text)
	}
}

// A room that shows only what matters is not made to show more because another fails.
func TestNoCardAppearsBecauseAnotherRoomIsBehind(t *testing.T) {
	spare := newRoom()
	a := newApart(t, sparing{namedRoom{spare, "slack-channels"}})
	a.lark.fail = errors.New("HTTP 503")
	_, a.id = a.receive(a.alert(func(f *incident.Alert) { f.KeyID, f.ExternalKey = "", "masked"; f.Kind = incident.KindLookup }))
	a.Settle()
	a.fails(time.Minute)
	a.showsIt(notUpToDate + "Lark")
	if len(spare.cards) > 0 {
		t.Errorf("it shows %d cards", len(spare.cards))
	}
}

type sparing struct{ namedRoom }

func (sparing) OnlyMatters() bool { return true }

func TestARoomFailsFromItsFirstFailureToItsNextSuccess(t *testing.T) {
	a := newApart(t)
	a.begin()
	since := a.Clock.Now()
	a.lark.fail = errors.New("HTTP 503")
	a.say(chattest.Ana, "note one")
	a.fails(10 * time.Second)
	got, failing := a.Bot.Failing("lark")
	if want := (bot.Behind{Room: "lark", Since: since, Why: "Internal"}); got != want || !failing {
		t.Errorf("%+v, %v, want %+v", got, failing, want)
	}
	if got, failing := a.Bot.Failing("slack"); failing {
		t.Errorf("Slack fails: %+v", got)
	}
	a.lark.fail = nil
	a.After(time.Minute)
	if got, failing := a.Bot.Failing("lark"); failing {
		t.Errorf("Lark still fails: %+v", got)
	}
}
