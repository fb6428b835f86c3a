package console

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"twokey/bot"
)

// post is one message of the room with its thread.
type post struct {
	ref   bot.Ref
	card  bot.Card
	lines []bot.Line
	seen  map[string]bool // keys of lines
}

// Post shows a card as a new message. A key that was posted before gives the
// message it made then.
func (c *Console) Post(ctx context.Context, key string, card bot.Card) (bot.Ref, error) {
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("post card %s: %w", key, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if p, ok := c.byKey[key]; ok {
		return p.ref, nil
	}
	p := &post{
		ref:  bot.Ref(fmt.Sprintf("%s-%d", c.boot, len(c.posts)+1)), // of this start, so that none survives it
		card: card, seen: map[string]bool{},
	}
	c.posts = append(c.posts, p)
	c.byKey[key], c.byRef[p.ref] = p, p
	c.change()
	return p.ref, nil
}

// Update shows a card in place of another. It returns [bot.ErrGone] for a message
// of an earlier start.
func (c *Console) Update(ctx context.Context, ref bot.Ref, card bot.Card) error {
	return c.alter(ctx, ref, "update", func(p *post) { p.card = card })
}

// Reply adds a line to a card's thread, once for each key. It returns
// [bot.ErrGone] for a message of an earlier start.
func (c *Console) Reply(ctx context.Context, ref bot.Ref, line bot.Line) error {
	return c.alter(ctx, ref, "reply to", func(p *post) {
		if !p.seen[line.Key] {
			p.seen[line.Key] = true
			p.lines = append(p.lines, line)
		}
	})
}

func (c *Console) alter(ctx context.Context, ref bot.Ref, verb string, how func(*post)) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s message %s: %w", verb, ref, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.byRef[ref]
	if !ok {
		return fmt.Errorf("%s message %s: %w", verb, ref, bot.ErrGone)
	}
	how(p)
	c.change()
	return nil
}

// answer is what one identity was told, and nobody else sees.
type answer struct {
	bot.Answer
	number int
	act    bot.Act // the button it answers; empty for a command
	typed  string  // the command
}

// keptAnswers is how many answers an identity can still read.
const keptAnswers = 5

// tell keeps an answer for one identity.
func (c *Console) tell(who string, a answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.number++
	a.number = c.number
	kept := append([]answer{a}, c.answers[who]...)
	c.answers[who] = kept[:min(len(kept), keptAnswers)]
	c.change()
}

// dismiss puts away what an identity has read.
func (c *Console) dismiss(who string, number int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers[who] = slices.DeleteFunc(slices.Clone(c.answers[who]), func(a answer) bool { return a.number == number })
	c.change()
}

// state is a copy of the room as one identity sees it.
type state struct {
	seq     uint64
	posts   []post // newest first
	older   int    // posts not shown
	answers []answer
	turns   map[string]int
	live    bool // somebody listens
}

// shownPosts bounds the page, not the memory: older cards are found by command.
const shownPosts = 30

func (c *Console) look(who string) (state, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := state{seq: c.seq, answers: slices.Clone(c.answers[who]), turns: map[string]int{}, live: c.listener != nil}
	for _, p := range slices.Backward(c.posts[max(0, len(c.posts)-shownPosts):]) {
		s.posts = append(s.posts, post{ref: p.ref, card: p.card, lines: slices.Clone(p.lines)})
	}
	s.older = len(c.posts) - len(s.posts)
	maps.Copy(s.turns, c.turns)
	return s, c.changed
}
