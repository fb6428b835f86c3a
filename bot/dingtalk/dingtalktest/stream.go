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
	acked       int    // how often it was answered with 200
	refused     int    // how often with something else
	answer      string // data of the last answer
}

// socket is one robot's connection.
type socket struct {
	conn    *websocket.Conn
	topics  []string // that the robot asked for
	ping    string   // id and data of what it is to send back
	leaving bool     // it was told that the connection ends

	mu sync.Mutex // one writer at a time
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
	var topics []string
	for _, sub := range in.Subscriptions {
		if sub.Type == "CALLBACK" {
			topics = append(topics, sub.Topic)
		}
	}
	if len(topics) == 0 {
		return nil, invalid("subscriptions.invalid")
	}
	ticket := rand.Text()
	o.tickets[ticket] = topics
	return object{"endpoint": strings.Replace(o.URL(), "http", "ws", 1) + "/connect", "ticket": ticket}, nil
}

func (o *Org) serveSocket(rw http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("ticket")
	o.mu.Lock()
	topics, good := o.tickets[ticket]
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
	id, opaque := rand.Text(), raw(object{"opaque": rand.Text()})
	s := &socket{conn: conn, topics: topics, ping: id + opaque}
	o.mu.Lock()
	o.sockets = append(o.sockets, s)
	o.busy.Add(1)
	o.touch()
	o.mu.Unlock()
	defer o.busy.Done()
	_ = s.write(o.App.ClientID, "SYSTEM", "ping", id, opaque)
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
		good := a.Code == http.StatusOK && a.Headers["contentType"] == "application/json" && json.Valid([]byte(a.Data))
		if good && a.Headers["messageId"]+a.Data == s.ping {
			o.pongs++
		}
		o.answered(a.Headers["messageId"], good, a.Data)
		o.touch()
		o.mu.Unlock()
	}
}

func (o *Org) answered(id string, good bool, data string) {
	for _, f := range o.sent {
		if f.ID != id {
			continue
		}
		f.answer = data
		if good {
			f.acked++
		} else {
			f.refused++
		}
	}
}

// Pongs is how many connections' pings came back as they were sent.
func (o *Org) Pongs() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pongs
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

// Disconnect tells the robots that their connections end, and ends them after
// [Org.Grace], as DingTalk does now and then.
func (o *Org) Disconnect() {
	o.mu.Lock()
	sockets := slices.Clone(o.sockets)
	for _, s := range sockets {
		s.leaving = true
	}
	o.mu.Unlock()
	for _, s := range sockets {
		_ = s.write(o.App.ClientID, "SYSTEM", "disconnect", rand.Text(), `{"reason":"connection is expired"}`)
		time.AfterFunc(o.Grace, func() { _ = s.conn.Close() })
	}
}

// listener is one of the robots that asked for a topic, in turn; nil: there is none. The
// lock is held.
func (o *Org) listener(topic string) *socket {
	fit := slices.DeleteFunc(slices.Clone(o.sockets), func(s *socket) bool { return s.leaving || !slices.Contains(s.topics, topic) })
	if len(fit) == 0 {
		return nil
	}
	o.turn++
	return fit[o.turn%len(fit)]
}

// Deliver sends a frame to one of the robots that asked for its topic, and waits until
// it is answered.
func (o *Org) Deliver(t T, f *Frame) {
	t.Helper()
	var s *socket
	o.Await(t, "a robot that asked for "+f.Topic, func() bool {
		o.mu.Lock()
		defer o.mu.Unlock()
		s = o.listener(f.Topic)
		return s != nil
	})
	o.mu.Lock()
	if f.ID == "" {
		f.ID = rand.Text()
	}
	if !slices.Contains(o.sent, f) {
		o.sent = append(o.sent, f)
	}
	o.last = f
	before := f.acked + f.refused
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

// Answer is what a robot answered the frame with last.
func (o *Org) Answer(f *Frame) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return f.answer
}
