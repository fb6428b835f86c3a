package lark

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strconv"

	"twokey/bot"
	"twokey/bot/room"
	"twokey/incident"
)

// Rooms is a group for each incident that matters, with the people who act on it. Groups
// stay when the incident is closed: Lark can end a group but not put it away.
type Rooms struct{ *Chat }

var (
	_ bot.Chat    = Rooms{}
	_ bot.Sparing = Rooms{}
)

// Rooms is the room of incident groups in the same tenant.
func (c *Chat) Rooms() Rooms { return Rooms{c} }

// Room is "lark-groups".
func (Rooms) Room() string { return Groups }

// OnlyMatters is true: nobody wants a group for each piece of junk.
func (Rooms) OnlyMatters() bool { return true }

// Listen waits: the fixed room's ears hear all groups.
func (Rooms) Listen(ctx context.Context, _ bot.Handler) error {
	<-ctx.Done()
	return nil
}

// Post opens the incident's group and shows the card there, pinned. What concerns the
// whole bot is told in the fixed room only.
func (r Rooms) Post(ctx context.Context, key string, card bot.Card) (bot.Ref, error) {
	if card.Incident == incident.System {
		return "", nil
	}
	group, err := r.open(ctx, key, card)
	if err != nil {
		return "", fmt.Errorf("open group: %w", err)
	}
	ref, err := r.post(ctx, group, key, card)
	if err != nil {
		return "", err
	}
	_, message := room.Split(ref)
	if _, err := post[struct{}](ctx, r.api, "im.pins.create", "/open-apis/im/v1/pins", node{"message_id": message}); err != nil {
		r.config.Log.Warn("pin a card", slog.Any("error", err))
	}
	r.describe(ctx, ref, card)
	return ref, nil
}

// Update shows a card in place of what ref shows, and its state in the description.
func (r Rooms) Update(ctx context.Context, ref bot.Ref, card bot.Card) error {
	if err := ended(r.update(ctx, ref, card)); err != nil {
		return err
	}
	r.describe(ctx, ref, card)
	return nil
}

// Reply adds a line to the card's thread.
func (r Rooms) Reply(ctx context.Context, ref bot.Ref, line bot.Line) error {
	return ended(r.reply(ctx, ref, line))
}

// ended takes a group that somebody ended, or that the bot was put out of, for one that
// is gone.
func ended(err error) error {
	if says(err, codeDissolved, codeNoChat, codeNotInChat, codeOutside) {
		return errors.Join(bot.ErrGone, err)
	}
	return err
}

// group is one, as Lark lists it. The bot is the owner of those that it opened, and then
// Lark names none.
type group struct {
	ID    string `json:"chat_id"`
	Name  string `json:"name"`
	Owner string `json:"owner_id"`
}

// open finds the incident's group, or makes it. Lark takes one name only once, for ten
// hours (Feishu docs: create a group, uuid).
func (r Rooms) open(ctx context.Context, key string, card bot.Card) (string, error) {
	name := groupName(card)
	id, err := r.find(ctx, name)
	if err != nil {
		return "", err
	}
	if id == "" {
		made, err := post[group](ctx, r.api, "im.chats.create", "/open-apis/im/v1/chats?uuid="+once("group", room.Mark(key, card)), node{
			"name": name, "chat_mode": "group", "chat_type": "private", "edit_permission": "only_owner",
		})
		if err != nil {
			return "", err
		}
		id = made.ID
	}
	r.invite(ctx, id)
	return id, nil
}

// groupName is different in each database: two of them both have an inc-1.
func groupName(card bot.Card) string {
	return room.Cut("twokey "+string(card.Incident)+" · "+strconv.FormatInt(card.Opened.Unix(), 36), maxName)
}

// find is a group of that name which the bot opened; empty: there is none. Only its
// owner can name it.
func (r Rooms) find(ctx context.Context, name string) (string, error) {
	for page := ""; ; {
		got, err := get[struct {
			Items []group `json:"items"`
			Next  string  `json:"page_token"`
			More  bool    `json:"has_more"`
		}](ctx, r.api, "im.chats.list", "/open-apis/im/v1/chats?page_size=100&page_token="+url.QueryEscape(page))
		if err != nil {
			return "", err
		}
		for _, g := range got.Items {
			if g.Name == name && g.Owner == "" {
				return g.ID, nil
			}
		}
		if page = got.Next; page == "" || !got.More {
			return "", nil
		}
	}
}

// invite asks everybody in who may act. Who can't come is no reason to wait: they see
// the fixed room.
func (r Rooms) invite(ctx context.Context, group string) {
	for some := range slices.Chunk(r.config.Invite, maxMembers) {
		path := "/open-apis/im/v1/chats/" + url.PathEscape(group) + "/members?member_id_type=union_id&succeed_type=1"
		got, err := post[struct {
			Invalid []string `json:"invalid_id_list"`
		}](ctx, r.api, "im.chat.members.create", path, node{"id_list": some})
		if err != nil || len(got.Invalid) > 0 {
			r.config.Log.Warn("ask people into an incident's group", slog.Int("not_asked", len(got.Invalid)), slog.Any("error", err))
		}
	}
}

// describe says how the incident stands, if the group does not say so yet.
func (r Rooms) describe(ctx context.Context, ref bot.Ref, card bot.Card) {
	id, _ := room.Split(ref)
	text := room.Cut(bot.Inert(room.Title(card)), maxAbout)
	if r.asked.lines.Is(id, text) {
		return
	}
	if err := put(ctx, r.api, "im.chats.update", "/open-apis/im/v1/chats/"+url.PathEscape(id), node{"description": text}); err != nil {
		r.config.Log.Warn("describe an incident's group", slog.Any("error", err))
		return
	}
	r.asked.lines.Set(id, text)
}
