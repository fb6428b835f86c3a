package console

import (
	"context"
	"sync"

	"twokey/bot"
)

// listener is who answers clicks now.
type listener struct {
	ctx    context.Context // the listener's life, not a request's
	handle bot.Handler
	busy   sync.WaitGroup
}

// Listen hands over clicks and commands until ctx ends, then waits for those
// still being answered. It returns [ErrListening] if somebody listens already.
func (c *Console) Listen(ctx context.Context, h bot.Handler) error {
	l := &listener{ctx: ctx, handle: h}
	if !c.attach(l) {
		return ErrListening
	}
	<-ctx.Done()
	c.detach()
	l.busy.Wait()
	return nil
}

func (c *Console) attach(l *listener) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listener != nil {
		return false
	}
	c.listener = l
	c.change()
	return true
}

func (c *Console) detach() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listener = nil
	c.change()
}

// ask hands an input over; false: nobody listens. It runs in the listener's life,
// so a page that is closed does not stop a click half way.
func (c *Console) ask(in bot.Input) (bot.Answer, bool) {
	l := c.enter()
	if l == nil {
		return bot.Answer{}, false
	}
	defer l.busy.Done()
	return l.handle(l.ctx, in), true
}

func (c *Console) enter() *listener {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listener == nil || c.listener.ctx.Err() != nil {
		return nil
	}
	c.listener.busy.Add(1)
	return c.listener
}
