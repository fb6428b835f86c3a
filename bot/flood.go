package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"twokey/incident"
	"twokey/store"
)

// How many new cards a room can bear that may be nothing. Twenty in a minute is
// more than anybody reads, and a scanner's first report hardly ever has more. Cards
// are held back of those sources only that make them many: no source can keep the
// alerts of another from being seen.
const (
	floodFrom = 20               // new cards within a window, of all sources
	floodOf   = 5                // of one source; what has more is held back while there are too many in all
	floodCalm = 5                // a window with no more than that ends it
	floodIn   = time.Minute      // a window
	floodOver = 10 * time.Minute // without a card held back; the next flood gets a message of its own
)

// How often what may be nothing is told again to a room.
const (
	summaryPace = 5 * time.Second  // between two edits of the summary
	doorPace    = time.Second      // between two edits of such cards, whichever
	doorBurst   = 20 * time.Second // of quiet that edits may make up for
	doorWait    = 5 * time.Second  // until one that was turned away comes again
)

// flood is what a room was spared, as it is kept. It stays small however long the
// flood lasts.
type flood struct {
	Doors   map[string]window `json:"doors,omitempty"` // by lane, and by lane and source
	Began   time.Time         `json:"began,omitzero"`  // the first card held back
	Last    time.Time         `json:"last,omitzero"`
	Held    int               `json:"held,omitempty"`
	Sources map[string]int    `json:"sources,omitempty"`
	Newest  []incident.ID     `json:"newest,omitempty"` // newest first
}

// window counts the cards that come to a door.
type window struct {
	Start   time.Time `json:"start"`
	Count   int       `json:"count"`
	Holding bool      `json:"holding,omitempty"`
}

// come counts one card more, and holds back what is beyond a limit. Once it holds,
// that stays so until few come.
func (w window) come(now time.Time, limit int) window {
	if passed := now.Sub(w.Start); passed >= floodIn || passed < 0 {
		calm := w.Count <= floodCalm || passed >= 2*floodIn
		w = window{Start: now, Holding: w.Holding && !calm}
	}
	w.Count++
	w.Holding = w.Holding || w.Count > limit
	return w
}

const (
	floodNewest  = 5
	floodSources = 8  // that are told apart
	floodDoors   = 64 // windows that are kept; the sources beyond share one
)

// come counts a card that comes to a door, and reports whether it is to be held
// back.
func (f *flood) come(door, source string, now time.Time) bool {
	of := door + "/" + source
	if _, known := f.Doors[of]; !known && len(f.Doors) >= floodDoors {
		of = door + "/"
	}
	if f.Doors == nil {
		f.Doors = make(map[string]window)
	}
	all, some := f.Doors[door].come(now, floodFrom), f.Doors[of].come(now, floodOf)
	f.Doors[door], f.Doors[of] = all, some
	return all.Holding && some.Holding
}

func source(s incident.State) string {
	if len(s.Alerts) == 0 {
		return ""
	}
	return s.Alerts[0].Source
}

// hold counts a card that is held back.
func (f flood) hold(source string, id incident.ID, now time.Time) flood {
	if f.Held == 0 || now.Sub(f.Last) > floodOver {
		f = flood{Doors: f.Doors, Began: now}
	}
	if f.Sources == nil {
		f.Sources = make(map[string]int)
	}
	if _, known := f.Sources[source]; !known && len(f.Sources) >= floodSources {
		source = "" // all others
	}
	f.Sources[source]++
	f.Held, f.Last = f.Held+1, now
	f.Newest = append(f.Newest, id)
	slices.SortFunc(f.Newest, func(x, y incident.ID) int { return cmp.Compare(y.Number(), x.Number()) })
	f.Newest = f.Newest[:min(len(f.Newest), floodNewest)]
	return f
}

func floodKey(room string) string { return "flood/" + room }

func (b *Bot) flood(ctx context.Context, room string) (f flood, err error) {
	return f, b.recall(ctx, floodKey(room), &f)
}

// recall reads a side value; what is not there leaves into as it is.
func (b *Bot) recall(ctx context.Context, key string, into any) error {
	body, ok, err := b.Store.Value(ctx, key)
	if err != nil || !ok {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("decode %s: %w", key, err)
	}
	return nil
}

func kept(key string, v any) (store.Value, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return store.Value{}, fmt.Errorf("encode %s: %w", key, err)
	}
	return store.Value{Key: key, Body: body}, nil
}

// summary is the message that stands for the cards held back.
type summary struct {
	Began time.Time `json:"began"`
	Ref   Ref       `json:"ref"`
	Card  string    `json:"card"` // hash of what is shown
	Posts int       `json:"posts"`
}

func summaryKey(room string) string { return "summary/" + room }

// summaryJob asks for the summary to be shown as it is by then.
func summaryJob(room string, due time.Time) incident.Job {
	return incident.Job{
		Key: summaryKey(room), Lane: incident.LaneRoom(room), Task: incident.Summarize,
		Incident: incident.System, Room: room, Due: due,
	}
}

// summarize shows how many cards a room was spared, in place of what it showed
// before.
func (b *Bot) summarize(ctx context.Context, l store.Lease) error {
	chat, ok := b.chat(l.Job.Room)
	if !ok {
		return b.Store.Finish(ctx, l) // the room is no longer configured
	}
	f, err := b.flood(ctx, chat.Room())
	if err != nil {
		return err
	}
	var shown summary
	if err := b.recall(ctx, summaryKey(chat.Room()), &shown); err != nil {
		return err
	}
	if f.Held == 0 {
		return b.Store.Finish(ctx, l)
	}
	shown, err = b.showSummary(ctx, chat, shown, f)
	if err != nil {
		return fmt.Errorf("tell %s: %w", chat.Room(), err)
	}
	value, err := kept(summaryKey(chat.Room()), shown)
	if err != nil {
		return err
	}
	return b.append(ctx, store.Batch{Values: []store.Value{value}, Lease: &l, Finish: true})
}

func (b *Bot) showSummary(ctx context.Context, chat Chat, shown summary, f flood) (summary, error) {
	card := b.View.Flood(b.spared(f))
	looks, err := cardPrint(card)
	if err != nil {
		return shown, err
	}
	if !shown.Began.Equal(f.Began) {
		shown = summary{Began: f.Began}
	}
	if shown.Ref != "" && shown.Card == looks {
		return shown, nil
	}
	if shown.Ref != "" {
		err := inRoom0(ctx, b, chat.Room(), func(ctx context.Context) error { return chat.Update(ctx, shown.Ref, card) })
		if !errors.Is(err, ErrGone) {
			shown.Card = looks
			return shown, err
		}
		shown.Posts++
	}
	key := fmt.Sprintf("flood/%s/%d/%d", chat.Room(), f.Began.UnixMicro(), shown.Posts)
	shown.Ref, err = inRoom(ctx, b, chat.Room(), func(ctx context.Context) (Ref, error) { return chat.Post(ctx, key, card) })
	shown.Card = looks
	return shown, err
}

// spared is what a view is told of a flood.
func (b *Bot) spared(f flood) Flood {
	told := Flood{Lang: b.Language, Drill: b.Drill, Began: f.Began, Last: f.Last, Held: f.Held, Newest: f.Newest}
	for name, n := range f.Sources {
		told.Sources = append(told.Sources, SourceCount{name, n})
	}
	slices.SortFunc(told.Sources, func(x, y SourceCount) int {
		switch {
		case x.Name == "" || y.Name == "":
			return len(y.Name) - len(x.Name) // all others come last
		case x.Count != y.Count:
			return y.Count - x.Count
		case x.Name < y.Name:
			return -1
		}
		return 1
	})
	return told
}
