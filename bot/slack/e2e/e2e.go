// Package e2e puts a bot before a Slack that nobody here wrote: npm's package
// emulate keeps the channels, messages and modals and answers the Web API; what it
// lacks stands in front of it: Socket Mode, response URLs, rate limits, and people
// who press and type. [CheckTypes] holds what a bot draws against Slack's own types.
//
// It is for tests with Node, installed by npm ci in this folder. It checks no
// limits: emulate accepts any block.
package e2e

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"twokey/bot/chattest/node"
)

// T is what the package needs of a *testing.T.
type T = node.T

// Missing says what a machine lacks for the tests of this package; empty: nothing.
// The folder is this one, as seen from the test.
func Missing(folder string) string { return node.Missing(folder, "emulate") }

// Team is emulate's only workspace.
const Team = "T000000001"

// Slack is the server and the people in it. Make it with [Start].
type Slack struct {
	Room string // id of the private channel "sec-leaks"; the bot and all people are in it

	BotUser, BotToken, AppToken string

	emulate *url.URL
	forward *httputil.ReverseProxy
	front   *httptest.Server
	users   map[string]string // ids by name

	mu        sync.Mutex
	changed   chan struct{}
	throttled map[string]int // how many calls of a method are still to be refused
	calls     map[string]int
	told      map[string][]Shown // privately, by user
	modals    map[string]object  // the newest of each user
	owners    map[string]string  // of modals, by id
	triggers  map[string]string  // who acted
	responses map[string]string  // who a response URL speaks to
	sockets   []*socket
	acks      map[string]json.RawMessage
	last      object // press
	lastBy    string
}

type object = map[string]any

const (
	botUser = "U0TWOKEY"
	botID   = "B0TWOKEY"
	appID   = "A0TWOKEY"
)

// Start runs emulate with these people, and stands in front of it until the test
// ends. The folder is this one, as seen from the test.
func Start(t T, folder string, people ...string) *Slack {
	t.Helper()
	s := &Slack{
		BotUser: botUser, BotToken: "xoxb-" + rand.Text(), AppToken: "xapp-" + rand.Text(), users: map[string]string{},
		changed: make(chan struct{}), throttled: map[string]int{}, calls: map[string]int{}, told: map[string][]Shown{},
		modals: map[string]object{}, owners: map[string]string{}, triggers: map[string]string{}, responses: map[string]string{}, acks: map[string]json.RawMessage{},
	}
	s.emulate = run(t, folder, s.seed(people))
	s.forward = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(s.emulate) }, ModifyResponse: s.overhear,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }, // a bot that was killed has left
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", s.serveAPI)
	mux.HandleFunc("/link/", s.serveLink)
	mux.HandleFunc("/response/{id}", s.serveResponse)
	s.front = httptest.NewServer(mux)
	t.Cleanup(s.front.Close)
	t.Cleanup(s.hangUp)
	s.furnish(t, people)
	return s
}

// URL is the base of the Web API for the bot, with its slash at the end.
func (s *Slack) URL() string { return s.front.URL + "/api/" }

// User is the id of a person.
func (s *Slack) User(name string) string { return s.users[name] }

func (s *Slack) seed(people []string) string {
	var users []object
	tokens := []object{{"token": s.BotToken, "type": "bot", "user_id": botUser, "app_id": appID, "bot_id": botID, "bot_user_id": botUser}}
	for _, name := range people {
		users = append(users, object{"name": name, "email": name + "@corp.example"})
		tokens = append(tokens, object{"token": tokenOf(name), "user": name})
	}
	b, _ := json.Marshal(object{ // of texts only
		"users": users, "tokens": tokens,
		"oauth_apps": []object{{
			"client_id": "1.2", "client_secret": "s", "name": "twokey", "redirect_uris": []string{"http://127.0.0.1/"},
			"scopes": "chat:write", "app_id": appID, "bot_id": botID, "bot_user_id": botUser, "bot_name": "twokey",
		}},
	})
	return string(b)
}

// tokenOf is a person's own token: what they read does not pass through the bot.
func tokenOf(name string) string { return "xoxp-" + name }

// furnish makes the room and learns who is who.
func (s *Slack) furnish(t T, people []string) {
	t.Helper()
	room := s.ask(t, s.BotToken, "conversations.create", url.Values{"name": {"sec-leaks"}, "is_private": {"true"}})
	s.Room = text(room, "channel", "id")
	for _, name := range people {
		found := s.ask(t, s.BotToken, "users.lookupByEmail", url.Values{"email": {name + "@corp.example"}})
		s.users[name] = text(found, "user", "id")
		s.ask(t, s.BotToken, "conversations.invite", url.Values{"channel": {s.Room}, "users": {s.users[name]}})
	}
}

// run starts emulate; it ends with the test.
func run(t T, folder, seed string) *url.URL {
	t.Helper()
	_, out := node.Run(t, folder, "serve.mjs", seed)
	line, err := out.ReadString('\n')
	if err != nil {
		t.Fatalf("emulate does not start: %v", err)
	}
	at, err := url.Parse(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("emulate listens at %q", line)
	}
	return at
}

// ask calls emulate itself with somebody's token. An answer that is not ok fails
// the test.
func (s *Slack) ask(t T, token, method string, values url.Values) object {
	t.Helper()
	answer, err := s.call(t.Context(), token, method, values)
	if err != nil || answer["ok"] != true {
		t.Fatalf("emulate, %s: %v %v", method, answer["error"], err)
	}
	return answer
}

func (s *Slack) call(ctx context.Context, token, method string, values url.Values) (object, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, s.emulate.JoinPath("api", method).String(), strings.NewReader(values.Encode()))
	if err != nil {
		return nil, err
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("Authorization", "Bearer "+token)
	got, err := http.DefaultClient.Do(q)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close() //nolint:errcheck // read to the end
	b, err := io.ReadAll(got.Body)
	if err != nil {
		return nil, err
	}
	answer := object{}
	if err := json.Unmarshal(b, &answer); err != nil {
		return nil, fmt.Errorf("status %d: %w", got.StatusCode, err)
	}
	return answer, nil
}

// text is a text inside JSON, by its path; empty: there is none.
func text(v any, path ...string) string {
	for _, name := range path {
		o, _ := v.(object)
		v = o[name]
	}
	s, _ := v.(string)
	return s
}

// patience bounds the wait for what never comes.
const patience = time.Minute // a bot that was killed several times backs off for half of that

// await waits until done says so, looking again after each change. It fails the
// test if that never comes.
func (s *Slack) await(t T, what string, done func() bool) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		s.mu.Lock()
		ok, changed := done(), s.changed
		s.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-late.C:
			t.Fatalf("waited in vain for %s", what)
		case <-t.Context().Done():
			t.Fatalf("the test ended while it waited for %s", what)
		}
	}
}

// touch tells those who wait that something changed. The lock is held.
func (s *Slack) touch() {
	close(s.changed)
	s.changed = make(chan struct{})
}
