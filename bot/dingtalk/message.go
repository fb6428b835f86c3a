package dingtalk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"twokey/bot"
	"twokey/bot/room"
	"twokey/incident"
)

// A card's ref is its name and its incident: "twokey-c-…/inc-7"; in an incident's own
// group, with that group's id: "twokey-c-…/inc-7/cid…". Where DingTalk took no card it
// begins with "text": "text-…/inc-7".
const forText = "text-"

// spot is what a ref says.
type spot struct {
	name  string
	about incident.ID
	group string // empty: the fixed room
}

func (s spot) ref() bot.Ref {
	if s.group == "" {
		return room.Ref(s.name, string(s.about))
	}
	return room.Ref(s.name, string(s.about)+"/"+s.group)
}

// spotOf reads a ref. A group's id may itself have a slash.
func spotOf(ref bot.Ref) spot {
	name, rest := room.Split(ref)
	about, group, _ := strings.Cut(rest, "/")
	return spot{name, incident.ID(about), group}
}

// at is the group that somebody means by a ref, or by none.
func (c *Chat) at(group string) string { return cmp.Or(group, c.config.Room) }

func inWords(ref bot.Ref) bool { return strings.HasPrefix(string(ref), forText) }

// post shows a card, or says it in a message if DingTalk takes no cards here.
func (c *Chat) post(ctx context.Context, group, key string, card bot.Card) (bot.Ref, error) {
	s := c.draw(card, false, "")
	name := track(forCard, c.at(group), key)
	err := c.show(ctx, name, space{group: c.at(group)}, s)
	if err == nil {
		return spot{name, card.Incident, group}.ref(), nil
	}
	if !definite(err) {
		return "", fmt.Errorf("post card: %w", err)
	}
	c.config.Log.Warn("DingTalk takes no card: it is said in a message", slog.Any("error", err))
	ref := spot{track(forText, c.at(group), key), card.Incident, group}.ref()
	if err := c.plain.once(ref, "", s, func(again bool) error { return c.speak(ctx, group, s, again) }); err != nil {
		return "", fmt.Errorf("post message: %w", err)
	}
	return ref, nil
}

func (c *Chat) update(ctx context.Context, ref bot.Ref, card bot.Card) error {
	s, stands := c.draw(card, false, ""), spotOf(ref)
	if inWords(ref) {
		if err := c.plain.changed(ref, s, func() error { return c.speak(ctx, stands.group, s, false) }); err != nil {
			return fmt.Errorf("say card anew: %w", err)
		}
		return nil
	}
	err := c.change(ctx, stands.name, s)
	if definite(err) && !errors.Is(err, bot.ErrGone) {
		c.config.Log.Warn("DingTalk does not change a card: it is said in a message", slog.Any("error", err))
		err = c.plain.changed(ref, s, func() error { return c.speak(ctx, stands.group, s, false) })
	}
	if err != nil {
		return fmt.Errorf("update card: %w", err)
	}
	return nil
}

// reply shows a line as a card of its own, because cards have names: a line whose
// answer was lost is not shown twice.
func (c *Chat) reply(ctx context.Context, ref bot.Ref, line bot.Line) error {
	stands := spotOf(ref)
	s := drawLine(string(stands.about), line)
	if !inWords(ref) {
		err := c.show(ctx, track(forLine, string(ref), line.Key), space{group: c.at(stands.group), at: c.called(ctx, line)}, s)
		if err == nil {
			return nil
		}
		if !definite(err) {
			return fmt.Errorf("add line: %w", err)
		}
		c.config.Log.Warn("DingTalk takes no card: it is said in a message", slog.Any("error", err))
	}
	if err := c.plain.once(ref, line.Key, s, func(again bool) error { return c.speak(ctx, stands.group, s, again) }); err != nil {
		return fmt.Errorf("add line: %w", err)
	}
	return nil
}

// called are those who are told that a line is for them, by their names. One who can't
// be called keeps no line back.
func (c *Chat) called(ctx context.Context, line bot.Line) map[string]string {
	at := map[string]string{}
	for _, a := range line.Mention {
		if a.Platform != Name {
			continue
		}
		if who, err := c.asked.member(ctx, a.User); err == nil && who.unfit == "" {
			at[a.User] = cmp.Or(bot.Inert(who.name), a.User)
		}
	}
	return at
}
