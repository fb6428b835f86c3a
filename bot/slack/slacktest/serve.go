package slacktest

import (
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"strings"
)

// object is JSON as it goes over the wire.
type object = map[string]any

// refusal is an answer with ok:false.
type refusal struct {
	Code     string
	Messages []string // what exactly, in response_metadata
	More     object   // other fields
}

func refuse(code string) *refusal { return &refusal{Code: code} }

// method is one method of the Web API. Its run is called with the lock held.
type method struct {
	scopes func(w *Workspace, a args) []string // any of them will do; nil: none needed
	app    bool                                // wants the app-level token
	run    func(w *Workspace, a args) (object, *refusal)
}

// methods are all that this workspace serves; Slack has more.
var methods = joinMethods(authMethods(), userMethods(), channelMethods(), historyMethods(), chatMethods(), viewMethods(), pinMethods())

func joinMethods(families ...map[string]method) map[string]method {
	all := map[string]method{}
	for _, family := range families {
		maps.Copy(all, family)
	}
	return all
}

func (w *Workspace) serveAPI(rw http.ResponseWriter, r *http.Request) {
	name := r.PathValue("method")
	hit := w.called(name)
	a, token, refused := readArgs(r) // to the end, or a client that leaves is not noticed
	if hit != nil && hit.stands(w, rw, r) {
		return
	}
	var answer object
	if refused == nil && hit != nil && hit.Kind == Refuse {
		refused = refuse(hit.Code)
	}
	if refused == nil {
		answer, refused = w.perform(name, token, a)
	}
	if hit != nil && hit.Kind == Lose {
		panic(http.ErrAbortHandler) // net/http closes the connection without a word
	}
	w.answer(rw, answer, refused)
}

// Calls counts how often a method was called, faults included. "response_url"
// counts the posts to response URLs.
func (w *Workspace) Calls(method string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[method]
}

func (w *Workspace) called(name string) *injected {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls[name]++
	w.touch()
	return w.fault(name)
}

func (w *Workspace) perform(name, token string, a args) (object, *refusal) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, known := methods[name]
	if !known {
		return nil, refuse("unknown_method")
	}
	if refused := w.authenticate(m, token); refused != nil {
		return nil, refused
	}
	if refused := w.authorize(m, a); refused != nil {
		return nil, refused
	}
	defer w.touch()
	return m.run(w, a)
}

func (w *Workspace) answer(rw http.ResponseWriter, answer object, refused *refusal) {
	w.mu.Lock()
	rw.Header().Set("X-OAuth-Scopes", strings.Join(w.scopes, ","))
	w.mu.Unlock()
	rw.Header().Set("Content-Type", "application/json; charset=utf-8")
	body := object{"ok": refused == nil}
	if refused != nil {
		body["error"] = refused.Code
		answer = refused.More
		if len(refused.Messages) > 0 {
			body["errors"] = refused.Messages
			body["response_metadata"] = object{"messages": marked(refused.Messages)}
		}
	}
	maps.Copy(body, answer)
	_ = json.NewEncoder(rw).Encode(body)
}

// marked is how response_metadata shows messages.
func marked(messages []string) []string {
	out := make([]string, len(messages))
	for i, m := range messages {
		out[i] = "[ERROR] " + m
	}
	return out
}

// maxBody is far above anything that a bot sends.
const maxBody = 4 << 20

// readArgs reads the arguments from a form, JSON or the query, and the token from
// where Slack accepts it: the header, or the form; JSON bodies need the header.
func readArgs(r *http.Request) (args, string, *refusal) {
	a := args{}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	r.Body = http.MaxBytesReader(nil, r.Body, maxBody)
	if kind == "application/json" {
		if err := json.NewDecoder(r.Body).Decode(&a); err != nil && r.ContentLength != 0 {
			return nil, "", refuse("invalid_json")
		}
	} else {
		if err := r.ParseForm(); err != nil {
			return nil, "", refuse("invalid_form_data")
		}
		for name := range r.Form {
			a[name] = r.Form.Get(name)
		}
	}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return a, bearer, nil
	}
	if kind == "application/json" {
		return a, "", nil
	}
	return a, a.text("token"), nil
}
