package dingtalktest

import (
	"crypto/rand"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Person is somebody who uses DingTalk. It is for one goroutine.
type Person struct {
	ID string

	o *Org
	t T
}

// As acts for an account.
func (o *Org) As(t T, user string) *Person {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.users[user] == nil {
		t.Fatalf("no account %s", user)
	}
	return &Person{ID: user, o: o, t: t}
}

// Reply is what came of something that a person did: what they alone were shown after
// it.
type Reply struct {
	p     *Person
	after int
	Frame *Frame
}

// Seen is what the person was shown alone since, oldest first.
func (r *Reply) Seen() []Message {
	var out []Message
	for _, m := range r.p.Private() {
		if m.Seq > r.after {
			out = append(out, m)
		}
	}
	return out
}

// Await is the first that the person is shown alone since. It fails the test if nothing
// comes.
func (r *Reply) Await() Message {
	r.p.t.Helper()
	r.p.o.Await(r.p.t, "an answer to "+r.p.ID, func() bool { return len(r.Seen()) > 0 })
	return r.Seen()[0]
}

// Private is what the person is shown alone, oldest first.
func (p *Person) Private() []Message {
	p.o.mu.Lock()
	defer p.o.mu.Unlock()
	var out []Message
	for _, m := range p.o.messages {
		if m.To == p.ID {
			out = append(out, *m)
		}
	}
	return out
}

// Buttons are all that the person sees now and can press, the newest first.
func (p *Person) Buttons() []Button {
	p.o.mu.Lock()
	defer p.o.mu.Unlock()
	var out []Button
	for _, m := range slices.Backward(p.o.messages) {
		if m.Card == nil || m.To != p.ID && !slices.Contains(p.o.groups[m.Group], p.ID) {
			continue
		}
		for _, b := range m.Card.Buttons() {
			b.Group = m.Group
			out = append(out, b)
		}
	}
	return out
}

// Press presses a button, and waits until the robot has taken it. An input on the card
// is filled with reason, if it is not empty.
func (p *Person) Press(b Button, reason string) *Reply {
	p.t.Helper()
	params := object{}
	if reason != "" {
		params["reason"] = reason
	}
	content := raw(object{"cardPrivateData": object{"actionIds": []string{b.ID}, "params": params}})
	space, kind := b.Group, "IM_GROUP"
	if b.Group == "" {
		space, kind = p.ID, "IM_ROBOT"
	}
	return p.send(&Frame{Topic: TopicCard, user: p.ID, Data: raw(object{
		"extension": "{}", "corpId": p.corp(), "spaceType": kind, "spaceId": space, "userIdType": 1, "type": "actionCallback",
		"userId": p.ID, "outTrackId": b.Track, "content": content,
	})})
}

// Mention writes "@robot text" in a group.
func (p *Person) Mention(group, text string) *Reply {
	p.t.Helper()
	return p.write("2", group, " "+text)
}

// Direct writes to the robot alone.
func (p *Person) Direct(text string) *Reply {
	p.t.Helper()
	return p.write("1", "", text)
}

func (p *Person) write(kind, group, text string) *Reply {
	p.t.Helper()
	id := "msg" + rand.Text()
	staff := p.ID
	if p.corp() != p.o.App.Corp {
		staff = "" // only staff have one
	}
	return p.send(&Frame{Topic: TopicMessage, ID: rand.Text(), user: p.ID, group: group, Data: raw(object{
		"conversationId": group, "chatbotCorpId": p.o.App.Corp, "chatbotUserId": "$:LWCP_v1:$robot", "msgId": id, "senderNick": p.ID,
		"isAdmin": false, "senderStaffId": staff, "senderCorpId": p.corp(), "conversationType": kind, "senderId": "$:LWCP_v1:$" + p.ID,
		"sessionWebhook":            p.o.URL() + PathWebhook + "?session=" + id,
		"sessionWebhookExpiredTime": time.Now().Add(time.Hour).UnixMilli(), "createAt": time.Now().UnixMilli(),
		"robotCode": p.o.App.RobotCode, "msgtype": "text", "text": object{"content": text},
	})})
}

func (p *Person) corp() string {
	p.o.mu.Lock()
	defer p.o.mu.Unlock()
	return p.o.users[p.ID].Corp
}

func (p *Person) send(f *Frame) *Reply {
	p.t.Helper()
	p.o.mu.Lock()
	r := &Reply{p: p, after: p.o.seq, Frame: f}
	p.o.mu.Unlock()
	p.o.Deliver(p.t, f)
	return r
}

// Again delivers a frame once more, as whoever it was.
func (o *Org) Again(t T, f *Frame) *Reply {
	t.Helper()
	p := o.As(t, f.user)
	return p.send(f)
}

// session is where an answer to a webhook goes: to the group, or to whoever wrote. The
// lock is held.
func (o *Org) session(id string) (group, to string, ok bool) {
	for _, f := range o.sent {
		if f.Topic == TopicMessage && strings.Contains(f.Data, `"`+id+`"`) {
			if f.group != "" {
				return f.group, "", true
			}
			return "", f.user, true
		}
	}
	return "", "", false
}

func raw(v any) string {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of strings always encode
	}
	return string(body)
}

// InGroup is what everybody in a group is shown, oldest first.
func (o *Org) InGroup(group string) []Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []Message
	for _, m := range o.messages {
		if m.Group == group {
			out = append(out, *m)
		}
	}
	return out
}

// Text is all that a group shows.
func (o *Org) Text(group string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var parts []string
	for _, m := range o.messages {
		if m.Group == group {
			parts = append(parts, m.text())
		}
	}
	return strings.Join(parts, "\n\n")
}

// Said is all that a message shows.
func (o *Org) Said(m Message) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return m.text()
}

func (m Message) text() string {
	if m.Card != nil {
		return m.Card.Text()
	}
	parts := []string{m.Text}
	for _, l := range m.Links {
		parts = append(parts, "["+l.Label+"]")
	}
	return strings.Join(parts, "\n")
}
