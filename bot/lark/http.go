package lark

import (
	"encoding/json"
	"net/http"

	"twokey/bot/room"
)

// PathEvents is what Lark calls in HTTP mode, for events and for callbacks.
const PathEvents = "/lark/events"

// ServeHTTP takes what Lark sends in HTTP mode. What is not signed, is old, or came
// before is refused unread. Only Lark's question whether the address is the bot's comes
// without a signature; that it is encrypted shows where it comes from.
func (c *Chat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := room.Body(w, r, c.config.Refused)
	if !ok {
		return
	}
	if r.Header.Get("X-Lark-Signature") == "" && c.challenged(w, body) {
		return
	}
	if why := c.verify(r.Header, body); why != "" {
		c.config.Refused(why)
		room.Status(w, http.StatusUnauthorized)
		return
	}
	if !c.dispatch(w, body) {
		c.keeper.Again(r.Header.Get("X-Lark-Signature"))
		room.Status(w, http.StatusServiceUnavailable)
	}
}

// open is what a request holds.
func (c *Chat) open(body []byte) ([]byte, bool) {
	var outer struct {
		Encrypt string `json:"encrypt"`
	}
	if c.config.EncryptKey == "" || json.Unmarshal(body, &outer) != nil {
		return nil, false
	}
	return decrypt(outer.Encrypt, c.config.EncryptKey)
}

// challenged answers Lark's question whether the address is the bot's; false: it was
// none.
func (c *Chat) challenged(w http.ResponseWriter, body []byte) bool {
	var q struct{ Type, Challenge string }
	inner, ok := c.open(body)
	if !ok || json.Unmarshal(inner, &q) != nil || q.Type != "url_verification" {
		return false
	}
	reply(w, map[string]string{"challenge": q.Challenge})
	return true
}

// dispatch hands over a genuine request; false: nobody listens.
func (c *Chat) dispatch(w http.ResponseWriter, body []byte) bool {
	inner, ok := c.open(body)
	if !ok {
		c.config.Refused(refusedOdd)
		room.Status(w, http.StatusBadRequest)
		return true
	}
	shown, err := c.receive(inner)
	switch {
	case err != nil:
		return false
	case shown == nil:
		reply(w, struct{}{})
	default:
		reply(w, shown)
	}
	return true
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(v)
}
