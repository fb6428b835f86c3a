package bot

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"twokey/actions"
)

type waits time.Duration

func (waits) Error() string         { return "busy" }
func (w waits) Wait() time.Duration { return time.Duration(w) }

func TestBackOffDoublesAndListensToThePlatform(t *testing.T) {
	busy := func(d time.Duration) error { return fmt.Errorf("tell room: %w", waits(d)) }
	for _, row := range []struct {
		attempt int
		cause   error
		want    time.Duration
	}{
		{0, nil, time.Second},
		{3, errors.New("x"), 8 * time.Second},
		{8, nil, 256 * time.Second},
		{9, nil, 5 * time.Minute},
		{1 << 30, nil, 5 * time.Minute},
		{0, busy(20 * time.Second), 20 * time.Second},
		{5, busy(20 * time.Second), 32 * time.Second},
		{0, busy(10 * time.Minute), 10 * time.Minute},
		{0, busy(1000 * time.Hour), time.Hour}, // nobody may silence a room for long
		{0, busy(-time.Hour), time.Second},
	} {
		if got := backOff(row.attempt, row.cause); got != row.want {
			t.Errorf("attempt %d, %v: %s, want %s", row.attempt, row.cause, got, row.want)
		}
	}
}

func TestTheClockJumpsBothWays(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	for _, row := range []struct {
		wall, passed time.Duration
		want         bool
	}{
		{10 * time.Second, 10 * time.Second, false},
		{2 * time.Minute, 0, false},
		{2*time.Minute + time.Second, 0, true},
		{-2*time.Minute - time.Second, 0, true},
		{-time.Minute, 10 * time.Second, false},
		{time.Hour, time.Hour, false}, // it slept, and so did everything
		{0, 3 * time.Minute, true},
	} {
		if got := jumped(start, start.Add(row.wall), row.passed); got != row.want {
			t.Errorf("%s on the wall while %s passed: %v", row.wall, row.passed, got)
		}
	}
}

func TestACodeIsNeverAText(t *testing.T) {
	foreign := "foreign words"
	broke := func() (err error) {
		defer caught(&err)
		panic(foreign)
	}
	slip := func() (err error) {
		defer caught(&err)
		var none []int
		_ = none[len(foreign)]
		return nil
	}
	for want, err := range map[string]error{
		"NoPermission": fmt.Errorf("plan: %w", &actions.Error{Op: "ram:X", Code: "NoPermission"}),
		"NoTarget":     actions.ErrNoTarget,
		"OwnIdentity":  fmt.Errorf("x: %w", actions.ErrOwnIdentity),
		"Gone":         ErrGone,
		"Panic":        broke(),
		"Internal":     errors.New(foreign),
	} {
		if got := code(err); got != want {
			t.Errorf("%v is %q, want %q", err, got, want)
		}
	}
	for _, err := range []error{broke(), slip()} {
		if strings.Contains(err.Error(), foreign) || !strings.Contains(err.Error(), "TestACodeIsNeverAText") {
			t.Errorf("the panic is told as %q", err)
		}
	}
}
