package room_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"twokey/bot/room"
)

func TestAConnectionIsOpenedAnewAfterLongerAndLongerPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		lives := []time.Duration{0, 0, 0, 0, 0, 0, time.Minute, time.Minute + 1, 0}
		var opened, said []time.Duration
		refused := errors.New("refused")
		var ended time.Time
		room.Reconnect(ctx, func(context.Context) error {
			if !ended.IsZero() {
				opened = append(opened, time.Since(ended))
			}
			if len(lives) == 0 {
				cancel()
				return nil
			}
			time.Sleep(lives[0])
			lives, ended = lives[1:], time.Now()
			return refused
		}, func(err error, again time.Duration) {
			if !errors.Is(err, refused) {
				t.Error(err)
			}
			said = append(said, again)
		})
		s := time.Second
		if want := []time.Duration{s, 2 * s, 4 * s, 8 * s, 15 * s, 15 * s, 15 * s, s, 2 * s}; !slices.Equal(said, want) || !slices.Equal(opened, want) {
			t.Errorf("said %v, opened after %v, want %v", said, opened, want)
		}
	})
}

func TestNothingIsOpenedOnceTheRoomCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		tries, said, began := 0, 0, time.Now()
		go func() {
			synctest.Wait() // in its first pause
			cancel()
		}()
		room.Reconnect(ctx, func(context.Context) error { tries++; return nil }, func(error, time.Duration) { said++ })
		room.Reconnect(ctx, func(context.Context) error { tries++; return nil }, func(error, time.Duration) { said++ })
		if tries != 1 || said != 1 || time.Since(began) > 0 {
			t.Errorf("%d tries, told %d times, after %s", tries, said, time.Since(began))
		}
	})
}
