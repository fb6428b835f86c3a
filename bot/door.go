package bot

import (
	"context"
	"sync"
	"time"

	"twokey/incident"
	"twokey/store"
)

// doors orders what comes to the rooms' doors in this process.
type doors struct {
	mu   sync.Mutex
	next map[string]time.Time // by door: from when on edits have to wait
}

// admit lets an incident that may be nothing into a room, or holds its card back
// while there are too many: then it is counted in the room's summary instead. What
// turns out to matter does not come here any more: its card appears at once.
func (b *Bot) admit(ctx context.Context, l store.Lease) error {
	if _, ok := b.chat(l.Job.Room); !ok {
		return b.Store.Finish(ctx, l) // the room is no longer configured
	}
	s, err := b.state(ctx, l.Job.Incident)
	if err != nil {
		return err
	}
	p, err := b.placeOf(ctx, l.Job.Incident, l.Job.Room)
	switch {
	case err != nil:
		return err
	case s.Matters():
		return b.letIn(ctx, l)
	case b.spares(l.Job.Room):
		return b.Store.Finish(ctx, l)
	case p.Ref != "" && !b.doors.edit(l.Job.Lane, b.Now()):
		return b.putOff(ctx, l, doorWait) // whoever makes many of them does not drown the others
	case p.Ref != "":
		return b.letIn(ctx, l)
	case p.Held:
		return b.Store.Finish(ctx, l) // it is counted
	}
	return b.letInOrHold(ctx, l, s)
}

// spares reports whether a room shows only incidents that matter.
func (b *Bot) spares(room string) bool {
	c, _ := b.chat(room)
	s, ok := c.(Sparing)
	return ok && s.OnlyMatters()
}

// edit reports whether a door lets an edit through now: some at once, then one at a
// time.
func (d *doors) edit(door string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	next := d.next[door]
	if now.Before(next) {
		return false
	}
	if idle := now.Add(-doorBurst); next.Before(idle) {
		next = idle
	}
	if d.next == nil {
		d.next = make(map[string]time.Time)
	}
	d.next[door] = next.Add(doorPace)
	return true
}

// letIn asks the room to show an incident.
func (b *Bot) letIn(ctx context.Context, l store.Lease, values ...store.Value) error {
	jobs := []incident.Job{announceJob(l.Job.Incident, l.Job.Room, b.Now())}
	return b.append(ctx, store.Batch{Jobs: jobs, Values: values, Lease: &l, Finish: true})
}

// letInOrHold decides about a new card. What it counts is written with the end of
// the job, so that nothing is counted twice, whenever the bot stops.
func (b *Bot) letInOrHold(ctx context.Context, l store.Lease, s incident.State) error {
	b.doors.mu.Lock()
	defer b.doors.mu.Unlock()
	f, err := b.flood(ctx, l.Job.Room)
	if err != nil {
		return err
	}
	now := b.Now()
	if !f.come(l.Job.Lane, source(s), now) {
		counted, err := kept(floodKey(l.Job.Room), f)
		if err != nil {
			return err
		}
		return b.letIn(ctx, l, counted)
	}
	f = f.hold(source(s), s.ID, now)
	counted, err := kept(floodKey(l.Job.Room), f)
	if err != nil {
		return err
	}
	held, err := kept(placeKey(s.ID, l.Job.Room), place{Held: true})
	if err != nil {
		return err
	}
	due := now.Add(summaryPace)
	if f.Held == 1 {
		due = now
	}
	return b.append(ctx, store.Batch{
		Values: []store.Value{counted, held}, Jobs: []incident.Job{summaryJob(l.Job.Room, due)}, Lease: &l, Finish: true,
	})
}

func (b *Bot) placeOf(ctx context.Context, id incident.ID, room string) (p place, err error) {
	return p, b.recall(ctx, placeKey(id, room), &p)
}

// heldBack reports whether no room shows an incident because there were too many.
func (b *Bot) heldBack(ctx context.Context, id incident.ID) (bool, error) {
	for _, room := range b.rooms() {
		p, err := b.placeOf(ctx, id, room)
		if err != nil || !p.Held {
			return false, err
		}
	}
	return len(b.Chats) > 0, nil
}

// pager is what pages are counted under where there is no room.
const pager = "pager"

// tooManyPages reports whether a page is one of a flood. Where there are rooms, what
// they don't show is not paged either; without any, pages are counted like cards.
func (b *Bot) tooManyPages(ctx context.Context, s incident.State, l store.Lease) (bool, error) {
	if len(b.Chats) > 0 || l.Job.Number != 0 || s.Matters() || l.Job.Attempt > 0 {
		return false, nil
	}
	b.doors.mu.Lock()
	defer b.doors.mu.Unlock()
	f, err := b.flood(ctx, pager)
	if err != nil {
		return false, err
	}
	many := f.come(l.Job.Lane, source(s), b.Now())
	counted, err := kept(floodKey(pager), f)
	if err != nil {
		return false, err
	}
	return many, b.append(ctx, store.Batch{Values: []store.Value{counted}, Lease: &l})
}

// hurry looks into an incident at once because a person named its key, wherever it
// stood before.
func (b *Bot) hurry(ctx context.Context, id incident.ID) error {
	s, err := b.state(ctx, id)
	if err != nil || s.Matters() {
		return err
	}
	if err := b.append(ctx, store.Batch{Jobs: []incident.Job{investigateJob(s, b.Now())}}); err != nil {
		return err
	}
	for _, room := range b.rooms() {
		if err := b.bringIn(ctx, id, room); err != nil {
			return err
		}
	}
	return nil
}

// bringIn asks for the card of an incident in the room where somebody asks for
// it, if it was held back there.
func (b *Bot) bringIn(ctx context.Context, id incident.ID, room string) error {
	p, err := b.placeOf(ctx, id, room)
	if err != nil || !p.Held {
		return err
	}
	return b.append(ctx, store.Batch{Jobs: []incident.Job{announceJob(id, room, b.Now())}})
}
