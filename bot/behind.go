package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"twokey/incident"
	"twokey/store"
)

// Behind is a room that can't be told of an incident: whoever looks there sees an
// older card, or none. The cards in the other rooms say so.
type Behind struct {
	Room  string
	Since time.Time // when the first try that failed began
	Why   string    // a code, as it was when the others were told
}

// behindAfter is how long a room fails before the others say so. It is not waited for
// to the end if the next try comes later anyway.
const behindAfter = 30 * time.Second

// longestSilence is between two tries to tell a room: it must not take long to catch up
// when it is back.
const longestSilence = time.Minute

// fallBehind notes that a room could not be told of an incident, by a try that began at
// a time, and says how long to wait before the next: as long as it has failed. News does
// not count, which brings tries of its own. The others are told once, however often that
// goes on: their cards are drawn anew when it is noted, and when the room has caught up.
func (b *Bot) fallBehind(ctx context.Context, l store.Lease, began time.Time, cause error) (wait time.Duration, err error) {
	p, err := b.placeOf(ctx, l.Job.Incident, l.Job.Room)
	if err != nil {
		return time.Second, err
	}
	first := p.Since.IsZero()
	if first {
		p.Since = began
	}
	failed := b.Now().Sub(p.Since)
	wait = orAsked(min(longestSilence, max(time.Second, failed)), cause)
	late := p.Why == "" && failed+wait >= behindAfter
	if !first && !late {
		return wait, nil
	}
	var jobs []incident.Job
	if late {
		p.Why = code(cause)
		if jobs, err = b.others(ctx, l.Job); err != nil {
			return wait, err
		}
	}
	value, err := kept(placeKey(l.Job.Incident, l.Job.Room), p)
	if err != nil {
		return wait, err
	}
	return wait, b.append(ctx, store.Batch{Values: []store.Value{value}, Jobs: jobs, Lease: &l})
}

// end ends the job of a room that shows everything. If the others said that it does
// not, they are drawn anew.
func (a *announcement) end(ctx context.Context) error {
	if a.place.Since.IsZero() {
		return a.Store.Finish(ctx, a.lease)
	}
	var jobs []incident.Job
	var err error
	if a.place.Why != "" {
		if jobs, err = a.others(ctx, a.lease.Job); err != nil {
			return err
		}
	}
	a.place.Since, a.place.Why = time.Time{}, ""
	value, err := kept(placeKey(a.lease.Job.Incident, a.chat.Room()), a.place)
	if err != nil {
		return err
	}
	return a.append(ctx, store.Batch{Values: []store.Value{value}, Jobs: jobs, Lease: &a.lease, Finish: true})
}

// others asks for the cards in all rooms but a job's own. Where there is no card, none
// appears.
func (b *Bot) others(ctx context.Context, j incident.Job) ([]incident.Job, error) {
	places, err := b.places(ctx, j.Incident)
	if err != nil {
		return nil, err
	}
	var jobs []incident.Job
	for _, room := range b.rooms() {
		if p := places[room]; room != j.Room && p.Ref != "" {
			jobs = append(jobs, announceJob(j.Incident, room, b.Now()))
		}
	}
	return jobs, nil
}

// places are what rooms show of an incident, by room.
func (b *Bot) places(ctx context.Context, id incident.ID) (map[string]place, error) {
	values, err := b.Store.Values(ctx, placeKey(id, ""))
	if err != nil {
		return nil, fmt.Errorf("load what rooms show of %s: %w", id, err)
	}
	all := make(map[string]place, len(values))
	for _, v := range values {
		var p place
		if err := json.Unmarshal(v.Body, &p); err != nil {
			return nil, fmt.Errorf("decode %s: %w", v.Key, err)
		}
		all[strings.TrimPrefix(v.Key, placeKey(id, ""))] = p
	}
	return all, nil
}

// behind lists the rooms that are behind on an incident.
func (b *Bot) behind(ctx context.Context, id incident.ID) ([]Behind, error) {
	places, err := b.places(ctx, id)
	if err != nil {
		return nil, err
	}
	var all []Behind
	for _, room := range b.rooms() {
		if p := places[room]; p.Why != "" {
			all = append(all, Behind{Room: room, Since: p.Since, Why: p.Why})
		}
	}
	return all, nil
}

// sceneIn is the scene for everybody in a room. What is shown there is up to date
// there.
func (b *Bot) sceneIn(ctx context.Context, room string, s incident.State) (Scene, error) {
	scene, err := b.scene(ctx, s, b.Language)
	scene.Behind = slices.DeleteFunc(scene.Behind, func(x Behind) bool { return x.Room == room })
	return scene, err
}

// reached remembers which rooms let nothing through at present.
type reached struct {
	mu   sync.Mutex
	down map[string]Behind
}

// note takes in how a call to a room ended that began at a time.
func (r *reached) note(room string, err error, began time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil || errors.Is(err, ErrGone) { // gone is an answer too
		delete(r.down, room)
		return
	}
	if r.down == nil {
		r.down = make(map[string]Behind)
	}
	since := r.down[room].Since
	if since.IsZero() {
		since = began
	}
	r.down[room] = Behind{Room: room, Since: since, Why: code(err)}
}

// Failing says since when every call to a room has failed, and why the last one did;
// false if the last one got through, or none was made since the start.
func (b *Bot) Failing(room string) (Behind, bool) {
	b.reached.mu.Lock()
	defer b.reached.mu.Unlock()
	d, failing := b.reached.down[room]
	return d, failing
}

// inRoom is [outside] for calls to a room.
func inRoom[T any](ctx context.Context, b *Bot, room string, call func(context.Context) (T, error)) (T, error) {
	began := b.Now()
	got, err := outside(ctx, call)
	if ctx.Err() == nil { // else it was cut off
		b.reached.note(room, err, began)
	}
	return got, err
}

// inRoom0 is [inRoom] for calls that bring nothing back.
func inRoom0(ctx context.Context, b *Bot, room string, call func(context.Context) error) error {
	_, err := inRoom(ctx, b, room, func(ctx context.Context) (struct{}, error) { return struct{}{}, call(ctx) })
	return err
}
