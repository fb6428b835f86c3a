package larktest

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"
)

// delivery is one event or callback on its way to the bot.
type delivery struct {
	user, message string
	callback      bool // somebody waits for the answer
	body          []byte
}

// Receiver is what Lark calls in HTTP mode.
type Receiver struct {
	Handler http.Handler
	Path    string
}

// PostTo makes the tenant call a handler. Without it, everything goes over the long
// connection.
func (x *Tenant) PostTo(r Receiver) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.receiver = &r
}

// deliver hands something to the bot and reports what Lark tells the person if the bot
// does not answer as it should.
func (x *Tenant) deliver(t T, d *delivery) (problem string) {
	t.Helper()
	x.mu.Lock()
	x.last = d
	m, to := x.message(d.message), x.receiver
	if m != nil {
		m.answered = make(chan struct{})
	}
	x.mu.Unlock()
	defer func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		if m != nil {
			close(m.answered)
			m.answered = nil
		}
		x.touch()
	}()
	var got answered
	if to != nil {
		got = x.overHTTP(*to, d.body)
	} else {
		got = x.overSocket(t, d.body)
	}
	switch {
	case got.status != http.StatusOK:
		return "the bot failed: " + strconv.Itoa(got.status)
	case d.callback:
		return x.shown(d.user, got.body)
	}
	return ""
}

// answered is what the bot answers.
type answered struct {
	status int // 0: not in time
	body   []byte
}

// shown shows the answer to a callback.
func (x *Tenant) shown(user string, body []byte) (problem string) {
	var a struct {
		Toast *struct{ Type, Content string } `json:"toast"`
		Card  json.RawMessage                 `json:"card"`
	}
	if len(body) == 0 {
		return ""
	}
	if json.Unmarshal(body, &a) != nil || a.Card != nil {
		return "the bot's answer is not understood: " + string(body)
	}
	if a.Toast == nil {
		return ""
	}
	switch a.Toast.Type {
	case "success", "error", "info", "warning":
	default:
		return "no such toast: " + a.Toast.Type
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.toasts[user] = append(x.toasts[user], Toast{a.Toast.Type, a.Toast.Content})
	return ""
}

func (x *Tenant) overHTTP(to Receiver, body []byte) answered {
	r := x.Request(to.Path, body)
	out := make(chan *httptest.ResponseRecorder, 1)
	go func() {
		w := httptest.NewRecorder()
		to.Handler.ServeHTTP(w, r)
		out <- w
	}()
	late := time.NewTimer(x.o.AnswerWithin)
	defer late.Stop()
	select {
	case w := <-out:
		return answered{w.Code, w.Body.Bytes()}
	case <-late.C:
		return answered{}
	}
}

// Request is a genuine request that holds a body, encrypted and signed.
func (x *Tenant) Request(path string, body []byte) *http.Request {
	outer, _ := json.Marshal(object{"encrypt": Encrypt(x.App.EncryptKey, body)})
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, path, bytes.NewReader(outer))
	stamp, nonce := strconv.FormatInt(x.o.WireNow().Unix(), 10), rand.Text()
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("X-Lark-Request-Timestamp", stamp)
	r.Header.Set("X-Lark-Request-Nonce", nonce)
	r.Header.Set("X-Lark-Signature", Sign(stamp, nonce, x.App.EncryptKey, outer))
	return r
}

// Challenge is the request by which Lark asks whether the address is the bot's. It is
// not signed.
func (x *Tenant) Challenge(path, word string) *http.Request {
	inner, _ := json.Marshal(object{"challenge": word, "token": VerificationToken, "type": "url_verification"})
	outer, _ := json.Marshal(object{"encrypt": Encrypt(x.App.EncryptKey, inner)})
	return httptest.NewRequestWithContext(context.Background(), http.MethodPost, path, bytes.NewReader(outer))
}

// PressBody is the body of a press of a button, to be sent by hand.
func (x *Tenant) PressBody(union string, b Button) []byte {
	u := x.userLocked(union)
	return x.event("card.action.trigger", object{
		"operator": object{"tenant_key": u.Tenant, "union_id": u.Union, "open_id": u.Open},
		"action":   object{"tag": "button", "value": b.Value},
		"context":  object{"open_message_id": b.Message, "open_chat_id": b.Chat},
	})
}

// Sign is Lark's signature (Feishu docs: event subscription, security check).
func Sign(stamp, nonce, key string, body []byte) string {
	sum := sha256.Sum256(append([]byte(stamp+nonce+key), body...))
	return hex.EncodeToString(sum[:])
}

// Encrypt is Lark's encryption: AES-256-CBC with SHA-256 of the key, the vector before
// the text, in base64 (Feishu docs: event subscription, decryption).
func Encrypt(key string, plain []byte) string {
	sum := sha256.Sum256([]byte(key))
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		panic(err) // the key has the right length
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	plain = append(bytes.Clone(plain), bytes.Repeat([]byte{byte(pad)}, pad)...)
	out := make([]byte, aes.BlockSize+len(plain))
	_, _ = rand.Read(out[:aes.BlockSize])                                                      // never fails
	cipher.NewCBCEncrypter(block, out[:aes.BlockSize]).CryptBlocks(out[aes.BlockSize:], plain) //nolint:gosec // random, filled above
	return base64.StdEncoding.EncodeToString(out)
}
