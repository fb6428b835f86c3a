package dingtalk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"twokey/bot"
	"twokey/bot/room"
	"twokey/incident"
)

// Rooms is a group for each incident that matters, with the people who act on it. It is
// made of a scene group template, because only such a group has the robot in it from the
// start. Groups stay when the incident is closed: DingTalk can end a group but not put it
// away.
type Rooms struct{ *Chat }

var (
	_ bot.Chat    = Rooms{}
	_ bot.Sparing = Rooms{}
)

// Rooms is the room of incident groups in the same organisation. It takes a
// GroupTemplate and a GroupOwner.
func (c *Chat) Rooms() Rooms { return Rooms{c} }

// Room is "dingtalk-groups".
func (Rooms) Room() string { return Groups }

// OnlyMatters is true: nobody wants a group for each piece of junk.
func (Rooms) OnlyMatters() bool { return true }

// Listen waits: the fixed room's ears hear all groups.
func (Rooms) Listen(ctx context.Context, _ bot.Handler) error {
	<-ctx.Done()
	return nil
}

// Post opens the incident's group and shows the card there. What concerns the whole bot
// is told in the fixed room only.
func (r Rooms) Post(ctx context.Context, key string, card bot.Card) (bot.Ref, error) {
	if card.Incident == incident.System {
		return "", nil
	}
	group, err := r.open(ctx, key, card)
	if err != nil {
		return "", fmt.Errorf("open group: %w", err)
	}
	ref, err := r.post(ctx, group, room.Mark(key, card), card)
	if err != nil {
		return "", ended(err)
	}
	r.groups.note(ref)
	return ref, nil
}

// Update shows a card in place of what ref shows.
func (r Rooms) Update(ctx context.Context, ref bot.Ref, card bot.Card) error {
	r.groups.note(ref)
	return ended(r.update(ctx, ref, card))
}

// Reply adds a line below the card.
func (r Rooms) Reply(ctx context.Context, ref bot.Ref, line bot.Line) error {
	r.groups.note(ref)
	return ended(r.reply(ctx, ref, line))
}

// ended takes a group that somebody ended for one that is gone.
func ended(err error) error {
	if room.Says(err, wordDisbanded, wordNoGroup) {
		return errors.Join(bot.ErrGone, err)
	}
	return err
}

// maxMembers is how many people a group takes at once (DingTalk docs: 创建场景群).
const maxMembers = 999

// open makes the incident's group. DingTalk makes one group of one uuid (DingTalk docs:
// 创建场景群), so one whose answer was lost is found again.
func (r Rooms) open(ctx context.Context, key string, card bot.Card) (string, error) {
	in := map[string]any{
		"title": "twokey " + string(card.Incident), "template_id": r.config.GroupTemplate, "owner_user_id": r.config.GroupOwner,
		"user_ids": strings.Join(r.config.Invite[:min(len(r.config.Invite), maxMembers)], ","),
		"uuid":     track("twokey-g-", room.Mark(key, card)),
		// Only the owner manages it, nobody finds it by searching, and whoever comes late reads what was said.
		"management_type": 1, "searchable": 0, "show_history_type": 1,
	}
	var got struct {
		Result struct {
			Group string `json:"open_conversation_id"`
		} `json:"result"`
	}
	if err := r.api.old(ctx, "scenegroup/create", "/topapi/im/chat/scenegroup/create", in, &got); err != nil {
		return "", err
	}
	if got.Result.Group == "" {
		return "", &Error{Method: "scenegroup/create", Word: room.Odd}
	}
	return got.Result.Group, nil
}

// groups are the incidents' groups that the bot wrote in since it started. It goes by
// that and not by a group's name, which its owner can change.
type groups struct {
	mu   sync.Mutex
	seen []spot // the newest last
}

// keptGroups bounds what is remembered of groups.
const keptGroups = 1000

func (g *groups) note(ref bot.Ref) {
	s := spotOf(ref)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen = slices.DeleteFunc(g.seen, func(old spot) bool { return old.group == s.group })
	g.seen = append(g.seen, s)
	g.seen = g.seen[max(0, len(g.seen)-keptGroups):]
}

// about is the incident whose group somebody wrote in; empty: unknown, and then the bot
// asks if there are several.
func (g *groups) about(group string) incident.ID {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.IndexFunc(g.seen, func(s spot) bool { return s.group == group })
	if i < 0 {
		return ""
	}
	return g.seen[i].about
}
