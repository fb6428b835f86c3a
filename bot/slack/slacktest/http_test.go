package slacktest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"twokey/bot/slack/slacktest"
)

// app is a bot in HTTP mode, on slack-go's own verification and parsing.
func app(w *world) http.Handler {
	genuine := func(rw http.ResponseWriter, r *http.Request) bool {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		v, err := slack.NewSecretsVerifier(r.Header, w.App.SigningSecret)
		if err == nil {
			_, _ = v.Write(body)
			err = v.Ensure()
		}
		if err != nil {
			rw.WriteHeader(http.StatusUnauthorized)
		}
		return err == nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /slack/command", func(rw http.ResponseWriter, r *http.Request) {
		if !genuine(rw, r) {
			return
		}
		if c, err := slack.SlashCommandParse(r); err == nil {
			_, _ = io.WriteString(rw, "you typed "+c.Command+" "+c.Text)
		}
	})
	mux.HandleFunc("POST /slack/interact", func(rw http.ResponseWriter, r *http.Request) {
		if !genuine(rw, r) {
			return
		}
		if c, err := slack.InteractionCallbackParse(r); err == nil && len(c.ActionCallback.BlockActions) == 1 {
			_, _ = io.WriteString(rw, `{"text":"nobody reads this"}`)
			_ = slack.PostWebhookContext(r.Context(), c.ResponseURL, &slack.WebhookMessage{Text: "pressed " + c.ActionCallback.BlockActions[0].Value})
		}
	})
	mux.HandleFunc("POST /slack/events", func(rw http.ResponseWriter, r *http.Request) {
		if !genuine(rw, r) {
			return
		}
		var e struct{ Challenge string }
		_ = json.NewDecoder(r.Body).Decode(&e)
		_, _ = io.WriteString(rw, e.Challenge)
	})
	return mux
}

func TestHTTPModeDeliversTheSame(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.PostTo(slacktest.Receiver{Handler: app(w)})
	ana := w.As(t, w.ana)
	if text := ana.Command(w.room, "list & more").Text(); text != "you typed /leak list & more" {
		t.Errorf("command: %q", text)
	}
	w.post(t, slack.MsgOptionText("card", false), slack.MsgOptionBlocks(actions("a", button("approve", "digest", "Approve"))))
	if r := ana.Click("Approve"); r.Text() != "pressed digest" || r.Answer != nil {
		t.Errorf("click: %q, answer %s", r.Text(), r.Answer)
	}
	if r := ana.Mention(w.room, "", "list"); r.Problem != "" {
		t.Error(r.Problem)
	}
	p, challenge := w.Challenge()
	if a := p.Send(t); a.Status != http.StatusOK || a.Body != challenge {
		t.Errorf("challenge: %+v", a)
	}
}

func TestSpoiledRequestsAreNotGenuine(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	w.PostTo(slacktest.Receiver{Handler: app(w)})
	ana := w.As(t, w.ana)
	w.post(t, slack.MsgOptionText("card", false), slack.MsgOptionBlocks(actions("a", button("approve", "digest", "Approve"))))
	for name, act := range map[string]func(){
		"command": func() { ana.Command(w.room, "list") }, "click": func() { ana.Click("Approve") }, "event": func() { ana.Direct("list") },
	} {
		act()
		good := w.Last()
		for how, c := range map[string]struct {
			post slacktest.Post
			want int
		}{
			"as it was": {good, http.StatusOK}, "forged": {good.Forged(), http.StatusUnauthorized},
			"stale": {good.Aged(6 * time.Minute), http.StatusUnauthorized}, "from the future": {good.Aged(-6 * time.Minute), http.StatusUnauthorized},
			"a little late": {good.Aged(4 * time.Minute), http.StatusOK}, "unsigned": {good.Unsigned(), http.StatusUnauthorized},
			"written again": {good.Reencoded(), http.StatusUnauthorized}, "in the query": {good.Tampered(url.Values{"payload": {"{}"}}), http.StatusOK},
		} {
			if a := c.post.Send(t); a.Status != c.want {
				t.Errorf("%s %s: status %d, want %d", name, how, a.Status, c.want)
			}
		}
	}
}

// longEnough is for answers that never come.
const longEnough = 100 * time.Millisecond

func TestSlackDoesNotWaitForEver(t *testing.T) {
	w := newWorld(t, slacktest.Options{AckWithin: longEnough})
	w.PostTo(slacktest.Receiver{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })})
	if r := w.As(t, w.ana).Lenient().Command(w.room, "list"); r.Problem != "operation_timeout" || r.Text() != "operation_timeout" {
		t.Errorf("%+v", r)
	}
}

func TestSlackTellsPeopleWhenTheBotDoesNot(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	ana := w.As(t, w.ana).Lenient()
	w.PostTo(slacktest.Receiver{Handler: http.NotFoundHandler()})
	if r := ana.Command(w.room, "list"); !strings.HasPrefix(r.Problem, "dispatch_failed") || !strings.Contains(r.Text(), "dispatch_failed") {
		t.Errorf("not found: %+v", r)
	}
	w.PostTo(slacktest.Receiver{Handler: http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(rw, `{"blocks":[{"type":"header","text":{"type":"mrkdwn","text":"x"}}]}`)
	})})
	if r := ana.Command(w.room, "list"); !strings.Contains(r.Problem, "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]") {
		t.Errorf("bad blocks: %+v", r)
	}
}

func TestARetryIsMarked(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	var seen []string
	w.PostTo(slacktest.Receiver{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("X-Slack-Retry-Num"))
	})})
	w.As(t, w.ana).Direct("list")
	w.Again(t)
	if len(seen) != 2 || seen[0] != "" || seen[1] != "1" {
		t.Errorf("retries %q", seen)
	}
}

func TestTheServerMayBeElsewhere(t *testing.T) {
	w := newWorld(t, slacktest.Options{})
	mux := http.NewServeMux()
	mux.Handle("/bots/", http.StripPrefix("/bots", app(w)))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	w.PostTo(slacktest.Receiver{URL: server.URL, Command: "/bots/slack/command"})
	if text := w.As(t, w.ana).Command(w.room, "list").Text(); text != "you typed /leak list" {
		t.Errorf("command: %q", text)
	}
	if r := w.As(t, w.ana).Lenient().Direct("list"); !strings.Contains(r.Problem, "status 404") {
		t.Errorf("event: %+v", r)
	}
}
