package room_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/room"
)

func TestAnErrorSaysWhatItNeedsAndNothingForeign(t *testing.T) {
	e := &room.Error{Method: "users.info", Word: "missing_scope", Needs: "users:read", After: time.Second, Err: bot.ErrGone}
	if e.Error() != "users.info: missing_scope (users:read)" || (&room.Error{Method: "m", Word: "w"}).Error() != "m: w" {
		t.Errorf("%s", e)
	}
	if e.Code() != "missing_scope" || e.Wait() != time.Second || !errors.Is(e, bot.ErrGone) {
		t.Errorf("%+v", e)
	}
	quoted := room.Unreached("m", errors.New("dial https://secret"))
	if quoted.Error() != "m: Network" || errors.Unwrap(quoted) != nil {
		t.Errorf("%s", quoted)
	}
}

func TestACallThatWasCutShortMayHaveBeenMade(t *testing.T) {
	for _, c := range []struct {
		err        error
		word       string
		late, left bool
	}{
		{errors.New("reset"), room.Network, false, false},
		{fmt.Errorf("post: %w", context.DeadlineExceeded), room.Timeout, true, false},
		{fmt.Errorf("post: %w", context.Canceled), room.Timeout, false, true},
		{errors.Join(context.Canceled, context.DeadlineExceeded), room.Timeout, true, false},
	} {
		e := room.Unreached("m", c.err)
		late, left := errors.Is(e, context.DeadlineExceeded), errors.Is(e, context.Canceled)
		if e.Word != c.word || late != c.late || left != c.left || !room.Unsure(fmt.Errorf("say: %w", e)) {
			t.Errorf("%v: %+v", c.err, e)
		}
	}
	if room.Unsure(&room.Error{}) || room.Unsure(errors.New("other")) || room.Unsure(nil) {
		t.Error("in doubt about what was refused")
	}
}

func TestWhatAPlatformSays(t *testing.T) {
	err := fmt.Errorf("post: %w", &room.Error{Word: "is_archived"})
	if !room.Says(err, "gone", "is_archived") || room.Says(err, "gone") || room.Says(nil, "") || room.Says(errors.New("is_archived"), "is_archived") {
		t.Error("not what was said")
	}
}
