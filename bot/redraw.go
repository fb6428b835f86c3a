package bot

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"twokey/incident"
	"twokey/store"
)

// announceJob asks to bring one room up to date, by the same key as the rules.
func announceJob(id incident.ID, room string, due time.Time) incident.Job {
	return incident.Job{
		Key: fmt.Sprintf("announce/%s/%s", id, room), Lane: incident.LaneRoom(room),
		Task: incident.Announce, Incident: id, Room: room, Due: due,
	}
}

// investigateJob asks to look into an incident now, by the same key as the rules.
func investigateJob(s incident.State, due time.Time) incident.Job {
	return incident.Job{
		Key: "investigate/" + string(s.ID), Lane: incident.LaneLook,
		Task: incident.Investigate, Incident: s.ID, Seq: s.Seq, Due: due,
	}
}

// lookJob asks to read an incident's steps back, by the same key as the rules.
func lookJob(s incident.State, due time.Time) incident.Job {
	return incident.Job{
		Key: "look/" + string(s.ID), Lane: incident.LaneLook,
		Task: incident.LookAgain, Incident: s.ID, Seq: s.Seq, Due: due,
	}
}

// redrawJob asks to bring a room up to date on an incident that is found by its
// index. What may be nothing comes to the room's door.
func redrawJob(i incident.Index, room string, due time.Time) incident.Job {
	if i.Account != "" {
		return announceJob(i.Incident, room, due)
	}
	return incident.Job{
		Key: fmt.Sprintf("admit/%s/%s", i.Incident, room), Lane: incident.LaneDoor(room, false),
		Task: incident.Admit, Incident: i.Incident, Room: room, Due: due,
	}
}

// redrawAtOnce bounds one append of [Bot.redraw].
const redrawAtOnce = 100

// redraw asks to bring rooms up to date on every open incident: what their cards
// show has changed without a record of theirs. Rooms that forgot are shown all.
func (b *Bot) redraw(ctx context.Context, rooms []string, forgot bool) error {
	if len(rooms) == 0 {
		return nil
	}
	q := store.Query{Open: true, Limit: redrawAtOnce}
	for {
		open, err := b.Store.Find(ctx, q)
		if err != nil || len(open) == 0 {
			return err
		}
		var batch store.Batch
		for _, i := range open {
			for _, room := range rooms {
				batch.Jobs = append(batch.Jobs, redrawJob(i, room, b.Now()))
				if forgot {
					batch.Values = append(batch.Values, store.Value{Key: placeKey(i.Incident, room)})
				}
			}
		}
		if err := b.append(ctx, batch); err != nil {
			return err
		}
		q.Before = open[len(open)-1].Incident
	}
}

// welcomeUntilDone shows a room that is new what is open, whatever it takes.
func (b *Bot) welcomeUntilDone(ctx context.Context, room string) {
	for ctx.Err() == nil {
		err := b.welcome(ctx, room)
		if err == nil {
			return
		}
		b.Log.Error("welcome room", slog.String("room", room), slog.Any("error", err))
		sleep(ctx, poll)
	}
}

// welcome shows a room that is new, or forgets, every open incident. A room that
// is known costs one read at a start, however many incidents there are.
func (b *Bot) welcome(ctx context.Context, room string) error {
	key := "welcome/" + room
	_, known, err := b.Store.Value(ctx, key)
	forgot := b.forgets(room)
	if err != nil || known && !forgot {
		return err
	}
	if forgot { // its summary is gone too: count anew
		gone := []store.Value{{Key: floodKey(room)}, {Key: summaryKey(room)}}
		if err := b.Store.Append(ctx, store.Batch{Values: gone}); err != nil {
			return err
		}
	}
	if err := b.redraw(ctx, []string{room}, forgot); err != nil {
		return err
	}
	return b.Store.Append(ctx, store.Batch{Values: []store.Value{{Key: key, Body: []byte{}}}})
}

func (b *Bot) forgets(room string) bool {
	c, _ := b.chat(room)
	f, ok := c.(Forgetful)
	return ok && f.Forgets()
}
