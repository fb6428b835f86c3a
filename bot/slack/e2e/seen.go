package e2e

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Shown is what one person alone was shown: an ephemeral message, an answer, or a
// modal.
type Shown struct {
	Text   string `json:"text"`
	Blocks []any  `json:"blocks"`

	ts, modal string
}

// words are what people read in a piece of a message, without its layout.
func words(v any) string {
	var parts []string
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			parts = append(parts, words(e))
		}
	case object:
		for _, name := range []string{"text", "title", "label", "fields", "elements", "element", "accessory", "blocks"} {
			if s, ok := v[name].(string); ok {
				parts = append(parts, s)
			} else {
				parts = append(parts, words(v[name]))
			}
		}
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

// Button is a button that somebody sees.
type Button struct{ Label, Value, ID string }

// place is a button and where it is.
type place struct {
	Button

	element object
	block   object
	message object // nil: in something that only this person sees
	ts      string
	modal   string
}

// Buttons are all that a person sees, what they alone see first, the newest first.
func (s *Slack) Buttons(t T, name string) []Button {
	t.Helper()
	var out []Button
	for _, p := range s.places(t, name) {
		out = append(out, p.Button)
	}
	return out
}

func (s *Slack) places(t T, name string) []place {
	t.Helper()
	var out []place
	for _, shown := range slices.Backward(s.Told(name)) {
		out = append(out, in(shown.Blocks, place{ts: shown.ts, modal: shown.modal})...)
	}
	for _, m := range s.messages(t, name) {
		out = append(out, in(list(m["blocks"]), place{message: m, ts: text(m, "ts")})...)
	}
	return out
}

func in(blocks []any, at place) []place {
	var out []place
	for _, each := range blocks {
		block, _ := each.(object)
		for _, e := range append(list(block["elements"]), block["accessory"]) {
			if element, ok := e.(object); ok && element["type"] == "button" {
				p := at
				p.element, p.block = element, block
				p.Button = Button{text(element, "text", "text"), text(element, "value"), text(element, "action_id")}
				out = append(out, p)
			}
		}
	}
	return out
}

// Everything is what a person reads in the room, with their own token: all messages
// and all threads, the newest message first.
func (s *Slack) Everything(t T, name string) string {
	t.Helper()
	var all []string
	for _, m := range s.messages(t, name) {
		if read := words(m["blocks"]); read != "" {
			all = append(all, read)
		} else {
			all = append(all, text(m, "text"))
		}
	}
	return strings.Join(all, "\n")
}

// AwaitText waits until a person reads this in the room, and returns all that they
// read.
func (s *Slack) AwaitText(t T, name, part string) string {
	t.Helper()
	var read string
	s.poll(t, func() bool {
		read = s.Everything(t, name)
		return strings.Contains(read, part)
	}, func() string { return fmt.Sprintf("%s never read %q, but:\n%s", name, part, read) })
	return read
}

// poll looks again after each call of the bot, without holding it up.
func (s *Slack) poll(t T, done func() bool, otherwise func() string) {
	t.Helper()
	late := time.Now().Add(patience)
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if done() {
			return
		}
		select {
		case <-changed:
		case <-time.After(time.Until(late)):
			t.Fatalf("%s", otherwise())
		case <-t.Context().Done():
			t.Fatalf("the test ended: %s", otherwise())
		}
	}
}

// Marks are the values of a field in the metadata of all messages in the room; one
// that stands there twice was posted twice.
func (s *Slack) Marks(t T, name, field string) []string {
	t.Helper()
	var out []string
	for _, m := range s.messages(t, name) {
		if mark := text(m, "metadata", "event_payload", field); mark != "" {
			out = append(out, mark)
		}
	}
	return out
}

// messages are all messages of the room, each thread after its parent.
func (s *Slack) messages(t T, name string) []object {
	t.Helper()
	var out []object
	history := s.ask(t, tokenOf(name), "conversations.history", url.Values{"channel": {s.Room}, "limit": {"200"}, "include_all_metadata": {"true"}})
	for _, each := range list(history["messages"]) {
		thread := s.ask(t, tokenOf(name), "conversations.replies", url.Values{"channel": {s.Room}, "ts": {text(each, "ts")}, "limit": {"200"}, "include_all_metadata": {"true"}})
		for _, m := range list(thread["messages"]) {
			if o, ok := m.(object); ok {
				out = append(out, o)
			}
		}
	}
	return out
}

func list(v any) []any { l, _ := v.([]any); return l }

// Told is what a person was shown privately so far, oldest first.
func (s *Slack) Told(name string) []Shown {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.told[s.users[name]])
}
