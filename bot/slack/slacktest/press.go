package slacktest

import (
	"cmp"
	"slices"
)

// Button is something that a person sees and can press: a button, or one choice of
// a menu.
type Button struct {
	Label string // as shown
	Value string // opaque to Slack
	Block string // block_id
	ID    string // action_id
	Type  string // "button", "overflow", "static_select", …
	Style string // "primary", "danger" or empty
	URL   string // also opens this

	Confirm string // title and text of the dialog that is shown first; empty: none

	Channel, TS, Thread string // where it is, in a message
	Ephemeral           bool
	View                string // where it is, in a modal

	element, option object
	attached        bool
}

// Buttons are all buttons that this person sees now: in the modal on top, then in
// the messages of their channels, the newest first.
func (p *Person) Buttons() []Button {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return p.buttons()
}

func (p *Person) buttons() []Button {
	var out []Button
	if stack := p.w.stacks[p.ID]; len(stack) > 0 {
		top := stack[len(stack)-1]
		out = p.w.buttonsOf(asList(top.doc["blocks"]), Button{View: top.id})
	}
	var messages []*Message
	for _, c := range p.w.channels {
		if !c.has(p.ID) {
			continue
		}
		for _, m := range c.messages {
			if !m.Ephemeral || m.To == p.ID {
				messages = append(messages, m)
			}
		}
	}
	slices.SortFunc(messages, func(a, b *Message) int { return cmp.Compare(b.TS, a.TS) })
	for _, m := range messages {
		out = append(out, p.w.buttonsOn(m)...)
	}
	return out
}

func (w *Workspace) buttonsOn(m *Message) []Button {
	at := Button{Channel: m.Channel, TS: m.TS, Thread: m.Thread, Ephemeral: m.Ephemeral}
	out := w.buttonsOf(m.Blocks, at)
	at.attached = true
	for _, a := range m.Attachments {
		out = append(out, w.buttonsOf(asList(asObject(a)["blocks"]), at)...)
	}
	return out
}

func (w *Workspace) buttonsOf(blocks []any, at Button) []Button {
	var out []Button
	for _, each := range blocks {
		block := asObject(each)
		if asText(block["type"]) == "input" {
			continue // filled in, not pressed
		}
		for _, e := range elementsOf(block) {
			b := at
			b.Block, b.ID, b.Type = asText(block["block_id"]), asText(e["action_id"]), asText(e["type"])
			b.element, b.Style, b.Confirm = e, asText(e["style"]), w.confirmOf(e)
			out = append(out, w.choices(b)...)
		}
	}
	return out
}

// choices is a button alone, or each choice of a menu.
func (w *Workspace) choices(b Button) []Button {
	if b.Type == "button" {
		b.Label, b.Value, b.URL = w.textOf(b.element["text"]), asText(b.element["value"]), asText(b.element["url"])
		return []Button{b}
	}
	var out []Button
	for _, o := range optionsOf(b.element) {
		b.option, b.Label, b.Value, b.URL = o, w.textOf(o["text"]), asText(o["value"]), asText(o["url"])
		out = append(out, b)
	}
	return out
}

func (w *Workspace) confirmOf(e object) string {
	c := asObject(e["confirm"])
	return lined(w.textOf(c["title"]), w.textOf(c["text"]))
}

// Find is the first button that this person sees and that fits. It fails the test
// if there is none.
func (p *Person) Find(fits func(Button) bool) Button {
	p.t.Helper()
	seen := p.Buttons()
	if i := slices.IndexFunc(seen, fits); i >= 0 {
		return seen[i]
	}
	p.t.Fatalf("%s sees no such button, only %q", p.ID, labels(seen))
	return Button{}
}

func labels(buttons []Button) []string {
	var out []string
	for _, b := range buttons {
		out = append(out, b.Label)
	}
	return out
}

// Click presses the one button with this label; the newest, if several messages
// have it. It fails the test if there is none, or if it is not clear which is meant.
func (p *Person) Click(label string) *Reply {
	p.t.Helper()
	b := p.Find(func(b Button) bool { return b.Label == label })
	for _, other := range p.Buttons() {
		if other.Label == label && other.sameSurface(b) && !other.same(b) {
			p.t.Fatalf("%s sees %q twice in one place: say which with Find", p.ID, label)
		}
	}
	return p.Press(b)
}

func (b Button) sameSurface(o Button) bool {
	return b.View == o.View && b.Channel == o.Channel && b.TS == o.TS && b.Ephemeral == o.Ephemeral
}

func (b Button) same(o Button) bool {
	return b.sameSurface(o) && b.Block == o.Block && b.ID == o.ID && b.Label == o.Label && b.Value == o.Value
}

// Press presses a button, and says yes where it asks. It fails the test if the
// button is gone by now.
func (p *Person) Press(b Button) *Reply {
	p.t.Helper()
	if !slices.ContainsFunc(p.Buttons(), b.same) {
		p.t.Fatalf("the button %q is gone", b.Label)
	}
	return p.PressStale(b)
}

// PressStale presses a button on a screen that may be older than the message.
func (p *Person) PressStale(b Button) *Reply {
	p.t.Helper()
	p.w.mu.Lock()
	d := p.pressed(b)
	p.w.mu.Unlock()
	return p.send(d)
}

// pressed is the payload of a press: Slack docs, block_actions.
func (p *Person) pressed(b Button) *delivery {
	d := &delivery{kind: interactions, user: p.ID, channel: b.Channel, thread: b.Thread}
	payload := p.interaction("block_actions")
	payload["actions"] = []object{p.action(b)}
	payload["state"] = object{"values": object{}}
	if b.View != "" {
		payload["container"] = object{"type": "view", "view_id": b.View}
		payload["view"] = p.w.viewObject(p.w.views[b.View])
	} else {
		d.source = p.w.source(b)
		p.fromMessage(payload, b, d.source)
	}
	d.payload = raw(payload)
	return d
}

func (p *Person) action(b Button) object {
	a := object{"action_id": b.ID, "block_id": b.Block, "type": b.Type, "action_ts": p.w.stamp()}
	if b.option != nil {
		a["selected_option"] = b.option
		return a
	}
	for _, part := range []string{"text", "value", "style", "url"} {
		if v, ok := b.element[part]; ok {
			a[part] = v
		}
	}
	return a
}

// fromMessage adds where the button is. What only one person sees is not repeated
// in the payload.
func (p *Person) fromMessage(payload object, b Button, m *Message) {
	container := object{"type": "message", "message_ts": b.TS, "channel_id": b.Channel, "is_ephemeral": b.Ephemeral}
	if b.attached {
		container["type"], container["attachment_id"], container["is_app_unfurl"] = "message_attachment", 1, false
	}
	if b.Thread != "" {
		container["thread_ts"] = b.Thread
	}
	payload["container"] = container
	c := p.w.channel(b.Channel)
	if c != nil {
		payload["channel"] = object{"id": c.ID, "name": c.Name}
	}
	if m != nil && !m.Ephemeral {
		payload["message"] = p.w.messageObject(c, m, false)
	}
	payload["response_url"] = p.w.newResponse(p.ID, b.Channel, b.Thread, m)
}

// source is the message that has the button; nil: it is gone.
func (w *Workspace) source(b Button) *Message {
	c := w.channel(b.Channel)
	if c == nil {
		return nil
	}
	i := slices.IndexFunc(c.messages, func(m *Message) bool { return m.TS == b.TS })
	if i < 0 {
		return nil
	}
	return c.messages[i]
}
