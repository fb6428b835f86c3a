package slacktest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"slices"
)

// Envelope is one delivery over a socket, and what came back for it.
type Envelope struct {
	ID      string
	Type    string // "slash_commands", "interactive" or "events_api"
	Payload json.RawMessage
	Retry   int             // how often it was delivered before
	Acked   bool            // within the time or later
	Answer  json.RawMessage // the payload of the answer; nil: none

	of      *delivery
	problem string // with the answer
}

// Envelopes are all deliveries over sockets, oldest first.
func (w *Workspace) Envelopes() []Envelope {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Envelope
	for _, e := range w.sent {
		out = append(out, *e)
	}
	return out
}

// acked takes an answer, and shows what it says before the bot says more.
func (w *Workspace) acked(id string, answer json.RawMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.sent, func(e *Envelope) bool { return e.ID == id })
	if i < 0 || w.sent[i].Acked {
		return
	}
	e := w.sent[i]
	e.Acked, e.Answer = true, answer
	e.problem = w.apply(e.of, answer)
	w.touch()
}

// overSocket delivers to one connection and waits for the answer. A test's first
// act may come before the bot has connected, so it waits for that too.
func (w *Workspace) overSocket(ctx context.Context, d *delivery) outcome {
	var s *Socket
	if !w.within(ctx, patience, func() bool { s = w.nextSocket(); return s != nil }) {
		return outcome{problem: "no socket is connected"}
	}
	e := &Envelope{ID: newUUID(), Type: d.kind, Payload: d.payload, Retry: d.retry, of: d}
	w.mu.Lock()
	w.sent = append(w.sent, e)
	w.mu.Unlock()
	frame := object{"envelope_id": e.ID, "type": d.kind, "payload": d.payload, "accepts_response_payload": d.takesAnswer}
	if d.kind == events {
		frame["retry_attempt"], frame["retry_reason"] = d.retry, ""
	}
	if d.retry > 0 {
		frame["retry_attempt"], frame["retry_reason"] = d.retry, "timeout"
	}
	if err := s.write(frame); err != nil {
		return outcome{problem: "the socket broke"}
	}
	if !w.within(ctx, w.o.AckWithin, func() bool { return e.Acked }) {
		return outcome{problem: "operation_timeout"}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !d.takesAnswer {
		return outcome{}
	}
	return outcome{answer: e.Answer, problem: e.problem}
}

// nextSocket takes turns among the connections that live. The lock is held.
func (w *Workspace) nextSocket() *Socket {
	var alive []*Socket
	for _, s := range w.sockets {
		if !s.silent && !s.leaving {
			alive = append(alive, s)
		}
	}
	if len(alive) == 0 {
		return nil
	}
	w.turn++
	return alive[w.turn%len(alive)]
}

func newUUID() string {
	s := rand.Text() + rand.Text()
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:32]
}
