package lark_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/lark"
	"twokey/bot/lark/larktest"
)

func TestOnlyLarkIsLetIn(t *testing.T) {
	var why []string
	now := time.Now()
	o := newOffice(t, true, func(c *lark.Config) {
		c.Refused = func(reason string) { why = append(why, reason) }
		c.Now = func() time.Time { return now }
	})
	h := &heard{answer: bot.Answer{OK: true, Text: "done"}}
	o.ears(t, h.handle)
	o.posted(t, card(yes(1)))
	press := o.PressBody(o.ids["ana"], o.as(t, "ana").Buttons()[0])
	send := func(r *http.Request) int {
		w := httptest.NewRecorder()
		o.chat.ServeHTTP(w, r)
		return w.Code
	}
	genuine := func() *http.Request { return o.Request(lark.PathEvents, press) }

	again := genuine()
	body := new(bytes.Buffer)
	_, _ = body.ReadFrom(again.Body)
	replay := func() *http.Request {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, lark.PathEvents, bytes.NewReader(body.Bytes()))
		r.Header = again.Header.Clone()
		return r
	}
	if got := send(replay()); got != http.StatusOK {
		t.Fatalf("a genuine request: %d", got)
	}
	_, before := h.last()
	for name, c := range map[string]struct {
		request func() *http.Request
		refused string
	}{
		"replayed": {replay, "replayed"},
		"unsigned": {func() *http.Request { r := genuine(); r.Header.Del("X-Lark-Signature"); return r }, "forged"},
		"in the open": {func() *http.Request {
			return httptest.NewRequestWithContext(t.Context(), http.MethodPost, lark.PathEvents, bytes.NewReader(press))
		}, "forged"},
		"other key": {func() *http.Request {
			r := genuine()
			r.Header.Set("X-Lark-Signature", larktest.Sign(r.Header.Get("X-Lark-Request-Timestamp"), r.Header.Get("X-Lark-Request-Nonce"), "guessed", body.Bytes()))
			return r
		}, "forged"},
		"other body": {func() *http.Request { r := replay(); r.Body = http.NoBody; return r }, "forged"},
		"old": {func() *http.Request {
			r, stamp := replay(), "1608725989"
			r.Header.Set("X-Lark-Request-Timestamp", stamp)
			r.Header.Set("X-Lark-Signature", larktest.Sign(stamp, r.Header.Get("X-Lark-Request-Nonce"), o.App.EncryptKey, body.Bytes()))
			return r
		}, "stale"},
	} {
		why = nil
		if got := send(c.request()); got != http.StatusUnauthorized || len(why) != 1 || why[0] != c.refused {
			t.Errorf("%s: %d, refused for %q", name, got, why)
		}
	}
	if _, n := h.last(); n != before {
		t.Error("something forged was heard")
	}
	if got := send(httptest.NewRequestWithContext(t.Context(), http.MethodPost, lark.PathEvents, strings.NewReader(strings.Repeat("x", 1<<20+1)))); got != http.StatusRequestEntityTooLarge {
		t.Errorf("too long: %d", got)
	}
	if got := send(httptest.NewRequestWithContext(t.Context(), http.MethodGet, lark.PathEvents, nil)); got != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", got)
	}
}

func TestWithoutAKeyNobodyIsBelieved(t *testing.T) {
	why := ""
	o := newOffice(t, false, func(c *lark.Config) { c.Refused = func(reason string) { why = reason } })
	const body = `{"encrypt":""}`
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, lark.PathEvents, strings.NewReader(body))
	r.Header.Set("X-Lark-Request-Timestamp", stamp)
	r.Header.Set("X-Lark-Signature", larktest.Sign(stamp, "", "", []byte(body)))
	w := httptest.NewRecorder()
	if o.chat.ServeHTTP(w, r); w.Code != http.StatusUnauthorized || why != "forged" {
		t.Errorf("%d, refused for %q", w.Code, why)
	}
}

func TestAnotherAppsEventsAreNotTaken(t *testing.T) {
	o := newOffice(t, true)
	h := &heard{}
	o.ears(t, h.handle)
	var e map[string]any
	_ = json.Unmarshal(o.PressBody(o.ids["ana"], larktest.Button{Value: json.RawMessage(`{"a":"take"}`), Chat: o.room}), &e)
	e["header"].(map[string]any)["app_id"] = "cli_other"
	body, _ := json.Marshal(e)
	o.chat.ServeHTTP(httptest.NewRecorder(), o.Request(lark.PathEvents, body))
	if _, n := h.last(); n != 0 {
		t.Error("another app's event was heard")
	}
}

func TestLarksQuestionIsAnswered(t *testing.T) {
	o := newOffice(t, true)
	w := httptest.NewRecorder()
	o.chat.ServeHTTP(w, o.Challenge(lark.PathEvents, "ajls384"))
	if got := strings.TrimSpace(w.Body.String()); w.Code != http.StatusOK || got != `{"challenge":"ajls384"}` {
		t.Errorf("%d %s", w.Code, got)
	}
}

func TestWhatNobodyHearsIsSentAgain(t *testing.T) {
	o := newOffice(t, true)
	first := o.Request(lark.PathEvents, o.PressBody(o.ids["ana"], larktest.Button{Value: json.RawMessage(`{"a":"take"}`), Chat: o.room}))
	body := new(bytes.Buffer)
	_, _ = body.ReadFrom(first.Body)
	send := func() int {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, lark.PathEvents, bytes.NewReader(body.Bytes()))
		r.Header = first.Header
		w := httptest.NewRecorder()
		o.chat.ServeHTTP(w, r)
		return w.Code
	}
	if got := send(); got != http.StatusServiceUnavailable {
		t.Errorf("nobody listens: %d", got)
	}
	if got := send(); got != http.StatusServiceUnavailable {
		t.Errorf("what was not taken was not let in again: %d", got)
	}
}

func FuzzDecrypt(f *testing.F) {
	f.Add("", "test key")
	f.Add("P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=", "test key") // Feishu docs: event subscription
	f.Fuzz(func(t *testing.T, sealed, key string) {
		plain, ok := lark.Decrypt(sealed, key)
		if !ok && plain != nil {
			t.Error("something came of nothing")
		}
		if back, ok := lark.Decrypt(larktest.Encrypt(key, []byte(sealed)), key); !ok || string(back) != sealed {
			t.Errorf("%q came back as %q", sealed, back)
		}
	})
}

func TestTheVendorsExampleIsOpened(t *testing.T) {
	if plain, ok := lark.Decrypt("P37w+VZImNgPEO1RBhJ6RtKl7n6zymIbEG1pReEzghk=", "test key"); !ok || string(plain) != "hello world" {
		t.Errorf("%q %v", plain, ok)
	}
}

// Over the long connection nobody calls: a room without a key lets nobody in, also not
// who signs with none.
func TestWithoutAKeyNobodyIsLetIn(t *testing.T) {
	o := newOffice(t, false)
	body := o.PressBody(o.ids["ana"], larktest.Button{Value: json.RawMessage(`{"a":"take"}`), Chat: o.room})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, lark.PathEvents, bytes.NewReader(body))
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header.Set("X-Lark-Request-Timestamp", stamp)
	r.Header.Set("X-Lark-Signature", larktest.Sign(stamp, "", "", body))
	w := httptest.NewRecorder()
	if o.chat.ServeHTTP(w, r); w.Code != http.StatusUnauthorized {
		t.Errorf("%d", w.Code)
	}
}

// The bot knows a press again by its event, and two presses apart.
func TestAPressHasOneNameHoweverOftenItComes(t *testing.T) {
	o := newOffice(t, true)
	h := &heard{answer: bot.Answer{OK: true, Text: "done"}}
	o.ears(t, h.handle)
	o.posted(t, card(yes(1)))
	press := func() []byte { return o.PressBody(o.ids["ana"], o.as(t, "ana").Buttons()[0]) }
	one := press()
	var names []string
	for _, body := range [][]byte{one, one, press()} {
		o.chat.ServeHTTP(httptest.NewRecorder(), o.Request(lark.PathEvents, body))
		in, _ := h.last()
		names = append(names, in.ID)
	}
	if names[0] == "" || names[0] != names[1] || names[0] == names[2] {
		t.Errorf("%q", names)
	}
}
