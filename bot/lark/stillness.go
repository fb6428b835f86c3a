package lark

import (
	"context"
	"maps"
	"sync"
	"time"
)

// stillness keeps a card as it is while a press of one of its buttons is being answered,
// and for a moment after. Lark takes back an update that comes before the answer (Feishu
// docs: delayed update of a card). One that crossed with a press, which may have been
// taken back, is made again.
type stillness struct {
	moment time.Duration
	again  func(ctx context.Context, message, content string) error

	mu    sync.Mutex
	held  map[string]*hold
	last  map[string]update // of messages that were updated a moment ago
	moved chan struct{}     // closed and renewed when a message is let go
}

// hold is a message that stays as it is.
type hold struct {
	presses int // on their way
	since   time.Time
}

// update is what a message was made to show.
type update struct {
	content string
	at      time.Time
}

// How long updates and presses concern each other. Lark waits three seconds for an answer.
const (
	crossing   = 3 * time.Second // a press that comes so long after an update can be older than it
	heldAtMost = 5 * time.Second // however many presses come
)

func newStillness(moment time.Duration, again func(ctx context.Context, message, content string) error) *stillness {
	return &stillness{moment: moment, again: again, held: map[string]*hold{}, last: map[string]update{}, moved: make(chan struct{})}
}

// hold keeps a message as it is, until a moment after the function it returns was called.
func (s *stillness) hold(message string) (answered func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.held[message]
	if h == nil {
		h = &hold{since: time.Now()}
		s.held[message] = h
	}
	h.presses++
	return func() { time.AfterFunc(s.moment, func() { s.release(message, h) }) }
}

// release lets a message go after the last press of it, once it shows what it was made to
// show.
func (s *stillness) release(message string, h *hold) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.presses--; h.presses > 0 {
		return
	}
	if u, ok := s.last[message]; ok && u.at.After(h.since.Add(-crossing)) {
		h.presses++ // nothing newer comes between
		s.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), crossing)
		_ = s.again(ctx, message, u.content) // in vain: the next change shows it
		cancel()
		s.mu.Lock()
		if h.presses--; h.presses > 0 {
			return
		}
	}
	delete(s.held, message)
	close(s.moved)
	s.moved = make(chan struct{})
}

// wait returns once nothing holds a message, which is then made to show content.
func (s *stillness) wait(ctx context.Context, message, content string) error {
	enough := time.NewTimer(heldAtMost)
	defer enough.Stop()
	for patient := true; ; {
		s.mu.Lock()
		moved := s.moved
		if s.held[message] == nil || !patient {
			s.note(message, content)
			s.mu.Unlock()
			return nil
		}
		s.mu.Unlock()
		select {
		case <-moved:
		case <-enough.C:
			patient = false
		case <-ctx.Done():
			return failed(ctx, methodPatch, ctx.Err())
		}
	}
}

// note remembers an update for as long as a press may have crossed with it. The lock is
// held.
func (s *stillness) note(message, content string) {
	now := time.Now()
	maps.DeleteFunc(s.last, func(_ string, u update) bool { return now.Sub(u.at) > crossing+heldAtMost })
	s.last[message] = update{content, now}
}
