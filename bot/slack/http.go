package slack

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"sync"

	slackgo "github.com/slack-go/slack"

	"twokey/bot/room"
)

// Paths that Slack calls in HTTP mode.
const (
	PathCommand  = "/slack/command"
	PathInteract = "/slack/interact"
	PathEvents   = "/slack/events"
)

// ServeHTTP takes what Slack sends in HTTP mode. What is not signed, is old, or came
// before is refused unread.
func (c *Chat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := room.Body(w, r, c.config.Refused)
	if !ok {
		return
	}
	if why := c.verify(r.Header, body); why != "" {
		c.config.Refused(why)
		w.Header().Set("X-Slack-No-Retry", "1")
		room.Status(w, http.StatusUnauthorized)
		return
	}
	c.dispatch(w, r, body)
}

func (c *Chat) dispatch(w http.ResponseWriter, r *http.Request, body []byte) {
	p := newPromise()
	ok, known := false, true
	switch r.URL.Path {
	case PathCommand:
		form, err := url.ParseQuery(string(body))
		known = err == nil
		ok = known && c.slash(slackgo.SlashCommand{
			TeamID: form.Get("team_id"), ChannelID: form.Get("channel_id"), UserID: form.Get("user_id"), Command: form.Get("command"),
			Text: form.Get("text"), ResponseURL: form.Get("response_url"), TriggerID: form.Get("trigger_id"),
		}, p.message)
	case PathInteract:
		form, err := url.ParseQuery(string(body))
		var ic slackgo.InteractionCallback
		known = err == nil && json.Unmarshal([]byte(form.Get("payload")), &ic) == nil
		ok = known && c.interaction(ic, p.empty)
	case PathEvents:
		if challenge, asks := challenged(body); asks {
			w.Header().Set("Content-Type", "text/plain")
			_, _ = io.WriteString(w, challenge)
			return
		}
		ok = c.events(body, p.empty)
	default:
		http.NotFound(w, r)
		return
	}
	switch {
	case !known:
		room.Status(w, http.StatusBadRequest)
	case !ok:
		c.keeper.Again(r.Header.Get("X-Slack-Signature"))
		room.Status(w, http.StatusServiceUnavailable)
	default:
		p.keep(w)
	}
}

// challenged answers Slack's question whether the address is the bot's.
func challenged(body []byte) (string, bool) {
	var q struct{ Type, Challenge string }
	if json.Unmarshal(body, &q) != nil || q.Type != "url_verification" {
		return "", false
	}
	return q.Challenge, true
}

// promise is the answer to a request that somebody else gives.
type promise struct {
	once sync.Once
	body chan []byte
}

func newPromise() *promise { return &promise{body: make(chan []byte, 1)} }

// message answers with what that person is shown.
func (p *promise) message(blocks []slackgo.Block, text string) bool {
	body, err := json.Marshal(private(blocks, text))
	if err != nil || len(blocks) == 0 {
		body = nil
	}
	p.once.Do(func() { p.body <- body })
	return body != nil
}

// empty answers that it came.
func (p *promise) empty([]slackgo.Block, string) bool {
	p.once.Do(func() { p.body <- nil })
	return false
}

func (p *promise) keep(w http.ResponseWriter) {
	body := <-p.body
	if body == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// private is a message that one person sees, as an answer to a command.
func private(blocks []slackgo.Block, text string) map[string]any {
	return map[string]any{"response_type": slackgo.ResponseTypeEphemeral, "text": escaped(text, maxFallback), "mrkdwn": false, "blocks": blocks}
}
