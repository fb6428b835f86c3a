package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// use is what a process holds of the machine's memory, in bytes. What is mapped
// from a file can be given back at any time; what is anonymous can't.
type use struct{ resident, anonymous float64 }

// memoryOf reads /proc; errAbsent where there is none.
func memoryOf(pid int) (use, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return use{}, fmt.Errorf("%w: no /proc on this system", errAbsent)
	}
	var u use
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kib, _ := strconv.ParseFloat(string(fields[1]), 64) // 0 for lines of another kind
		switch string(fields[0]) {
		case "VmRSS:":
			u.resident = kib * 1024
		case "RssAnon:":
			u.anonymous = kib * 1024
		}
	}
	return u, nil
}

// processorTime is how long a process has used the machine's cores; 0 where /proc
// does not say. Unlike what a process reaches in a second it hardly depends on who
// else is working.
func processorTime(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	_, after, _ := bytes.Cut(text, []byte(") ")) // the name of the program may hold blanks
	fields := bytes.Fields(after)
	const user, system, tick = 11, 12, 10 * time.Millisecond // proc(5); ticks are 100 a second on every Linux that Go runs on
	if len(fields) <= system {
		return 0
	}
	var sum time.Duration
	for _, i := range []int{user, system} {
		n, _ := strconv.Atoi(string(fields[i])) // always a number
		sum += time.Duration(n) * tick
	}
	return sum
}

// memory looks at a bot that does nothing, on a new store and on full ones.
func (s *suite) memory() error {
	idle, err := s.resting(func() (*child, error) { return s.fresh(absent) })
	if err != nil {
		return err
	}
	s.add(row{
		name: "memory", what: "idle, new store: RSS (" + megabytes(idle.anonymous) + " anonymous)", figure: megabytes(idle.resident),
	}.judged("40 MB", idle.resident <= 40e6))
	sizes := s.sizes()
	full := make([]use, len(sizes))
	for i, n := range sizes {
		folder, err := s.filledWith(n)
		if err != nil {
			return err
		}
		if full[i], err = s.resting(func() (*child, error) { return s.serve(settings{folder: folder, account: absent}) }); err != nil {
			return err
		}
		s.add(row{name: "memory", what: fmt.Sprintf("idle, %s incidents: RSS (%s anonymous)", count(n), megabytes(full[i].anonymous)), figure: megabytes(full[i].resident)})
	}
	last := len(sizes) - 1
	grown := max(0, full[last].anonymous-full[0].anonymous) / float64(sizes[last]-sizes[0]) * 100_000
	s.add(row{
		name: "memory", what: "anonymous, for each 100k closed incidents", figure: megabytes(grown), against: count(sizes[0]) + " incidents",
	}.judged("10 MB", grown <= 10e6))
	return nil
}

// resting is what a bot holds when it has listed what is open and then had nothing
// to do; the median of the rounds.
func (s *suite) resting(start func() (*child, error)) (use, error) {
	var resident, anonymous []float64
	err := s.each(func(int) error {
		c, err := start()
		if err != nil {
			return err
		}
		defer c.kill()
		if _, err := s.lists(c, 10); err != nil {
			return err
		}
		time.Sleep(time.Second)
		u, err := memoryOf(c.pid())
		resident, anonymous = append(resident, u.resident), append(anonymous, u.anonymous)
		return err
	})
	return use{median(resident), median(anonymous)}, err
}
