package lark

import (
	"context"
	"errors"
	"log/slog"
	"time"

	larkevent "github.com/larksuite/oapi-sdk-go/v3/event"
	"github.com/larksuite/oapi-sdk-go/v3/event/dispatcher"
	"github.com/larksuite/oapi-sdk-go/v3/event/dispatcher/callback"
	larkws "github.com/larksuite/oapi-sdk-go/v3/ws"

	"twokey/bot/room"
)

// socket listens over a long connection until ctx ends. A client of the SDK lives as
// long as its connection: when that breaks or falls silent, a new one is made.
func (c *Chat) socket(ctx context.Context) error {
	ears := c.ears()
	connect := func(ctx context.Context) error { return c.client(ears).Start(ctx) }
	room.Reconnect(ctx, connect, func(err error, again time.Duration) {
		c.config.Log.Warn("Lark's connection is closed", slog.String("code", closing(err)), slog.Duration("again_in", again))
	})
	return nil
}

func (c *Chat) client(ears *dispatcher.EventDispatcher) *larkws.Client {
	return larkws.NewClient(
		c.config.AppID, c.config.AppSecret, larkws.WithEventHandler(ears), larkws.WithDomain(c.config.APIURL), larkws.WithAutoReconnect(false),
		larkws.WithHttpClient(c.config.Client()), larkws.WithLogger(hush{}),
		larkws.WithOnReady(func() { c.config.Log.Info("Lark's connection is open") }),
	)
}

// ears hear what Lark tells. What comes is read here, not by the SDK, which leaves out
// whose press it was: the union id.
func (c *Chat) ears() *dispatcher.EventDispatcher {
	heard := func(_ context.Context, e *larkevent.EventReq) error {
		_, err := c.receive(e.Body)
		return err
	}
	d := dispatcher.NewEventDispatcher("", "")
	d.InitConfig(larkevent.WithLogger(hush{}))
	d.OnP2CardActionTrigger(func(_ context.Context, e *callback.CardActionTriggerEvent) (*response, error) {
		shown, err := c.receive(e.Body)
		if shown == nil {
			shown = &response{} // Lark wants an object
		}
		return shown, err
	})
	d.OnCustomizedEvent(eventMessage, heard)
	d.OnCustomizedEvent(eventMenu, heard)
	return d
}

// closing is why a connection ended, without anything foreign.
func closing(err error) string {
	if e, ok := errors.AsType[*larkws.ClientError](err); ok && e.Code == larkws.AuthFailed {
		return "refused"
	}
	if e, ok := errors.AsType[*larkws.ServerError](err); ok && e.Code == larkws.AuthFailed {
		return "refused"
	}
	return room.Network
}

// hush is a log that keeps nothing: the SDK's own quotes what travels.
type hush struct{}

func (hush) Debug(context.Context, ...any) {}
func (hush) Info(context.Context, ...any)  {}
func (hush) Warn(context.Context, ...any)  {}
func (hush) Error(context.Context, ...any) {}
