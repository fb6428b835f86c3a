// Package escalation tells somebody outside of chat that votes are missing, by
// the shape of PagerDuty's Events API v2, which many alarm services take
// (PagerDuty docs: Events API v2, "Send an alert event").
//
// It tells and does nothing else: it opens and closes nothing, and whoever is
// woken up answers in chat. It never sends more than the page holds.
package escalation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"twokey/bot"
)

// Key is the receiver's routing key. Printing, logging and encoding it give
// "[redacted]"; string(k) is the one way to the text.
type Key string

const redacted = "[redacted]"

// String hides the key.
func (Key) String() string { return redacted }

// GoString hides the key from %#v.
func (Key) GoString() string { return redacted }

// LogValue hides the key from logs.
func (Key) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText hides the key from JSON and YAML.
func (Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Webhook posts events to one address.
type Webhook struct {
	URL  string // "https://events.pagerduty.com/v2/enqueue"
	Key  Key
	Link string       // address of the bot, shown with the event; may be empty
	HTTP *http.Client // with a timeout
}

var _ bot.Webhook = (*Webhook)(nil)

// Error is why nobody was told. It never holds a URL or a key. The work queue
// tries again, after Wait at the earliest.
type Error struct {
	Status int // 0: no answer
	After  time.Duration
	Err    error
}

func (e *Error) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("the webhook answered %d %s", e.Status, http.StatusText(e.Status))
	}
	return fmt.Sprintf("no answer from the webhook: %v", e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Wait is how long to wait before the next try.
func (e *Error) Wait() time.Duration { return e.After }

// How long to wait where the receiver does not say. A refused event stays
// refused until somebody mends the configuration.
const (
	waitBusy    = 10 * time.Second
	waitRefused = 5 * time.Minute
	waitLongest = 5 * time.Minute // whatever the receiver says
)

// event is an alert event of the Events API v2.
type event struct {
	RoutingKey string  `json:"routing_key"`
	Action     string  `json:"event_action"`
	Dedup      string  `json:"dedup_key"`
	Client     string  `json:"client"`
	ClientURL  string  `json:"client_url,omitempty"`
	Payload    payload `json:"payload"`
}

type payload struct {
	Summary  string  `json:"summary"`
	Source   string  `json:"source"`
	Severity string  `json:"severity"`
	Class    string  `json:"class"`
	Details  details `json:"custom_details"`
}

type details struct {
	Incident string   `json:"incident"`
	Key      string   `json:"key,omitempty"`
	Step     string   `json:"step,omitempty"`
	Missing  int      `json:"missing_people"`
	Who      []string `json:"who_can_vote"`
}

// maxSummary is how long a summary may be (PagerDuty docs: PD-CEF).
const maxSummary = 1024

// Trigger implements [bot.Webhook]. Its error is an [*Error] that says when to
// try again.
func (w *Webhook) Trigger(ctx context.Context, p bot.Page) error {
	body, err := json.Marshal(w.event(p))
	if err != nil {
		return fmt.Errorf("encode page: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return &Error{After: waitRefused, Err: withoutURL(err)}
	}
	r.Header.Set("Content-Type", "application/json")
	client := *w.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the key would go elsewhere
	}
	answer, err := client.Do(r)
	if err != nil {
		return &Error{Err: withoutURL(err)}
	}
	defer func() { _ = answer.Body.Close() }()                      // nothing in it is needed
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection can be used again
	if answer.StatusCode/100 == 2 {
		return nil // 202: accepted, also the second time for one dedup key
	}
	return &Error{Status: answer.StatusCode, After: wait(answer)}
}

func (w *Webhook) event(p bot.Page) event {
	return event{
		RoutingKey: string(w.Key), Action: "trigger", Dedup: p.Dedup, Client: "twokey", ClientURL: w.Link,
		Payload: payload{
			Summary: cut(p.Summary, maxSummary), Source: "twokey", Severity: "critical", Class: "leaked access key",
			Details: details{Incident: string(p.Incident), Key: string(p.Key), Step: p.Step, Missing: p.Missing, Who: p.Who},
		},
	}
}

// wait reads Retry-After, which comes in seconds with 429 (PagerDuty docs: Events
// API v2, response codes); 4xx otherwise says that the event itself is wrong.
func wait(answer *http.Response) time.Duration {
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	switch {
	case err == nil && seconds >= 0:
		return min(waitLongest, time.Duration(min(seconds, 1<<20))*time.Second)
	case answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode/100 == 5:
		return waitBusy
	}
	return waitRefused
}

func cut(text string, runes int) string {
	r := []rune(text)
	return string(r[:min(runes, len(r))])
}

// errUnnamed stands for an error that can't be told without its URL.
var errUnnamed = errors.New("the address does not work")

func withoutURL(err error) error {
	var u *url.Error
	switch {
	case errors.As(err, &u) && u.Op == "parse":
		return errUnnamed
	case errors.As(err, &u):
		return u.Err
	}
	return err
}
