package slacktest

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// responseURL takes what a bot says to somebody who acted.
type responseURL struct {
	user, channel, thread string
	source                *Message // whose button was pressed; nil: a command
	at                    time.Time
	uses                  int
}

// A response URL works five times within thirty minutes: Slack docs, handling user
// interaction.
const (
	responseUses = 5
	responseLife = 30 * time.Minute
)

func (w *Workspace) newResponse(user, channelID, thread string, source *Message) string {
	id := rand.Text()
	w.responses[id] = &responseURL{user: user, channel: channelID, thread: thread, source: source, at: w.o.Now()}
	return w.server.URL + "/response/" + id
}

func (w *Workspace) serveResponse(rw http.ResponseWriter, r *http.Request) {
	hit := w.called("response_url")
	a := args{}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if hit != nil && hit.stands(w, rw, r) {
		return
	}
	if err != nil || json.Unmarshal(body, &a) != nil {
		http.Error(rw, "invalid_payload", http.StatusBadRequest)
		return
	}
	respond := w.respond
	if hit != nil && hit.Kind == Refuse {
		respond = func(string, args) (int, string) { return http.StatusBadRequest, hit.Code }
	}
	status, code := respond(r.PathValue("id"), a)
	if hit != nil && hit.Kind == Lose {
		panic(http.ErrAbortHandler) // net/http closes the connection without a word
	}
	if code != "" {
		http.Error(rw, code, status)
		return
	}
	_, _ = io.WriteString(rw, "ok")
}

func (w *Workspace) respond(id string, a args) (int, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	to := w.responses[id]
	switch {
	case to == nil:
		return http.StatusNotFound, "no_such_url"
	case to.uses >= responseUses:
		return http.StatusNotFound, "used_url"
	case w.o.Now().Sub(to.at) > responseLife:
		return http.StatusNotFound, "expired_url"
	}
	delete(a, "metadata") // slack-go always sends an empty one here
	c, refused := w.readContent(a, maxPosted)
	if refused != nil {
		return http.StatusBadRequest, refused.String()
	}
	to.uses++
	return w.answerTo(to, a, c)
}

// answerTo shows what a bot says over a response URL: to the person alone unless it
// says otherwise, and in place of the message whose button was pressed if it asks
// for that.
func (w *Workspace) answerTo(to *responseURL, a args, c content) (int, string) {
	room := w.channel(to.channel)
	switch {
	case room == nil:
		return http.StatusNotFound, "channel_not_found"
	case a.flag("delete_original") && to.source != nil:
		room.remove(to.source)
		w.touch()
	case c.empty():
		return http.StatusBadRequest, "no_text"
	case a.flag("replace_original") && to.source != nil:
		w.replace(to, room, c)
	case a.text("response_type") == "in_channel":
		w.post(room, &Message{User: w.App.BotUser, Bot: true, Thread: a.text("thread_ts"), Text: c.text, Blocks: c.blocks, Attachments: c.attachments})
	default:
		w.whisper(room, to.user, a.text("thread_ts"), c, ByResponse)
	}
	return http.StatusOK, ""
}

func (w *Workspace) replace(to *responseURL, room *channel, c content) {
	c.newText, c.newBlocks = true, true
	w.change(to.source, c)
	if to.source.Ephemeral {
		w.show(to.user, Shown{Kind: ByResponse, Channel: room.ID, TS: to.source.TS, Text: w.rendered(to.source)})
	}
}
