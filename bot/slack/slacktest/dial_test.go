package slacktest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"twokey/bot/slack/slacktest"
)

func dials(t *testing.T, url string) bool {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.DialContext(t.Context(), url, nil)
	if err != nil {
		return false
	}
	t.Cleanup(func() { conn.Close() })
	_, hello, err := conn.ReadMessage()
	return err == nil && len(hello) > 0
}

// dial is a connection without a library above it, that answers everything with
// answer.
func (w *world) dial(t *testing.T, answer string) {
	t.Helper()
	_, url, err := w.api.StartSocketModeContext(t.Context())
	ok(t, err)
	conn, _, err := websocket.DefaultDialer.DialContext(t.Context(), url, nil)
	ok(t, err)
	gone := make(chan struct{})
	t.Cleanup(func() { conn.Close(); <-gone })
	go func() {
		defer close(gone)
		for {
			var e struct {
				ID string `json:"envelope_id"`
			}
			if conn.ReadJSON(&e) != nil {
				return
			}
			if e.ID != "" {
				_ = conn.WriteJSON(map[string]any{"envelope_id": e.ID, "payload": json.RawMessage(answer)})
			}
		}
	}()
}

func TestALargeAnswerIsDropped(t *testing.T) {
	w := newWorld(t, slacktest.Options{AckWithin: longEnough})
	w.dial(t, `{"text":"`+strings.Repeat("x", 20<<10)+`"}`)
	if r := w.As(t, w.ana).Lenient().Command(w.room, "list"); r.Problem != "operation_timeout" {
		t.Errorf("%+v", r)
	}
}

func TestSocketsTakeTurnsButNotTheDeadOnes(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.dial(t, `{"text":"one"}`)
	w.AwaitSockets(t, 1)
	w.dial(t, `{"text":"two"}`)
	w.AwaitSockets(t, 2)
	ana := w.As(t, w.ana)
	first, second := ana.Command(w.room, "list").Text(), ana.Command(w.room, "list").Text()
	if first == second {
		t.Errorf("both went to %q", first)
	}
	one := w.Sockets()[0]
	for _, leave := range []func(){func() { one.Silence(true) }, func() { one.Silence(false); one.Disconnect("warning") }} {
		leave()
		for range 2 {
			if text := ana.Command(w.room, "list").Text(); text != "two" {
				t.Errorf("%q answered", text)
			}
		}
	}
}

// firstFrame is what Slack says first on a new connection.
func firstFrame(t *testing.T, url string) string {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.DialContext(t.Context(), url, nil)
	ok(t, err)
	t.Cleanup(func() { conn.Close() })
	_, b, err := conn.ReadMessage()
	ok(t, err)
	return string(b)
}
