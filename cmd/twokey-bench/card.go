package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// alertToCard sends alerts one at a time and waits until each is seen: by an open
// page of the console for twokey, by a webhook for Alertmanager.
func (s *suite) alertToCard() error {
	var mine, its []time.Duration
	parts := []func(int) error{func(int) error { return s.cards(&mine) }}
	if s.alertmanager != "" {
		parts = append(parts, func(int) error { return s.webhooks(&its) })
	}
	if err := s.each(parts...); err != nil {
		return err
	}
	few, many := among(mine, 0, fewCards), among(mine, shown-fewCards, shown)
	r := row{name: "alert-to-card", what: fmt.Sprintf("alert sent to card on an open page of the console, up to %d cards there, 20/s", fewCards), figure: times(few)}
	if s.alertmanager != "" {
		r = r.beside("Alertmanager's p50", float64(median(few)), float64(median(its))).judged("p50 ratio 1", median(few) <= median(its))
	}
	s.add(r)
	s.add(row{name: "alert-to-card", what: fmt.Sprintf("the same, up to %d cards there", shown), figure: times(many)})
	if s.alertmanager != "" {
		s.add(row{name: "alert-to-card", what: "Alertmanager: alert sent to webhook called, 20/s", figure: times(its)})
	}
	return nil
}

// among are the waits for some of each round's alerts.
func among(all []time.Duration, from, to int) []time.Duration {
	var some []time.Duration
	for i, wait := range all {
		if n := i % shown; from <= n && n < to {
			some = append(some, wait)
		}
	}
	return some
}

const (
	shown     = 16 // alerts of one round: more than twenty in a minute are a flood, which is told in one summary
	fewCards  = 8
	between   = 50 * time.Millisecond // two alerts
	cardAfter = 10 * time.Second      // there will be no card any more
)

// cards measures one round on a new bot.
func (s *suite) cards(into *[]time.Duration) error {
	bot, err := s.fresh(pretend)
	if err != nil {
		return err
	}
	defer bot.kill()
	seen, end, err := watch(s.ctx, bot)
	if err != nil {
		return err
	}
	defer end()
	return s.oneByOne(into, bot, "/hooks/bench", authorized, finding, seen)
}

// webhooks measures one round on a new Alertmanager.
func (s *suite) webhooks(into *[]time.Duration) error {
	seen := make(chan []byte, shown)
	url, end, err := serveHere(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // half a body has no key
		seen <- body
	}))
	if err != nil {
		return err
	}
	defer end()
	am, err := s.peer(url)
	if err != nil {
		return err
	}
	defer am.kill()
	return s.oneByOne(into, am, "/api/v2/alerts", "", peersAlert, seen)
}

// oneByOne sends alerts and waits for each until it is among what is seen.
func (s *suite) oneByOne(into *[]time.Duration, to *child, path, headers string, body func(uint64, int) []byte, seen <-chan []byte) error {
	c, err := dial(s.ctx, to.address)
	if err != nil {
		return err
	}
	defer c.close()
	for n := uint64(1); n <= shown; n++ {
		began := time.Now()
		if status, _, err := c.do(post(to.address, path, headers, "application/json", body(n, 0))); err != nil || status != 200 {
			return fmt.Errorf("send alert: status %d: %w", status, err)
		}
		if err := waitFor(s.ctx, seen, []byte(keyID(n))); err != nil {
			return fmt.Errorf("alert %d: %w", n, err)
		}
		*into = append(*into, time.Since(began))
		time.Sleep(time.Until(began.Add(between)))
	}
	return nil
}

func waitFor(ctx context.Context, seen <-chan []byte, key []byte) error {
	late := time.NewTimer(cardAfter)
	defer late.Stop()
	for {
		select {
		case text, ok := <-seen:
			if !ok {
				return errors.New("the stream of the page ended")
			}
			if bytes.Contains(text, key) {
				return nil
			}
		case <-late.C:
			return fmt.Errorf("no card for %s after %s", key, cardAfter)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// watch opens the console's page as a browser does and hands over what it is told.
func watch(ctx context.Context, bot *child) (<-chan []byte, func(), error) {
	ctx, cancel := context.WithCancel(ctx)
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+bot.address+"/console/events", nil) //nolint:gosec // our own child on loopback
	if err != nil {
		cancel()
		return nil, nil, err
	}
	answer, err := http.DefaultClient.Do(q) //nolint:bodyclose,gosec // closed below; our own child on loopback
	if err != nil {
		cancel()
		return nil, nil, fmt.Errorf("open the console's stream: %w", err)
	}
	seen := make(chan []byte, 1)
	go func() {
		defer answer.Body.Close() //nolint:errcheck // only read
		defer close(seen)
		lines := bufio.NewReaderSize(answer.Body, 1<<20)
		for {
			line, err := lines.ReadBytes('\n')
			if err != nil {
				return
			}
			select {
			case seen <- line:
			case <-ctx.Done():
				return
			}
		}
	}()
	return seen, cancel, nil
}
