package room

import (
	"sync"
	"time"
)

// Fresh is how long what a platform said of somebody is believed. Who left votes no
// longer than that.
const Fresh = 5 * time.Minute

// Kept bounds what is remembered in one table. What is forgotten is asked for again.
const Kept = 2000

// Beliefs are answers of a platform that are believed while they are fresh. Make them
// with [NewBeliefs].
type Beliefs[K comparable, V any] struct {
	now func() time.Time

	mu   sync.Mutex
	held map[K]belief[V]
}

// belief is an answer, and until when it counts.
type belief[V any] struct {
	value V
	until time.Time
}

// NewBeliefs makes a table that believes nothing yet.
func NewBeliefs[K comparable, V any](now func() time.Time) *Beliefs[K, V] {
	return &Beliefs[K, V]{now: now, held: map[K]belief[V]{}}
}

// Ask returns what is believed, or asks. No error is believed.
func (b *Beliefs[K, V]) Ask(key K, ask func() (V, error)) (V, error) {
	b.mu.Lock()
	held, ok := b.held[key]
	b.mu.Unlock()
	if ok && b.now().Before(held.until) {
		return held.value, nil
	}
	value, err := ask()
	if err == nil {
		b.Hold(key, value)
	}
	return value, err
}

// Hold believes something from now on.
func (b *Beliefs[K, V]) Hold(key K, value V) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.held) >= Kept {
		clear(b.held)
	}
	b.held[key] = belief[V]{value, b.now().Add(Fresh)}
}

// Fixed is an answer that never changes: it is asked for until there is one. The zero
// value knows none, and the zero value of T is none.
type Fixed[T comparable] struct {
	mu    sync.Mutex
	value T
}

// Ask returns what is known, or asks.
func (f *Fixed[T]) Ask(ask func() (T, error)) (T, error) {
	var none T
	f.mu.Lock()
	known := f.value
	f.mu.Unlock()
	if known != none {
		return known, nil
	}
	value, err := ask()
	if err != nil {
		return none, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.value = value
	return value, nil
}

// Told is what was told last, place by place: a platform that tells everybody of each
// change is not told the same twice. The zero value told nothing.
type Told struct {
	mu   sync.Mutex
	last map[string]string
}

// Is reports whether just this was told last at a place.
func (t *Told) Is(place, text string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	last, ok := t.last[place]
	return ok && last == text
}

// Set remembers what was told at a place.
func (t *Told) Set(place, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == nil || len(t.last) >= Kept {
		t.last = map[string]string{}
	}
	t.last[place] = text
}
