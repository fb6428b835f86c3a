package slacktest

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Socket is one Socket Mode connection.
type Socket struct {
	w    *Workspace
	conn *websocket.Conn

	writing sync.Mutex
	silent  bool // guarded by the workspace's lock
	leaving bool // too: nothing more is delivered to it
	gone    chan struct{}
}

// openConnection gives the address of a socket, with a ticket that works once:
// Slack docs, apps.connections.open.
func (w *Workspace) openConnection(args) (object, *refusal) {
	ticket := rand.Text()
	w.tickets[ticket] = true
	return object{"url": strings.Replace(w.server.URL, "http", "ws", 1) + "/link/?ticket=" + ticket + "&app_id=" + w.App.ID}, nil
}

// maxSockets is how many connections one app may have: Slack docs, Socket Mode.
const maxSockets = 10

func (w *Workspace) serveLink(rw http.ResponseWriter, r *http.Request) {
	if !w.admit(r.URL.Query().Get("ticket")) {
		http.Error(rw, "invalid ticket", http.StatusForbidden)
		return
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }} // clients say https://api.slack.com
	conn, err := up.Upgrade(rw, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	s := &Socket{w: w, conn: conn, gone: make(chan struct{})}
	defer s.leave()
	if !w.enter(s) {
		return
	}
	w.busy.Go(s.ping)
	s.read()
}

func (w *Workspace) admit(ticket string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.tickets[ticket]
	delete(w.tickets, ticket)
	return known
}

// enter greets a socket and takes it in.
func (w *Workspace) enter(s *Socket) bool {
	w.mu.Lock()
	n := len(w.sockets) + 1
	w.mu.Unlock()
	if n > maxSockets {
		s.Disconnect("too_many_websockets")
		return false
	}
	hello := object{
		"type": "hello", "num_connections": n, "connection_info": object{"app_id": w.App.ID},
		"debug_info": object{"host": "applink-1", "approximate_connection_time": 18060},
	}
	if s.write(hello) != nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case <-w.done:
		return false
	default:
	}
	w.busy.Add(1) // before close waits: it drops what is in the list
	w.sockets = append(w.sockets, s)
	w.touch()
	return true
}

func (s *Socket) leave() {
	close(s.gone)
	_ = s.conn.Close()
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if i := slices.Index(s.w.sockets, s); i >= 0 {
		s.w.sockets = slices.Delete(s.w.sockets, i, i+1)
		s.w.busy.Done()
	}
	s.w.touch()
}

// ping shows that the connection lives: at once, and then at each interval.
func (s *Socket) ping() {
	every := time.NewTicker(s.w.o.PingEvery)
	defer every.Stop()
	for {
		if !s.quiet() && s.conn.WriteControl(websocket.PingMessage, []byte("Ping from applink-1"), time.Now().Add(time.Second)) != nil {
			return
		}
		select {
		case <-every.C:
		case <-s.gone:
			return
		}
	}
}

func (s *Socket) quiet() bool {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	return s.silent
}

// maxAck is in bytes; Slack drops larger answers without a word: slack-go,
// socketmode.SendCtx.
const maxAck = 20 << 10

func (s *Socket) read() {
	for {
		_, b, err := s.conn.ReadMessage()
		if err != nil {
			return
		}
		var ack struct {
			EnvelopeID string          `json:"envelope_id"`
			Payload    json.RawMessage `json:"payload"`
		}
		if json.Unmarshal(b, &ack) == nil && len(b) < maxAck {
			s.w.acked(ack.EnvelopeID, ack.Payload)
		}
	}
}

func (s *Socket) write(frame object) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.conn.WriteJSON(frame)
}

// Sockets are the connections that are open now, the oldest first.
func (w *Workspace) Sockets() []*Socket {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.sockets)
}

// AwaitSockets waits until just so many connections are open.
func (w *Workspace) AwaitSockets(t T, n int) {
	t.Helper()
	w.await(t, "sockets to connect or leave", func() bool { return len(w.sockets) == n })
}

// Disconnect asks the bot to connect anew, as Slack does every few hours. The
// reason is "warning", "refresh_requested" or "link_disabled".
func (s *Socket) Disconnect(reason string) {
	s.retire()
	_ = s.write(object{"type": "disconnect", "reason": reason, "debug_info": object{"host": "applink-1"}})
}

// Drop cuts the connection without a word.
func (s *Socket) Drop() {
	s.retire()
	_ = s.conn.NetConn().Close()
}

func (s *Socket) retire() {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.leaving = true
}

// Silence makes the connection dead without closing it: no pings, no frames, until
// it is taken back.
func (s *Socket) Silence(on bool) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.silent = on
	s.w.touch()
}

// Drop cuts all connections.
func (w *Workspace) Drop() {
	for _, s := range w.Sockets() {
		s.Drop()
	}
}

// Silence makes all connections that are open now dead, or lets them live again.
func (w *Workspace) Silence(on bool) {
	for _, s := range w.Sockets() {
		s.Silence(on)
	}
}

// Disconnect asks the bot to connect anew on all connections.
func (w *Workspace) Disconnect(reason string) {
	for _, s := range w.Sockets() {
		s.Disconnect(reason)
	}
}
