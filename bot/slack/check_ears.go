package slack

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	slackgo "github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"twokey/bot"
	"twokey/bot/room"
)

// hello opens a socket, waits until Slack greets, and closes it.
func (r *report) hello(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	client := socketmode.New(r.chat.api, socketmode.OptionLog(log.New(io.Discard, "", 0)))
	ended := make(chan error, 1)
	var busy sync.WaitGroup
	busy.Go(func() { ended <- client.RunContext(ctx) })
	defer busy.Wait()
	defer cancel()
	open, err := greeted(client, ended)
	if err != nil {
		r.Fail("app_token: %s", todo(err))
		return
	}
	r.OK("app_token: Slack opens a socket; others of this app that are open: %d. In Socket Mode no button can be pressed from outside: press one in a drill", open-1)
}

// greeted waits for Slack's greeting, which says how many sockets of the app are open.
func greeted(client *socketmode.Client, ended <-chan error) (open int, err error) {
	for {
		select {
		case err := <-ended:
			return 0, failed("apps.connections.open", err)
		case e := <-client.Events:
			switch data := e.Data.(type) {
			case *slackgo.ConnectionErrorEvent:
				return 0, failed("apps.connections.open", data.ErrorObj)
			case *slackgo.ConnectingEvent:
				if data.ConnectionCount > 0 { // the SDK keeps to itself why the first one was closed
					return 0, &Error{Method: "socket", Word: wordClosed}
				}
			}
			if e.Type == socketmode.EventTypeHello {
				return e.Request.NumConnections, nil
			}
		}
	}
}

// wordClosed is the word of this package for a socket that Slack closed ungreeted.
const wordClosed = "closed_at_once"

// actTry is a button that stands on no card and does nothing but say that it came.
const actTry bot.Act = "try"

// tried answers such a button; false: nobody listens.
func (c *Chat) tried(ack acknowledge) bool {
	_, _, ok := c.heard.Enter()
	if ok {
		defer c.heard.Leave()
		ack(nil, "")
	}
	return ok
}

// press sends a running bot a signed press, as Slack would.
func (r *report) press(ctx context.Context) {
	at := r.asked.Address
	status, err := r.chat.try(ctx, at)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		r.Warn("signing_secret: no bot listens at %s to try it on: start it (twokey serve), then check again", at)
	case err != nil:
		r.Fail("signing_secret: what listens at %s did not answer a press within Slack's three seconds", at)
	case status == http.StatusOK:
		r.OK("signing_secret: the bot at %s takes a press that is signed with it. Whether Slack comes through to %s, the app's pages say: Event Subscriptions, Retry", at, PathInteract)
	case status == http.StatusUnauthorized:
		r.Fail("signing_secret: the bot at %s refuses what is signed with it: it was started with another one (start it anew), or its clock is wrong", at)
	case status == http.StatusServiceUnavailable:
		r.Warn("signing_secret: the bot at %s is starting or stopping: check again", at)
	default:
		r.Fail("signing_secret: what listens at %s answers %d to a press: it is another program, or a bot that was started with mode: socket (start it anew)", at, status)
	}
}

// ackWithin is how long Slack waits for an answer (Slack docs: Acknowledging requests).
const ackWithin = 3 * time.Second

// try presses the button that does nothing, and returns the status of the answer.
func (c *Chat) try(ctx context.Context, address string) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, ackWithin)
	defer cancel()
	body, err := pressOf(actTry)
	if err != nil {
		return 0, err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+address+PathInteract, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	stamp := strconv.FormatInt(c.config.Now().Unix(), 10)
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("X-Slack-Request-Timestamp", stamp)
	q.Header.Set("X-Slack-Signature", sign(c.config.SigningSecret, stamp, []byte(body)))
	answer, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(q) // no proxy: it is this machine
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

// pressOf is a press as Slack sends it (Slack docs: block_actions payload), unlike any
// before: what came once is not let in again.
func pressOf(act bot.Act) (string, error) {
	value, err := json.Marshal(room.Wire{Act: act, Value: rand.Text()})
	if err != nil {
		return "", err
	}
	button := map[string]any{"type": "button", "block_id": "try", "action_id": act, "value": string(value)}
	payload, err := json.Marshal(map[string]any{"type": slackgo.InteractionTypeBlockActions, "actions": []any{button}})
	return url.Values{"payload": {string(payload)}}.Encode(), err
}
