package slacktest

import (
	"strings"
)

// Person is somebody who uses Slack. It is for one goroutine.
type Person struct {
	ID string

	w       *Workspace
	t       T
	lenient bool
}

// As acts for an account. What Slack would not let them do, or what the bot does not
// answer in time, fails the test.
func (w *Workspace) As(t T, user string) *Person {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.user(user) == nil {
		t.Fatalf("no account %s", user)
	}
	return &Person{ID: user, w: w, t: t}
}

// Lenient is the same person, for whom an answer that is late, refused or missing
// fails no test: it stands in [Reply.Problem].
func (p *Person) Lenient() *Person {
	q := *p
	q.lenient = true
	return &q
}

// Command types a slash command in a channel: Command("C…", "list") is "/leak list".
func (p *Person) Command(channelID, text string) *Reply {
	p.t.Helper()
	p.w.mu.Lock()
	c := p.entered(channelID)
	d := &delivery{kind: commands, takesAnswer: true, user: p.ID, channel: c.ID}
	d.payload = raw(map[string]string{
		"token": "verification", "team_id": p.w.App.Team, "team_domain": p.w.App.Domain,
		"channel_id": c.ID, "channel_name": c.Name, "user_id": p.ID, "user_name": p.w.nameOf(p.ID),
		"command": p.w.App.Command, "text": text, "api_app_id": p.w.App.ID, "is_enterprise_install": "false",
		"response_url": p.w.newResponse(p.ID, c.ID, "", nil), "trigger_id": p.w.newTrigger(p.ID),
	})
	p.w.mu.Unlock()
	return p.send(d)
}

// entered is a channel that this person is in. The lock is held.
func (p *Person) entered(id string) *channel {
	p.t.Helper()
	c := p.w.channel(id)
	if c == nil || !c.has(p.ID) {
		p.w.mu.Unlock()
		p.t.Fatalf("%s is in no channel %s", p.ID, id)
		panic("unreachable") // Fatalf does not return
	}
	return c
}

// Say writes a message that the bot hears nothing of. An empty thread is the top
// level. It returns the timestamp.
func (p *Person) Say(channelID, thread, text string) string {
	p.t.Helper()
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return p.say(p.entered(channelID), thread, escape(text)).TS
}

func (p *Person) say(c *channel, thread, text string) *Message {
	return p.w.post(c, &Message{User: p.ID, Thread: thread, Text: text})
}

// escape is what Slack does to what people type: Slack docs, formatting text.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// Mention writes "@twokey text" in a channel that the bot is in, or in a thread.
func (p *Person) Mention(channelID, thread, text string) *Reply {
	p.t.Helper()
	p.w.mu.Lock()
	c := p.entered(channelID)
	m := p.say(c, thread, "<@"+p.w.App.BotUser+"> "+escape(text))
	e := p.messageEvent(c, m)
	e["type"] = "app_mention"
	heard := c.has(p.w.App.BotUser)
	d := p.event(m, e)
	p.w.mu.Unlock()
	if !heard {
		return &Reply{p: p, Problem: "the bot is not in the channel"}
	}
	return p.send(d)
}

// Direct writes to the bot alone.
func (p *Person) Direct(text string) *Reply {
	p.t.Helper()
	p.w.mu.Lock()
	c := p.w.direct(p.ID)
	m := p.say(c, "", escape(text))
	e := p.messageEvent(c, m)
	e["type"], e["channel_type"] = "message", "im"
	d := p.event(m, e)
	p.w.mu.Unlock()
	return p.send(d)
}

func (p *Person) messageEvent(c *channel, m *Message) object {
	e := object{
		"client_msg_id": newUUID(), "user": p.ID, "text": m.Text, "ts": m.TS, "event_ts": m.TS, "channel": c.ID,
		"team": p.w.user(p.ID).Team, "user_team": p.w.user(p.ID).Team,
	}
	if m.Thread != "" {
		e["thread_ts"] = m.Thread
	}
	return e
}

func (p *Person) event(m *Message, e object) *delivery {
	at, _ := micros(m.TS)
	return &delivery{kind: events, user: p.ID, channel: m.Channel, thread: m.Thread, payload: raw(object{
		"token": "verification", "team_id": p.w.App.Team, "api_app_id": p.w.App.ID, "type": "event_callback",
		"event": e, "event_id": newID("Ev"), "event_time": at / 1e6, "is_ext_shared_channel": false,
		"authorizations": []object{{"team_id": p.w.App.Team, "user_id": p.w.App.BotUser, "is_bot": true}},
	})}
}

// Shortcut uses a message shortcut on a message.
func (p *Person) Shortcut(callbackID, channelID, ts string) *Reply {
	p.t.Helper()
	p.w.mu.Lock()
	c := p.entered(channelID)
	m := c.find(ts)
	if m == nil {
		p.w.mu.Unlock()
		p.t.Fatalf("no message %s in %s", ts, channelID)
	}
	payload := p.interaction("message_action")
	payload["callback_id"], payload["action_ts"], payload["message_ts"] = callbackID, p.w.stamp(), ts
	payload["channel"] = object{"id": c.ID, "name": c.Name}
	payload["message"] = p.w.messageObject(c, m, false)
	payload["response_url"] = p.w.newResponse(p.ID, c.ID, m.Thread, nil)
	d := &delivery{kind: interactions, payload: raw(payload), user: p.ID, channel: c.ID}
	p.w.mu.Unlock()
	return p.send(d)
}

// GlobalShortcut uses a shortcut from anywhere.
func (p *Person) GlobalShortcut(callbackID string) *Reply {
	p.t.Helper()
	p.w.mu.Lock()
	payload := p.interaction("shortcut")
	payload["callback_id"], payload["action_ts"] = callbackID, p.w.stamp()
	d := &delivery{kind: interactions, payload: raw(payload), user: p.ID}
	p.w.mu.Unlock()
	return p.send(d)
}

// interaction is what all interactive payloads have in common. The lock is held.
func (p *Person) interaction(kind string) object {
	u := p.w.user(p.ID)
	return object{
		"type": kind, "token": "verification", "api_app_id": p.w.App.ID, "trigger_id": p.w.newTrigger(p.ID),
		"user":       object{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": u.Team},
		"team":       object{"id": p.w.App.Team, "domain": p.w.App.Domain},
		"enterprise": nil, "is_enterprise_install": false,
	}
}

// send delivers what this person did.
func (p *Person) send(d *delivery) *Reply {
	p.t.Helper()
	p.w.mu.Lock()
	r := &Reply{p: p, from: p.w.seq}
	p.w.mu.Unlock()
	got := p.w.deliver(p.t.Context(), d)
	r.Problem, r.Answer = got.problem, got.answer
	if r.Problem != "" && !p.lenient {
		p.t.Fatalf("Slack tells %s: %s", p.w.nameLocked(p.ID), r.Problem)
	}
	return r
}

func (w *Workspace) nameLocked(id string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.nameOf(id)
}

// Again delivers the last input of anybody once more, byte for byte, as a retry. The
// reply is what the same person is told this time.
func (w *Workspace) Again(t T) *Reply {
	t.Helper()
	w.mu.Lock()
	last := w.last
	w.mu.Unlock()
	if last == nil {
		t.Fatalf("nothing was delivered yet")
	}
	d := *last
	d.retry++
	return (&Person{ID: d.user, w: w, t: t}).send(&d)
}

// Trigger is a trigger as if this person had just acted, for calls made by hand.
func (p *Person) Trigger() string {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	return p.w.newTrigger(p.ID)
}
