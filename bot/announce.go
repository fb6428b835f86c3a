package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"twokey/incident"
	"twokey/store"
)

// place is what a room shows of an incident: which message is the card, what it
// looked like, and up to which record the thread goes.
type place struct {
	Ref   Ref    `json:"ref"`
	Card  string `json:"card"` // hash of what is shown
	Shown uint64 `json:"shown"`
	Posts int    `json:"posts"` // how often the card was posted anew
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
	scene, err := b.scene(ctx, incident.Fold(records), b.Language)
	if err != nil {
		return err
	}
	a := announcement{b, l, chat, scene, place{}}
	if err := a.load(ctx); err != nil {
		return err
	}
	if l.Job.Incident == incident.System {
		return a.system(ctx, records)
	}
	if err := a.card(ctx); err != nil {
		return fmt.Errorf("show card in %s: %w", chat.Room(), err)
	}
	if err := a.lines(ctx, records); err != nil {
		return fmt.Errorf("show lines in %s: %w", chat.Room(), err)
	}
	return b.Store.Finish(ctx, a.lease)
}

type announcement struct {
	*Bot
	lease store.Lease
	chat  Chat
	scene Scene
	place place
}

func (a *announcement) load(ctx context.Context) error {
	body, ok, err := a.Store.Value(ctx, placeKey(a.scene.State.ID, a.chat.Room()))
	if err != nil || !ok {
		return err
	}
	if err := json.Unmarshal(body, &a.place); err != nil {
		return fmt.Errorf("decode what %s shows: %w", a.chat.Room(), err)
	}
	return nil
}

// save is fenced: whoever lost the lease must not move the cursor.
func (a *announcement) save(ctx context.Context) error {
	body, err := json.Marshal(a.place)
	if err != nil {
		return fmt.Errorf("encode what %s shows: %w", a.chat.Room(), err)
	}
	value := store.Value{Key: placeKey(a.scene.State.ID, a.chat.Room()), Body: body}
	return a.Store.Append(ctx, store.Batch{Values: []store.Value{value}, Lease: &a.lease})
}

func (a *announcement) card(ctx context.Context) error {
	card := a.View.Card(a.scene)
	shown, err := cardPrint(card)
	if err != nil || shown == a.place.Card {
		return err
	}
	if a.place.Ref != "" {
		switch err := a.chat.Update(ctx, a.place.Ref, card); {
		case err == nil:
			a.place.Card = shown
			return a.save(ctx)
		case !errors.Is(err, ErrGone):
			return err
		}
		// The card and its thread are gone: both are shown again.
		a.place = place{Posts: a.place.Posts + 1}
	}
	key := fmt.Sprintf("%s/%s/%d", card.Incident, a.chat.Room(), a.place.Posts)
	if a.place.Ref, err = a.chat.Post(ctx, key, card); err != nil {
		return err
	}
	a.place.Card = shown
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

// lines shows what the thread lacks. A line says what was so at its record,
// whatever came after.
func (a *announcement) lines(ctx context.Context, records []incident.Record) error {
	then := a.scene
	then.State = incident.State{}
	for _, r := range records {
		then.State = then.State.Apply(r)
		if r.Seq <= a.place.Shown {
			continue
		}
		if line, ok := a.View.Line(then, r); ok {
			if e, isReminder := r.Event.(incident.Reminded); isReminder {
				line.Mention = a.People.On(a.chat.Platform(), e.Who)
			}
			if err := a.chat.Reply(ctx, a.place.Ref, line); err != nil {
				return err
			}
		}
		a.place.Shown = r.Seq
		if err := a.save(ctx); err != nil {
			return err
		}
	}
	return nil
}

// system tells a room what concerns the whole bot: one message for each record.
func (a *announcement) system(ctx context.Context, records []incident.Record) error {
	for _, r := range records {
		if r.Seq <= a.place.Shown {
			continue
		}
		if line, ok := a.View.Line(a.scene, r); ok {
			card := Card{Incident: incident.System, Lang: a.scene.Lang, Tone: line.Tone, Title: line.Text, At: line.At}
			if _, err := a.chat.Post(ctx, line.Key, card); err != nil {
				return fmt.Errorf("tell %s: %w", a.chat.Room(), err)
			}
		}
		a.place.Shown = r.Seq
		if err := a.save(ctx); err != nil {
			return err
		}
	}
	return a.Store.Finish(ctx, a.lease)
}

func (b *Bot) chat(room string) (Chat, bool) {
	for _, c := range b.Chats {
		if c.Room() == room {
			return c, true
		}
	}
	return nil, false
}

// scene gathers what a view reads.
func (b *Bot) scene(ctx context.Context, s incident.State, lang string) (Scene, error) {
	texts, err := Texts(ctx, b.Store, s.ID)
	if err != nil {
		return Scene{}, err
	}
	scene := Scene{
		State: s, Rules: b.Rules, Lang: lang, Now: b.Now(), Texts: texts, Drill: b.Drill,
		Names: b.People.Names(), Owners: b.People.Owners,
	}
	if account, ok := b.account(s.KeyFact(incident.FactAccount)); ok {
		scene.Steps, scene.Site = account.Actions().Names(), b.Sites[account.Name()]
	}
	return scene, nil
}
