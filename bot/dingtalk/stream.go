package dingtalk

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/open-dingtalk/dingtalk-stream-sdk-go/client"
	"github.com/open-dingtalk/dingtalk-stream-sdk-go/logger"
	"github.com/open-dingtalk/dingtalk-stream-sdk-go/payload"

	"twokey/bot/room"
)

// look is how often the socket is looked after. To ask the SDK costs nothing while the
// socket is open.
const look = time.Second

// quiet is the SDK without its log, which quotes what travels. It makes its own quiet
// log when it first needs one, in any goroutine: so it is given one before.
var quiet = sync.OnceFunc(func() { logger.SetLogger(mute{}) })

type mute struct{}

func (mute) Debugf(string, ...any)   {}
func (mute) Infof(string, ...any)    {}
func (mute) Warningf(string, ...any) {}
func (mute) Errorf(string, ...any)   {}
func (mute) Fatalf(string, ...any)   {}

// stream listens over a socket until ctx ends. The SDK finds out when it is dead; it is
// opened again here, because the SDK would wait up to a minute.
func (c *Chat) stream(ctx context.Context) error {
	quiet()
	sdk := client.NewStreamClient(
		client.WithAppCredential(client.NewAppCredentialConfig(c.config.ClientID, c.config.ClientSecret)),
		client.WithOpenApiHost(c.config.APIURL), client.WithAutoReconnect(false), client.WithKeepAlive(c.config.PingEvery),
	)
	sdk.RegisterCallbackRouter(payload.BotMessageCallbackTopic, c.framed(c.said))
	sdk.RegisterCallbackRouter(payload.CardInstanceCallbackTopic, c.framed(c.pressed))
	defer sdk.Close()
	for pause := look; ctx.Err() == nil; {
		if err := sdk.Start(ctx); err == nil {
			pause = look
		} else if ctx.Err() == nil {
			pause = min(2*pause, room.LongestPause)
			c.config.Log.Warn("DingTalk's stream does not open", slog.Any("error", notOpened(err)), slog.Duration("again_in", pause))
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	return nil
}

// notOpened is why the stream did not open, without what the SDK quotes.
func notOpened(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return room.Unreached("connections/open", err)
	}
	return &Error{Method: "connections/open", Word: room.Network}
}

// errDeaf makes DingTalk send again what nobody could take.
var errDeaf = errors.New("not listening")

// framed hears frames of one kind. What it can't read is nobody's: DingTalk would only
// send it again.
func (c *Chat) framed(hear func(id, data string) bool) func(context.Context, *payload.DataFrame) (*payload.DataFrameResponse, error) {
	return func(_ context.Context, f *payload.DataFrame) (*payload.DataFrameResponse, error) {
		if len(f.Data) > room.MaxRequest {
			c.config.Refused(room.TooLong)
		} else if !hear(f.GetMessageId(), f.Data) {
			return nil, errDeaf
		}
		r := payload.NewSuccessDataFrameResponse()
		r.Message = "OK"
		return r, r.SetJson(map[string]any{"response": map[string]any{}})
	}
}
