package slacktest

import (
	"encoding/json"
	"slices"
)

// Message is one message as it stands now.
type Message struct {
	Channel, TS string
	Thread      string // the parent's timestamp in a thread; empty: top level
	User        string
	Bot         bool // posted by the bot under test
	Text        string
	Blocks      []any // as decoded from JSON; ids that Slack makes up are filled in
	Attachments []any
	Metadata    json.RawMessage // nil: none
	Edited      string          // timestamp of the last change that shows "(edited)"
	Changes     int             // of the message, shown or not
	Pinned      bool
	Reactions   []string

	Ephemeral bool
	To        string // who alone sees it, if it is ephemeral
}

// Messages are what a channel shows to everybody, oldest first, replies included.
func (w *Workspace) Messages(channelID string) []Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.some(channelID, func(m *Message) bool { return !m.Ephemeral })
}

// Ephemeral are the messages of a channel that only one person sees, oldest first.
func (w *Workspace) Ephemeral(channelID, user string) []Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.some(channelID, func(m *Message) bool { return m.Ephemeral && m.To == user })
}

func (w *Workspace) some(channelID string, wanted func(*Message) bool) []Message {
	c := w.channel(channelID)
	if c == nil {
		return nil
	}
	var out []Message
	for _, m := range c.messages {
		if wanted(m) {
			out = append(out, w.copied(c, m))
		}
	}
	return out
}

func (w *Workspace) copied(c *channel, m *Message) Message {
	out := *m
	out.Pinned = slices.Contains(c.pins, m.TS)
	out.Reactions = slices.Clone(m.Reactions)
	return out
}

// Erase removes a message and what is in its thread, as a person with the right to
// does. It reports whether the message was there.
func (w *Workspace) Erase(channelID, ts string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.channel(channelID)
	if c == nil || c.find(ts) == nil {
		return false
	}
	c.messages = slices.DeleteFunc(c.messages, func(m *Message) bool { return m.TS == ts || m.Thread == ts })
	w.touch()
	return true
}

// find is a message that everybody sees.
func (c *channel) find(ts string) *Message {
	i := slices.IndexFunc(c.messages, func(m *Message) bool { return m.TS == ts && !m.Ephemeral })
	if i < 0 {
		return nil
	}
	return c.messages[i]
}

// post adds a message. In a thread that is gone it is a message of its own, without
// an error: slack-go, PostMessageWithResponseContext. The lock is held.
func (w *Workspace) post(c *channel, m *Message) *Message {
	m.Channel, m.TS = c.ID, w.stamp()
	if parent := c.find(m.Thread); parent == nil || parent.Thread != "" {
		m.Thread = ""
	}
	fillIDs(m.Blocks)
	c.messages = append(c.messages, m)
	w.touch()
	return m
}

// messageObject is a message as the API shows it; metadata only where it is asked
// for.
func (w *Workspace) messageObject(c *channel, m *Message, metadata bool) object {
	o := object{"type": "message", "user": m.User, "ts": m.TS, "text": m.Text, "team": w.App.Team}
	if m.Bot {
		o["bot_id"], o["app_id"] = w.App.BotID, w.App.ID
	}
	if m.Blocks != nil {
		o["blocks"] = m.Blocks
	}
	if m.Attachments != nil {
		o["attachments"] = m.Attachments
	}
	if m.Edited != "" {
		o["edited"] = object{"user": m.User, "ts": m.Edited}
	}
	if metadata && m.Metadata != nil {
		o["metadata"] = m.Metadata
	}
	if slices.Contains(c.pins, m.TS) {
		o["pinned_to"] = []string{c.ID}
	}
	c.describeThread(o, m)
	return o
}

func (c *channel) describeThread(o object, m *Message) {
	if m.Thread != "" {
		o["thread_ts"] = m.Thread
		if parent := c.find(m.Thread); parent != nil {
			o["parent_user_id"] = parent.User
		}
		return
	}
	replies, latest := 0, ""
	for _, r := range c.messages {
		if r.Thread == m.TS && !r.Ephemeral {
			replies, latest = replies+1, r.TS
		}
	}
	if replies > 0 {
		o["thread_ts"], o["reply_count"], o["latest_reply"] = m.TS, replies, latest
	}
}

func (c *channel) remove(m *Message) {
	c.messages = slices.DeleteFunc(c.messages, func(each *Message) bool { return each == m })
}
