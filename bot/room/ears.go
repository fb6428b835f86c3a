package room

import (
	"context"
	"sync"

	"twokey/bot"
)

// Ears are who answers inputs now. The zero value hears nothing.
type Ears struct {
	mu     sync.Mutex
	life   context.Context // the listener's, not a request's
	handle bot.Handler
	busy   sync.WaitGroup
}

// Attach lets h hear from now on, while ctx lasts.
func (e *Ears) Attach(ctx context.Context, h bot.Handler) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.life, e.handle = ctx, h
}

// Detach lets nobody hear any more, then waits for what is still being answered.
func (e *Ears) Detach() {
	e.mu.Lock()
	e.handle = nil
	e.mu.Unlock()
	e.busy.Wait()
}

// Enter is the listener's life, and who answers, for one input; false: nobody listens,
// and the platform should send it again. Who entered must call [Ears.Leave].
func (e *Ears) Enter() (context.Context, bot.Handler, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.handle == nil || e.life.Err() != nil {
		return nil, nil, false
	}
	e.busy.Add(1)
	return e.life, e.handle, true
}

// Leave says that an input that entered was answered.
func (e *Ears) Leave() { e.busy.Done() }
