package main

import (
	"fmt"
	"path/filepath"
	"time"

	"twokey/store"
	"twokey/store/bolt"
)

// sizes are the stores that restart, memory and list-open look at.
func (s *suite) sizes() []int {
	sizes := []int{1000}
	for _, n := range []int{100_000, s.incidents} {
		if n <= s.incidents && n > sizes[len(sizes)-1] {
			sizes = append(sizes, n)
		}
	}
	return sizes
}

// coldStart starts the bot on no store at all, again and again.
func (s *suite) coldStart() error {
	var mine, its []time.Duration
	parts := []func(int) error{func(int) error {
		return starts(&mine, 5, func() (*child, error) { return s.fresh(absent) })
	}}
	if s.alertmanager != "" {
		parts = append(parts, func(int) error { return starts(&its, 1, func() (*child, error) { return s.peer("") }) })
	}
	if err := s.each(parts...); err != nil {
		return err
	}
	m := median(mine)
	r := row{name: "cold-start", what: "start of the process to /readyz, new store", figure: millis(m)}
	if s.alertmanager != "" {
		r = r.beside("Alertmanager "+millis(median(its)), float64(m), float64(median(its)))
	}
	s.add(r.judged("25 ms", m <= 25*time.Millisecond))
	s.add(row{name: "cold-start", what: "size of the binary", figure: megabytes(float64(s.size))}.judged("25 MB", s.size <= 25e6))
	return nil
}

// starts measures how long a child takes to be ready, so many times.
func starts(into *[]time.Duration, times int, start func() (*child, error)) error {
	for range times {
		c, err := start()
		if err != nil {
			return err
		}
		*into = append(*into, c.ready)
		c.kill()
	}
	return nil
}

// restart starts the bot on stores of different sizes, and opens the stores alone:
// what a start takes besides is the same whatever they hold.
func (s *suite) restart() error {
	sizes := s.sizes()
	process, alone := make([][]time.Duration, len(sizes)), make([][]time.Duration, len(sizes))
	var parts []func(int) error
	for i, n := range sizes {
		folder, err := s.filledWith(n)
		if err != nil {
			return err
		}
		parts = append(parts,
			func(int) error {
				return starts(&process[i], 3, func() (*child, error) { return s.serve(settings{folder: folder, account: absent}) })
			},
			func(int) error { return s.opens(&alone[i], folder) })
	}
	if err := s.each(parts...); err != nil {
		return err
	}
	first, last := 0, len(sizes)-1
	for i, n := range sizes {
		s.add(row{name: "restart", what: fmt.Sprintf("process to /readyz, %s incidents, %d open, after kill -9", count(n), stillOpen), figure: millis(median(process[i]))})
	}
	m := median(alone[last])
	s.add(row{
		name: "restart", what: fmt.Sprintf("store opened, open incidents listed, one append, %s incidents (in process)", count(sizes[last])), figure: millis(m),
	}.beside(count(sizes[first])+" incidents", float64(m), float64(median(alone[first]))).judged("10 ms", m <= 10*time.Millisecond))
	ratio := float64(median(process[last])) / float64(median(process[first]))
	s.add(row{
		name: "restart", what: "process, " + count(sizes[last]) + " incidents", figure: millis(median(process[last])),
	}.beside(count(sizes[first])+" incidents", ratio, 1).judged("ratio 5", ratio <= 5))
	return nil
}

// opens measures the store's own share of a start.
func (s *suite) opens(into *[]time.Duration, folder string) error {
	began := time.Now()
	db, err := bolt.Open(filepath.Join(folder, storeFile), bolt.Options{})
	if err != nil {
		return err
	}
	if _, err = db.Find(s.ctx, store.Query{Open: true}); err == nil {
		err = db.Append(s.ctx, store.Batch{Values: []store.Value{{Key: "ready", Body: []byte("now")}}})
	}
	*into = append(*into, time.Since(began))
	if closed := db.Close(); err == nil {
		err = closed
	}
	return err
}

func count(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return fmt.Sprintf("%dM", n/1_000_000)
	case n >= 1000 && n%1000 == 0:
		return fmt.Sprintf("%dk", n/1000)
	}
	return fmt.Sprint(n)
}
