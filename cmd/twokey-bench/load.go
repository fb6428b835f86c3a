package main

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// load is a stream of requests over some connections.
type load struct {
	address string
	conns   int
	rate    float64 // a second in all; 0: each connection asks again at once
	span    time.Duration
	request func(conn, n int) []byte // the n-th of a connection
}

// outcome is what became of a load.
type outcome struct {
	answered int // with 200 or 303
	refused  int // with anything else
	passed   time.Duration
	took     []time.Duration // of each answer, from when it was due to be asked
}

func (o outcome) perSecond() float64 { return float64(o.answered) / o.passed.Seconds() }

// run sends until the span is over, or ctx ends. A request that is late because
// the one before it was slow counts from when it should have been sent: nobody who
// waits cares why.
func (l load) run(ctx context.Context) (outcome, error) {
	parts, errs := make([]outcome, l.conns), make([]error, l.conns)
	began := time.Now()
	var wg sync.WaitGroup
	for i := range l.conns {
		wg.Go(func() { parts[i], errs[i] = l.one(ctx, i, began) })
	}
	wg.Wait()
	all := outcome{passed: time.Since(began)}
	for i, p := range parts {
		if errs[i] != nil {
			return all, fmt.Errorf("load %s: %w", l.address, errs[i])
		}
		all.answered += p.answered
		all.refused += p.refused
		all.took = append(all.took, p.took...)
	}
	return all, nil
}

func (l load) one(ctx context.Context, conn int, began time.Time) (outcome, error) {
	var o outcome
	c, err := dial(ctx, l.address)
	if err != nil {
		return o, err
	}
	defer c.close()
	for n := 0; ; n++ {
		due := l.due(conn, n, began)
		if due.Sub(began) >= l.span || ctx.Err() != nil {
			return o, nil
		}
		time.Sleep(time.Until(due))
		status, _, err := c.do(l.request(conn, n))
		if err != nil {
			return o, err
		}
		if status == 200 || status == 303 {
			o.answered++
		} else {
			o.refused++
		}
		o.took = append(o.took, time.Since(due))
	}
}

// due is when a request is to be sent. The connections take turns.
func (l load) due(conn, n int, began time.Time) time.Time {
	if l.rate == 0 {
		return time.Now()
	}
	return began.Add(time.Duration(float64(n*l.conns+conn) / l.rate * float64(time.Second)))
}
