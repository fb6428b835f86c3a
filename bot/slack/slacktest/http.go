package slacktest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"time"
)

// Receiver is where the workspace posts what people do, in place of sockets: a
// handler in the same process, or the URL of a server.
type Receiver struct {
	Handler http.Handler
	URL     string // "http://127.0.0.1:8080", if there is no handler

	Command, Interact, Events string // paths; empty: /slack/command, /slack/interact, /slack/events
}

// PostTo switches to HTTP mode: from now on everything is posted and signed.
func (w *Workspace) PostTo(r Receiver) {
	r.Command, r.Interact = cmp.Or(r.Command, "/slack/command"), cmp.Or(r.Interact, "/slack/interact")
	r.Events = cmp.Or(r.Events, "/slack/events")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.receiver = &r
	w.touch()
}

// Post is one request of HTTP mode, signed, ready to be sent as it is or spoiled
// first.
type Post struct {
	Path   string
	Body   []byte
	Header http.Header

	w *Workspace
}

// Answer is what came back for a [Post].
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// sign signs a body as Slack does: v0, HMAC-SHA256 of version, time and body. Slack
// docs, verifying requests.
func sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "v0:%s:%s", timestamp, body) // a hash takes everything
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

func (w *Workspace) newPost(path, contentType string, body []byte) Post {
	p := Post{Path: path, Body: body, Header: http.Header{}, w: w}
	p.Header.Set("Content-Type", contentType)
	p.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	return p.signed(w.App.SigningSecret, w.o.WireNow())
}

func (p Post) signed(secret string, at time.Time) Post {
	p.Header = p.Header.Clone()
	timestamp := strconv.FormatInt(at.Unix(), 10)
	p.Header.Set("X-Slack-Request-Timestamp", timestamp)
	p.Header.Set("X-Slack-Signature", sign(secret, timestamp, p.Body))
	return p
}

// Forged is the same, signed with another secret.
func (p Post) Forged() Post { return p.signed(rand.Text(), p.w.o.WireNow()) }

// Unsigned is the same without a signature.
func (p Post) Unsigned() Post {
	p.Header = p.Header.Clone()
	p.Header.Del("X-Slack-Signature")
	return p
}

// Aged is the same, signed so long ago; a negative age is in the future.
func (p Post) Aged(age time.Duration) Post {
	return p.signed(p.w.App.SigningSecret, p.w.o.WireNow().Add(-age))
}

// Reencoded has other bytes that mean the same under the old signature, as a proxy
// makes them that reads a body and writes it again.
func (p Post) Reencoded() Post {
	if p.Header.Get("Content-Type") == "application/json" {
		p.Body = append([]byte(" "), p.Body...)
		return p
	}
	values, _ := url.ParseQuery(string(p.Body)) // it was made here
	p.Body = []byte(values.Encode() + "&")
	return p
}

// Tampered has the signed bytes, and in the query what an attacker would like to be
// read in their place.
func (p Post) Tampered(query url.Values) Post {
	p.Path += "?" + query.Encode()
	return p
}

// Send posts it to the receiver.
func (p Post) Send(t T) Answer {
	t.Helper()
	p.w.mu.Lock()
	receiver := p.w.receiver
	p.w.mu.Unlock()
	if receiver == nil {
		t.Fatalf("nowhere to post: call PostTo first")
	}
	answer, err := p.send(t.Context(), receiver)
	if err != nil {
		t.Fatalf("post %s: %v", p.Path, err)
	}
	return answer
}

func (p Post) send(ctx context.Context, to *Receiver) (Answer, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL+p.Path, bytes.NewReader(p.Body))
	if err != nil {
		return Answer{}, err
	}
	q.Header = p.Header.Clone()
	if to.Handler != nil {
		return p.w.inside(to.Handler, q)
	}
	got, err := http.DefaultClient.Do(q)
	if err != nil {
		return Answer{}, err
	}
	defer got.Body.Close() //nolint:errcheck // read to the end
	body, err := io.ReadAll(got.Body)
	return Answer{got.StatusCode, got.Header, string(body)}, err
}

// inside calls a handler, and stops waiting for it when time is up.
func (w *Workspace) inside(h http.Handler, q *http.Request) (Answer, error) {
	q.RequestURI, q.RemoteAddr = q.URL.RequestURI(), "127.0.0.1:1024"
	rec := httptest.NewRecorder()
	done := make(chan struct{})
	w.busy.Go(func() {
		defer close(done)
		h.ServeHTTP(rec, q)
	})
	select {
	case <-done:
		return Answer{rec.Code, rec.Header(), rec.Body.String()}, nil
	case <-q.Context().Done():
		return Answer{}, q.Context().Err()
	}
}

// Challenge is the request by which Slack tries a new events URL: Slack docs,
// url_verification. The answer must hold the challenge.
func (w *Workspace) Challenge() (p Post, challenge string) {
	challenge = rand.Text()
	body := raw(object{"token": "verification", "challenge": challenge, "type": "url_verification"})
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.newPost(cmp.Or(w.receiverPath(events), "/slack/events"), "application/json", body), challenge
}

// Last is the last input again as a request, to be spoiled.
func (w *Workspace) Last() Post {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.postOf(w.last)
}

func (w *Workspace) receiverPath(kind string) string {
	if w.receiver == nil {
		return ""
	}
	return map[string]string{commands: w.receiver.Command, interactions: w.receiver.Interact, events: w.receiver.Events}[kind]
}

// postOf writes a delivery as HTTP mode does: a form for commands, a form with JSON
// in it for interactions, JSON for events.
func (w *Workspace) postOf(d *delivery) Post {
	const form = "application/x-www-form-urlencoded"
	path := w.receiverPath(d.kind)
	switch d.kind {
	case commands:
		var fields map[string]string
		_ = json.Unmarshal(d.payload, &fields) // made here, of texts only
		values := url.Values{}
		for name, value := range fields {
			values.Set(name, value)
		}
		return w.newPost(path, form, []byte(values.Encode()))
	case interactions:
		return w.newPost(path, form, []byte(url.Values{"payload": {string(d.payload)}}.Encode()))
	}
	p := w.newPost(path, "application/json", d.payload)
	if d.retry > 0 {
		p.Header.Set("X-Slack-Retry-Num", strconv.Itoa(d.retry))
		p.Header.Set("X-Slack-Retry-Reason", "http_timeout")
	}
	return p
}

// overHTTP posts a delivery, waits for the answer, and shows what it says.
func (w *Workspace) overHTTP(ctx context.Context, to *Receiver, d *delivery) outcome {
	got := w.posted(ctx, to, d)
	w.mu.Lock()
	defer w.mu.Unlock()
	if got.problem == "" {
		got.problem = w.apply(d, got.answer)
	}
	return got
}

func (w *Workspace) posted(ctx context.Context, to *Receiver, d *delivery) outcome {
	ctx, cancel := context.WithTimeout(ctx, w.o.AckWithin)
	defer cancel()
	w.mu.Lock()
	p := w.postOf(d)
	w.mu.Unlock()
	answer, err := p.send(ctx, to)
	switch {
	case ctx.Err() != nil:
		return outcome{problem: "operation_timeout"}
	case err != nil:
		return outcome{problem: "dispatch_failed: " + err.Error()}
	case answer.Status != http.StatusOK:
		return outcome{problem: fmt.Sprintf("dispatch_failed: status %d", answer.Status)}
	case !d.takesAnswer || answer.Body == "":
		return outcome{}
	case d.kind == commands && !json.Valid([]byte(answer.Body)):
		return outcome{answer: raw(object{"text": answer.Body})} // plain text is a message too
	}
	return outcome{answer: json.RawMessage(answer.Body)}
}
