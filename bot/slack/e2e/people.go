package e2e

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Reply is what one person is shown privately after something that they did.
type Reply struct {
	s    *Slack
	t    T
	user string
	from int // how much they had been shown before
}

func (s *Slack) reply(t T, name string) *Reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Reply{s, t, s.users[name], len(s.told[s.users[name]])}
}

// Await waits until the person is shown anything, and returns the words of all of
// it.
func (r *Reply) Await() string {
	r.t.Helper()
	return r.AwaitText("")
}

// AwaitText waits until what the person is shown has this in it.
func (r *Reply) AwaitText(part string) string {
	r.t.Helper()
	var read string
	r.s.await(r.t, "a private answer with "+part, func() bool {
		read = r.words()
		return len(r.s.told[r.user]) > r.from && strings.Contains(read, part)
	})
	return read
}

// words are all that the person was shown. The lock is held.
func (r *Reply) words() string {
	var all []string
	for _, shown := range r.s.told[r.user][r.from:] {
		all = append(all, cmp.Or(words(shown.Blocks), shown.Text))
	}
	return strings.Join(all, "\n")
}

// Click waits until a person sees a button that fits, and presses the first. It fails
// the test if that never comes.
func (s *Slack) Click(t T, name string, fits func(Button) bool) *Reply {
	t.Helper()
	var found place
	s.poll(t, func() bool {
		all := s.places(t, name)
		i := slices.IndexFunc(all, func(p place) bool { return fits(p.Button) })
		if i >= 0 {
			found = all[i]
		}
		return i >= 0
	}, func() string { return fmt.Sprintf("%s sees no such button, only %v", name, s.Buttons(t, name)) })
	return s.press(t, name, found)
}

// press delivers block_actions, as Slack's own samples have it.
func (s *Slack) press(t T, name string, p place) *Reply {
	t.Helper()
	at := fmt.Sprintf("%.6f", float64(time.Now().UnixMicro())/1e6)
	action := object{"type": "button", "block_id": cmp.Or(text(p.block, "block_id"), "b1"), "action_ts": at}
	for _, part := range []string{"action_id", "text", "value", "style"} {
		if v, ok := p.element[part]; ok {
			action[part] = v
		}
	}
	q := s.interaction(t, "block_actions", name)
	q["state"], q["actions"] = object{"values": object{}}, []object{action}
	if p.modal != "" {
		s.mu.Lock()
		q["container"], q["view"] = object{"type": "view", "view_id": p.modal}, s.modals[s.users[name]]
		s.mu.Unlock()
		return s.act(t, name, q)
	}
	q["container"] = object{"type": "message", "message_ts": p.ts, "channel_id": s.Room, "is_ephemeral": p.message == nil}
	q["channel"], q["response_url"] = object{"id": s.Room, "name": "sec-leaks"}, s.responseURL(name)
	if p.message != nil {
		q["message"] = p.message
	}
	return s.act(t, name, q)
}

// act delivers an interaction, and keeps it for [Slack.Again].
func (s *Slack) act(t T, name string, payload object) *Reply {
	t.Helper()
	r := s.reply(t, name)
	s.mu.Lock()
	s.last, s.lastBy = payload, name
	s.mu.Unlock()
	s.deliver(t, "interactive", payload)
	return r
}

// Again delivers the last press once more.
func (s *Slack) Again(t T) *Reply {
	t.Helper()
	s.mu.Lock()
	payload, name := s.last, s.lastBy
	s.mu.Unlock()
	return s.act(t, name, payload)
}

// interaction is what all interactive payloads have in common.
func (s *Slack) interaction(t T, kind, name string) object {
	t.Helper()
	return object{
		"type": kind, "api_app_id": appID, "token": "verification_token", "trigger_id": s.Trigger(t, name),
		"user": object{"id": s.users[name], "username": name, "name": name, "team_id": Team}, "team": object{"id": Team, "domain": "emulate"},
		"enterprise": nil, "is_enterprise_install": false,
	}
}

// Trigger is one of emulate's own; it lets a modal be laid over the one that is open.
func (s *Slack) Trigger(t T, name string) string {
	t.Helper()
	user := s.users[name]
	s.mu.Lock()
	open := text(s.modals[user], "id")
	s.mu.Unlock()
	values := url.Values{"user_id": {user}}
	if open != "" {
		values.Set("view_id", open)
	}
	id := text(s.ask(t, s.BotToken, "views.generateTriggerId", values), "trigger_id")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.triggers[id] = user
	return id
}

func (s *Slack) responseURL(name string) string {
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.responses[id] = s.users[name]
	return s.front.URL + "/response/" + id
}

// Command types "/leak …" in the room.
func (s *Slack) Command(t T, name, typed string) *Reply {
	t.Helper()
	r := s.reply(t, name)
	answer := s.deliver(t, "slash_commands", object{
		"token": "verification_token", "team_id": Team, "team_domain": "emulate", "channel_id": s.Room, "channel_name": "sec-leaks",
		"user_id": s.users[name], "user_name": name, "command": "/leak", "text": typed, "api_app_id": appID,
		"is_enterprise_install": "false", "response_url": s.responseURL(name), "trigger_id": s.Trigger(t, name),
	})
	if len(answer) == 0 {
		return r
	}
	var shown Shown
	if err := json.Unmarshal(answer, &shown); err != nil {
		t.Fatalf("the answer is no message: %s", answer)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell(s.users[name], shown)
	return r
}

// Mention writes "@twokey …" in the room, or in a thread.
func (s *Slack) Mention(t T, name, thread, said string) *Reply {
	t.Helper()
	said = "<@" + botUser + "> " + said
	posted := s.ask(t, tokenOf(name), "chat.postMessage", url.Values{"channel": {s.Room}, "text": {said}, "thread_ts": {thread}})
	event := object{
		"type": "app_mention", "client_msg_id": rand.Text(), "text": said, "user": s.users[name], "ts": posted["ts"], "team": Team,
		"channel": s.Room, "event_ts": posted["ts"],
	}
	if thread != "" {
		event["thread_ts"] = thread
	}
	r := s.reply(t, name)
	s.deliver(t, "events_api", object{
		"token": "verification_token", "team_id": Team, "api_app_id": appID, "event": event, "type": "event_callback",
		"event_id": "Ev" + rand.Text(), "event_time": time.Now().Unix(),
	})
	return r
}

// Submit waits for the modal that the press opens, and sends it with these values, by
// block id. The modal closes.
func (r *Reply) Submit(name string, values map[string]string) *Reply {
	r.t.Helper()
	s := r.s
	var modal object
	s.await(r.t, "a modal", func() bool { modal = s.modals[r.user]; return modal != nil })
	state := object{}
	for _, b := range list(modal["blocks"]) {
		if v, ok := values[text(b, "block_id")]; ok {
			e, _ := b.(object)["element"].(object)
			state[text(b, "block_id")] = object{text(e, "action_id"): object{"type": text(e, "type"), "value": v}}
		}
	}
	q := s.interaction(r.t, "view_submission", name)
	sent := object{"state": object{"values": state}}
	for part, v := range modal {
		if part != "state" {
			sent[part] = v
		}
	}
	q["view"], q["response_urls"] = sent, []object{}
	s.mu.Lock()
	delete(s.modals, r.user)
	s.mu.Unlock()
	return s.act(r.t, name, q)
}
