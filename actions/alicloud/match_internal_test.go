package alicloud

import (
	"errors"
	"testing"
	"time"

	"twokey/actions"
)

// Who asks while a large account is read is told so, and keeps nobody waiting.
func TestAnInventoryThatTakesLongIsNotWaitedFor(t *testing.T) {
	i := &inventory{done: make(chan struct{}), soon: make(chan struct{})}
	a := &Account{taken: i, now: func() time.Time { return i.to }}
	close(i.soon)
	if _, err := a.Match(t.Context(), "LTAI5tAb****6789"); !errors.Is(err, actions.ErrNotYet) {
		t.Errorf("it is being read: %v", err)
	}
	close(i.done)
	if _, err := a.Match(t.Context(), "LTAI5tAb****6789"); err != nil {
		t.Errorf("it was read: %v", err)
	}
}
