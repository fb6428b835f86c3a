// Package lark is a room in a Lark or Feishu group: cards of JSON 2.0 with buttons and
// forms, commands by mention, in a direct chat and from the bot's menu, and a group of
// its own for each incident. Lark is heard over a long connection, or by signed and
// encrypted requests.
//
// It decides nothing and keeps nothing: package bot decides, and what is remembered
// here was told by Lark and can be asked for again.
package lark

import (
	"context"
	"net/http"
	"strings"
	"time"

	golark "github.com/go-lark/lark"

	"twokey/bot"
	"twokey/bot/room"
)

// Name is the fixed room and its platform; Groups is the room of incident groups.
const (
	Name   = "lark"
	Groups = "lark-groups"
)

// Domains of the two clouds. An app, its tokens and all ids belong to one of them.
const (
	Feishu = golark.DomainFeishu
	Lark   = golark.DomainLark
)

// Config is what a tenant needs. AppID, AppSecret, Room and Words are mandatory.
type Config struct {
	room.Common

	AppID, AppSecret string
	EncryptKey       string   // given: Lark calls the bot, encrypts and signs; else the bot opens a long connection
	Room             string   // id of the group in which every incident is shown
	Invite           []string // union ids of who is asked into an incident's group
	APIURL           string   // empty: [Feishu]; for [Lark], proxies and tests

	// Settle is how long after the answer to a press its card is left alone: Lark
	// takes back what comes before the answer does; 0: 300 ms.
	Settle time.Duration
}

// Chat is the fixed room. Make it with [New].
type Chat struct {
	config Config
	api    *api
	asked  *directory
	keeper *room.Doorkeeper
	still  *stillness
	heard  room.Ears
}

var (
	_ bot.Chat     = (*Chat)(nil)
	_ http.Handler = (*Chat)(nil)
)

// New makes a room. It asks Lark nothing yet.
func New(config Config) *Chat {
	config.Common = config.Whole()
	if config.Settle == 0 {
		config.Settle = 300 * time.Millisecond
	}
	if config.APIURL == "" {
		config.APIURL = Feishu
	}
	config.APIURL = strings.TrimSuffix(config.APIURL, "/")
	c := &Chat{config: config, keeper: room.NewDoorkeeper(config.Now)}
	c.api = newAPI(config)
	c.still = newStillness(config.Settle, c.api.replace)
	c.asked = newDirectory(c.api, config.Room, config.Now)
	return c
}

// Room is "lark".
func (*Chat) Room() string { return Name }

// Platform is "lark".
func (*Chat) Platform() string { return Name }

// Post shows a card in the fixed room, once for each key.
func (c *Chat) Post(ctx context.Context, key string, card bot.Card) (bot.Ref, error) {
	return c.post(ctx, c.config.Room, key, card)
}

// Update shows a card in place of what ref shows.
func (c *Chat) Update(ctx context.Context, ref bot.Ref, card bot.Card) error {
	return c.update(ctx, ref, card)
}

// Reply adds a line to a card's thread, once for each key.
func (c *Chat) Reply(ctx context.Context, ref bot.Ref, line bot.Line) error {
	return c.reply(ctx, ref, line)
}
