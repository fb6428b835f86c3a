package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

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
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if r.Header.Get("Authorization") == "" {
		form, _ := url.ParseQuery(string(body)) // a token that cannot be read is none
		r.Header.Set("Authorization", "Bearer "+form.Get("token"))
	}
	if method == "chat.postEphemeral" {
		form, _ := url.ParseQuery(string(body))
		defer s.tell(form.Get("user"), form.Get("text")+"\n"+form.Get("blocks"))
	}
	s.forward.ServeHTTP(w, r)
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

// overhear keeps the modals that emulate says it has opened.
func (s *Slack) overhear(r *http.Response) error {
	if !strings.HasPrefix(r.Request.URL.Path, "/api/views.") {
		return nil
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	var answer struct {
		OK   bool   `json:"ok"`
		View object `json:"view"`
	}
	if json.Unmarshal(b, &answer) != nil || !answer.OK {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for user, open := range s.modals { // the person's press made room for it
		if open == nil || text(open, "id") == text(answer.View, "id") {
			s.modals[user] = answer.View
		}
	}
	s.touch()
	return nil
}

func (s *Slack) tell(user, words string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told[user] = append(s.told[user], words)
	s.touch()
}

func (s *Slack) serveResponse(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	s.mu.Lock()
	user := s.responses[r.PathValue("id")]
	s.calls["response_url"]++
	s.mu.Unlock()
	s.tell(user, string(body))
	_, _ = io.WriteString(w, "ok")
}
