package e2e

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Everything is what a person finds in the room, read with their own token: every
// message and every thread, the newest message first, as JSON.
func (s *Slack) Everything(t T, name string) string {
	t.Helper()
	var all strings.Builder
	for _, m := range s.messages(t, name) {
		b, _ := json.Marshal(m) // it came from JSON
		all.Write(b)
		all.WriteByte('\n')
	}
	return all.String()
}

// messages are all messages of the room, each thread after its parent.
func (s *Slack) messages(t T, name string) []object {
	t.Helper()
	var out []object
	history := s.ask(t, tokenOf(name), "conversations.history", url.Values{"channel": {s.Room}, "limit": {"200"}})
	for _, each := range list(history["messages"]) {
		thread := s.ask(t, tokenOf(name), "conversations.replies", url.Values{"channel": {s.Room}, "ts": {text(each, "ts")}, "limit": {"200"}})
		for _, m := range list(thread["messages"]) {
			if o, ok := m.(object); ok {
				out = append(out, o)
			}
		}
	}
	return out
}

func list(v any) []any { l, _ := v.([]any); return l }

// Click presses the first button in the room with this label. It fails the test if
// there is none.
func (s *Slack) Click(t T, name, label string) {
	t.Helper()
	for _, m := range s.messages(t, name) {
		for _, b := range list(m["blocks"]) {
			for _, e := range append(list(b.(object)["elements"]), b.(object)["accessory"]) {
				if text(e, "type") == "button" && text(e, "text", "text") == label {
					s.press(t, name, m, b.(object), e.(object))
					return
				}
			}
		}
	}
	t.Fatalf("%s sees no button %q", name, label)
}

// press delivers block_actions: Slack docs, and the sample in slackapi/bolt-python.
func (s *Slack) press(t T, name string, message, block, element object) {
	t.Helper()
	at := fmt.Sprintf("%.6f", float64(time.Now().UnixMicro())/1e6)
	action := object{"type": "button", "block_id": cmp.Or(text(block, "block_id"), "b1"), "action_ts": at}
	for _, part := range []string{"action_id", "text", "value", "style"} {
		if v, ok := element[part]; ok {
			action[part] = v
		}
	}
	p := s.interaction(t, "block_actions", name)
	p["container"] = object{"type": "message", "message_ts": message["ts"], "channel_id": s.Room, "is_ephemeral": false}
	p["channel"], p["message"] = object{"id": s.Room, "name": "sec-leaks"}, message
	p["state"], p["actions"] = object{"values": object{}}, []object{action}
	p["response_url"] = s.responseURL(name)
	s.deliver(t, "interactive", p)
}

// interaction is what all interactive payloads have in common. The trigger is one
// of emulate's own.
func (s *Slack) interaction(t T, kind, name string) object {
	t.Helper()
	id := s.users[name]
	s.mu.Lock()
	s.modals[id] = nil // room for one that this opens
	s.mu.Unlock()
	return object{
		"type": kind, "api_app_id": appID, "token": "verification_token", "trigger_id": s.trigger(t, name),
		"user": object{"id": id, "username": name, "name": name, "team_id": Team}, "team": object{"id": Team, "domain": "emulate"},
		"enterprise": nil, "is_enterprise_install": false,
	}
}

func (s *Slack) trigger(t T, name string) string {
	t.Helper()
	return text(s.ask(t, s.BotToken, "views.generateTriggerId", url.Values{"user_id": {s.users[name]}}), "trigger_id")
}

func (s *Slack) responseURL(name string) string {
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.responses[id] = s.users[name]
	return s.front.URL + "/response/" + id
}

// Command types "/leak …" in the room, and returns the answer that came at once.
func (s *Slack) Command(t T, name, words string) string {
	t.Helper()
	answer := s.deliver(t, "slash_commands", object{
		"token": "verification_token", "team_id": Team, "team_domain": "emulate", "channel_id": s.Room, "channel_name": "sec-leaks",
		"user_id": s.users[name], "user_name": name, "command": "/leak", "text": words, "api_app_id": appID,
		"is_enterprise_install": "false", "response_url": s.responseURL(name), "trigger_id": s.trigger(t, name),
	})
	return string(answer)
}

// Mention writes "@twokey …" in the room, or in a thread.
func (s *Slack) Mention(t T, name, thread, words string) {
	t.Helper()
	words = "<@" + botUser + "> " + words
	posted := s.ask(t, tokenOf(name), "chat.postMessage", url.Values{"channel": {s.Room}, "text": {words}, "thread_ts": {thread}})
	event := object{
		"type": "app_mention", "client_msg_id": rand.Text(), "text": words, "user": s.users[name], "ts": posted["ts"], "team": Team,
		"channel": s.Room, "event_ts": posted["ts"],
	}
	if thread != "" {
		event["thread_ts"] = thread
	}
	s.deliver(t, "events_api", object{
		"token": "verification_token", "team_id": Team, "api_app_id": appID, "event": event, "type": "event_callback",
		"event_id": "Ev" + rand.Text(), "event_time": time.Now().Unix(),
	})
}

// Submit waits for the modal that a person's last press opens, and sends it with
// these values, by block id. It returns the answer: empty closes the modal.
func (s *Slack) Submit(t T, name string, values map[string]string) string {
	t.Helper()
	var modal object
	s.await(t, "a modal", func() bool { modal = s.modals[s.users[name]]; return modal != nil })
	state := object{}
	for _, b := range list(modal["blocks"]) {
		id := text(b, "block_id")
		if v, ok := values[id]; ok {
			e, _ := b.(object)["element"].(object)
			state[id] = object{text(e, "action_id"): object{"type": text(e, "type"), "value": v}}
		}
	}
	p := s.interaction(t, "view_submission", name)
	modal["state"] = object{"values": state}
	p["view"], p["response_urls"] = modal, []object{}
	return string(s.deliver(t, "interactive", p))
}

// Told is what a person was shown privately so far, as JSON: ephemeral messages and
// what came over response URLs.
func (s *Slack) Told(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.told[s.users[name]], "\n")
}

// AwaitTold waits until a person is shown something privately that has this in it.
func (s *Slack) AwaitTold(t T, name, part string) {
	t.Helper()
	s.await(t, "words to "+name+" with "+part, func() bool {
		return strings.Contains(strings.Join(s.told[s.users[name]], "\n"), part)
	})
}
