package console_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"twokey/bot"
	"twokey/bot/console"
	"twokey/bot/console/consoletest"
)

func TestACardIsPostedOnceForItsKey(t *testing.T) {
	r := deaf(t, console.Config{})
	first := r.post(t, "inc-7", moment1())
	if again := r.post(t, "inc-7", moment2()); again != first {
		t.Errorf("second post made message %s, want %s", again, first)
	}
	if n := strings.Count(pageOf(t, r.as(t, "ana")), `<article`); n != 1 {
		t.Errorf("page shows %d cards, want 1", n)
	}
}

func TestAnUpdateTakesThePlaceOfTheCard(t *testing.T) {
	r := deaf(t, console.Config{})
	ref := r.post(t, "inc-7", moment1())
	if err := r.Update(t.Context(), ref, moment4()); err != nil {
		t.Fatal(err)
	}
	got := consoletest.Text(pageOf(t, r.as(t, "ana")))
	if !strings.Contains(got, "CONTAINED 02:55:02") || strings.Contains(got, "Looking up whose key") {
		t.Errorf("page still shows the old card: %s", got)
	}
}

func TestAMessageDoesNotOutliveItsConsole(t *testing.T) {
	ref := deaf(t, console.Config{}).post(t, "inc-7", moment1())
	next := deaf(t, console.Config{})
	next.post(t, "inc-7", moment1())
	if err := next.Update(t.Context(), ref, moment2()); !errors.Is(err, bot.ErrGone) {
		t.Errorf("Update gave %v, want ErrGone", err)
	}
	if err := next.Reply(t.Context(), ref, story()[0]); !errors.Is(err, bot.ErrGone) {
		t.Errorf("Reply gave %v, want ErrGone", err)
	}
}

func TestALineShowsOnceAndNewestLast(t *testing.T) {
	r := deaf(t, console.Config{})
	ref := r.post(t, "inc-7", moment2())
	for _, line := range append(story(), story()...) {
		if err := r.Reply(t.Context(), ref, line); err != nil {
			t.Fatal(err)
		}
	}
	got := consoletest.Text(pageOf(t, r.as(t, "ana")))
	at := 0
	for _, line := range story() {
		if n := strings.Count(got, line.Text); n != 1 {
			t.Errorf("line %q stands %d times, want once", line.Text, n)
		}
		if next := strings.Index(got, line.Text); next < at {
			t.Errorf("line %q stands before an older one", line.Text)
		} else {
			at = next
		}
	}
}

func TestNothingIsShownForACancelledPost(t *testing.T) {
	r := deaf(t, console.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Post(ctx, "inc-7", moment1()); !errors.Is(err, context.Canceled) {
		t.Errorf("Post gave %v, want Canceled", err)
	}
	if strings.Contains(pageOf(t, r.as(t, "ana")), "<article") {
		t.Error("the page shows a card that was not posted")
	}
}

func TestOnlyOneListens(t *testing.T) {
	r := open(t, console.Config{}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nothing to wait for
	if err := r.Listen(ctx, nil); !errors.Is(err, console.ErrListening) {
		t.Errorf("second Listen gave %v, want ErrListening", err)
	}
}

func TestOldCardsAreCountedNotDrawn(t *testing.T) {
	r := deaf(t, console.Config{Words: func(_, id string, blanks map[string]string) string { return id + " " + blanks["count"] }})
	for i := range 100 {
		r.post(t, string(rune('a'+i)), moment1())
	}
	got := pageOf(t, r.as(t, "ana"))
	if n := strings.Count(got, "<article"); n > 30 {
		t.Errorf("page draws %d cards", n)
	}
	if !strings.Contains(got, "console.older 70") {
		t.Error("the page does not say how many older cards there are")
	}
}
