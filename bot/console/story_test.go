package console_test

import (
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/bot/console"
	"twokey/bot/console/consoletest"
	"twokey/incident"
)

// page is the console with people in front of it.
type page struct {
	*console.Console
	url     string
	readers map[incident.Person]*consoletest.Reader
	last    func(*testing.T) string
}

func TestTheStoryOnAPage(t *testing.T) {
	chattest.Run(t, func(t *testing.T) chattest.Platform {
		c := console.New(console.Config{Identities: people(), Words: words(t)})
		server := httptest.NewServer(c)
		t.Cleanup(server.Close)
		t.Cleanup(c.Close)
		return &page{Console: c, url: server.URL, readers: map[incident.Person]*consoletest.Reader{}}
	})
}

func (p *page) Chat() bot.Chat { return p.Console }

func (p *page) reader(t *testing.T, who incident.Person) *consoletest.Reader {
	t.Helper()
	if r, ok := p.readers[who]; ok {
		return r
	}
	r := consoletest.Open(p.url)
	if err := r.Be(t.Context(), string(who)); err != nil {
		t.Fatal(err)
	}
	p.readers[who] = r
	return r
}

// Text is the room as Chen sees it, who is told nothing privately here.
func (p *page) Text(t *testing.T) string {
	t.Helper()
	r := consoletest.Open(p.url)
	text, err := r.Page(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return consoletest.Text(text)
}

func (p *page) Press(t *testing.T, who incident.Person, b bot.Button, reason string) string {
	t.Helper()
	r := p.reader(t, who)
	form, err := r.Form(t.Context(), b)
	if err != nil {
		t.Fatalf("the page shows %s no such button: %v", who, err)
	}
	form.Fields.Set("confirmed", "1")
	form.Fields.Set("reason", reason)
	p.last = func(t *testing.T) string { return sent(t, r, form) }
	return p.last(t)
}

// sent posts a form; a refusal of the page itself is an answer too.
func sent(t *testing.T, r *consoletest.Reader, form consoletest.Form) string {
	t.Helper()
	answer, err := r.Send(t.Context(), form)
	if refused := (*consoletest.StatusError)(nil); errors.As(err, &refused) {
		return refused.Problem
	}
	if err != nil {
		t.Fatal(err)
	}
	return consoletest.Text(answer)
}

func (p *page) Again(t *testing.T) string { return p.last(t) }

func (p *page) Type(t *testing.T, who incident.Person, command string) string {
	t.Helper()
	answer, err := p.reader(t, who).Say(t.Context(), command)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(consoletest.Text(answer))
}
