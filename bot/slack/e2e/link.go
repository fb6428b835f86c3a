package e2e

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// socket is one Socket Mode connection.
type socket struct {
	conn    *websocket.Conn
	writing sync.Mutex
	gone    chan struct{}
}

func (s *Slack) openConnection(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	answer := object{"ok": true, "url": strings.Replace(s.front.URL, "http", "ws", 1) + "/link/?ticket=" + rand.Text()}
	if r.Header.Get("Authorization") != "Bearer "+s.AppToken {
		answer = object{"ok": false, "error": "invalid_auth"}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *Slack) serveLink(w http.ResponseWriter, r *http.Request) {
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	k := &socket{conn: conn, gone: make(chan struct{})}
	var pings sync.WaitGroup
	defer pings.Wait()
	defer func() { s.leave(k); close(k.gone); _ = conn.Close() }()
	if k.send(object{"type": "hello", "num_connections": 1, "connection_info": object{"app_id": appID}}) != nil {
		return
	}
	s.mu.Lock()
	s.sockets = append(s.sockets, k)
	s.touch()
	s.mu.Unlock()
	pings.Go(k.ping)
	s.read(k)
}

func (k *socket) send(frame object) error {
	k.writing.Lock()
	defer k.writing.Unlock()
	return k.conn.WriteJSON(frame)
}

func (k *socket) ping() {
	every := time.NewTicker(time.Second)
	defer every.Stop()
	for {
		if k.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)) != nil {
			return
		}
		select {
		case <-every.C:
		case <-k.gone:
			return
		}
	}
}

func (s *Slack) read(k *socket) {
	for {
		var ack struct {
			EnvelopeID string          `json:"envelope_id"`
			Payload    json.RawMessage `json:"payload"`
		}
		if k.conn.ReadJSON(&ack) != nil {
			return
		}
		s.mu.Lock()
		s.acks[ack.EnvelopeID] = append(json.RawMessage{}, ack.Payload...)
		s.touch()
		s.mu.Unlock()
	}
}

func (s *Slack) leave(k *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, each := range s.sockets {
		if each == k {
			s.sockets = append(s.sockets[:i:i], s.sockets[i+1:]...)
		}
	}
	s.touch()
}

// HangUp asks the bot to connect anew, as Slack does every few hours. What people do
// next comes over the new connection.
func (s *Slack) HangUp() {
	for _, k := range s.open() {
		s.leave(k)
		_ = k.send(object{"type": "disconnect", "reason": "refresh_requested"})
	}
}

func (s *Slack) hangUp() {
	for _, k := range s.open() {
		_ = k.conn.Close()
	}
}

func (s *Slack) open() []*socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*socket(nil), s.sockets...)
}

// deliver brings an envelope to the newest connection and waits for the answer. It
// fails the test if there is no connection or no answer.
func (s *Slack) deliver(t T, kind string, payload object) json.RawMessage {
	t.Helper()
	var k *socket
	s.await(t, "a connection", func() bool {
		if n := len(s.sockets); n > 0 {
			k = s.sockets[n-1]
		}
		return k != nil
	})
	id := rand.Text()
	frame := object{"envelope_id": id, "type": kind, "accepts_response_payload": kind == "slash_commands" || payload["type"] == "view_submission", "payload": payload}
	if err := k.send(frame); err != nil {
		t.Fatalf("deliver: %v", err)
	}
	var answer json.RawMessage
	s.await(t, "the answer to "+kind, func() bool {
		var ok bool
		answer, ok = s.acks[id]
		return ok
	})
	return answer
}
