package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// asked is what emulate was asked, for when it has answered.
type asked struct{}

// serveAPI hands a call on to emulate, with the token where emulate reads it.
func (s *Slack) serveAPI(w http.ResponseWriter, r *http.Request) {
	method := r.PathValue("method")
	if s.refuses(method) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	if method == "apps.connections.open" {
		s.openConnection(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	form, _ := url.ParseQuery(string(body)) // a token that cannot be read is none
	r = r.WithContext(context.WithValue(r.Context(), asked{}, body))
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if r.Header.Get("Authorization") == "" {
		r.Header.Set("Authorization", "Bearer "+form.Get("token"))
	}
	s.forward.ServeHTTP(w, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touch()
}

// Throttle refuses the next calls of a method with 429 and Retry-After: 1.
func (s *Slack) Throttle(method string, calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.throttled[method] = calls
}

// Calls counts how often a method was called, refused calls too.
func (s *Slack) Calls(method string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[method]
}

// AwaitCalls waits until a method was called so often. The last call may not be
// answered yet.
func (s *Slack) AwaitCalls(t T, method string, n int) {
	t.Helper()
	s.await(t, method, func() bool { return s.calls[method] >= n })
}

func (s *Slack) refuses(method string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[method]++
	s.touch()
	if s.throttled[method] == 0 {
		return false
	}
	s.throttled[method]--
	return true
}

// overhear keeps what emulate shows to one person alone: it has no way to ask for it.
func (s *Slack) overhear(r *http.Response) error {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	answer := object{}
	body, _ := r.Request.Context().Value(asked{}).([]byte)
	if json.Unmarshal(b, &answer) != nil || answer["ok"] != true {
		return nil
	}
	switch _, method, _ := strings.Cut(r.Request.URL.Path, "/api/"); method {
	case "chat.postEphemeral":
		s.whispered(body, text(answer, "message_ts"))
	case "views.open", "views.push", "views.update":
		s.opened(body, answer["view"])
	}
	return nil
}

func (s *Slack) whispered(body []byte, ts string) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return // emulate took it: it is a form
	}
	shown := Shown{Text: form.Get("text"), ts: ts}
	_ = json.Unmarshal([]byte(form.Get("blocks")), &shown.Blocks) // empty: none
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell(form.Get("user"), shown)
}

// opened keeps a modal. Whose it is stands in the trigger, and later in its id.
func (s *Slack) opened(body []byte, view any) {
	var q struct {
		Trigger string `json:"trigger_id"`
	}
	_ = json.Unmarshal(body, &q) // an update has no trigger
	s.mu.Lock()
	defer s.mu.Unlock()
	id := text(view, "id")
	if user, ok := s.triggers[q.Trigger]; ok {
		s.owners[id] = user
	}
	modal, _ := view.(object)
	s.modals[s.owners[id]] = modal
	s.tell(s.owners[id], Shown{Text: text(view, "title", "text"), Blocks: list(modal["blocks"]), modal: id})
}

// tell shows something to one person. The lock is held.
func (s *Slack) tell(user string, shown Shown) {
	s.told[user] = append(s.told[user], shown)
	s.touch()
}

func (s *Slack) serveResponse(w http.ResponseWriter, r *http.Request) {
	var said Shown
	if err := json.NewDecoder(r.Body).Decode(&said); err != nil {
		http.Error(w, "invalid_payload", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls["response_url"]++
	s.tell(s.responses[r.PathValue("id")], said)
	_, _ = io.WriteString(w, "ok")
}
