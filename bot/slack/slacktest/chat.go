package slacktest

import (
	"encoding/json"
	"unicode/utf8"
)

func chatMethods() map[string]method {
	return map[string]method{
		"chat.postMessage":   {scopes: needs("chat:write"), run: (*Workspace).postMessage},
		"chat.postEphemeral": {scopes: needs("chat:write"), run: (*Workspace).postEphemeral},
		"chat.update":        {scopes: needs("chat:write"), run: (*Workspace).updateMessage},
		"chat.delete":        {scopes: needs("chat:write"), run: (*Workspace).deleteMessage},
		"chat.getPermalink":  {run: (*Workspace).permalink},
	}
}

// content is what a message says.
type content struct {
	text                string
	blocks, attachments []any
	metadata            json.RawMessage

	newText, newBlocks, newAttachments, newMetadata bool // whether each was sent
}

// Lengths of a message's text, in characters. Slack cuts a new one rather than
// refusing it, which is worse. Slack docs: chat.postMessage, chat.update.
const (
	maxPosted  = 40000
	maxUpdated = 4000
)

// readContent reads and checks what a message says.
func (w *Workspace) readContent(a args, longest int) (content, *refusal) {
	c := content{
		text: a.text("text"), newText: a.text("text") != "",
		newBlocks: a.has("blocks"), newAttachments: a.has("attachments"), newMetadata: a.has("metadata"),
	}
	blocks, ok := a.value("blocks")
	if c.blocks = asList(blocks); !ok || blocks != nil && c.blocks == nil {
		return c, refuse("invalid_blocks_format")
	}
	attachments, ok := a.value("attachments")
	if c.attachments = asList(attachments); !ok || attachments != nil && c.attachments == nil {
		return c, refuse("invalid_attachments")
	}
	if refused := c.readMetadata(a); refused != nil {
		return c, refused
	}
	if utf8.RuneCountInString(c.text) > longest {
		return c, refuse("msg_too_long")
	}
	w.drawn = append(w.drawn, Drawn{Kind: ForMessage, JSON: raw(object{"text": c.text, "blocks": list(c.blocks), "attachments": list(c.attachments)})})
	return c, refuseBlocks(c.blocks, c.attachments)
}

// refuseBlocks is what the limits have against a message.
func refuseBlocks(blocks, attachments []any) *refusal {
	found := checkShape(object{"blocks": list(blocks), "attachments": list(attachments)})
	switch {
	case len(found) > 0:
		return &refusal{Code: "invalid_blocks", Messages: texts(found)}
	case sizeOf(blocks) > maxMessageSize:
		return refuse("msg_blocks_too_long")
	}
	return nil
}

func texts(found []error) []string {
	out := make([]string, len(found))
	for i, err := range found {
		out[i] = err.Error()
	}
	return out
}

// list is a list that is never null in JSON.
func list(l []any) []any {
	if l == nil {
		return []any{}
	}
	return l
}

// maxMetadata is in bytes: Slack docs, message metadata.
const maxMetadata = 16 << 10

func (c *content) readMetadata(a args) *refusal {
	v, ok := a.value("metadata")
	if v == nil && ok {
		return nil
	}
	o := asObject(v)
	if !ok || o == nil {
		return refuse("invalid_metadata_format")
	}
	if len(o) == 0 {
		return nil // takes the old one away
	}
	_, typed := o["event_type"].(string)
	_, filled := o["event_payload"].(object)
	if !typed || !filled || o["event_type"] == "" {
		return refuse("invalid_metadata_format")
	}
	if c.metadata = raw(o); len(c.metadata) > maxMetadata {
		return refuse("metadata_too_large")
	}
	return nil
}

func (c content) empty() bool { return c.text == "" && len(c.blocks) == 0 && len(c.attachments) == 0 }

func (w *Workspace) postMessage(a args) (object, *refusal) {
	room, refused := w.addressed(a.channel())
	if refused != nil {
		return nil, refused
	}
	c, refused := w.readContent(a, maxPosted)
	if refused != nil {
		return nil, refused
	}
	if c.empty() {
		return nil, refuse("no_text")
	}
	m := w.post(room, &Message{
		User: w.App.BotUser, Bot: true, Thread: a.text("thread_ts"), Text: c.text,
		Blocks: c.blocks, Attachments: c.attachments, Metadata: c.metadata,
	})
	if room.IM {
		w.show(room.partner(w.App.BotUser), Shown{Kind: ByDirect, Channel: room.ID, TS: m.TS, Text: w.rendered(m)})
	}
	return object{"channel": room.ID, "ts": m.TS, "message": w.messageObject(room, m, true)}, nil
}

// addressed is where a new message goes; a person's id stands for the direct
// conversation with them: Slack docs, chat.postMessage.
func (w *Workspace) addressed(id string) (*channel, *refusal) {
	if u := w.user(id); u != nil && !u.Bot {
		return w.direct(id), nil
	}
	return w.live(id)
}

func (w *Workspace) postEphemeral(a args) (object, *refusal) {
	room, refused := w.live(a.channel())
	if refused != nil {
		return nil, refused
	}
	user := a.text("user")
	if !room.has(user) {
		return nil, refuse("user_not_in_channel")
	}
	c, refused := w.readContent(a, maxPosted)
	if refused != nil {
		return nil, refused
	}
	if c.empty() {
		return nil, refuse("no_text")
	}
	m := w.whisper(room, user, a.text("thread_ts"), c, ByEphemeral)
	return object{"message_ts": m.TS}, nil
}

// whisper shows a message to one person.
func (w *Workspace) whisper(room *channel, user, thread string, c content, by Way) *Message {
	m := w.post(room, &Message{
		User: w.App.BotUser, Bot: true, Ephemeral: true, To: user, Thread: thread,
		Text: c.text, Blocks: c.blocks, Attachments: c.attachments,
	})
	w.show(user, Shown{Kind: by, Channel: room.ID, TS: m.TS, Text: w.rendered(m)})
	return m
}

func (w *Workspace) updateMessage(a args) (object, *refusal) {
	room, m, refused := w.own(a, "cant_update_message")
	if refused != nil {
		return nil, refused
	}
	if room.Archived {
		return nil, refuse("is_inactive")
	}
	c, refused := w.readContent(a, maxUpdated)
	if refused != nil {
		return nil, refused
	}
	if !c.newText && !c.newBlocks && !c.newAttachments {
		return nil, refuse("no_text")
	}
	w.change(m, c)
	return object{"channel": room.ID, "ts": m.TS, "text": m.Text, "message": w.messageObject(room, m, true)}, nil
}

// change puts new content into a message: text without blocks removes the blocks,
// attachments and metadata stay unless they are sent, and only a change without
// blocks shows "(edited)". Slack docs: chat.update.
func (w *Workspace) change(m *Message, c content) {
	if c.newText || c.newBlocks {
		m.Text = c.text
		m.Blocks = c.blocks
		fillIDs(m.Blocks)
	}
	if c.newAttachments {
		m.Attachments = c.attachments
	}
	if c.newMetadata {
		m.Metadata = c.metadata
	}
	if len(c.blocks) == 0 {
		m.Edited = w.stamp()
	}
	m.Changes++
	w.touch()
}

// own is a message that the bot posted.
func (w *Workspace) own(a args, otherwise string) (*channel, *Message, *refusal) {
	room, refused := w.entered(a.channel())
	if refused != nil {
		return nil, nil, refused
	}
	m := room.find(a.text("ts"))
	switch {
	case m == nil:
		return nil, nil, refuse("message_not_found")
	case !m.Bot:
		return nil, nil, refuse(otherwise)
	}
	return room, m, nil
}

// deleteMessage leaves the replies of a thread without their parent, as Slack does.
func (w *Workspace) deleteMessage(a args) (object, *refusal) {
	room, m, refused := w.own(a, "cant_delete_message")
	if refused != nil {
		return nil, refused
	}
	room.remove(m)
	return object{"channel": room.ID, "ts": m.TS}, nil
}

func (w *Workspace) permalink(a args) (object, *refusal) {
	room, refused := w.visible(a.channel())
	if refused != nil {
		return nil, refused
	}
	ts := a.text("message_ts")
	if room.find(ts) == nil {
		return nil, refuse("message_not_found")
	}
	return object{"channel": room.ID, "permalink": w.link(room.ID, ts)}, nil
}

func (w *Workspace) link(channelID, ts string) string {
	at, _ := micros(ts)
	return "https://" + w.App.Domain + ".slack.com/archives/" + channelID + "/p" + digits(at)
}
