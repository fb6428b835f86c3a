// Package slack is a room in a Slack workspace: cards in Block Kit, buttons and
// dialogs, the /leak command, mentions and direct messages, and a channel of its own
// for each incident. Slack is heard over Socket Mode or by signed requests.
//
// It decides nothing and keeps nothing: package bot decides, and what is remembered
// here was told by Slack and can be asked for again.
package slack

import (
	"context"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"

	"twokey/bot"
	"twokey/bot/room"
)

// Name is the fixed room and its platform; Channels is the room of incident channels.
const (
	Name     = "slack"
	Channels = "slack-channels"
)

// Config is what a workspace needs. BotToken, Room and Words are mandatory, and either
// AppToken (Socket Mode) or SigningSecret (HTTP).
type Config struct {
	room.Common

	BotToken      string
	AppToken      string   // xapp-…: Slack is heard over a socket that the bot opens
	SigningSecret string   // else Slack calls the bot, and signs
	Room          string   // id of the channel in which every incident is shown
	Invite        []string // ids of who is asked into an incident's channel
	APIURL        string   // empty: Slack's; for proxies and tests

	// PingEvery is how long a socket may be silent before it counts as dead; 0: 30 s.
	PingEvery time.Duration
}

// Chat is the fixed room. Make it with [New].
type Chat struct {
	config Config
	api    *slackgo.Client
	said   *memory
	asked  *directory
	keeper *room.Doorkeeper
	heard  room.Ears
	waits  time.Duration // how long Slack is kept waiting
}

var (
	_ bot.Chat     = (*Chat)(nil)
	_ http.Handler = (*Chat)(nil)
)

// slackAPI is where Slack's Web API is.
const slackAPI = "https://slack.com/api/"

// New makes a room. It asks Slack nothing yet.
func New(config Config) *Chat {
	config.Common = config.Whole()
	if config.APIURL == "" {
		config.APIURL = slackAPI
	}
	if !strings.HasSuffix(config.APIURL, "/") {
		config.APIURL += "/" // the SDK joins by writing one after the other
	}
	quiet := log.New(io.Discard, "", 0) // the SDK's own log quotes what travels
	c := &Chat{config: config, said: newMemory(), keeper: room.NewDoorkeeper(config.Now), waits: patience}
	c.api = slackgo.New(
		config.BotToken, slackgo.OptionAppLevelToken(config.AppToken), slackgo.OptionAPIURL(config.APIURL),
		slackgo.OptionHTTPClient(config.Client()), slackgo.OptionLog(quiet),
	)
	c.asked = newDirectory(c.api, config.Now)
	return c
}

// Room is "slack".
func (*Chat) Room() string { return Name }

// Platform is "slack".
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
