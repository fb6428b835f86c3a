package slack_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"twokey/bot"
)

func TestALineWithoutItsCardIsTakenBack(t *testing.T) {
	o := newOffice(t, false)
	ref, err := o.chat.Post(t.Context(), "inc-7", offeredCard(t))
	if err != nil {
		t.Fatal(err)
	}
	o.Erase(o.room.ID, string(ref)[len(o.room.ID)+1:])
	err = o.chat.Reply(t.Context(), ref, bot.Line{Key: "inc-7/1", At: time.Now(), Text: "opened"})
	if !errors.Is(err, bot.ErrGone) {
		t.Errorf("Reply: %v", err)
	}
	if left := o.Messages(o.room.ID); len(left) != 0 {
		t.Errorf("in the open room stands %q", left[0].Text)
	}
}

func TestWhatCouldNotBeTakenIsTakenTheNextTime(t *testing.T) {
	o := newOffice(t, true)
	p := o.as(t, ana).Lenient()
	p.Command(o.room.ID, "list") // nobody listens
	if a := o.Last().Send(t); a.Status != http.StatusServiceUnavailable {
		t.Fatalf("nobody listens: status %d", a.Status)
	}
	b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
	o.listen(t, b.handle)
	if a := o.Last().Send(t); a.Status != http.StatusOK {
		t.Errorf("the same request once more: status %d", a.Status)
	}
	if a := o.Last().Send(t); a.Status != http.StatusUnauthorized {
		t.Errorf("and again: status %d", a.Status)
	}
}
