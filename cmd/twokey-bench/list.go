package main

import (
	"fmt"
	"time"
)

// listOpen asks the API for fifty open incidents, of few and of many.
func (s *suite) listOpen() error {
	sizes := s.sizes()
	ends := []int{sizes[0], sizes[len(sizes)-1]}
	took := make([][]time.Duration, len(ends))
	var parts []func(int) error
	for i, n := range ends {
		folder, err := s.filledWith(n)
		if err != nil {
			return err
		}
		parts = append(parts, func(int) error {
			c, err := s.serve(settings{folder: folder, account: absent})
			if err != nil {
				return err
			}
			defer c.kill()
			asked, err := s.lists(c, 500)
			took[i] = append(took[i], asked...)
			return err
		})
	}
	if err := s.each(parts...); err != nil {
		return err
	}
	few, many := quantile(took[0], 0.99), quantile(took[1], 0.99)
	s.add(row{name: "list-open", what: fmt.Sprintf("50 open of %s over HTTP", count(ends[0])), figure: times(took[0])})
	s.add(row{name: "list-open", what: fmt.Sprintf("50 open of %s over HTTP", count(ends[1])), figure: times(took[1])}.
		beside("p99 of "+count(ends[0]), float64(many), float64(few)).judged("p99 1 ms", many <= time.Millisecond))
	return nil
}

// lists asks a bot so many times.
func (s *suite) lists(bot *child, asks int) ([]time.Duration, error) {
	c, err := dial(s.ctx, bot.address)
	if err != nil {
		return nil, err
	}
	defer c.close()
	request := get(bot.address, "/api/incidents?open=true&limit=50", authorized)
	var took []time.Duration
	for range asks {
		began := time.Now()
		status, _, err := c.do(request)
		if err != nil || status != 200 {
			return nil, fmt.Errorf("list open incidents: status %d: %w", status, err)
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}
