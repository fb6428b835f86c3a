package slack_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/room"
	"twokey/bot/slack"
	"twokey/bot/slack/slacktest"
)

// vector is a signature that somebody else made.
type vector struct {
	Secret    string `json:"signing_secret"`
	Timestamp string `json:"X-Slack-Request-Timestamp"`
	Body      string `json:"body"`
	Signature string `json:"X-Slack-Signature"`
}

// vectors are one made with another program (OpenSSL), and Slack's own where it is at
// hand.
func vectors(t *testing.T) []vector {
	t.Helper()
	all := []vector{{
		Secret: "twokey-test-secret", Timestamp: "1700000000", Body: "token=x&team_id=T1&user_id=U1&command=%2Fleak&text=list",
		Signature: "v0=8e598d82cfaa1985697e3c017af697bb56bffba0aaddbbdcbac1519447aad0e1",
	}}
	dir := os.Getenv("TWOKEY_SAMPLES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "samples")
	}
	b, err := os.ReadFile(filepath.Join(dir, "chat", "slack_signature_vector.json"))
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("TWOKEY_SAMPLES") == "" {
		return all
	}
	var official vector
	if err := errors.Join(err, json.Unmarshal(b, &official)); err != nil {
		t.Fatal(err)
	}
	return append(all, official)
}

// What others signed is let in at its time.
func TestSignaturesOfOthersAreUnderstood(t *testing.T) {
	for _, v := range vectors(t) {
		seconds, err := strconv.ParseInt(v.Timestamp, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		why := ""
		c := slack.New(slack.Config{
			SigningSecret: v.Secret, Common: room.Common{
				Words: words(t).Say, Now: func() time.Time { return time.Unix(seconds, 0) }, Refused: func(reason string) { why = reason },
			},
		})
		for _, want := range []struct {
			body, why string
			status    int
		}{
			{v.Body, "", http.StatusServiceUnavailable}, // it is let in, and nobody listens yet
			{v.Body + "&", "forged", http.StatusUnauthorized},
		} {
			why = ""
			got := sent(t, c, http.MethodPost, slack.PathCommand, want.body, http.Header{
				"X-Slack-Request-Timestamp": {v.Timestamp}, "X-Slack-Signature": {v.Signature},
			})
			if got.Code != want.status || why != want.why {
				t.Errorf("status %d and %q, want %d and %q", got.Code, why, want.status, want.why)
			}
		}
	}
}

func sent(t *testing.T, h http.Handler, method, path, body string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header = header
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// pressed is an office in which Ana has just pressed a button, and the request that
// said so.
func pressed(t *testing.T) (*office, *bell, slacktest.Post) {
	t.Helper()
	o := newOffice(t, true)
	b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
	o.listen(t, b.handle)
	o.posts(t, "inc-7", offeredCard(t))
	o.as(t, ana).Press(o.sees(t, ana, bot.ActApprove)).Await()
	return o, b, o.Last()
}

// What Slack did not sign, or signed long ago, or sent before, does nothing, and is
// counted.
func TestOnlyWhatSlackSignedNowIsLetIn(t *testing.T) {
	o, b, p := pressed(t)
	unsigned, broken := p.Unsigned(), p.Aged(0)
	broken.Header = broken.Header.Clone()
	broken.Header.Set("X-Slack-Request-Timestamp", "yesterday")
	short := p.Aged(0)
	short.Header = short.Header.Clone()
	short.Header.Set("X-Slack-Signature", short.Header.Get("X-Slack-Signature")[:10])
	for name, each := range map[string]struct {
		p   slacktest.Post
		why string
	}{
		"forged":                {p.Forged(), "forged"},
		"unsigned":              {unsigned, "forged"},
		"half a signature":      {short, "forged"},
		"a time that is none":   {broken, "forged"},
		"six minutes old":       {p.Aged(6 * time.Minute), "stale"},
		"of the future":         {p.Aged(-6 * time.Minute), "stale"},
		"sent before":           {p, "replayed"},
		"written anew on route": {p.Reencoded(), "forged"},
	} {
		o.refused = notes{}
		got := each.p.Send(t)
		if got.Status != http.StatusUnauthorized || o.refused.String() != each.why+"\n" {
			t.Errorf("%s: status %d, counted as %q, want %s", name, got.Status, o.refused.String(), each.why)
		}
		if strings.Contains(got.Body, "v0=") || got.Header.Get("X-Slack-No-Retry") != "1" {
			t.Errorf("%s: answered %q with %v", name, got.Body, got.Header)
		}
	}
	if n := len(b.inputs()); n != 1 {
		t.Errorf("%d inputs got through", n-1)
	}
	if got := p.Aged(time.Second).Send(t); got.Status != http.StatusOK || len(b.inputs()) != 2 {
		t.Errorf("what Slack signs anew is not let in: status %d", got.Status)
	}
}

// The edge of the time: five minutes are let in, one second more is not.
func TestFiveMinutesAreTheEdge(t *testing.T) {
	var now time.Time
	o := newOfficeIn(t, slacktest.Options{WireNow: func() time.Time { return now }}, true, func(c *slack.Config) { c.Now = func() time.Time { return now } })
	now = time.Unix(1_800_000_000, 0)
	b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
	o.listen(t, b.handle)
	o.Type(t, ana, "list")
	for age, status := range map[time.Duration]int{
		5 * time.Minute: http.StatusOK, 5*time.Minute + time.Second: http.StatusUnauthorized,
		-5 * time.Minute: http.StatusOK, -5*time.Minute - time.Second: http.StatusUnauthorized,
	} {
		if got := o.Last().Aged(age).Send(t); got.Status != status {
			t.Errorf("%v old: status %d, want %d", age, got.Status, status)
		}
	}
}

// A signed request cannot be given another meaning by what is around it.
func TestOnlyTheSignedBodyIsRead(t *testing.T) {
	o, b, p := pressed(t)
	evil := url.Values{"payload": {`{"type":"block_actions","user":{"id":"` + o.ids[bo] + `"}}`}, "text": {"close"}, "user_id": {o.ids[bo]}}
	if got := p.Aged(time.Second).Tampered(evil).Send(t); got.Status != http.StatusOK {
		t.Errorf("status %d", got.Status)
	}
	if in := b.last(t); len(b.inputs()) != 2 || in.From.User != o.ids[ana] || in.Button == nil || in.Button.Act != bot.ActApprove {
		t.Errorf("the query was believed: %+v", in)
	}
	empty := p
	empty.Body = []byte("a=b")
	if got := empty.Aged(0).Tampered(evil).Send(t); got.Status != http.StatusBadRequest || len(b.inputs()) != 2 {
		t.Errorf("a payload in the query alone: status %d, %d inputs", got.Status, len(b.inputs()))
	}
}

// What is no request of Slack's gets a status that says so.
func TestOddRequestsAreRefused(t *testing.T) {
	o, b, p := pressed(t)
	with := func(path, body string) slacktest.Post {
		q := p
		q.Path, q.Body = path, []byte(body)
		return q.Aged(0)
	}
	for name, each := range map[string]struct {
		p    slacktest.Post
		want int
	}{
		"another path":        {with("/slack/other", "x"), http.StatusNotFound},
		"no JSON":             {with(slack.PathInteract, "payload=%7Bnope"), http.StatusBadRequest},
		"no form":             {with(slack.PathCommand, "%zz"), http.StatusBadRequest},
		"an event that is no": {with(slack.PathEvents, "[]"), http.StatusOK}, // unanswered, Slack sends it again
		"too long":            {with(slack.PathCommand, strings.Repeat("x", 1<<20+1)), http.StatusRequestEntityTooLarge},
	} {
		if got := each.p.Send(t); got.Status != each.want {
			t.Errorf("%s: status %d, want %d", name, got.Status, each.want)
		}
	}
	if got := sent(t, o.chat, http.MethodGet, slack.PathCommand, "", p.Header); got.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: status %d", got.Code)
	}
	if o.refused.String() != "too_long\n" || len(b.inputs()) != 1 {
		t.Errorf("counted %q; %d inputs", o.refused.String(), len(b.inputs()))
	}
}

// Who breaks off while sending is not told that all is well.
func TestABrokenRequestIsNoSuccess(t *testing.T) {
	o := newOffice(t, true)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, slack.PathCommand, io.MultiReader(strings.NewReader("text="), broken{}))
	w := httptest.NewRecorder()
	if o.chat.ServeHTTP(w, r); w.Code != http.StatusBadRequest {
		t.Errorf("status %d", w.Code)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Slack's question whether the address is the bot's is answered, if Slack asks.
func TestTheAddressIsConfirmed(t *testing.T) {
	o := newOffice(t, true)
	p, challenge := o.Challenge()
	if got := p.Send(t); got.Status != http.StatusOK || got.Body != challenge {
		t.Errorf("status %d, %q", got.Status, got.Body)
	}
	if got := p.Forged().Send(t); got.Status != http.StatusUnauthorized || strings.Contains(got.Body, challenge) {
		t.Errorf("anybody is answered: status %d, %q", got.Status, got.Body)
	}
}

// Before anybody listens, Slack is asked to come again; nothing is taken and lost.
func TestWhileNobodyListensSlackIsAskedToComeAgain(t *testing.T) {
	o := newOffice(t, true)
	o.posts(t, "inc-7", offeredCard(t))
	b := &bell{answer: bot.Answer{OK: true, Text: "heard"}}
	stop := o.listen(t, b.handle)
	stop()
	for name, act := range map[string]func(*slacktest.Person) *slacktest.Reply{
		"command": func(p *slacktest.Person) *slacktest.Reply { return p.Command(o.room.ID, "list") },
		"button":  func(p *slacktest.Person) *slacktest.Reply { return p.Press(o.sees(t, ana, bot.ActApprove)) },
		"reason":  func(p *slacktest.Person) *slacktest.Reply { return p.Press(o.sees(t, ana, bot.ActFalse)) },
		"plan":    func(p *slacktest.Person) *slacktest.Reply { return p.Press(o.sees(t, ana, bot.ActShow)) },
		"mention": func(p *slacktest.Person) *slacktest.Reply { return p.Mention(o.room.ID, "", "list") },
	} {
		if r := act(o.as(t, ana).Lenient()); !strings.Contains(r.Problem, "503") {
			t.Errorf("%s: %q", name, r.Problem)
		}
	}
	last := o.Last()
	for range 2 { // also under the same signature
		if got := last.Send(t); got.Status != http.StatusServiceUnavailable {
			t.Errorf("what was not taken is answered %d", got.Status)
		}
	}
	if len(b.inputs()) != 0 {
		t.Error("something was heard")
	}
}

// A room without a signing secret believes nobody, not even who signs with none.
func TestWithoutASecretNobodyIsBelieved(t *testing.T) {
	o, _, p := pressed(t)
	o.config.SigningSecret = ""
	o.start()
	p = p.Aged(0)
	sum := hmac.New(sha256.New, nil)
	sum.Write([]byte("v0:" + p.Header.Get("X-Slack-Request-Timestamp") + ":" + string(p.Body)))
	p.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(sum.Sum(nil)))
	if got := p.Send(t); got.Status != http.StatusUnauthorized {
		t.Errorf("status %d", got.Status)
	}
}
