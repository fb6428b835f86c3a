package console_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"twokey/bot"
	"twokey/bot/console"
	"twokey/bot/console/consoletest"
)

// room is a console on a real listener, with somebody who listens to it.
type room struct {
	*console.Console
	url    string
	inputs chan bot.Input
	answer func(bot.Input) bot.Answer
}

func people() []console.Identity {
	return []console.Identity{
		{User: "ana", Name: "Ana", Lang: "en"},
		{User: "bo", Name: "Bo", Lang: "en"},
		{User: "chen", Name: "Chen", Lang: "zh"},
		{User: "eve", Name: "Eve", Stranger: true, Lang: "en"},
	}
}

// open starts a console and waits until it is listened to.
func open(t *testing.T, config console.Config, answer func(bot.Input) bot.Answer) *room {
	t.Helper()
	r := deaf(t, config)
	r.answer = answer
	r.listen(t)
	return r
}

// deaf starts a console that nobody listens to.
func deaf(t *testing.T, config console.Config) *room {
	t.Helper()
	if config.Identities == nil {
		config.Identities = people()
	}
	if config.Words == nil {
		config.Words = words(t)
	}
	config.Now = func() time.Time { return clock("02:54:30") }
	c := console.New(config)
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	t.Cleanup(c.Close)
	return &room{Console: c, url: server.URL, inputs: make(chan bot.Input, 100)}
}

// listen returns when clicks are handed over; the stop it returns waits for the
// end of Listen.
func (r *room) listen(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	ready := make(chan struct{})
	go func() {
		done <- r.Listen(&watched{Context: ctx, ready: ready}, func(_ context.Context, in bot.Input) bot.Answer {
			r.inputs <- in
			if r.answer == nil {
				return bot.Answer{}
			}
			return r.answer(in)
		})
	}()
	select {
	case <-ready:
	case err := <-done:
		t.Fatalf("Listen ended at once: %v", err)
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Listen: %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// watched tells when Listen waits for its end: then it is attached.
type watched struct {
	context.Context
	once  sync.Once
	ready chan struct{}
}

func (w *watched) Done() <-chan struct{} {
	w.once.Do(func() { close(w.ready) })
	return w.Context.Done()
}

// words reads the product's catalogs; a sentence that is not there is its id.
func words(t *testing.T) func(lang, id string, blanks map[string]string) string {
	t.Helper()
	catalogs := map[string]map[string]any{}
	for _, lang := range []string{"en", "zh", "ja", "id"} {
		catalog := map[string]any{}
		if body, err := os.ReadFile("../view/locales/" + lang + ".yaml"); err == nil {
			if err := yaml.Unmarshal(body, &catalog); err != nil {
				t.Fatal(err)
			}
		}
		catalogs[lang] = catalog
	}
	return func(lang, id string, blanks map[string]string) string {
		text, ok := catalogs[lang][id].(string)
		if !ok {
			text = id
		}
		for name, value := range blanks {
			text = strings.ReplaceAll(text, "{"+name+"}", value)
		}
		return text
	}
}

// as opens the page as one identity.
func (r *room) as(t *testing.T, user string) *consoletest.Reader {
	t.Helper()
	reader := consoletest.Open(r.url)
	if err := reader.Be(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	return reader
}

func (r *room) post(t *testing.T, key string, c bot.Card) bot.Ref {
	t.Helper()
	ref, err := r.Post(t.Context(), key, c)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func pageOf(t *testing.T, r *consoletest.Reader) string {
	t.Helper()
	body, err := r.Page(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// ask makes one request by hand and gives the answer with its body closed.
func ask(t *testing.T, method, url, body string, change func(*http.Request)) *http.Response {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if change != nil {
		change(q)
	}
	answer, err := http.DefaultTransport.RoundTrip(q) // no redirects followed
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer
}

var smallForm = regexp.MustCompile(`(?s)action="(/console/[a-z]+)"[^>]*>\s*<input type="hidden" name="mark" value="([^"]*)">`)

// small is one of the page's own forms, without what is chosen in it.
func small(t *testing.T, page, action string) consoletest.Form {
	t.Helper()
	for _, m := range smallForm.FindAllStringSubmatch(page, -1) {
		if m[1] == action {
			return consoletest.Form{Action: action, Fields: url.Values{"mark": {m[2]}}}
		}
	}
	t.Fatalf("no form for %s", action)
	return consoletest.Form{}
}

// relay is an address that outlives the console behind it.
type relay struct {
	mu   sync.Mutex
	next http.Handler
}

func (r *relay) set(next http.Handler) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next = next
}

func (r *relay) serve(t *testing.T, first http.Handler) string {
	r.set(first)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		next := r.next
		r.mu.Unlock()
		next.ServeHTTP(w, q)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
