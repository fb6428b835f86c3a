package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// scenario is one line of the suite: it adds rows to the table.
type scenario struct {
	name string
	run  func(*suite) error
}

// scenarios in the order in which they run: what grows the stores comes last.
func scenarios() []scenario {
	return []scenario{
		{"cold-start", (*suite).coldStart},
		{"intake", (*suite).intake},
		{"store-append", (*suite).storeAppend},
		{"click-ack", (*suite).clickAck},
		{"alert-to-card", (*suite).alertToCard},
		{"alert-to-contain", (*suite).alertToContain},
		{"restart", (*suite).restart},
		{"memory", (*suite).memory},
		{"list-open", (*suite).listOpen},
		{"after-retention", (*suite).afterRetention},
	}
}

func scenarioNames() []string {
	var names []string
	for _, c := range scenarios() {
		names = append(names, c.name)
	}
	return names
}

// choose picks scenarios by their names; all of them if none is named.
func choose(only string) ([]scenario, error) {
	if only == "" {
		return scenarios(), nil
	}
	var chosen []scenario
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(scenarios(), func(c scenario) bool { return c.name == strings.TrimSpace(name) })
		if i < 0 {
			return nil, fmt.Errorf("no scenario is called %q: there are %s", name, strings.Join(scenarioNames(), ", "))
		}
		chosen = append(chosen, scenarios()[i])
	}
	return chosen, nil
}

// errAbsent says that this build, or this machine, has nothing to measure.
var errAbsent = errors.New("not in this build")

// suite is one run of the command.
type suite struct {
	options

	ctx      context.Context //nolint:containedctx // the life of one command
	progress io.Writer
	work     string // a temporary folder on the disk that is measured
	rounds   int
	span     time.Duration // of one load
	rows     []row
	syncs    []float64      // fdatasync per second, one for each scenario
	size     int64          // of the binary, in bytes
	filled   map[int]string // folders of stores, by how many incidents they hold
}

func newSuite(ctx context.Context, o options, progress io.Writer) (*suite, error) {
	work, err := os.MkdirTemp(o.dir, "twokey-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder to work in: %w", err)
	}
	s := &suite{options: o, ctx: ctx, progress: progress, work: work, rounds: 5, span: 1500 * time.Millisecond, filled: map[int]string{}}
	if o.quick {
		s.rounds, s.span = 1, 500*time.Millisecond
	}
	return s, nil
}

// program is the path of the binary to measure. It is built when it is first
// needed, as the Dockerfile does.
func (s *suite) program() (string, error) {
	if s.size > 0 {
		return s.binary, nil
	}
	if s.binary == "" {
		s.binary = filepath.Join(s.work, "twokey")
		if err := s.build(); err != nil {
			return "", err
		}
	}
	info, err := os.Stat(s.binary) //nolint:gosec // named by whoever runs this
	if err != nil {
		return "", fmt.Errorf("find twokey: %w", err)
	}
	s.size = info.Size()
	return s.binary, nil
}

func (s *suite) build() error {
	s.say("building ./cmd/twokey")
	cmd := exec.CommandContext(s.ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", s.binary, "twokey/cmd/twokey") //nolint:gosec // our own path
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build twokey (run this in the repository): %w\n%s", err, said)
	}
	return nil
}

func (s *suite) remove() { _ = os.RemoveAll(s.work) } //nolint:gosec // we made it

func (s *suite) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.progress, format+"\n", args...)
}

// folder makes an empty folder for one store.
func (s *suite) folder(name string) (string, error) {
	return os.MkdirTemp(s.work, name+"-")
}

// measure runs one scenario. One that can't be measured is a row that says so.
func (s *suite) measure(c scenario) {
	if s.ctx.Err() != nil {
		return
	}
	began := time.Now()
	if rate, err := fdatasyncRate(s.work); err == nil {
		s.syncs = append(s.syncs, rate)
	}
	switch err := c.run(s); {
	case errors.Is(err, errAbsent):
		s.add(row{name: c.name, what: err.Error(), verdict: "-"})
	case err != nil:
		s.add(row{name: c.name, what: "could not be measured", verdict: "failed"})
		s.say("%s: %s", c.name, err)
	}
	s.say("%-18s %5.1f s", c.name, time.Since(began).Seconds())
}

// each runs every part once in each round, so that a noisy minute hits all of
// them alike.
func (s *suite) each(parts ...func(round int) error) error {
	for round := range s.rounds {
		for _, part := range parts {
			if err := s.ctx.Err(); err != nil {
				return err
			}
			if err := part(round); err != nil {
				return err
			}
		}
	}
	return nil
}

func machine() string {
	return fmt.Sprintf("%s/%s, %d cores, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
}
