package lark_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"twokey/bot"
	"twokey/bot/lark"
	"twokey/bot/lark/larktest"
)

// An update that Lark gets while a press is on its way to the bot is taken back there
// when the press is answered. The card must show it all the same.
func TestAnUpdateThatCrossesAPressIsMadeAgain(t *testing.T) {
	o := newOffice(t, true)
	o.ears(t, (&heard{answer: bot.Answer{OK: true, Text: "done"}}).handle)
	ref := o.posted(t, card(yes(1)))
	calm := card(yes(1))
	calm.Title = "inc-1 · Leaked AccessKey — CONTAINED"
	o.PostTo(larktest.Receiver{Path: lark.PathEvents, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := o.chat.Update(r.Context(), ref, calm); err != nil {
			t.Error(err)
		}
		o.chat.ServeHTTP(w, r)
	})})
	o.as(t, "ana").Press(o.as(t, "ana").Buttons()[0])
	o.Await(t, "the card as it is", func() bool { return strings.Contains(o.Text(t), "CONTAINED") && !strings.Contains(o.Text(t), "NOT") })
	if o.Calls("reverted") != 1 {
		t.Errorf("Lark took %d updates back: nothing crossed", o.Calls("reverted"))
	}
}

func TestACardIsStillWhileItsPressIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var shown []string
		during := func() {}
		s := lark.NewStillness(time.Second, func(_ context.Context, _, content string) error {
			shown = append(shown, content)
			during()
			return errors.New("in vain")
		})
		at := func(want time.Duration, began time.Time) {
			t.Helper()
			if got := time.Since(began); got != want {
				t.Errorf("after %v, want %v", got, want)
			}
		}
		update := func(message, content string) {
			t.Helper()
			if err := s.Wait(t.Context(), message, content); err != nil {
				t.Error(err)
			}
		}
		began := time.Now()
		update("om_1", "a")
		at(0, began) // nothing holds it

		time.Sleep(4 * time.Second) // long after: nothing crosses
		answered, twice := s.Hold("om_1"), s.Hold("om_1")
		answered()
		time.AfterFunc(time.Second, twice)
		began = time.Now()
		update("om_2", "other")
		at(0, began) // another message goes on
		update("om_1", "b")
		at(2*time.Second, began)
		if len(shown) != 0 {
			t.Errorf("made again: %q", shown)
		}

		s.Hold("om_1")() // a press that began before "b" was shown
		synctest.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		if len(shown) != 1 || shown[0] != "b" {
			t.Errorf("made again: %q", shown)
		}

		during = func() { s.Hold("om_1") } // a press that is never answered comes meanwhile
		s.Hold("om_1")()
		synctest.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		began = time.Now()
		update("om_1", "c")
		at(5*time.Second, began)
	})
}
