package slacktest

import (
	"context"
	"encoding/json"
	"strings"
)

// The kinds of deliveries, by their names in Socket Mode.
const (
	commands     = "slash_commands"
	interactions = "interactive"
	events       = "events_api"
)

// delivery is one input on its way to the bot.
type delivery struct {
	kind        string
	payload     json.RawMessage
	takesAnswer bool // what comes back is shown: commands and submitted modals
	retry       int

	user, channel, thread string
	source                *Message // whose button was pressed
	view                  *view    // that was submitted
}

// outcome is what came back for a delivery.
type outcome struct {
	answer  json.RawMessage
	problem string // what Slack makes of it; empty: it was answered in time
}

// deliver brings an input to the bot and shows what it answers.
func (w *Workspace) deliver(ctx context.Context, d *delivery) outcome {
	w.mu.Lock()
	w.last = d
	receiver := w.receiver
	w.mu.Unlock()
	var got outcome
	if receiver != nil {
		got = w.overHTTP(ctx, receiver, d)
	} else {
		got = w.overSocket(ctx, d)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.touch()
	if got.problem != "" && d.kind != events {
		w.show(d.user, Shown{Kind: BySlack, Text: got.problem})
	}
	return got
}

// apply shows what came back with the answer; it says what is wrong with it. The
// lock is held.
func (w *Workspace) apply(d *delivery, answer json.RawMessage) string {
	switch {
	case d.kind == commands && len(answer) > 0:
		return w.applyMessage(d, answer)
	case d.view != nil:
		return w.applyToView(d, answer)
	}
	return ""
}

// applyMessage shows a command's answer: Slack docs, slash commands.
func (w *Workspace) applyMessage(d *delivery, answer json.RawMessage) string {
	a := args{}
	if json.Unmarshal(answer, &a) != nil {
		return "the answer is no JSON object: " + string(answer)
	}
	c, refused := w.readContent(a, maxPosted)
	if refused != nil {
		return "the answer is refused: " + refused.String()
	}
	room := w.channel(d.channel)
	if c.empty() || room == nil {
		return ""
	}
	if a.text("response_type") == "in_channel" {
		w.post(room, &Message{User: w.App.BotUser, Bot: true, Text: c.text, Blocks: c.blocks, Attachments: c.attachments})
		return ""
	}
	w.whisper(room, d.user, d.thread, c, ByAck)
	return ""
}

// String is the code and what exactly is wrong.
func (r *refusal) String() string {
	return strings.Join(append([]string{r.Code}, r.Messages...), "; ")
}
