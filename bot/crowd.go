package bot

import (
	"context"
	"errors"
	"sync"
	"time"

	"twokey/incident"
	"twokey/store"
)

// crowds keeps an account that answers nothing from taking all workers of a lane
// with it: only some of them wait for one account at a time.
type crowds struct {
	mu     sync.Mutex
	inside map[string]int  // by lane and account
	silent map[string]bool // accounts that let the last question about an owner time out
}

// enter takes a place in front of an account; false if it is crowded. Who entered
// must leave.
func (c *crowds) enter(lane, account string) (leave func(), ok bool) {
	if account == "" {
		return func() {}, true // nobody knows yet whose it is
	}
	limit := max(1, workersOf(lane)*3/8) // two dead accounts leave some for the others
	return c.take(lane+"/"+account, limit)
}

// ask is [crowds.enter] for questions about an owner, which go to every account.
// Of an account that was silent the last time only one asker finds out whether it
// still is.
func (c *crowds) ask(account string) (leave func(), ok bool) {
	c.mu.Lock()
	silent := c.silent[account]
	c.mu.Unlock()
	if !silent {
		return func() {}, true
	}
	return c.take("owner/"+account, 1)
}

// heard notes how a question about an owner ended. One that was cut off because
// another account knew says nothing.
func (c *crowds) heard(account string, err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.silent == nil {
		c.silent = make(map[string]bool)
	}
	c.silent[account] = err != nil && code(err) == codeTimeout
}

func (c *crowds) take(place string, limit int) (leave func(), ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inside[place] >= limit {
		return nil, false
	}
	if c.inside == nil {
		c.inside = make(map[string]int)
	}
	c.inside[place]++
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.inside[place]--
	}, true
}

// How long a job steps aside when its account is crowded.
const (
	crowdedContain = 500 * time.Millisecond
	crowdedLook    = 3 * time.Second
)

// stepAside puts a job off because its account is crowded. How often it was tried
// stays known: what fails all the time still ends on the card.
func (b *Bot) stepAside(ctx context.Context, l store.Lease) error {
	wait := crowdedLook
	if l.Job.Lane == incident.LaneContain {
		wait = crowdedContain
	}
	return b.putOff(ctx, l, wait)
}

func (b *Bot) putOff(ctx context.Context, l store.Lease, wait time.Duration) error {
	j := l.Job
	j.Due = b.Now().Add(wait)
	return b.instead(ctx, l, j)
}
