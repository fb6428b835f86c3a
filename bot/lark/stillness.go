package lark

import (
	"context"
	"sync"
	"time"
)

// stillness keeps a card as it is while a press of one of its buttons is being answered,
// and for a moment after. Lark takes back an update that comes before the answer (Feishu
// docs: delayed update of a card).
type stillness struct {
	moment time.Duration

	mu    sync.Mutex
	held  map[string]int // messages, and how many presses of them are on their way
	moved chan struct{}  // closed and renewed when one is let go
}

func newStillness(moment time.Duration) *stillness {
	return &stillness{moment: moment, held: map[string]int{}, moved: make(chan struct{})}
}

// hold keeps a message as it is, until a moment after the function it returns was called.
func (s *stillness) hold(message string) (answered func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[message]++
	return func() { time.AfterFunc(s.moment, func() { s.release(message) }) }
}

func (s *stillness) release(message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[message]--; s.held[message] <= 0 {
		delete(s.held, message)
	}
	close(s.moved)
	s.moved = make(chan struct{})
}

// heldAtMost is how long presses can keep a card from being updated, however many come.
const heldAtMost = 5 * time.Second

// wait returns once nothing holds a message.
func (s *stillness) wait(ctx context.Context, message string) error {
	enough := time.NewTimer(heldAtMost)
	defer enough.Stop()
	for {
		s.mu.Lock()
		held, moved := s.held[message], s.moved
		s.mu.Unlock()
		if held == 0 {
			return nil
		}
		select {
		case <-moved:
		case <-enough.C:
			return nil
		case <-ctx.Done():
			return failed(ctx, methodPatch, ctx.Err())
		}
	}
}
