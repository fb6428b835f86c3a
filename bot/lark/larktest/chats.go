package larktest

import (
	"net/http"
	"slices"
	"strconv"
)

// chat is a group, or where two write to each other.
type chat struct {
	id, name, description string
	members               []string // union ids
	bot                   bool     // the bot is in it
	own                   bool     // the bot opened it
	p2p, external         bool
	dissolved             bool
	pins                  []string
}

// Chat is a chat as a test sees it.
type Chat struct {
	ID, Name, Description string
	Members, Pins         []string
}

// Group makes a group with the bot in it, and returns its id.
func (x *Tenant) Group(name string, members ...string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	c := &chat{id: newID("oc_"), name: name, members: slices.Clone(members), bot: true}
	x.chats = append(x.chats, c)
	return c.id
}

// Expel takes the bot out of a group.
func (x *Tenant) Expel(id string) { x.edit(id, func(c *chat) { c.bot = false }) }

// Open lets people of other tenants into a group.
func (x *Tenant) Open(id string) { x.edit(id, func(c *chat) { c.external = true }) }

// Dissolve ends a group.
func (x *Tenant) Dissolve(id string) { x.edit(id, func(c *chat) { c.dissolved = true }) }

func (x *Tenant) edit(id string, change func(*chat)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	change(x.chat(id))
}

// Chats are the groups that the bot opened.
func (x *Tenant) Chats() []Chat {
	x.mu.Lock()
	defer x.mu.Unlock()
	var all []Chat
	for _, c := range x.chats {
		if c.own {
			all = append(all, Chat{c.id, c.name, c.description, slices.Clone(c.members), slices.Clone(c.pins)})
		}
	}
	return all
}

func (x *Tenant) chat(id string) *chat {
	if i := slices.IndexFunc(x.chats, func(c *chat) bool { return c.id == id }); i >= 0 {
		return x.chats[i]
	}
	return nil
}

// direct is where somebody and the bot write to each other.
func (x *Tenant) direct(union string) *chat {
	i := slices.IndexFunc(x.chats, func(c *chat) bool { return c.p2p && slices.Contains(c.members, union) })
	if i < 0 {
		x.chats = append(x.chats, &chat{id: newID("oc_"), members: []string{union}, bot: true, p2p: true})
		i = len(x.chats) - 1
	}
	return x.chats[i]
}

func (x *Tenant) entered(id string) (*chat, *refusal) {
	c := x.chat(id)
	switch {
	case c == nil:
		return nil, &refusal{codeChatID, "Your request specifies a chat_id which is invalid."}
	case c.dissolved:
		return nil, &refusal{codeDissolved, "Your request specifies a chat which has already been dissolved."}
	case !c.bot:
		return nil, &refusal{codeOutside, "Operator can NOT be out of the chat."}
	}
	return c, nil
}

func (x *Tenant) shape(c *chat) object {
	mode := "group"
	if c.p2p {
		mode = "p2p"
	}
	return object{
		"chat_id": c.id, "name": c.name, "description": c.description, "chat_mode": mode, "chat_type": "private",
		"external": c.external, "tenant_key": x.App.Tenant, "chat_status": "normal", "owner_id": ownerOf(c),
	}
}

// ownerOf is empty where the bot is the owner (Feishu docs: get group information).
func ownerOf(c *chat) string {
	if c.own || len(c.members) == 0 {
		return ""
	}
	return c.members[0]
}

func (x *Tenant) getChat(r *http.Request, _ object) (object, *refusal) {
	c, refused := x.entered(r.PathValue("id"))
	if refused != nil {
		return nil, refused
	}
	return x.shape(c), nil
}

func (x *Tenant) listChats(r *http.Request, _ object) (object, *refusal) {
	size, err := strconv.Atoi(r.URL.Query().Get("page_size"))
	if err != nil || size < 1 || size > 100 {
		size = 20
	}
	from, _ := strconv.Atoi(r.URL.Query().Get("page_token"))
	var items []object
	next := ""
	for i, c := range x.chats {
		if i < from || c.p2p || !c.bot || c.dissolved {
			continue
		}
		if len(items) == size {
			next = strconv.Itoa(i)
			break
		}
		items = append(items, x.shape(c))
	}
	return object{"items": items, "page_token": next, "has_more": next != ""}, nil
}

func (x *Tenant) createChat(r *http.Request, body object) (object, *refusal) {
	uuid := r.URL.Query().Get("uuid")
	if len(uuid) > maxUUID {
		return nil, &refusal{codeParam, "uuid is too long"}
	}
	if made, again := x.uuids["chat "+uuid]; again && uuid != "" {
		return x.shape(x.chat(made)), nil
	}
	c := &chat{id: newID("oc_"), name: text(body["name"]), description: text(body["description"]), bot: true, own: true}
	if ids := list(body["user_id_list"]); len(ids) > 0 {
		if r.URL.Query().Get("user_id_type") != "union_id" || len(x.join(c, ids)) > 0 {
			return nil, &refusal{codeNoMember, "Your request contains unavailable ids."}
		}
	}
	x.chats = append(x.chats, c)
	x.uuids["chat "+uuid] = c.id
	return x.shape(c), nil
}

func (x *Tenant) putChat(r *http.Request, body object) (object, *refusal) {
	c, refused := x.entered(r.PathValue("id"))
	if refused != nil {
		return nil, refused
	}
	if name, ok := body["name"].(string); ok {
		c.name = name
	}
	if about, ok := body["description"].(string); ok {
		c.description = about
	}
	return object{}, nil
}

func (x *Tenant) dissolve(r *http.Request, _ object) (object, *refusal) {
	c, refused := x.entered(r.PathValue("id"))
	if refused != nil {
		return nil, refused
	}
	c.dissolved = true
	return object{}, nil
}

func (x *Tenant) addMembers(r *http.Request, body object) (object, *refusal) {
	c, refused := x.entered(r.PathValue("id"))
	if refused != nil {
		return nil, refused
	}
	ids := list(body["id_list"])
	if len(ids) == 0 || len(ids) > 50 || r.URL.Query().Get("member_id_type") != "union_id" {
		return nil, &refusal{232001, "Your request contains an invalid request parameter."}
	}
	wrong := x.join(c, ids)
	if len(wrong) > 0 && r.URL.Query().Get("succeed_type") != "1" {
		return nil, &refusal{codeNoMember, "Your request contains unavailable ids."}
	}
	return object{"invalid_id_list": wrong}, nil
}

// join lets people in, and returns those who can't come.
func (x *Tenant) join(c *chat, ids []any) (wrong []string) {
	for _, id := range ids {
		u := x.user(text(id))
		switch {
		case u == nil || u.Unseen || u.Tenant != x.App.Tenant:
			wrong = append(wrong, text(id))
		case !slices.Contains(c.members, u.Union):
			c.members = append(c.members, u.Union)
		}
	}
	return wrong
}

// listMembers names people; the bot is none (Feishu docs: get group members).
func (x *Tenant) listMembers(r *http.Request, _ object) (object, *refusal) {
	c, refused := x.entered(r.PathValue("id"))
	if refused != nil {
		return nil, refused
	}
	var items []object
	for _, union := range c.members {
		u := x.user(union)
		m := object{"member_id_type": "open_id", "member_id": u.Open, "name": u.Name, "tenant_key": u.Tenant}
		if r.URL.Query().Get("member_id_type") == "union_id" {
			m["member_id_type"], m["member_id"] = "union_id", u.Union
		}
		items = append(items, m)
	}
	return object{"items": items, "has_more": false, "page_token": "", "member_total": len(items)}, nil
}

func (x *Tenant) pin(_ *http.Request, body object) (object, *refusal) {
	m := x.message(text(body["message_id"]))
	if m == nil {
		return nil, &refusal{codeDeleted, "Action unavailable as the message has been deleted."}
	}
	c := x.chat(m.Chat)
	if !slices.Contains(c.pins, m.ID) {
		c.pins = append(c.pins, m.ID)
	}
	return object{"pin": object{"message_id": m.ID}}, nil
}
