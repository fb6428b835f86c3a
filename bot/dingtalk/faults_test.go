package dingtalk_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/dingtalk"
	"twokey/bot/dingtalk/dingtalktest"
	"twokey/bot/room"
)

// A card or a line whose answer was lost is shown once: it has a name.
func TestWhatWasShownIsNotShownTwice(t *testing.T) {
	o := newOffice(t)
	remove := o.Inject(dingtalktest.Fault{Kind: dingtalktest.Lose, Path: dingtalktest.PathDeliver})
	card := cardWith(approving(nil))
	if _, err := o.chat.Post(t.Context(), "inc-7/dingtalk/0", card); err == nil {
		t.Fatal("a lost answer is no error")
	}
	remove()
	ref := post(t, o, card)
	defer o.Inject(dingtalktest.Fault{Kind: dingtalktest.Lose, Path: dingtalktest.PathDeliver, Next: 1})()
	if o.chat.Reply(t.Context(), ref, line) == nil {
		t.Fatal("a lost answer is no error")
	}
	if err := newBot(o).Reply(t.Context(), ref, line); err != nil { // the program began anew
		t.Fatal(err)
	}
	if n, m := count(o, "Leaked AccessKey"), count(o, line.Text); n != 1 || m != 1 {
		t.Errorf("the card is shown %d times, the line %d times", n, m)
	}
}

// newBot is the room of a program that began anew.
func newBot(o *office) *dingtalk.Chat {
	return dingtalk.New(dingtalk.Config{
		ClientID: o.App.ClientID, ClientSecret: o.App.ClientSecret, Room: o.room, APIURL: o.URL(),
		Common: room.Common{Language: "en", Words: func(_, id string, _ map[string]string) string { return id }},
	})
}

func TestCardsOfTwoStoresAreTwoCards(t *testing.T) {
	o := newOffice(t)
	first, second := cardWith(), cardWith()
	second.Opened = second.Opened.Add(time.Hour)
	if post(t, o, first) == post(t, o, second) || count(o, "Leaked AccessKey") != 2 {
		t.Error("another store's inc-7 is taken for this one's")
	}
}

func TestFaultsAreErrorsThatSayWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		fault dingtalktest.Fault
		code  string
		wait  time.Duration
	}{
		"too many calls":     {dingtalktest.Fault{Kind: dingtalktest.Throttle, RetryAfter: 7}, "RateLimited", 7 * time.Second},
		"too many, in words": {dingtalktest.Fault{Kind: dingtalktest.Refuse, Code: "Forbidden.AccessDenied.QpsLimitForApi"}, "RateLimited", time.Second},
		"a broken server":    {dingtalktest.Fault{Kind: dingtalktest.ServerError}, "HTTP.500", 0},
		"a proxy's page":     {dingtalktest.Fault{Kind: dingtalktest.HTML}, "OddAnswer", 0},
		"no answer":          {dingtalktest.Fault{Kind: dingtalktest.Cut}, "Network", 0},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			c.fault.Path, c.fault.Next = dingtalktest.PathDeliver, 1
			o.Inject(c.fault)
			_, err := o.chat.Post(t.Context(), "k", cardWith())
			if e, ok := errors.AsType[*dingtalk.Error](err); !ok || e.Code() != c.code || e.Wait() != c.wait {
				t.Errorf("%v", err)
			}
			if err != nil && (strings.Contains(err.Error(), o.URL()) || strings.Contains(err.Error(), o.App.ClientSecret)) {
				t.Errorf("it tells too much: %v", err)
			}
			if o.Calls(dingtalktest.PathGroup) != 0 {
				t.Error("it was said in a message although a card may come")
			}
			post(t, o, cardWith())
		})
	}
}

func TestACardThatIsGoneIsGone(t *testing.T) {
	o := newOffice(t)
	ref := post(t, o, cardWith())
	track, _, _ := strings.Cut(string(ref), "/")
	o.RemoveCard(track)
	if err := o.chat.Update(t.Context(), ref, cardWith()); !errors.Is(err, bot.ErrGone) {
		t.Errorf("%v", err)
	}
}

func TestAnEndedTokenIsRenewed(t *testing.T) {
	o := newOffice(t)
	ref := post(t, o, cardWith())
	o.Expire()
	card := cardWith()
	card.Title = "changed"
	if err := o.chat.Update(t.Context(), ref, card); err != nil {
		t.Fatal(err)
	}
	if n := o.Calls(dingtalktest.PathToken); n != 2 || count(o, "changed") != 1 {
		t.Errorf("%d tokens", n)
	}
}

func TestATokenIsRenewedBeforeItEnds(t *testing.T) {
	clock := &chattest.Clock{}
	clock.Move(time.Since(time.Time{}))
	o := newOffice(t, func(_ *office, c *dingtalk.Config) { c.Now = clock.Now })
	ref := post(t, o, cardWith())
	clock.Move(2*time.Hour - 10*time.Minute)
	o.Expire()
	if err := o.chat.Update(t.Context(), ref, cardWith()); err != nil || o.Calls(dingtalktest.PathUpdate) != 1 {
		t.Errorf("%d calls, %v", o.Calls(dingtalktest.PathUpdate), err)
	}
}

// elsewhere answers that DingTalk is at another place.
type elsewhere struct{ asked []string }

func (e *elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	e.asked = append(e.asked, r.URL.Host)
	header := http.Header{"Location": {"https://evil.example/"}}
	return &http.Response{StatusCode: http.StatusTemporaryRedirect, Header: header, Body: http.NoBody, Request: r}, nil
}

func TestTheSecretGoesNowhereElse(t *testing.T) {
	way := &elsewhere{}
	o := newOffice(t, func(_ *office, c *dingtalk.Config) { c.Transport = way })
	if _, err := o.chat.Post(t.Context(), "k", cardWith()); err == nil || len(way.asked) != 1 {
		t.Errorf("asked: %q, %v", way.asked, err)
	}
}

// A socket that breaks, or that DingTalk closes, is opened again, and what comes then is
// heard.
func TestABrokenSocketIsOpenedAgain(t *testing.T) {
	o := newOffice(t)
	in := listening(t, o)
	for _, end := range []func(){o.Drop, o.Disconnect} {
		o.as(t, ana).Direct("list").Await()
		end()
		o.Await(t, "the end of the socket", func() bool { return o.Sockets() == 0 })
	}
	o.as(t, ana).Direct("help").Await()
	if got := in.last(t); got.Text != "help" {
		t.Errorf("%+v", got)
	}
}

// Where DingTalk takes no cards, everything is said in messages, and a message that may
// have stood there before says so.
func TestWithoutCardsItIsSaidInMessages(t *testing.T) {
	o := newOffice(t)
	noCards(o)
	card := cardWith(approving(nil))
	ref := post(t, o, card)
	if err := o.chat.Update(t.Context(), ref, card); err != nil {
		t.Fatal(err)
	}
	if n := count(o, "Leaked AccessKey"); n != 1 {
		t.Errorf("nothing changed, and it is said %d times", n)
	}
	card.Title = "inc-7 · CONTAINED"
	if err := o.chat.Update(t.Context(), ref, card); err != nil {
		t.Fatal(err)
	}
	if count(o, "CONTAINED") != 1 || count(o, "approve inc-7/2") != 2 {
		t.Errorf("the card says\n%s", o.Text(t))
	}
	remove := o.Inject(dingtalktest.Fault{Kind: dingtalktest.Lose, Path: dingtalktest.PathGroup, Next: 1})
	if o.chat.Reply(t.Context(), ref, line) == nil {
		t.Fatal("a lost answer is no error")
	}
	remove()
	if count(o, "may have stood here before") != 0 {
		t.Error("the first says that it may be the second")
	}
	for range 2 {
		if err := o.chat.Reply(t.Context(), ref, line); err != nil {
			t.Fatal(err)
		}
	}
	if count(o, line.Text) != 2 || count(o, "may have stood here before") != 1 {
		t.Errorf("a line whose answer was lost:\n%s", o.Text(t))
	}
	if err := newBot(o).Reply(t.Context(), ref, bot.Line{Key: "5", Text: "after a start"}); err != nil {
		t.Fatal(err)
	}
	if count(o, "dingtalk.maybe") != 1 {
		t.Error("the first line after a start may have stood there, and does not say so")
	}
}

// A card that was made and reached nobody is said in a message, also when it is asked
// for again: DingTalk only says that it is there.
func TestACardThatReachesNobodyIsSaid(t *testing.T) {
	o := newOffice(t, func(_ *office, c *dingtalk.Config) { c.Room = "cidunknown==" })
	for range 2 {
		if ref, err := o.chat.Post(t.Context(), "k", cardWith()); err == nil {
			t.Fatalf("nobody sees %s", ref)
		}
	}
}

// A card that DingTalk does not change any more (the text does not pass its review, the
// permission was taken) is said in a message, once for each state.
func TestACardThatCanNotBeChangedIsSaid(t *testing.T) {
	o := newOffice(t)
	ref := post(t, o, cardWith(approving(nil)))
	o.Inject(dingtalktest.Fault{Kind: dingtalktest.Refuse, Path: dingtalktest.PathUpdate, Code: "param.contentUnsafe"})
	card := cardWith(approving(nil))
	card.Title = "inc-7 · CONTAINED"
	for range 2 {
		if err := o.chat.Update(t.Context(), ref, card); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(o, "CONTAINED"); n != 1 {
		t.Errorf("it is said %d times", n)
	}
	o.ClearFaults()
	defer o.Inject(dingtalktest.Fault{Kind: dingtalktest.Unavailable, Path: dingtalktest.PathUpdate, Next: 1})()
	card.Title = "inc-7 · NOT CONTAINED"
	if o.chat.Update(t.Context(), ref, card) == nil || count(o, "NOT CONTAINED") != 0 {
		t.Error("what may still come is said in a message")
	}
}

// Who is to act is called by name; who is not there keeps no line back.
func TestALineCallsPeople(t *testing.T) {
	o := newOffice(t)
	ref := post(t, o, cardWith())
	l := line
	l.Mention = []bot.Account{o.account(ana), {Platform: "dingtalk", User: "manager0"}, {Platform: "dingtalk", User: "@ALL"}, {Platform: "slack", User: o.ids["bo"]}}
	if err := o.chat.Reply(t.Context(), ref, l); err != nil {
		t.Fatal(err)
	}
	shown := o.InGroup(o.room)
	if got := shown[len(shown)-1].Card.Mentions; len(got) != 1 || got[0] != o.ids[ana]+"=ana" {
		t.Errorf("it calls %q", got)
	}
}
