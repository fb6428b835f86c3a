package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // refused or failed
	exitUsage  = 2 // wrong use: flags, or a configuration that can't work
)

// env is what a command has of the world.
type env struct {
	ctx    context.Context //nolint:containedctx // the life of one command
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	getenv func(string) (string, bool)
	now    func() time.Time
}

func (e *env) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(e.stdout, format, args...) // a reader who left is no error
}

// globals are the flags that every command takes.
type globals struct {
	Config string `short:"c" placeholder:"FILE" env:"TWOKEY_CONFIG" help:"Configuration file; twokey.yaml when not given."`
}

const defaultConfig = "twokey.yaml"

func (g *globals) file() string { return or(g.Config, defaultConfig) }

type cli struct {
	globals

	Serve     serveCmd     `cmd:"" help:"Run the bot until it is told to stop."`
	Demo      demoCmd      `cmd:"" help:"Show the main job with a pretend account; needs nothing set up."`
	Check     checkCmd     `cmd:"" help:"Check the configuration, and what it needs, before serving."`
	Report    reportCmd    `cmd:"" help:"Post a scanner's report, or any text, to a running bot."`
	Incidents incidentsCmd `cmd:"" help:"List incidents, newest first."`
	Show      showCmd      `cmd:"" help:"Print the timeline of one incident."`
	Export    exportCmd    `cmd:"" help:"Write the whole record as JSON Lines."`
	Verify    verifyCmd    `cmd:"" help:"Check that nobody rewrote the record."`
	Backup    backupCmd    `cmd:"" help:"Copy the whole store, also of a running bot, and check the copy."`
	Restore   restoreCmd   `cmd:"" help:"Put a backup in the store's place; the bot then starts on hold."`
	Receive   receiveCmd   `cmd:"" help:"Fetch the sealed secret of a new key, once."`
	Policy    policyCmd    `cmd:"" help:"Print the RAM policies that the bot needs and uses."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

const description = "A leaked Alibaba Cloud AccessKey is contained in seconds, with people behind every dangerous step, " +
	"and nobody can quietly rewrite what was done."

// exit carries an exit code out of kong, which wants to end the process.
type exit int

// errSaid ends a command that failed and has said all there is to say.
var errSaid = errors.New("failed")

// usageError is wrong use that kong does not see.
type usageError string

func (e usageError) Error() string { return string(e) }

// run runs one command line and returns its exit code.
func run(e *env, args []string) (code int) {
	defer func() {
		switch asked := recover().(type) {
		case nil:
		case exit:
			code = int(asked)
		default:
			panic(asked)
		}
	}()
	var c cli
	parser, err := kong.New(&c, kong.Name("twokey"), kong.Description(description), kong.Writers(e.stdout, e.stderr),
		kong.Exit(func(code int) { panic(exit(code)) }), kong.Bind(e, &c.globals),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true}))
	if err != nil {
		panic(err) // the struct above is wrong: a bug
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		_, _ = fmt.Fprintf(e.stderr, "twokey: %s (see: twokey %s--help)\n", err, commandOf(args))
		return exitUsage
	}
	return e.exitCode(command.Run())
}

// commandOf is the command that was asked for, for a hint; empty if none was.
func commandOf(args []string) string {
	if strings.HasPrefix(args[0], "-") {
		return ""
	}
	return args[0] + " "
}

func (e *env) exitCode(err error) int {
	wrong, usage := (*configError)(nil), usageError("")
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errSaid):
		return exitFailed
	case errors.As(err, &wrong):
		_, _ = fmt.Fprintln(e.stderr, err)
		return exitUsage
	case errors.As(err, &usage):
		_, _ = fmt.Fprintln(e.stderr, "twokey:", err)
		return exitUsage
	}
	_, _ = fmt.Fprintln(e.stderr, "twokey:", err)
	return exitFailed
}
