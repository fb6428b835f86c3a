package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"twokey/incident"
	"twokey/store"
)

// place is what a room shows of an incident: which message is the card, what it
// looked like, and up to which record the thread goes.
type place struct {
	Ref   Ref    `json:"ref"`
	Card  string `json:"card"` // hash of what is shown
	Shown uint64 `json:"shown"`
	Posts int    `json:"posts"`          // how often the card was posted anew
	Held  bool   `json:"held,omitempty"` // the card was held back: there were too many
	Away  bool   `json:"away,omitempty"` // put away, because the incident is closed

	Since time.Time `json:"since,omitzero"` // since when the room can't be told; zero: it can
	Why   string    `json:"why,omitempty"`  // code of that; empty: the other rooms don't say so yet
}

func placeKey(id incident.ID, room string) string { return "room/" + string(id) + "/" + room }

// announce brings one room up to date: the card, then every line it has not
// shown, in order. What was shown is written down after each line.
func (b *Bot) announce(ctx context.Context, l store.Lease) error {
	chat, ok := b.chat(l.Job.Room)
	if !ok {
		return b.Store.Finish(ctx, l) // the room is no longer configured
	}
	records, err := b.Store.Load(ctx, l.Job.Incident)
	if err != nil {
		return fmt.Errorf("load %s: %w", l.Job.Incident, err)
	}
	if len(records) == 0 {
		return b.Store.Finish(ctx, l) // it left the store
	}
	scene, err := b.sceneIn(ctx, chat.Room(), incident.Fold(records))
	if err != nil {
		return err
	}
	a := announcement{b, l, chat, records, scene, place{}}
	if a.place, err = b.placeOf(ctx, l.Job.Incident, chat.Room()); err != nil {
		return err
	}
	if err := a.tell(ctx); err != nil {
		return fmt.Errorf("tell %s: %w", chat.Room(), err)
	}
	return a.end(ctx)
}

type announcement struct {
	*Bot
	lease   store.Lease
	chat    Chat
	records []incident.Record
	scene   Scene
	place   place
}

// tell shows what the room does not show yet. A thread that is gone although its
// card was just there is begun anew, once.
func (a *announcement) tell(ctx context.Context) error {
	if a.system() {
		return a.each(ctx, a.message)
	}
	if a.place.Away && !a.scene.State.Open() {
		return nil // the record and the other rooms have what still comes
	}
	if err := a.show(ctx); err != nil {
		return err
	}
	return a.putAway(ctx)
}

func (a *announcement) show(ctx context.Context) error {
	if err := a.card(ctx); err != nil {
		return err
	}
	err := a.each(ctx, a.reply)
	if !errors.Is(err, ErrGone) {
		return err
	}
	if err := a.post(ctx, a.View.Card(a.scene)); err != nil {
		return err
	}
	return a.each(ctx, a.reply)
}

// putAway lets a room that does so put a closed incident's messages away.
func (a *announcement) putAway(ctx context.Context) error {
	room, ok := a.chat.(Archiver)
	if !ok || a.scene.State.Open() {
		return nil
	}
	if err := inRoom0(ctx, a.Bot, a.chat.Room(), func(ctx context.Context) error { return room.Archive(ctx, a.place.Ref) }); err != nil {
		return err
	}
	a.place.Away = true
	return a.save(ctx)
}

func (a *announcement) system() bool { return a.lease.Job.Incident == incident.System }

// save is fenced: whoever lost the lease must not move the cursor.
func (a *announcement) save(ctx context.Context) error {
	body, err := json.Marshal(a.place)
	if err != nil {
		return fmt.Errorf("encode what %s shows: %w", a.chat.Room(), err)
	}
	value := store.Value{Key: placeKey(a.lease.Job.Incident, a.chat.Room()), Body: body}
	return a.Store.Append(ctx, store.Batch{Values: []store.Value{value}, Lease: &a.lease})
}

// card shows the card as it should be now, in place of the one before.
func (a *announcement) card(ctx context.Context) error {
	card := a.View.Card(a.scene)
	looks, err := cardPrint(card)
	switch {
	case err != nil || looks == a.place.Card:
		return err
	case a.place.Ref == "" || a.place.Away:
		return a.post(ctx, card)
	}
	err = inRoom0(ctx, a.Bot, a.chat.Room(), func(ctx context.Context) error { return a.chat.Update(ctx, a.place.Ref, card) })
	switch {
	case errors.Is(err, ErrGone):
		return a.post(ctx, card)
	case err != nil:
		return err
	}
	a.place.Card = looks
	return a.save(ctx)
}

// post shows the card as a new message. If there was one before, it is gone and
// its thread with it: both are shown again.
func (a *announcement) post(ctx context.Context, card Card) error {
	looks, err := cardPrint(card)
	if err != nil {
		return err
	}
	fresh := place{Card: looks, Posts: a.place.Posts, Since: a.place.Since, Why: a.place.Why}
	if a.place.Ref != "" {
		fresh.Posts++
	}
	key := fmt.Sprintf("%s/%s/%d", card.Incident, a.chat.Room(), fresh.Posts)
	fresh.Ref, err = inRoom(ctx, a.Bot, a.chat.Room(), func(ctx context.Context) (Ref, error) { return a.chat.Post(ctx, key, card) })
	if err != nil {
		return err
	}
	a.place = fresh
	return a.save(ctx)
}

func cardPrint(c Card) (string, error) {
	body, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encode card: %w", err)
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8]), nil
}

// each shows the records that the room has not shown, in order. A line says what
// was so at its record, whatever came after. What happens meanwhile is on the card
// before the next line: somebody who pressed a button is looking at it.
func (a *announcement) each(ctx context.Context, show func(context.Context, Line) error) error {
	var then incident.State
	for i := 0; i < len(a.records); i++ {
		r := a.records[i]
		then = then.Apply(r)
		if r.Seq <= a.place.Shown {
			continue
		}
		line, ok := a.line(then, r)
		if !ok {
			continue
		}
		if err := a.once(ctx, line, show); err != nil {
			return err
		}
		if err := a.catchUp(ctx); err != nil {
			return err
		}
		if a.place.Shown < r.Seq { // the card is a new one, and so is its thread
			i, then = -1, incident.State{}
		}
	}
	if n := len(a.records); n > 0 && a.place.Shown < a.records[n-1].Seq {
		a.place.Shown = a.records[n-1].Seq
		return a.save(ctx)
	}
	return nil
}

func (a *announcement) once(ctx context.Context, line Line, show func(context.Context, Line) error) (err error) {
	if a.lease, err = a.keep(ctx, a.lease); err != nil {
		return err
	}
	if err := inRoom0(ctx, a.Bot, a.chat.Room(), func(ctx context.Context) error { return show(ctx, line) }); err != nil {
		return err
	}
	a.place.Shown = line.Seq
	return a.save(ctx)
}

// catchUp brings the card up to date with what was recorded since it was shown.
func (a *announcement) catchUp(ctx context.Context) error {
	records, err := a.Store.Load(ctx, a.lease.Job.Incident)
	switch {
	case err != nil:
		return fmt.Errorf("load %s: %w", a.lease.Job.Incident, err)
	case len(records) == len(a.records):
		return nil
	}
	if a.scene, err = a.sceneIn(ctx, a.chat.Room(), incident.Fold(records)); err != nil {
		return err
	}
	a.records = records
	if a.system() {
		return nil
	}
	return a.card(ctx)
}

// line is a record as this room's thread shows it. In a thread that was begun
// anew its key is another one: else the platform would take it for shown.
func (a *announcement) line(then incident.State, r incident.Record) (Line, bool) {
	scene := a.scene
	scene.State = then
	line, ok := a.View.Line(scene, r)
	if a.place.Posts > 0 {
		line.Key = fmt.Sprintf("%s/%d", line.Key, a.place.Posts)
	}
	if who := a.concerned(r.Event); len(who) > 0 {
		line.Mention = a.People.On(a.chat.Platform(), who)
	}
	return line, ok
}

// concerned are those who can still do something about it: a story that is told
// late disturbs nobody.
func (a *announcement) concerned(e incident.Event) []incident.Person {
	now := a.scene.State
	switch e := e.(type) {
	case incident.Reminded:
		still := a.called(a.missing(now, e.Number))
		return slices.DeleteFunc(slices.Clone(e.Who), func(p incident.Person) bool { return !slices.Contains(still, p) })
	case incident.Observed:
		return a.alarmed(now, e)
	case incident.Finished:
		p, _ := now.Proposal(e.Number)
		if who, calls := now.Asked(); p.Plan.Step == incident.StepOwnerAsk && now.Open() && !answered(now, calls) {
			return []incident.Person{who}
		}
	}
	return nil
}

// alarmed are those to tell that the key is seen doing what looks like theft, as
// long as it can: who took command, else everybody.
func (a *announcement) alarmed(now incident.State, e incident.Observed) []incident.Person {
	theft := e.Of == incident.OfKey(now.Key) && (e.Facts[incident.FactSuspects] != "" || e.Facts[incident.FactAbuse] == incident.Yes)
	switch {
	case !theft || !now.Open() || now.Contained() || now.FalseAlarm:
		return nil
	case now.Commander != "":
		return []incident.Person{now.Commander}
	}
	return a.everybody()
}

// answered reports whether all questions have an answer. An owner who was asked
// about no call answers the playbook's.
func answered(s incident.State, calls []incident.Question) bool {
	if len(calls) == 0 {
		calls = []incident.Question{incident.InUse}
	}
	return !slices.ContainsFunc(calls, func(q incident.Question) bool { return s.Answers[q].Value == "" })
}

func (a *announcement) reply(ctx context.Context, l Line) error {
	return a.chat.Reply(ctx, a.place.Ref, l)
}

// message tells the room what concerns the whole bot, in a message of its own.
func (a *announcement) message(ctx context.Context, l Line) error {
	_, err := a.chat.Post(ctx, l.Key, Card{Incident: incident.System, Lang: a.scene.Lang, Tone: l.Tone, Title: l.Text, At: l.At})
	return err
}
