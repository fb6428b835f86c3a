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
)

// A card's ref is its name and its incident: "twokey-c-…/inc-7". Where DingTalk took no
// card it begins with "text": "text-…/inc-7".
const forText = "text-"

func inWords(ref bot.Ref) bool { return strings.HasPrefix(string(ref), forText) }

// post shows a card, or says it in a message if DingTalk takes no cards here.
func (c *Chat) post(ctx context.Context, key string, card bot.Card) (bot.Ref, error) {
	s := c.draw(card, false, "")
	name := track(forCard, c.config.Room, key)
	err := c.show(ctx, name, space{}, s)
	if err == nil {
		return room.Ref(name, string(card.Incident)), nil
	}
	if !definite(err) {
		return "", fmt.Errorf("post card: %w", err)
	}
	c.config.Log.Warn("DingTalk takes no card: it is said in a message", slog.Any("error", err))
	ref := room.Ref(track(forText, c.config.Room, key), string(card.Incident))
	if err := c.plain.once(ref, "", s, func(again bool) error { return c.speak(ctx, s, again) }); err != nil {
		return "", fmt.Errorf("post message: %w", err)
	}
	return ref, nil
}

func (c *Chat) update(ctx context.Context, ref bot.Ref, card bot.Card) error {
	s := c.draw(card, false, "")
	if inWords(ref) {
		if err := c.plain.changed(ref, s, func() error { return c.speak(ctx, s, false) }); err != nil {
			return fmt.Errorf("say card anew: %w", err)
		}
		return nil
	}
	name, _ := room.Split(ref)
	err := c.change(ctx, name, s)
	if definite(err) && !errors.Is(err, bot.ErrGone) {
		c.config.Log.Warn("DingTalk does not change a card: it is said in a message", slog.Any("error", err))
		err = c.plain.changed(ref, s, func() error { return c.speak(ctx, s, false) })
	}
	if err != nil {
		return fmt.Errorf("update card: %w", err)
	}
	return nil
}

// reply shows a line as a card of its own, because cards have names: a line whose
// answer was lost is not shown twice.
func (c *Chat) reply(ctx context.Context, ref bot.Ref, line bot.Line) error {
	_, about := room.Split(ref)
	s := drawLine(about, line)
	if !inWords(ref) {
		err := c.show(ctx, track(forLine, string(ref), line.Key), space{at: c.called(ctx, line)}, s)
		if err == nil {
			return nil
		}
		if !definite(err) {
			return fmt.Errorf("add line: %w", err)
		}
		c.config.Log.Warn("DingTalk takes no card: it is said in a message", slog.Any("error", err))
	}
	if err := c.plain.once(ref, line.Key, s, func(again bool) error { return c.speak(ctx, s, again) }); err != nil {
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
