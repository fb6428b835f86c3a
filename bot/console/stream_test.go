package console_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"twokey/bot"
	"twokey/bot/console"
)

// stream reads the events of one open page.
type stream struct {
	lines *bufio.Scanner
	close func()
}

type news struct {
	Boot  string
	Seq   uint64
	Who   string
	Parts map[string]string
}

func (r *room) stream(t *testing.T, who string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/console/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	q.AddCookie(&http.Cookie{Name: "twokey_console_who", Value: who})
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); answer.Body.Close() })
	if kind := answer.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		t.Fatalf("events are %s, status %d", kind, answer.StatusCode)
	}
	s := &stream{lines: bufio.NewScanner(answer.Body), close: cancel}
	s.lines.Buffer(nil, 1<<20)
	return s
}

// next waits for the next event; false: the stream has ended.
func (s *stream) next(t *testing.T) (news, bool) {
	t.Helper()
	for s.lines.Scan() {
		if data, ok := strings.CutPrefix(s.lines.Text(), "data: "); ok {
			var n news
			if err := json.Unmarshal([]byte(data), &n); err != nil {
				t.Fatal(err)
			}
			return n, true
		}
	}
	return news{}, false
}

// until waits for an event with a part that has the text.
func (s *stream) until(t *testing.T, part, text string) news {
	t.Helper()
	for {
		n, ok := s.next(t)
		if !ok {
			t.Fatalf("the stream ended before %s said %q", part, text)
		}
		if strings.Contains(n.Parts[part], text) {
			return n
		}
	}
}

func TestAnOpenPageIsToldAtOnce(t *testing.T) {
	r := deaf(t, console.Config{})
	s := r.stream(t, "ana")
	first, _ := s.next(t)
	if _, ok := first.Parts["room"]; !ok || first.Who != "ana" {
		t.Errorf("the first event is not everything: %v", first)
	}
	ref := r.post(t, "inc-7", moment1())
	s.until(t, "room", "Looking up whose key it is")
	if err := r.Update(t.Context(), ref, moment2()); err != nil {
		t.Fatal(err)
	}
	s.until(t, "room", "NOT CONTAINED")
	if err := r.Reply(t.Context(), ref, story()[1]); err != nil {
		t.Fatal(err)
	}
	s.until(t, "room", "Owner found")
}

func TestWhatDidNotChangeIsNotSentAgain(t *testing.T) {
	r := deaf(t, console.Config{})
	s := r.stream(t, "ana")
	s.next(t)
	r.post(t, "inc-7", moment1())
	n := s.until(t, "room", "Looking up")
	if len(n.Parts) != 1 {
		t.Errorf("a new card redraws %d parts, want the room alone", len(n.Parts))
	}
}

func TestAPageThatWasAwayIsToldEverything(t *testing.T) {
	r := deaf(t, console.Config{})
	s := r.stream(t, "ana")
	s.next(t)
	s.close()
	r.post(t, "inc-7", moment4())
	if n, _ := r.stream(t, "ana").next(t); !strings.Contains(n.Parts["room"], "CONTAINED 02:55:02") {
		t.Error("the first event after coming back is not the room as it is")
	}
}

func TestPrivateWordsTravelToOneStreamOnly(t *testing.T) {
	r := open(t, console.Config{}, func(bot.Input) bot.Answer { return bot.Answer{Text: "for ana alone"} })
	ana, bo := r.stream(t, "ana"), r.stream(t, "bo")
	ana.next(t)
	bo.next(t)
	if _, err := r.as(t, "ana").Say(t.Context(), "list"); err != nil {
		t.Fatal(err)
	}
	ana.until(t, "answers", "for ana alone")
	r.post(t, "inc-7", moment1())
	for {
		n, _ := bo.next(t)
		if strings.Contains(n.Parts["answers"], "for ana alone") {
			t.Fatal("Bo's stream carries what Ana was told")
		}
		if strings.Contains(n.Parts["room"], "Looking up") {
			return // later than Ana's answer
		}
	}
}

func TestThePretendAccountIsLive(t *testing.T) {
	var inactive atomic.Bool
	tried := make(chan struct{}, 1)
	r := deaf(t, console.Config{
		Account: func() console.Pretend {
			p := pretend()
			if inactive.Load() {
				p.Users[0].Keys[0].Status = "Inactive"
			}
			return p
		},
		Attack: func(context.Context) error { tried <- struct{}{}; return nil },
	})
	s := r.stream(t, "ana")
	first, _ := s.next(t)
	if !strings.Contains(first.Parts["account"], "Active</span>") {
		t.Error("the key's status is not shown")
	}
	inactive.Store(true)
	r.Touch()
	for !slices.Contains(classes(s.until(t, "account", keyID).Parts["account"]), "key inactive") {
		t.Log("not yet inactive")
	}
}

func classes(html string) []string {
	var out []string
	for _, piece := range strings.Split(html, `class="`)[1:] {
		name, _, _ := strings.Cut(piece, `"`)
		out = append(out, name)
	}
	return out
}

func TestAClosedConsoleEndsItsStreams(t *testing.T) {
	r := deaf(t, console.Config{})
	s := r.stream(t, "ana")
	s.next(t)
	r.Close()
	if _, ok := s.next(t); ok {
		t.Error("the stream goes on")
	}
}

func TestStreamsAreBounded(t *testing.T) {
	r := deaf(t, console.Config{})
	for range 64 {
		r.stream(t, "ana")
	}
	answer := ask(t, http.MethodGet, r.url+"/console/events", "", nil)
	if answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the 65th stream: %d, want 503", answer.StatusCode)
	}
}

func TestAFailedAttackIsSaidAndNotTold(t *testing.T) {
	r := deaf(t, console.Config{Account: pretend, Attack: func(context.Context) error { return errors.New("secret address 10.0.0.1") }})
	ana := r.as(t, "ana")
	form := small(t, pageOf(t, ana), "/console/attack")
	err := second(ana.Send(t.Context(), form))
	wantStatus(t, http.StatusBadGateway, err)
	if strings.Contains(err.Error(), "10.0.0.1") {
		t.Error("the page shows the cause")
	}
}
