package larktest

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	larkws "github.com/larksuite/oapi-sdk-go/v3/ws"
)

// socket is one long connection.
type socket struct {
	conn  *websocket.Conn
	mu    sync.Mutex // of writing
	heard bool       // the client has pinged: it listens
}

// waiter waits for the answer to one frame.
type waiter struct{ got chan answered }

// service is in every frame.
const service = 33554678

// serveEndpoint says where the long connection is (oapi-sdk-go: ws, model.go).
func (x *Tenant) serveEndpoint(w http.ResponseWriter, r *http.Request) {
	var asked larkws.BootstrapRequest
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&asked)
	if hit := x.fault("endpoint"); hit != nil && hit.stands(x, w, r) {
		return
	}
	if err != nil || asked.AppID != x.App.ID || asked.AppSecret != x.App.Secret {
		answer(w, http.StatusOK, object{"code": 1, "msg": "system busy"})
		return
	}
	ticket := newID("")
	x.mu.Lock()
	x.tickets[ticket] = true
	x.mu.Unlock()
	answer(w, http.StatusOK, object{"code": 0, "msg": "", "data": object{
		"URL":          strings.Replace(x.server.URL, "http", "ws", 1) + "/ws?device_id=" + newID("") + "&service_id=33554678&ticket=" + ticket,
		"ClientConfig": x.clientConfig(),
	}})
}

// clientConfig is how a client shall behave, in seconds; pongs hold it too.
func (x *Tenant) clientConfig() object {
	return object{"ReconnectCount": -1, "ReconnectInterval": 120, "ReconnectNonce": 30, "PingInterval": x.o.PingEvery}
}

func (x *Tenant) serveSocket(w http.ResponseWriter, r *http.Request) {
	ticket := r.URL.Query().Get("ticket")
	x.mu.Lock()
	known := x.tickets[ticket]
	delete(x.tickets, ticket)
	x.mu.Unlock()
	if !known {
		w.Header().Set(larkws.HeaderHandshakeStatus, "514")
		w.WriteHeader(http.StatusForbidden)
		return
	}
	conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	s := &socket{conn: conn}
	x.mu.Lock()
	x.sockets = append(x.sockets, s)
	x.mu.Unlock()
	x.busy.Go(func() { x.listen(s) })
}

// listen reads what a client sends: pings, and answers.
func (x *Tenant) listen(s *socket) {
	defer x.hungUp(s)
	for {
		_, message, err := s.conn.ReadMessage()
		if err != nil {
			return
		}
		var f larkws.Frame
		if f.Unmarshal(message) != nil {
			return
		}
		if f.Method == int32(larkws.FrameTypeControl) {
			x.pong(s)
			continue
		}
		var reply larkws.Response
		if json.Unmarshal(f.Payload, &reply) != nil {
			return
		}
		x.mu.Lock()
		if wait := x.waiting[larkws.Headers(f.Headers).GetString(larkws.HeaderMessageID)]; wait != nil {
			select {
			case wait.got <- answered{reply.StatusCode, reply.Data}:
			default: // a second answer to the same
			}
		}
		x.mu.Unlock()
	}
}

func (x *Tenant) pong(s *socket) {
	x.mu.Lock()
	s.heard = true
	x.touch()
	x.mu.Unlock()
	config, _ := json.Marshal(x.clientConfig()) // numbers
	_ = s.send(&larkws.Frame{
		Payload: config, Service: service, Method: int32(larkws.FrameTypeControl), Headers: []larkws.Header{{Key: larkws.HeaderType, Value: string(larkws.MessageTypePong)}},
	})
}

func (s *socket) send(f *larkws.Frame) error {
	b, err := f.Marshal()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn.WriteMessage(websocket.BinaryMessage, b)
}

func (x *Tenant) hungUp(s *socket) {
	_ = s.conn.Close()
	x.mu.Lock()
	defer x.mu.Unlock()
	for i, other := range x.sockets {
		if other == s {
			x.sockets = append(x.sockets[:i:i], x.sockets[i+1:]...)
			break
		}
	}
	x.touch()
}

// Drop closes every long connection.
func (x *Tenant) Drop() {
	x.mu.Lock()
	all := x.sockets
	x.mu.Unlock()
	for _, s := range all {
		_ = s.conn.Close()
	}
}

// Listening reports whether a client is connected.
func (x *Tenant) Listening() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.listener() != nil
}

// listener is a connection that is ready; Lark chooses one by chance.
func (x *Tenant) listener() *socket {
	for _, s := range x.sockets {
		if s.heard {
			return s
		}
	}
	return nil
}

// overSocket sends an event in a frame and waits for the answer to it.
func (x *Tenant) overSocket(t T, body []byte) answered {
	t.Helper()
	x.Await(t, "a long connection", x.Listening)
	id, wait := newID(""), &waiter{got: make(chan answered, 1)}
	x.mu.Lock()
	s := x.listener()
	x.waiting[id] = wait
	x.mu.Unlock()
	if s == nil {
		return answered{}
	}
	header := func(k, v string) larkws.Header { return larkws.Header{Key: k, Value: v} }
	err := s.send(&larkws.Frame{
		SeqID: 1, LogID: 1, Service: service, Method: int32(larkws.FrameTypeData), Payload: body,
		Headers: []larkws.Header{
			header(larkws.HeaderType, string(larkws.MessageTypeEvent)), header(larkws.HeaderMessageID, id), header(larkws.HeaderSum, "1"),
			header(larkws.HeaderSeq, "0"), header(larkws.HeaderTraceID, newID("")),
		},
	})
	if err != nil {
		return answered{}
	}
	late := time.NewTimer(x.o.AnswerWithin)
	defer late.Stop()
	select {
	case got := <-wait.got:
		return got
	case <-late.C:
		return answered{}
	}
}
