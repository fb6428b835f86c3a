package larktest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Message is one message.
type Message struct {
	ID, Chat string
	Root     string // message whose thread it stands in
	Sender   string // union id; empty: the bot
	Type     string // "interactive", "post", "text"
	Content  string // JSON
	At       time.Time

	gone     bool
	answered chan struct{} // closed when the callback on its way is answered; nil: none is
}

// Limits of messages (Feishu docs: send a message, update a card).
const (
	maxUUID    = 50
	maxPost    = 30_000 // the request's body of cards and rich text, in bytes
	maxText    = 150_000
	uuidFor    = time.Hour
	editableTo = 14 * 24 * time.Hour
)

func (x *Tenant) message(id string) *Message {
	if i := slices.IndexFunc(x.messages, func(m *Message) bool { return m.ID == id }); i >= 0 && !x.messages[i].gone {
		return x.messages[i]
	}
	return nil
}

func (x *Tenant) createMessage(r *http.Request, body object) (object, *refusal) {
	c, refused := x.receiver0(r.URL.Query().Get("receive_id_type"), text(body["receive_id"]))
	if refused != nil {
		return nil, refused
	}
	return x.post(c, "", body)
}

// receiver0 is the chat that a message goes to.
func (x *Tenant) receiver0(kind, id string) (*chat, *refusal) {
	switch kind {
	case "chat_id":
		c := x.chat(id)
		switch {
		case c == nil:
			return nil, &refusal{codeReceiver, "The receive_id is invalid."}
		case c.dissolved:
			return nil, &refusal{codeDissolved, "Your request specifies a chat which has already been dissolved."}
		case !c.bot:
			return nil, &refusal{codeNotInChat, "The bot can not be outside the group."}
		}
		return c, nil
	case "union_id":
		u := x.user(id)
		switch {
		case u == nil:
			return nil, &refusal{codeReceiver, "The receive_id is invalid."}
		case u.Unseen || u.Resigned || u.Tenant != x.App.Tenant:
			return nil, &refusal{codeNoReach, "Bot has NO availability to this user."}
		}
		return x.direct(id), nil
	}
	return nil, &refusal{codeParam, "receive_id_type"}
}

func (x *Tenant) replyMessage(r *http.Request, body object) (object, *refusal) {
	root := x.message(r.PathValue("id"))
	if root == nil {
		return nil, x.missing(r.PathValue("id"))
	}
	c, refused := x.entered(root.Chat)
	if refused != nil {
		return nil, refused
	}
	return x.post(c, root.ID, body)
}

func (x *Tenant) missing(id string) *refusal {
	for _, m := range x.messages {
		if m.ID == id {
			return &refusal{codeRecalled, "The message is recalled."}
		}
	}
	return &refusal{codeDeleted, "Action unavailable as the message has been deleted."}
}

func (x *Tenant) post(c *chat, root string, body object) (object, *refusal) {
	uuid, kind, content := text(body["uuid"]), text(body["msg_type"]), text(body["content"])
	if len(uuid) > maxUUID {
		return nil, &refusal{codeParam, "uuid is too long"}
	}
	if made := x.message(x.uuids[uuid]); uuid != "" && made != nil && x.o.Now().Sub(made.At) < uuidFor {
		return sent(made), nil
	}
	if refused := x.fits(kind, content, body[sizeOf].(int)); refused != nil {
		return nil, refused
	}
	m := &Message{ID: newID("om_"), Chat: c.id, Root: root, Type: kind, Content: content, At: x.o.Now()}
	x.messages = append(x.messages, m)
	if uuid != "" {
		x.uuids[uuid] = m.ID
	}
	return sent(m), nil
}

func sent(m *Message) object {
	return object{"message_id": m.ID, "root_id": m.Root, "chat_id": m.Chat, "msg_type": m.Type, "create_time": strconv.FormatInt(m.At.UnixMilli(), 10)}
}

// fits refuses what Lark would not take.
func (x *Tenant) fits(kind, content string, size int) *refusal {
	most := maxPost
	if kind == "text" {
		most = maxText
	}
	if size > most {
		return &refusal{codeTooLong, "The length of the message content reaches its limit."}
	}
	var found []error
	switch kind {
	case "interactive":
		if found = CheckCard([]byte(content)); len(found) == 0 {
			x.cards = append(x.cards, content)
		}
	case "post":
		found = CheckPost([]byte(content))
	case "text":
		var o object
		if json.Unmarshal([]byte(content), &o) != nil || text(o["text"]) == "" {
			return &refusal{codeParam, "content"}
		}
	default:
		return &refusal{codeParam, "msg_type"}
	}
	if len(found) > 0 {
		return &refusal{codeCard, "Failed to create card content, ext=" + found[0].Error()}
	}
	return nil
}

// Cards is every card that was taken, as JSON.
func (x *Tenant) Cards() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.cards)
}

func (x *Tenant) getMessage(r *http.Request, _ object) (object, *refusal) {
	m := x.message(r.PathValue("id"))
	if x.withheld[string(ReadMessages)] {
		return nil, &refusal{codePower, "Lack of necessary permissions."}
	}
	if m == nil {
		return nil, x.missing(r.PathValue("id"))
	}
	sender := object{"id": x.App.ID, "id_type": "app_id", "sender_type": "app"}
	if m.Sender != "" {
		sender = object{"id": m.Sender, "id_type": "union_id", "sender_type": "user"}
	}
	content := m.Content
	if m.Type == "interactive" { // a card comes back as its texts
		content = asRead(content)
	}
	return object{"items": []object{{"message_id": m.ID, "msg_type": m.Type, "chat_id": m.Chat, "sender": sender, "body": object{"content": content}}}}, nil
}

// asRead is how Lark gives a card back: as rich text, without buttons' values.
func asRead(card string) string {
	var c object
	_ = json.Unmarshal([]byte(card), &c)
	title := text(obj(obj(c["header"])["title"])["content"])
	out, _ := json.Marshal(object{"title": title, "elements": [][]object{{{"tag": "text", "text": title}}}})
	return string(out)
}

// patchMessage puts a card in place of another. While a press of the old one is being
// answered, Lark takes the new one back again (Feishu docs: delayed card update).
func (x *Tenant) patchMessage(r *http.Request, body object) (object, *refusal) {
	m := x.message(r.PathValue("id"))
	if m == nil {
		return nil, x.missing(r.PathValue("id"))
	}
	if m.Sender != "" || m.Type != "interactive" {
		return nil, &refusal{codeParam, "message_id"}
	}
	if c := x.chat(m.Chat); c.dissolved {
		return nil, &refusal{codeDissolved, "Your request specifies a chat which has already been dissolved."}
	}
	if x.o.Now().Sub(m.At) > editableTo {
		return nil, &refusal{codeTooOld, "Message can only be modified within 14 days after sending."}
	}
	if refused := x.fits("interactive", text(body["content"]), body[sizeOf].(int)); refused != nil {
		return nil, refused
	}
	if m.answered == nil {
		m.Content = text(body["content"])
	} else {
		x.calls["reverted"]++
	}
	return object{}, nil
}

func (x *Tenant) deleteMessage(r *http.Request, _ object) (object, *refusal) {
	m := x.message(r.PathValue("message"))
	if m == nil {
		return nil, x.missing(r.PathValue("message"))
	}
	m.gone = true
	return object{}, nil
}

// Recall takes a message back, as an administrator can.
func (x *Tenant) Recall(id string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if m := x.message(id); m != nil {
		m.gone = true
	}
}

// Messages are those of a chat, oldest first.
func (x *Tenant) Messages(chat string) []Message {
	x.mu.Lock()
	defer x.mu.Unlock()
	var all []Message
	for _, m := range x.messages {
		if m.Chat == chat && !m.gone {
			all = append(all, *m)
		}
	}
	return all
}
