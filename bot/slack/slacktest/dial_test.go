package slacktest_test

import (
	"testing"

	"github.com/gorilla/websocket"
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
