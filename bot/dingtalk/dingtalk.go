// Package dingtalk is a room in a DingTalk organisation: interactive cards with
// buttons in one group, mentions and 1:1 messages to the robot, and words for one
// person in that person's own chat with it. DingTalk is heard over Stream, a socket
// that the bot opens. Where it takes no cards, everything is said in messages, and
// done by typing.
//
// It decides nothing and keeps nothing: package bot decides, and what is shown is
// named so that DingTalk itself knows it again.
package dingtalk

import (
	"cmp"
	"context"
	"strings"
	"time"

	"twokey/bot"
	"twokey/bot/room"
)

// Name is the fixed room and its platform; Groups is the room of incident groups.
const (
	Name   = "dingtalk"
	Groups = "dingtalk-groups"
)

// Config is what an organisation's robot needs. ClientID, ClientSecret, Room and Words
// are mandatory.
type Config struct {
	room.Common

	ClientID     string // AppKey of the app that the robot belongs to
	ClientSecret string
	RobotCode    string // empty: the ClientID, as for an organisation's own robot
	Room         string // openConversationId of the group in which every incident is shown
	Template     string // id of a card template of one's own; empty: the shared one
	APIURL       string // empty: https://api.dingtalk.com
	OldAPIURL    string // empty: the same place, where DingTalk's older interface is

	GroupTemplate string   // id of the scene group template with the robot in it, for incident groups
	GroupOwner    string   // user id of whom these groups belong to
	Invite        []string // user ids of whom they are for

	// PingEvery is how long the socket may be silent before it is tried; 0: 30 s. Less
	// than 3 s is 3 s.
	PingEvery time.Duration
}

// Chat is the room. Make it with [New].
type Chat struct {
	config Config
	api    *caller
	asked  *directory
	plain  *plainly
	heard  room.Ears
	groups groups
}

var _ bot.Chat = (*Chat)(nil)

// publicAPI is where DingTalk's interface is. International organisations have
// another: https://api.dingtalk.io.
const publicAPI = "https://api.dingtalk.com"

// New makes a room. It asks DingTalk nothing yet.
func New(config Config) *Chat {
	config = config.whole()
	api := newCaller(config)
	return &Chat{config: config, api: api, asked: newDirectory(api, config.Now), plain: newPlainly()}
}

// whole is the configuration with nothing left open.
func (c Config) whole() Config {
	c.Common = c.Whole()
	if c.RobotCode == "" {
		c.RobotCode = c.ClientID
	}
	c.APIURL = strings.TrimSuffix(cmp.Or(c.APIURL, publicAPI), "/")
	c.OldAPIURL = strings.TrimSuffix(cmp.Or(c.OldAPIURL, beside(c.APIURL)), "/")
	if c.PingEvery == 0 {
		c.PingEvery = 30 * time.Second
	}
	return c
}

// beside is where the older interface is: api.dingtalk.com has it at oapi.dingtalk.com,
// and api.dingtalk.io at oapi.dingtalk.io.
func beside(api string) string {
	return strings.Replace(api, "://api.dingtalk.", "://oapi.dingtalk.", 1)
}

// Room is "dingtalk".
func (*Chat) Room() string { return Name }

// Platform is "dingtalk".
func (*Chat) Platform() string { return Name }

// Post shows a card in the group, once for each key.
func (c *Chat) Post(ctx context.Context, key string, card bot.Card) (bot.Ref, error) {
	return c.post(ctx, "", room.Mark(key, card), card)
}

// Update shows a card in place of what ref shows. What was said in a message can't be
// changed there: it is said anew when what counts has changed.
func (c *Chat) Update(ctx context.Context, ref bot.Ref, card bot.Card) error {
	return c.update(ctx, ref, card)
}

// Reply adds a line below the card, once for each key. DingTalk has no threads: the
// line names its incident.
func (c *Chat) Reply(ctx context.Context, ref bot.Ref, line bot.Line) error {
	return c.reply(ctx, ref, line)
}
