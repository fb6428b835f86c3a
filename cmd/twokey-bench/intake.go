package main

import (
	"fmt"
	"time"
)

// contender is one server that takes alerts, and what it reached in each round.
type contender struct {
	name    string
	start   func() (*child, error)
	path    string
	headers string
	repeats bool
	body    func(n uint64, again int) []byte
	rates   []float64
	costs   []time.Duration // of the server's processor time, for each alert
}

// intakeConns is how many senders there are at once.
const intakeConns = 64

// intake sends alerts as fast as they are answered, to twokey and to what it is
// compared with, one after the other in each round.
func (s *suite) intake() error {
	var numbers alerts
	twokey := func() (*child, error) { return s.fresh(pretend) }
	const hook = "/hooks/bench"
	all := []*contender{
		{name: "bare net/http", start: func() (*child, error) { return s.play(roleBare) }, path: hook, headers: authorized, repeats: true, body: finding},
		{name: "no-op handler", start: func() (*child, error) { return s.play(roleNoop) }, path: hook, headers: authorized, repeats: true, body: finding},
		{name: "twokey, 20 % told again", start: twokey, path: hook, headers: authorized, repeats: true, body: finding},
		{name: "twokey, nothing told again", start: twokey, path: hook, headers: authorized, body: finding},
	}
	if s.alertmanager != "" {
		const path = "/api/v2/alerts"
		all = append(all,
			&contender{name: "Alertmanager, no receiver", start: func() (*child, error) { return s.peer("") }, path: path, repeats: true, body: peersAlert},
			&contender{name: "Alertmanager, webhook", start: func() (*child, error) { return s.peerWithSink() }, path: path, repeats: true, body: peersAlert})
	}
	var parts []func(int) error
	for _, c := range all {
		parts = append(parts, func(int) error { return s.flood(c, &numbers) })
	}
	if err := s.each(parts...); err != nil {
		return err
	}
	s.intakeRows(all)
	return nil
}

// flood measures a contender in one round.
func (s *suite) flood(c *contender, numbers *alerts) error {
	server, err := c.start()
	if err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	defer server.kill()
	used := processorTime(server.pid())
	o, err := load{
		address: server.address, conns: intakeConns, span: s.span,
		request: numbers.stream(server.address, c.path, c.headers, c.repeats, c.body),
	}.run(s.ctx)
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", c.name, err, tail(server.log))
	}
	if o.refused > 0 {
		return fmt.Errorf("%s: %d of %d requests were refused", c.name, o.refused, o.refused+o.answered)
	}
	c.rates = append(c.rates, o.perSecond())
	c.costs = append(c.costs, (processorTime(server.pid())-used)/time.Duration(max(1, o.answered)))
	return nil
}

func (s *suite) intakeRows(all []*contender) {
	rate := make([]float64, len(all))
	for i, c := range all {
		rate[i] = median(c.rates)
	}
	add := func(i int) row {
		return row{name: "intake", what: all[i].name, figure: fmt.Sprintf("%s, %d us of processor each", perSecond(rate[i]), median(all[i].costs).Microseconds())}
	}
	s.add(add(0))
	s.add(add(1).beside("bare net/http", rate[1], rate[0]))
	s.add(add(2).beside("no-op handler", rate[2], rate[1]).judged("0.6", rate[2] >= 0.6*rate[1]))
	s.add(add(3).beside("no-op handler", rate[3], rate[1]).judged("0.6", rate[3] >= 0.6*rate[1]))
	if len(all) < 6 {
		return
	}
	s.add(add(2).beside(all[4].name, rate[2], rate[4]).judged("2", rate[2] >= 2*rate[4]))
	s.add(add(2).beside(all[5].name, rate[2], rate[5]).judged("4", rate[2] >= 4*rate[5]))
	s.add(add(4))
	s.add(add(5))
}

// fresh starts a bot on a new store.
func (s *suite) fresh(account string, env ...string) (*child, error) {
	folder, err := s.folder("bot")
	if err != nil {
		return nil, err
	}
	return s.serve(settings{folder: folder, account: account}, env...)
}
