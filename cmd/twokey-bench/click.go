package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"twokey/bot/console/consoletest"
)

const (
	clickRate  = 100  // a second
	alertRate  = 5000 // a second, beside them
	clickedOn  = 50   // incidents
	clickConns = 4
)

// clickAck measures how long somebody who presses or types waits until what they
// did is on the disk and answered: without anything beside, beside many alerts, and
// beside as many as the bot takes. A click here is a typed note on the console,
// which goes the way of every button.
func (s *suite) clickAck() error {
	var alone, beside, saturated clicks
	err := s.each(
		func(int) error { return s.clicked(&alone, nil) },
		func(int) error { return s.clicked(&beside, &load{conns: intakeConns, rate: alertRate}) },
		func(int) error { return s.clicked(&saturated, &load{conns: intakeConns}) })
	if err != nil {
		return err
	}
	s.add(row{name: "click-ack", what: "100 clicks/s, nothing beside", figure: times(alone.took)})
	s.add(beside.row(fmt.Sprintf("%d alerts/s asked for", alertRate), 10*time.Millisecond))
	s.add(saturated.row("as many alerts as it takes", 25*time.Millisecond))
	return nil
}

// clicks is how long each click waited, and how many alerts came in beside.
type clicks struct {
	took   []time.Duration
	alerts []float64
}

func (c clicks) row(beside string, most time.Duration) row {
	p99 := quantile(c.took, 0.99)
	return row{
		name: "click-ack", what: fmt.Sprintf("100 clicks/s beside %s (%s taken)", beside, perSecond(median(c.alerts))), figure: times(c.took),
	}.judged("p99 "+millis(most), p99 <= most)
}

// clicked measures clicks on a new bot for one span, in the middle of a load.
func (s *suite) clicked(into *clicks, beside *load) error {
	bot, err := s.fresh(pretend)
	if err != nil {
		return err
	}
	defer bot.kill()
	var numbers alerts
	request := numbers.stream(bot.address, "/hooks/bench", authorized, true, finding)
	if err := s.opened(bot, clickedOn, request); err != nil {
		return err
	}
	send, err := s.note(bot)
	if err != nil {
		return err
	}
	loaded := make(chan error, 1)
	if beside == nil {
		loaded <- nil
	} else {
		l := *beside
		l.address, l.request, l.span = bot.address, request, 2*s.span
		go func() {
			o, err := l.run(s.ctx)
			into.alerts = append(into.alerts, o.perSecond())
			loaded <- err
		}()
		time.Sleep(s.span / 2)
	}
	o, err := load{address: bot.address, conns: clickConns, rate: clickRate, span: s.span, request: send}.run(s.ctx)
	if err = errors.Join(err, <-loaded); err != nil {
		return err
	}
	into.took = append(into.took, o.took...)
	return s.noted(bot, o.answered)
}

// opened makes sure that there are incidents to click on.
func (s *suite) opened(bot *child, incidents int, request func(conn, n int) []byte) error {
	c, err := dial(s.ctx, bot.address)
	if err != nil {
		return err
	}
	defer c.close()
	for range incidents {
		if status, body, err := c.do(request(0, 0)); err != nil || status != 200 {
			return fmt.Errorf("open an incident: status %d %s: %w", status, body, err)
		}
	}
	return nil
}

// note makes the requests of somebody who writes notes, each on another incident.
// The form is read from the page once: what is typed makes each a click of its own.
func (s *suite) note(bot *child) (func(conn, n int) []byte, error) {
	form, err := consoletest.Open("http://" + bot.address).Line(s.ctx)
	if err != nil {
		return nil, fmt.Errorf("read the console's form: %w", err)
	}
	const kind = "application/x-www-form-urlencoded"
	return func(conn, n int) []byte {
		fields := url.Values{}
		maps.Copy(fields, form.Fields)
		n = n*clickConns + conn
		fields.Set("text", fmt.Sprintf("note seen by hand, %d inc-%d", n, n%clickedOn+1))
		return post(bot.address, form.Action, "", kind, []byte(fields.Encode()))
	}, nil
}

// noted makes sure that clicks did something: a refusal is an answer too.
func (s *suite) noted(bot *child, clicks int) error {
	timeline, err := fetch(s.ctx, bot, "/api/incidents/inc-1/timeline")
	if err != nil {
		return err
	}
	want := clicks / clickedOn
	if have := strings.Count(timeline, `"kind": "noted"`); have < want {
		return fmt.Errorf("only %d of %d notes are on the timeline", have, want)
	}
	return nil
}

// fetch asks the API.
func fetch(ctx context.Context, bot *child, path string) (string, error) {
	c, err := dial(ctx, bot.address)
	if err != nil {
		return "", err
	}
	defer c.close()
	status, body, err := c.do(get(bot.address, path, authorized+"Connection: close\r\n"))
	if err != nil || status != 200 {
		return "", fmt.Errorf("%s: status %d: %w", path, status, err)
	}
	return string(body), nil
}
