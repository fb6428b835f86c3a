package bot_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"twokey/bot"
	"twokey/bot/view"
	"twokey/incident"
)

// room is the simplest chat there is: it remembers what it was told to show.
type room struct {
	mu      sync.Mutex
	keys    map[string]bot.Ref
	cards   map[bot.Ref]bot.Card
	lines   []bot.Line
	seen    map[string]bool
	handler chan bot.Handler
	last    bot.Input
	presses int
	replies int   // calls, not lines
	fail    error // what every call answers, while it is set
	gone    bool  // the thread is, until a card is posted
	news    chan struct{}
}

func newRoom() *room {
	return &room{keys: map[string]bot.Ref{}, cards: map[bot.Ref]bot.Card{}, seen: map[string]bool{}, handler: make(chan bot.Handler, 1), news: make(chan struct{}, 1)}
}

// clone is the same room on another evening.
func (r *room) clone() *room {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := newRoom()
	maps.Copy(c.keys, r.keys)
	maps.Copy(c.cards, r.cards)
	maps.Copy(c.seen, r.seen)
	c.lines = slices.Clone(r.lines)
	return c
}

func (*room) Room() string     { return "room" }
func (*room) Platform() string { return "console" }

func (r *room) Post(_ context.Context, key string, c bot.Card) (bot.Ref, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return "", r.fail
	}
	r.gone = false
	r.changed()
	ref, ok := r.keys[key]
	if !ok {
		ref = bot.Ref(fmt.Sprintf("message %d", len(r.keys)+1))
		r.keys[key] = ref
	}
	r.cards[ref] = c
	return ref, nil
}

func (r *room) Update(_ context.Context, ref bot.Ref, c bot.Card) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return r.fail
	}
	if _, ok := r.cards[ref]; !ok {
		return bot.ErrGone
	}
	r.cards[ref] = c
	return nil
}

func (r *room) Reply(_ context.Context, _ bot.Ref, l bot.Line) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return r.fail
	}
	if r.gone {
		return bot.ErrGone
	}
	r.changed()
	r.replies++
	if !r.seen[l.Key] {
		r.seen[l.Key] = true
		r.lines = append(r.lines, l)
	}
	return nil
}

func (r *room) changed() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// await waits until the room shows something, as it is told to.
func (r *room) await(t *testing.T, shown func() bool) {
	t.Helper()
	for {
		r.mu.Lock()
		ok := shown()
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-r.news:
		case <-t.Context().Done():
			t.Fatal("the room never showed it")
		}
	}
}

func (r *room) Listen(ctx context.Context, h bot.Handler) error {
	r.handler <- h
	<-ctx.Done()
	return nil
}

// platform is the room with people in it.
type platform struct{ *room }

func (p *platform) Chat() bot.Chat { return p.room }

func (p *platform) Text(*testing.T) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	for _, c := range p.cards {
		b.WriteString(view.Plain(c))
	}
	for _, l := range p.lines {
		b.WriteString(l.Who + ": " + l.Text + "\n")
	}
	return b.String()
}

func (p *platform) Press(t *testing.T, who incident.Person, want bot.Button, reason string) string {
	t.Helper()
	if !p.shows(want) {
		t.Fatalf("the room does not show the button %+v", want)
	}
	p.presses++
	p.last = bot.Input{
		From: bot.Account{Platform: "console", User: string(who)}, Room: "room", ID: fmt.Sprintf("press %d", p.presses),
		Button: &bot.Press{
			Act: want.Act, Incident: want.Incident, Number: want.Number, Digest: want.Digest, Value: want.Value, Reason: reason,
		},
	}
	return p.Again(t)
}

func (p *platform) shows(want bot.Button) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.cards {
		buttons := c.Actions
		for _, s := range append(c.Steps, c.Folded...) {
			buttons = append(buttons, s.Buttons...)
		}
		for _, b := range buttons {
			if b.Act == want.Act && b.Number == want.Number && b.Digest == want.Digest && b.Value == want.Value {
				return true
			}
		}
	}
	return false
}

func (p *platform) Again(t *testing.T) string {
	h := <-p.handler // whoever listens
	defer func() { p.handler <- h }()
	return h(t.Context(), p.last).Text
}

func (p *platform) Type(t *testing.T, who incident.Person, command string) string {
	p.presses++
	p.last = bot.Input{
		From: bot.Account{Platform: "console", User: string(who)}, Room: "room", ID: fmt.Sprintf("press %d", p.presses), Text: command,
	}
	return p.Again(t)
}

// newest is the last line with these words in it.
func (r *room) newest(words string) bot.Line {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range slices.Backward(r.lines) {
		if strings.Contains(l.Text, words) {
			return l
		}
	}
	return bot.Line{}
}
