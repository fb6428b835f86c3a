// Command twokey-bench measures what twokey promises about speed: it builds the
// shipping binary, drives it over HTTP on loopback, and prints a table of ratios
// beside what the disk does by itself.
//
//	go run ./cmd/twokey-bench [-quick] [-only NAME,…] [-alertmanager PATH] [-dir FOLDER]
//
// It is no test: nothing fails because a machine is slow. docs/benchmarks.md says
// how to read the table.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(playRole(role)) // a child of another twokey-bench
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		_, _ = fmt.Fprintln(os.Stderr, "twokey-bench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	quick        bool
	only         string
	alertmanager string
	binary       string
	dir          string
	incidents    int
}

func parse(args []string, usage io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("twokey-bench", flag.ContinueOnError)
	f.SetOutput(usage)
	f.BoolVar(&o.quick, "quick", false, "one round of each, and 100,000 incidents at the most: under a minute")
	f.StringVar(&o.only, "only", "", "names of scenarios, with commas between them: "+strings.Join(scenarioNames(), ","))
	f.StringVar(&o.alertmanager, "alertmanager", "", "path of Alertmanager's binary, to be measured beside")
	f.StringVar(&o.binary, "twokey", "", "path of a twokey binary; without it, ./cmd/twokey is built")
	f.StringVar(&o.dir, "dir", "", "folder on the disk to measure; without it, the one for temporary files")
	f.IntVar(&o.incidents, "incidents", 1_000_000, "how many incidents the largest store holds")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q: nothing but flags is read", f.Arg(0))
	}
	if o.quick {
		o.incidents = min(o.incidents, 100_000)
	}
	return o, nil
}

// run measures what the flags ask for and prints the table.
func run(ctx context.Context, args []string, out, progress io.Writer) error {
	o, err := parse(args, progress)
	if err != nil {
		return err
	}
	chosen, err := choose(o.only)
	if err != nil {
		return err
	}
	s, err := newSuite(ctx, o, progress)
	if err != nil {
		return err
	}
	defer s.remove()
	for _, c := range chosen {
		s.measure(c)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("stopped before the end: %w", err)
	}
	s.print(out)
	return nil
}
