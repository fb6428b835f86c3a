package intake_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/bot"
	"twokey/bot/intake"
	"twokey/incident"
)

// center is a Security Center of the test's own, and what a poller made of it.
type center struct {
	mu     sync.Mutex
	list   []intake.Report
	fails  error // what asking answers
	broken error // what receiving answers
	since  []time.Time
	kept   map[string]bool
	alerts []incident.Alert
	texts  []incident.AlertText
	log    strings.Builder
}

func (c *center) Write(b []byte) (int, error) { return c.log.Write(b) }

// poller asks once a minute; keeping works as a store's does, over a restart too.
func (c *center) poller() *intake.Poller {
	if c.kept == nil {
		c.kept = map[string]bool{}
	}
	return &intake.Poller{
		Polled: []intake.Polled{{Source: "center", Account: "prod", Ask: func(_ context.Context, since time.Time, _ func(string) bool) ([]intake.Report, error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.since = append(c.since, since)
			return c.list, c.fails
		}}},
		Receive: func(_ context.Context, a incident.Alert, text incident.AlertText) (bot.Verdict, incident.ID, error) {
			if c.broken != nil {
				return "", "", c.broken
			}
			c.alerts, c.texts = append(c.alerts, a), append(c.texts, text)
			return bot.Opened, "inc-1", nil
		},
		Delivered: func(_ context.Context, name string) (bool, error) { return c.kept[name], nil },
		Keep:      func(_ context.Context, name string) error { c.kept[name] = true; return nil },
		Now:       time.Now, Log: slog.New(slog.NewTextHandler(c, nil)), Code: func(error) string { return "NoPermission" },
	}
}

// polls lets a poller work for so long.
func (c *center) polls(t *testing.T, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	c.poller().Run(ctx)
}

func TestALeakIsDeliveredOnceHoweverLongItIsListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &center{list: []intake.Report{{
			ID: "389001", Key: keyID(1), Owner: incident.OwnerRoot, Detected: time.Now().Add(-time.Hour), URL: "https://github.com/acme/deploy/blob/main/.env",
			Repo: "deploy", File: ".env", Author: "intern",
		}}}
		c.polls(t, 10*time.Minute)
		c.polls(t, 5*24*time.Hour) // another process, and longer than deliveries are remembered
		if len(c.alerts) != 1 {
			t.Fatalf("delivered %d times", len(c.alerts))
		}
		a := c.alerts[0]
		if a.Source != "center" || a.Type != "sas" || a.Kind != incident.KindOpen || string(a.KeyID) != keyID(1) || a.Confidence != "confirmed" || a.OwnerHint != incident.OwnerRoot {
			t.Errorf("alert %+v", a)
		}
		want := incident.AlertText{Author: "intern", Places: []incident.Place{{
			URL: "https://github.com/acme/deploy/blob/main/.env", Repo: "acme/deploy", Path: ".env",
		}}}
		if diff := cmp.Diff(want, c.texts[0]); diff != "" {
			t.Errorf("text (-want +got):\n%s", diff)
		}
	})
}

// Everything is asked for at the start and once an hour, in between what is new.
func TestWhatComesLateOntoTheListIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &center{}
		c.polls(t, 61*time.Minute+30*time.Second)
		whole := 0
		for _, since := range c.since {
			if since.IsZero() {
				whole++
			} else if ago := time.Since(since); ago < 47*time.Hour {
				t.Fatalf("asked for the last %v only", ago)
			}
		}
		if whole != 2 || len(c.since) != 62 {
			t.Errorf("asked %d times, %d times for everything", len(c.since), whole)
		}
	})
}

func TestAnAlertThatCouldNotBeStoredIsDeliveredLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &center{list: []intake.Report{{ID: "1", Key: keyID(2)}}, broken: errors.New("the disk is full")}
		c.polls(t, 3*time.Minute)
		if len(c.kept) != 0 {
			t.Fatal("what was not stored is remembered as delivered")
		}
		c.broken = nil
		c.polls(t, 3*time.Minute)
		if len(c.alerts) != 1 {
			t.Errorf("delivered %d times", len(c.alerts))
		}
	})
}

func TestASourceThatDoesNotAnswerIsSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &center{fails: errors.New("https://sas.example/?key=x")}
		c.polls(t, 10*time.Minute)
		if n := strings.Count(c.log.String(), "source does not answer"); n != 1 {
			t.Errorf("said %d times", n)
		}
		if strings.Contains(c.log.String(), "example") {
			t.Error("the error's text is in the log")
		}
	})
}

func TestForeignTextOfALeakIsOnlyText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hidden := secret(3)
		c := &center{list: []intake.Report{
			{ID: "1", Key: "../../etc/passwd"},
			{ID: "2", Key: ""},
			{
				ID: "3", Key: keyID(3), URL: "https://u:" + hidden + "@github.com/x", Repo: "x " + hidden, File: "a/" + hidden,
				Author: "@all <b>" + hidden + "</b>\n",
			},
			{ID: "4", Key: keyID(4), URL: "javascript:alert(1)", Detected: time.Now().Add(1000 * time.Hour)},
		}}
		c.polls(t, time.Minute)
		if len(c.alerts) != 2 {
			t.Fatalf("%d alerts", len(c.alerts))
		}
		said := string(encode(t, c.alerts)) + string(encode(t, c.texts)) + c.log.String()
		for _, bad := range []string{hidden, "javascript", "passwd", "\\n"} {
			if strings.Contains(said, bad) {
				t.Errorf("%q came through: %s", bad, said)
			}
		}
		if at := c.alerts[1].DetectedAt; at.After(time.Now()) {
			t.Errorf("detected %v from now", time.Until(at))
		}
	})
}
