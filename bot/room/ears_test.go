package room_test

import (
	"context"
	"testing"
	"testing/synctest"

	"twokey/bot"
	"twokey/bot/room"
)

func answer(context.Context, bot.Input) bot.Answer { return bot.Answer{Text: "heard"} }

func TestNobodyHearsBeforeAndAfter(t *testing.T) {
	var e room.Ears
	enters := func() bool {
		_, _, ok := e.Enter()
		if ok {
			e.Leave()
		}
		return ok
	}
	if enters() {
		t.Error("somebody hears who was never attached")
	}
	ctx, cancel := context.WithCancel(t.Context())
	e.Attach(ctx, answer)
	if !enters() {
		t.Error("nobody hears")
	}
	cancel()
	if enters() {
		t.Error("somebody hears whose life has ended")
	}
	e.Attach(t.Context(), answer)
	if e.Detach(); enters() {
		t.Error("somebody hears who was detached")
	}
}

// An input lives as long as its listener: a request that ends takes nothing back.
func TestAnInputHasTheListenersLife(t *testing.T) {
	var e room.Ears
	type mine struct{}
	e.Attach(context.WithValue(t.Context(), mine{}, true), answer)
	life, handle, _ := e.Enter()
	defer e.Leave()
	if life.Value(mine{}) == nil || handle(life, bot.Input{}).Text != "heard" {
		t.Error("it got another life, or another handler")
	}
}

func TestWhatEnteredIsAnsweredBeforeTheEarsClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e room.Ears
		e.Attach(t.Context(), answer)
		e.Enter()
		closed := false
		go func() { e.Detach(); closed = true }()
		synctest.Wait()
		if closed {
			t.Error("closed over an input")
		}
		e.Leave()
		if synctest.Wait(); !closed {
			t.Error("not closed")
		}
	})
}
