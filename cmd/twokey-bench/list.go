package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"twokey/store"
	"twokey/store/bolt"
)

// listOpen asks the store, and the API, for fifty open incidents, of few and of
// many. The API reads and folds the history of each.
func (s *suite) listOpen() error {
	sizes := s.sizes()
	ends := []int{sizes[0], sizes[len(sizes)-1]}
	found, took := make([][]time.Duration, len(ends)), make([][]time.Duration, len(ends))
	var parts []func(int) error
	for i, n := range ends {
		folder, err := s.filledWith(n)
		if err != nil {
			return err
		}
		parts = append(parts, func(int) error { return s.finds(&found[i], folder) }, func(int) error {
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
	for _, m := range []struct {
		what, target string
		took         [][]time.Duration
		met          func(few, many time.Duration) bool
	}{
		{"in the store (in process)", "p99 1 ms", found, func(_, many time.Duration) bool { return many <= time.Millisecond }},
		{"over HTTP, with their histories", "ratio 2", took, func(few, many time.Duration) bool { return many <= 2*few }},
	} {
		few, many := quantile(m.took[0], 0.99), quantile(m.took[1], 0.99)
		s.add(row{name: "list-open", what: fmt.Sprintf("50 open of %s %s", count(ends[1]), m.what), figure: times(m.took[1])}.
			beside("p99 of "+count(ends[0])+" "+millis(few), float64(many), float64(few)).judged(m.target, m.met(few, many)))
	}
	return nil
}

// finds asks the store itself so many times.
func (s *suite) finds(into *[]time.Duration, folder string) error {
	db, err := bolt.Open(filepath.Join(folder, storeFile), bolt.Options{})
	if err != nil {
		return err
	}
	for range 500 {
		began := time.Now()
		open, found := db.Find(s.ctx, store.Query{Open: true, Limit: 50})
		if err = found; err != nil || len(open) != 50 {
			return errors.Join(fmt.Errorf("found %d open incidents", len(open)), err, db.Close())
		}
		*into = append(*into, time.Since(began))
	}
	return db.Close()
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
