package intake_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/intake"
	"twokey/incident"
	"twokey/store/bolt"
)

// Key-shaped strings are made here and never written down: scanners would trip
// over them.

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func draw(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

func keyID(seed uint64) string { return "LTAI" + draw(random(seed), 20) }

// secret has upper and lower case and a digit, as nearly all have.
func secret(seed uint64) string { return "aB3" + draw(random(seed+1000), 27) }

const (
	token      = "hook-token"
	hookSecret = "It's a Secret to Everybody" // of GitHub's own example, docs: validating webhook deliveries
)

var t0 = time.Date(2026, 9, 10, 3, 0, 0, 0, time.UTC)

// desk is the hooks with a real bot behind them, and a record of everything
// that leaves the room.
type desk struct {
	handler http.Handler
	bot     *bot.Bot

	mu     sync.Mutex
	now    time.Time
	alerts []incident.Alert
	texts  []incident.AlertText
	counts map[bot.Verdict]int
	log    bytes.Buffer
	fail   error // what storing answers, while it is set
}

type answer struct {
	Results []struct {
		Verdict  bot.Verdict
		Incident incident.ID
		Reason   intake.Reason
	}
	Error string
}

func newDesk(t testing.TB, change func(*intake.Config)) *desk {
	t.Helper()
	db, err := bolt.Open(filepath.Join(t.TempDir(), "twokey.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	d := &desk{now: t0, counts: map[bot.Verdict]int{}}
	d.bot = &bot.Bot{Store: db, Now: d.clock, Salt: func() string { return "salt" }, Log: slog.New(slog.NewJSONHandler(d, nil))}
	d.open(t, change, d.bot.Receive)
	return d
}

// open sets up the hooks before whatever receives.
func (d *desk) open(t testing.TB, change func(*intake.Config), receive func(context.Context, incident.Person, incident.Alert, incident.AlertText) (bot.Verdict, incident.ID, error)) {
	t.Helper()
	c := intake.Config{
		Sources: []intake.Source{
			{Name: "scans", Type: "generic", Tokens: []string{token, "next-token"}},
			{Name: "leaks", Type: "gitleaks", Tokens: []string{token}},
		},
		Receive: func(ctx context.Context, a incident.Alert, text incident.AlertText) (bot.Verdict, incident.ID, error) {
			d.mu.Lock()
			d.alerts, d.texts = append(d.alerts, a), append(d.texts, text)
			err := d.fail
			d.mu.Unlock()
			if err != nil {
				return "", "", err
			}
			return receive(ctx, incident.Bot, a, text)
		},
		Pepper: []byte("pepper"), PerSource: 10_000, Now: d.clock, Log: slog.New(slog.NewJSONHandler(d, nil)),
		Count: func(_ string, v bot.Verdict) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.counts[v]++
		},
	}
	for _, kind := range intake.Types() {
		c.Sources = append(c.Sources, intake.Source{Name: kind, Type: kind, Tokens: []string{token}, Secrets: []string{"next-secret", hookSecret}})
	}
	if change != nil {
		change(&c)
	}
	var err error
	if d.handler, err = intake.New(c); err != nil {
		t.Fatal(err)
	}
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

// Write takes the log.
func (d *desk) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.Write(b)
}

// post sends a body as an authentic sender would.
func (d *desk) post(t testing.TB, source, media string, body []byte) (*httptest.ResponseRecorder, answer) {
	t.Helper()
	r := request(source, body)
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	return d.send(t, r)
}

func request(source string, body []byte) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, intake.Prefix+source, bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

func (d *desk) send(t testing.TB, r *http.Request) (*httptest.ResponseRecorder, answer) {
	t.Helper()
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("answer %d is not JSON: %v", w.Code, err)
	}
	return w, a
}

// json posts a JSON body and returns what became of it; anything but 200 fails.
func (d *desk) json(t testing.TB, source string, body any) answer {
	t.Helper()
	w, a := d.post(t, source, "application/json", encode(t, body))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d %s", w.Code, a.Error)
	}
	return a
}

func encode(t testing.TB, body any) []byte {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// last is the alert that was handed on last, with its text.
func (d *desk) last(t testing.TB) (incident.Alert, incident.AlertText) {
	t.Helper()
	if len(d.alerts) == 0 {
		t.Fatal("nothing was received")
	}
	return d.alerts[len(d.alerts)-1], d.texts[len(d.texts)-1]
}

// verdicts is an answer in words: "open, ignore placeholder".
func (a answer) verdicts() string {
	words := make([]string, len(a.Results))
	for i, r := range a.Results {
		words[i] = strings.TrimSpace(fmt.Sprintf("%s %s", r.Verdict, r.Reason))
	}
	return strings.Join(words, ", ")
}

// leaks lists which of the secrets, plain or in base64, are in what left the
// room: alerts, answers and log.
func (d *desk) leaks(t testing.TB, answered string, secrets ...string) []string {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	all := string(encode(t, d.alerts)) + string(encode(t, d.texts)) + answered + d.log.String()
	var found []string
	for _, s := range secrets {
		for _, form := range forms(s) {
			if strings.Contains(all, form) {
				found = append(found, form)
			}
		}
	}
	return found
}

// forms are a secret as it is and what base64 makes of it at each offset, less
// the characters that its neighbours have a part in.
func forms(s string) []string {
	all := []string{s}
	for pad := range 3 {
		e := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", pad) + s))
		all = append(all, e[(pad*8+5)/6:len(e)-1])
	}
	return all
}
