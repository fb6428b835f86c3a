package slack

import (
	"container/list"
	"context"
	"maps"
	"sync"

	"twokey/bot/room"
)

// Slack remembers no keys: what was posted is found again by its metadata. So
// each channel and thread is read once before the bot first says something there,
// and again when an answer was lost.

// spot is a channel, or a thread in it.
type spot struct{ channel, thread string }

// keptSpots and keptKeys bound what is remembered; what is forgotten is read again.
const (
	keptSpots = 512
	keptKeys  = 4096
)

// memory is what the bot said lately, by spot and key.
type memory struct {
	mu    sync.Mutex
	spots map[spot]*list.Element // of *past
	order *list.List             // used last: first
}

// past is what was said at one spot: timestamps by key.
type past struct {
	at   spot
	keys map[string]string
	sure bool // nothing is missing
}

func newMemory() *memory {
	return &memory{spots: map[spot]*list.Element{}, order: list.New()}
}

// reader reads what the bot said at a spot.
type reader func(context.Context, spot) (map[string]string, error)

// once says something that was not said before, and returns its timestamp.
func (m *memory) once(ctx context.Context, at spot, key string, read reader, say func(context.Context) (string, error)) (string, error) {
	if err := m.recall(ctx, at, read); err != nil {
		return "", err
	}
	if ts, ok := m.find(at, key); ok {
		return ts, nil
	}
	ts, err := say(ctx)
	switch {
	case err == nil:
		m.note(at, key, ts)
	case room.Unsure(err):
		m.doubt(at)
	}
	return ts, err
}

// recall reads a spot that is not known for sure.
func (m *memory) recall(ctx context.Context, at spot, read reader) error {
	m.mu.Lock()
	sure := m.past(at).sure
	m.mu.Unlock()
	if sure {
		return nil
	}
	found, err := read(ctx, at)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.past(at)
	maps.Copy(p.keys, found)
	p.sure = true
	return nil
}

func (m *memory) find(at spot, key string) (string, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ts, ok := m.past(at).keys[key]
	return ts, ok
}

func (m *memory) note(at spot, key, ts string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.past(at)
	if len(p.keys) >= keptKeys {
		p.keys, p.sure = map[string]string{}, false
	}
	p.keys[key] = ts
}

func (m *memory) doubt(at spot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.past(at).sure = false
}

// past is what is known of a spot, which counts as used now. The caller holds the
// lock.
func (m *memory) past(at spot) *past {
	if e, ok := m.spots[at]; ok {
		m.order.MoveToFront(e)
		return e.Value.(*past)
	}
	p := &past{at: at, keys: map[string]string{}}
	m.spots[at] = m.order.PushFront(p)
	if oldest := m.order.Back(); m.order.Len() > keptSpots {
		m.order.Remove(oldest)
		delete(m.spots, oldest.Value.(*past).at)
	}
	return p
}
