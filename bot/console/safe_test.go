package console_test

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"twokey/bot"
	"twokey/bot/console"
	"twokey/incident"
)

func TestEveryAnswerForbidsWhatThePageDoesNotNeed(t *testing.T) {
	r := deaf(t, console.Config{})
	for _, path := range []string{"", "assets/console.js", "assets/console.css", "assets/icon.svg", "assets/nothing", "nothing"} {
		answer := ask(t, http.MethodGet, r.url+"/console/"+path, "", nil)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Frame-Options": "DENY",
		} {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		policy := answer.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy lacks %s", path, want)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: unsafe policy %s", path, policy)
		}
	}
}

func TestThePageHasNothingInline(t *testing.T) {
	r := deaf(t, console.Config{Account: pretend})
	r.post(t, "inc-7", moment2())
	got := pageOf(t, r.as(t, "ana"))
	if bad := regexp.MustCompile(`(?i)<style| style=| on[a-z]+=|javascript:|<script[^>]*>[^<]`).FindString(got); bad != "" {
		t.Errorf("the page has %q", bad)
	}
}

func TestOnlyLoopbackNamesAndTheOwnPortAreAnswered(t *testing.T) {
	r := deaf(t, console.Config{})
	u, err := url.Parse(r.url)
	if err != nil {
		t.Fatal(err)
	}
	port := ":" + u.Port()
	for host, want := range map[string]int{
		"127.0.0.1" + port: 200, "localhost" + port: 200, "LOCALHOST" + port: 200, "[::1]" + port: 200, "127.9.9.9" + port: 200,
		"127.0.0.1": 403, "127.0.0.1:1": 403, "evil.example" + port: 403, "localhost.evil.example" + port: 403, "127.0.0.1.nip.io" + port: 403,
		"192.0.2.7" + port: 403, "0.0.0.0" + port: 403, "2130706433" + port: 403, "[::ffff:192.0.2.7]" + port: 403,
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			path, want := "/console/", want
			if method == http.MethodPost {
				path = "/console/press"
				if want == 200 {
					want = 409 // let in, but the form is empty
				}
			}
			answer := ask(t, method, r.url+path, "", func(q *http.Request) { q.Host = host })
			if answer.StatusCode != want {
				t.Errorf("%s with Host %s: %d, want %d", method, host, answer.StatusCode, want)
			}
		}
	}
}

func TestAStrangeAddressIsNotAnswered(t *testing.T) {
	c := console.New(console.Config{Identities: people()})
	here := context.WithValue(t.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 9), Port: 8080})
	for remote, want := range map[string]int{
		"127.0.0.1:1234": 200, "[::1]:1234": 200, "[::ffff:127.0.0.1]:1234": 200,
		"192.0.2.1:1234": 403, "[2001:db8::1]:1234": 403, "": 403, "127.0.0.1": 403,
	} {
		w := recorder{header: http.Header{}}
		q := (&http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/console/"}, Host: "localhost:8080", RemoteAddr: remote, Header: http.Header{}, Body: http.NoBody}).WithContext(here)
		c.ServeHTTP(&w, q)
		if w.status != want {
			t.Errorf("from %q: %d, want %d", remote, w.status, want)
		}
	}
}

type recorder struct {
	header http.Header
	status int
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return len(b), nil }

func TestAnotherSitesFormIsRefused(t *testing.T) {
	attacks := 0
	r := open(t, console.Config{Attack: func(context.Context) error { attacks++; return nil }}, nil)
	r.post(t, "inc-7", moment2())
	form, err := r.as(t, "ana").Form(t.Context(), approveDisable())
	if err != nil {
		t.Fatal(err)
	}
	form.Fields.Set("confirmed", "1")
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		for _, path := range []string{"press", "say", "identity", "language", "dismiss", "attack"} {
			answer := ask(t, http.MethodPost, r.url+"/console/"+path, form.Fields.Encode(), func(q *http.Request) { q.Header.Set(name, value) })
			if answer.StatusCode != http.StatusForbidden {
				t.Errorf("%s with %s %s: %d, want 403", path, name, value, answer.StatusCode)
			}
		}
	}
	answer := ask(t, http.MethodGet, r.url+"/console/events", "", func(q *http.Request) { q.Header.Set("Sec-Fetch-Site", "cross-site") })
	if answer.StatusCode != http.StatusForbidden {
		t.Errorf("events across sites: %d, want 403", answer.StatusCode)
	}
	for _, path := range []string{"press", "say", "identity", "language", "dismiss", "attack"} { // no browser, no mark
		if answer := ask(t, http.MethodPost, r.url+"/console/"+path, "user=bo&lang=zh&text=list&turn=0&who=ana", nil); answer.StatusCode != http.StatusConflict {
			t.Errorf("%s without a mark: %d, want 409", path, answer.StatusCode)
		}
	}
	if len(r.inputs) != 0 || attacks != 0 {
		t.Errorf("%d clicks and %d attacks got through", len(r.inputs), attacks)
	}
}

func TestTheMethodAndTheSizeAreChecked(t *testing.T) {
	r := open(t, console.Config{}, nil)
	for path, method := range map[string]string{"press": http.MethodGet, "say": http.MethodGet, "": http.MethodPost, "events": http.MethodPost, "identity": http.MethodDelete} {
		if answer := ask(t, method, r.url+"/console/"+path, "", nil); answer.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s %s: %d, want 405", method, path, answer.StatusCode)
		}
	}
	if answer := ask(t, http.MethodPost, r.url+"/console/say", "text="+strings.Repeat("x", 65<<10), nil); answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("65 KiB: %d, want 413", answer.StatusCode)
	}
	if answer := ask(t, http.MethodPost, r.url+"/console/say", "text=%zz", nil); answer.StatusCode != http.StatusBadRequest {
		t.Errorf("not a form: %d, want 400", answer.StatusCode)
	}
}

// hostile is what a stranger would like a reader to see or a browser to do.
const hostile = "<script>alert(1)</script>\u202e\u2066gpj.exe\u200b\x1b[2J\u0000\"'><img src=x onerror=alert(1)>\xff {{.}} \U000e0041"

func TestForeignTextIsOnlyText(t *testing.T) {
	h := hostile
	b := bot.Button{Act: bot.ActShow, Label: h, Tone: bot.Tone(h), Incident: inc, Confirm: &bot.Confirm{Title: h, Text: h, Yes: h, No: h}, Reason: &bot.Prompt{Title: h, Label: h}, Command: h}
	bs := []bot.Button{b}
	f := []bot.Field{{Label: h, Text: h}}
	s := []bot.Step{{Name: h, Number: 1, Title: h, State: h, Tone: bot.Tone(h), Effect: h, Undo: h, People: h, Digest: h, Facts: f, Buttons: bs}}
	card := bot.Card{
		Incident: inc, Lang: "en", Tone: bot.Tone(h), Title: "inc-7 · " + h + " — " + h, Drill: h, Fields: f,
		Notices: []bot.Notice{{Tone: bot.Alarm, Text: h, Buttons: bs}}, Heading: h, Steps: s, Asks: []bot.Ask{{Text: h, Buttons: bs}},
		Folded: s, More: h, Actions: bs, Foot: h,
	}
	r := open(t, console.Config{
		Title:      h,
		Identities: []console.Identity{{User: "ana", Name: h, Stranger: true}},
		Words:      func(_, id string, _ map[string]string) string { return id },
		Account: func() console.Pretend {
			return console.Pretend{
				Account: h, Users: []console.User{{Name: h, Keys: []console.Key{{ID: h, Status: h, Fence: h}}, Policies: []console.Policy{{Name: h, Via: h}}}},
				Calls: []console.Call{{Key: h, User: h, Action: h, Source: h, Code: h}, {Key: h, User: h, Action: h, Source: h, Code: h, Thief: true}},
			}
		},
	}, func(bot.Input) bot.Answer { return bot.Answer{Text: h, Card: &card} })
	ref := r.post(t, "inc-7", card)
	if err := r.Reply(t.Context(), ref, bot.Line{Key: h, Tone: bot.Tone(h), Who: h, Text: h}); err != nil {
		t.Fatal(err)
	}
	ana := r.as(t, "ana")
	shown, err := ana.Say(t.Context(), "note "+h)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{"page": pageOf(t, ana), "update": shown} {
		for _, bad := range []string{"<script>alert", "<img", "\u202e", "\u2066", "\u200b", "\x1b", "\x00", "\xff", "\U000e0041"} {
			if at := strings.Index(got, bad); at >= 0 {
				t.Errorf("%s: %q gets through: …%s…", name, bad, got[max(0, at-120):min(len(got), at+40)])
			}
		}
	}
	form, err := ana.Form(t.Context(), bot.Button{Act: bot.ActShow, Incident: inc})
	if err != nil {
		t.Fatal(err)
	}
	answer := ask(t, http.MethodPost, r.url+form.Action, form.Fields.Encode(), nil)
	if answer.StatusCode != http.StatusOK {
		t.Errorf("the question page: %d", answer.StatusCode)
	}
}

func TestAnUnknownActIsHandedOverAsItIs(t *testing.T) {
	r := open(t, console.Config{}, nil)
	odd := bot.Button{Act: "later", Label: "Later", Incident: incident.ID("inc-9"), Value: "a=b&c"}
	r.post(t, "inc-7", bot.Card{Incident: "inc-9", Title: "x", Actions: []bot.Button{odd}})
	if _, err := r.as(t, "ana").Press(t.Context(), odd, ""); err != nil {
		t.Fatal(err)
	}
	if in := <-r.inputs; in.Button.Value != "a=b&c" || in.Button.Act != "later" {
		t.Errorf("got %+v", in.Button)
	}
}
