package dingtalktest

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Topics of what comes over Stream.
const (
	TopicMessage = "/v1.0/im/bot/messages/get"
	TopicCard    = "/v1.0/card/instances/callback"
)

// Frame is one delivery over Stream.
type Frame struct {
	ID    string // messageId: the same when it is delivered again
	Topic string
	Data  string

	user, group string
	acked       int // how often it was answered with 200
	refused     int // how often with something else
}

// socket is one robot's connection.
type socket struct {
	conn *websocket.Conn
	mu   sync.Mutex // one writer at a time
}

// openStream is DingTalk docs: stream 协议.
func (o *Org) openStream(body []byte) (object, *refusal) {
	var in struct {
		ClientID, ClientSecret string
		Subscriptions          []struct{ Type, Topic string }
	}
	if json.Unmarshal(body, &in) != nil || in.ClientID != o.App.ClientID || in.ClientSecret != o.App.ClientSecret {
		return nil, &refusal{http.StatusUnauthorized, "authFailed"}
	}
	for _, topic := range []string{TopicMessage, TopicCard} {
		if !slices.ContainsFunc(in.Subscriptions, func(s struct{ Type, Topic string }) bool { return s.Type == "CALLBACK" && s.Topic == topic }) {
			return nil, invalid("subscriptions.invalid")
		}
	}
	ticket := rand.Text()
	o.tickets[ticket] = true
	return object{"endpoint": strings.Replace(o.URL(), "http", "ws", 1) + "/connect", "ticket": ticket}, nil
}

func (o *Org) serveSocket(rw http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("ticket")
	o.mu.Lock()
	good := o.tickets[ticket]
	delete(o.tickets, ticket) // for one use
	o.mu.Unlock()
	if !good {
		http.Error(rw, "ticket", http.StatusUnauthorized)
		return
	}
	upgrader := websocket.Upgrader{}
	conn, err := upgrader.Upgrade(rw, r, nil)
	if err != nil {
		return
	}
	s := &socket{conn: conn}
	o.mu.Lock()
	o.sockets = append(o.sockets, s)
	o.busy.Add(1)
	o.touch()
	o.mu.Unlock()
	defer o.busy.Done()
	_ = s.write(o.App.ClientID, "SYSTEM", "ping", rand.Text(), `{"opaque":"`+rand.Text()+`"}`)
	o.listen(s)
}

func (s *socket) write(app, kind, topic, id, data string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn.WriteJSON(object{
		"specVersion": "1.0", "type": kind, "data": data,
		"headers": map[string]string{
			"appId": app, "connectionId": "c", "contentType": "application/json", "messageId": id,
			"time": strconv.FormatInt(time.Now().UnixMilli(), 10), "topic": topic,
		},
	})
}

// listen hears what a robot answers, until its socket ends.
func (o *Org) listen(s *socket) {
	defer func() {
		_ = s.conn.Close()
		o.mu.Lock()
		o.sockets = slices.DeleteFunc(o.sockets, func(x *socket) bool { return x == s })
		o.touch()
		o.mu.Unlock()
	}()
	for {
		var a struct {
			Code    int
			Headers map[string]string
			Data    string
		}
		if s.conn.ReadJSON(&a) != nil {
			return
		}
		o.mu.Lock()
		o.answered(a.Headers["messageId"], a.Code, a.Data)
		o.touch()
		o.mu.Unlock()
	}
}

func (o *Org) answered(id string, code int, data string) {
	for _, f := range o.sent {
		if f.ID != id {
			continue
		}
		if code == http.StatusOK && json.Valid([]byte(data)) {
			f.acked++
		} else {
			f.refused++
		}
	}
}

// Sockets is how many robots are connected.
func (o *Org) Sockets() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.sockets)
}

// Drop cuts all sockets.
func (o *Org) Drop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.sockets {
		_ = s.conn.Close()
	}
}

// Disconnect asks the robots to connect anew, as DingTalk does before it closes.
func (o *Org) Disconnect() {
	o.mu.Lock()
	sockets := slices.Clone(o.sockets)
	o.mu.Unlock()
	for _, s := range sockets {
		_ = s.write(o.App.ClientID, "SYSTEM", "disconnect", rand.Text(), `{"reason":"server"}`)
	}
}

// Deliver sends a frame to one of the robots, and waits until it is answered.
func (o *Org) Deliver(t T, f *Frame) {
	t.Helper()
	o.Await(t, "a robot to connect", func() bool { return o.Sockets() > 0 })
	o.mu.Lock()
	if f.ID == "" {
		f.ID = rand.Text()
	}
	if !slices.Contains(o.sent, f) {
		o.sent = append(o.sent, f)
	}
	o.last = f
	before := f.acked + f.refused
	s := o.sockets[o.turn%len(o.sockets)] // it goes to one of them
	o.turn++
	o.mu.Unlock()
	if err := s.write(o.App.ClientID, "CALLBACK", f.Topic, f.ID, f.Data); err != nil {
		t.Fatalf("deliver: %v", err)
	}
	o.Await(t, "a frame to be answered", func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		return f.acked+f.refused > before
	})
}

// Last is the frame that was delivered last.
func (o *Org) Last() *Frame {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last
}

// Refused is how often a robot answered the frame with an error.
func (o *Org) Refused(f *Frame) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return f.refused
}
