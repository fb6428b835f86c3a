package main

import (
	"slices"
	"time"
)

// covered is for how long between two moments at least one call was under way.
func covered(calls []call, from, to time.Time) time.Duration {
	sorted := slices.SortedFunc(slices.Values(calls), func(a, b call) int { return a.began.Compare(b.began) })
	var sum time.Duration
	for _, c := range sorted {
		began, ended := c.began, c.ended
		if began.Before(from) {
			began = from
		}
		if ended.After(to) {
			ended = to
		}
		if ended.After(began) {
			sum += ended.Sub(began)
			from = ended
		}
	}
	return sum
}
