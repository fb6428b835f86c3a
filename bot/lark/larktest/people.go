package larktest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Toast is the short notice that Lark shows to whoever pressed.
type Toast struct{ Kind, Text string }

// Person is somebody who uses Lark. It is for one goroutine.
type Person struct {
	Union string

	x *Tenant
	t T
}

// As acts for an account. What the bot does not answer in time fails the test.
func (x *Tenant) As(t T, union string) *Person {
	t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.user(union) == nil {
		t.Fatalf("no account %s", union)
	}
	return &Person{Union: union, x: x, t: t}
}

// Button is a button on a card that a person sees.
type Button struct {
	Chat, Message string
	Label         string
	Value         json.RawMessage
	Name          string // in a form
	Must          bool   // the form wants a text
	Private       bool   // nobody else sees it
}

// Buttons are all that this person sees, on the newest message first.
func (p *Person) Buttons() []Button {
	p.x.mu.Lock()
	defer p.x.mu.Unlock()
	var all []Button
	for _, m := range slices.Backward(p.x.messages) {
		c := p.x.chat(m.Chat)
		if m.gone || m.Type != "interactive" || !slices.Contains(c.members, p.Union) {
			continue
		}
		all = append(all, buttons(*m, c.p2p)...)
	}
	return all
}

func buttons(m Message, private bool) []Button {
	var card object
	if json.Unmarshal([]byte(m.Content), &card) != nil {
		return nil
	}
	var all []Button
	must := strings.Contains(m.Content, `"required":true`)
	walk(card["body"], func(o object) {
		if text(o["tag"]) != "button" {
			return
		}
		for _, b := range list(o["behaviors"]) {
			value, err := json.Marshal(obj(b)["value"])
			if err == nil && text(obj(b)["type"]) == "callback" {
				all = append(all, Button{m.Chat, m.ID, text(obj(o["text"])["content"]), value, text(o["name"]), must && text(o["name"]) != "", private})
			}
		}
	})
	return all
}

// Find is the first button that fits. It fails the test if there is none.
func (p *Person) Find(fits func(Button) bool) Button {
	p.t.Helper()
	all := p.Buttons()
	i := slices.IndexFunc(all, fits)
	if i < 0 {
		p.t.Fatalf("%s sees no such button", p.Union)
	}
	return all[i]
}

// Press presses a button, and confirms if asked.
func (p *Person) Press(b Button) *Reply {
	p.t.Helper()
	return p.press(b, nil)
}

// Fill fills the form that a button sends, and sends it.
func (p *Person) Fill(b Button, values map[string]string) *Reply {
	p.t.Helper()
	filled := object{}
	for name, value := range values {
		filled[name] = value
	}
	return p.press(b, filled)
}

func (p *Person) press(b Button, form object) *Reply {
	p.t.Helper()
	action := object{"tag": "button", "timezone": "Asia/Shanghai", "value": b.Value, "name": b.Name}
	if form != nil {
		action["form_value"] = form
	}
	u := p.x.userLocked(p.Union)
	return p.send(&delivery{user: p.Union, message: b.Message, callback: true, body: p.x.event("card.action.trigger", object{
		"operator": object{"tenant_key": u.Tenant, "union_id": u.Union, "open_id": u.Open},
		"token":    newID("c-"), "action": action, "host": "im_message",
		"context": object{"open_message_id": b.Message, "open_chat_id": b.Chat},
	})})
}

func (x *Tenant) userLocked(union string) User {
	x.mu.Lock()
	defer x.mu.Unlock()
	return *x.user(union)
}

// event is one as it travels: schema 2.0.
func (x *Tenant) event(kind string, e object) []byte {
	body, _ := json.Marshal(object{"schema": "2.0", "event": e, "header": object{
		"event_id": newID(""), "token": VerificationToken, "create_time": strconv.FormatInt(x.o.WireNow().UnixMilli(), 10),
		"event_type": kind, "tenant_key": x.App.Tenant, "app_id": x.App.ID,
	}})
	return body
}

// Mention writes "@twokey text" in a group that the bot is in, or in a thread of it.
func (p *Person) Mention(chat, root, words string) *Reply {
	p.t.Helper()
	return p.write(chat, root, "text", object{"text": "@_user_1 " + words}, true)
}

// Say writes something that is not for the bot.
func (p *Person) Say(chat, words string) *Reply {
	p.t.Helper()
	return p.write(chat, "", "text", object{"text": words}, false)
}

// Direct writes to the bot alone.
func (p *Person) Direct(words string) *Reply {
	p.t.Helper()
	p.x.mu.Lock()
	c := p.x.direct(p.Union)
	p.x.mu.Unlock()
	return p.write(c.id, "", "text", object{"text": words}, false)
}

// Rich writes rich text to the bot alone: what Lark makes of several lines.
func (p *Person) Rich(lines ...string) *Reply {
	p.t.Helper()
	p.x.mu.Lock()
	c := p.x.direct(p.Union)
	p.x.mu.Unlock()
	var content [][]object
	for _, line := range lines {
		content = append(content, []object{{"tag": "text", "text": line}})
	}
	return p.write(c.id, "", "post", object{"title": "", "content": content}, false)
}

func (p *Person) write(chat, root, kind string, content object, mention bool) *Reply {
	p.t.Helper()
	body, _ := json.Marshal(content)
	p.x.mu.Lock()
	u, c := *p.x.user(p.Union), p.x.chat(chat)
	m := &Message{ID: newID("om_"), Chat: chat, Root: root, Sender: p.Union, Type: kind, Content: string(body), At: p.x.o.Now()}
	p.x.messages = append(p.x.messages, m)
	p.x.mu.Unlock()
	message := object{
		"message_id": m.ID, "chat_id": chat, "chat_type": "group", "message_type": kind, "content": m.Content,
		"create_time": strconv.FormatInt(m.At.UnixMilli(), 10),
	}
	if root != "" {
		message["root_id"], message["parent_id"], message["thread_id"] = root, root, newID("omt_")
	}
	if c.p2p {
		message["chat_type"] = "p2p"
	}
	if mention {
		message["mentions"] = []object{{"key": "@_user_1", "id": object{"open_id": p.x.App.OpenID}, "name": "twokey", "tenant_key": p.x.App.Tenant}}
	}
	return p.send(&delivery{user: p.Union, body: p.x.event("im.message.receive_v1", object{
		"sender":  object{"sender_id": object{"union_id": u.Union, "open_id": u.Open}, "sender_type": "user", "tenant_key": u.Tenant},
		"message": message,
	})})
}

// Menu chooses an entry of the bot's menu.
func (p *Person) Menu(key string) *Reply {
	p.t.Helper()
	u := p.x.userLocked(p.Union)
	return p.send(&delivery{user: p.Union, body: p.x.event("application.bot.menu_v6", object{
		"operator":  object{"operator_name": u.Name, "operator_id": object{"union_id": u.Union, "open_id": u.Open}},
		"event_key": key, "timestamp": p.x.o.WireNow().Unix(),
	})})
}

// Reply is what a person is told after they did something.
type Reply struct {
	Problem string // what Lark shows if the bot did not answer as it should

	p              *Person
	toasts, direct int // how many there were before
}

// send delivers what this person did.
func (p *Person) send(d *delivery) *Reply {
	p.t.Helper()
	r := &Reply{p: p}
	p.x.mu.Lock()
	r.toasts, r.direct = len(p.x.toasts[p.Union]), len(p.x.toldTo(p.Union))
	p.x.mu.Unlock()
	r.Problem = p.x.deliver(p.t, d)
	return r
}

// toldTo are the bot's messages to one person. The lock is held.
func (x *Tenant) toldTo(union string) []Message {
	c := x.direct(union)
	var all []Message
	for _, m := range x.messages {
		if m.Chat == c.id && m.Sender == "" && !m.gone {
			all = append(all, *m)
		}
	}
	return all
}

// Toasts are those since.
func (r *Reply) Toasts() []Toast {
	r.p.x.mu.Lock()
	defer r.p.x.mu.Unlock()
	return slices.Clone(r.p.x.toasts[r.p.Union][r.toasts:])
}

// Text is what the person was told since: toasts, then messages.
func (r *Reply) Text() string {
	var out []string
	for _, t := range r.Toasts() {
		out = append(out, t.Text)
	}
	r.p.x.mu.Lock()
	defer r.p.x.mu.Unlock()
	for _, m := range r.p.x.toldTo(r.p.Union)[r.direct:] {
		out = append(out, m.Text())
	}
	return strings.Join(out, "\n")
}

// Await waits until the person is told something, and is what they are told.
func (r *Reply) Await() string {
	r.p.t.Helper()
	if r.Problem != "" {
		r.p.t.Fatalf("Lark tells %s: %s", r.p.Union, r.Problem)
	}
	r.p.x.Await(r.p.t, "an answer to "+r.p.Union, func() bool { return r.Text() != "" })
	return r.Text()
}

// Again delivers the last input of anybody once more, byte for byte. The reply is what
// the same person is told this time.
func (x *Tenant) Again(t T) *Reply {
	t.Helper()
	x.mu.Lock()
	last := x.last
	x.mu.Unlock()
	if last == nil {
		t.Fatalf("nothing was delivered yet")
	}
	return (&Person{Union: last.user, x: x, t: t}).send(last)
}
