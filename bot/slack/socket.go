package slack

import (
	"context"
	"io"
	"log"
	"log/slog"
	"time"

	slackgo "github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"twokey/bot/room"
)

// socket listens over Socket Mode until ctx ends. The SDK opens a new socket when one
// breaks or falls silent; when it gives up, or waits too long, it is started anew.
func (c *Chat) socket(ctx context.Context) error {
	room.Reconnect(ctx, c.session, func(err error, again time.Duration) {
		c.config.Log.Warn("Slack's socket is closed", slog.Any("error", failed("apps.connections.open", err)), slog.Duration("again_in", again))
	})
	return nil
}

// session is one life of the SDK's client.
func (c *Chat) session(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	options := []socketmode.Option{socketmode.OptionLog(log.New(io.Discard, "", 0)), socketmode.OptionReadLimit(room.MaxRequest)}
	if c.config.PingEvery > 0 {
		options = append(options, socketmode.OptionPingInterval(c.config.PingEvery))
	}
	client := socketmode.New(c.api, options...)
	ended := make(chan error, 1)
	go func() { ended <- client.RunContext(ctx) }()
	for {
		select {
		case err := <-ended:
			return err
		case e := <-client.Events:
			if late, ok := e.Data.(*slackgo.ConnectionErrorEvent); ok {
				c.config.Log.Warn("Slack's socket does not open", slog.Any("error", failed("apps.connections.open", late.ErrorObj)))
				if late.Backoff > room.LongestPause { // the SDK would wait up to five minutes
					cancel()
				}
				continue
			}
			c.envelope(ctx, client, e)
		}
	}
}

// envelope hands over what came in one. Slack sends again what is not acknowledged.
func (c *Chat) envelope(ctx context.Context, client *socketmode.Client, e socketmode.Event) {
	if e.Type == socketmode.EventTypeConnected {
		c.config.Log.Info("Slack's socket is open")
	}
	if e.Request == nil {
		return
	}
	id := e.Request.EnvelopeID
	empty := func([]slackgo.Block, string) bool {
		c.acknowledged(client.AckCtx(ctx, id, nil))
		return false
	}
	switch data := e.Data.(type) {
	case slackgo.SlashCommand:
		c.slash(data, func(blocks []slackgo.Block, text string) bool {
			if len(blocks) == 0 || !e.Request.AcceptsResponsePayload {
				return empty(nil, "")
			}
			if client.AckCtx(ctx, id, private(blocks, text)) != nil { // longer than a socket takes
				return empty(nil, "")
			}
			return true
		})
	case slackgo.InteractionCallback:
		c.interaction(data, empty)
	default:
		if e.Type == socketmode.EventTypeEventsAPI {
			c.events(e.Request.Payload, empty)
		}
	}
}

func (c *Chat) acknowledged(err error) {
	if err != nil {
		c.config.Log.Warn("Slack could not be told that something came", slog.Any("error", failed("ack", err)))
	}
}
