package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"twokey/actions/sandbox"
)

// demoCmd shows the whole job on a pretend account.
type demoCmd struct {
	Listen   string `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address of the page; loopback only."`
	Data     string `placeholder:"DIR" type:"path" help:"Folder to keep the record and the pretend account in. Without it, a temporary one."`
	Language string `default:"en" enum:"en,zh,ja,id" help:"Language of the room: ${enum}."`
	Quiet    bool   `help:"Print nothing but the address of the page."`
}

// Help is shown below the flags.
func (demoCmd) Help() string {
	return `Starts a pretend Alibaba Cloud account, a bot and a web page on this machine, and leaks a key of that account. Nothing needs to
be set up and nothing leaves the machine. Ana and Bo can contain the key on the page; a scripted thief shows what that is worth.
Ctrl-C ends it.`
}

//go:embed demo.yaml
var demoConfig []byte

// Run shows the demo until the command's context ends.
func (d demoCmd) Run(e *env) error {
	listener, err := d.listen(e.ctx)
	if err != nil {
		return err
	}
	remove, err := d.folder()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer remove()
	hook := rand.Text()
	a, err := d.build(e, hook)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return errors.Join(d.show(e, a, listener, hook), a.close())
}

// listen opens the page's port. The page is for this machine alone: whoever
// reaches it can be anybody on it.
func (d demoCmd) listen(ctx context.Context) (net.Listener, error) {
	host, _, err := net.SplitHostPort(d.Listen)
	if err != nil {
		return nil, usageError("--listen: want HOST:PORT, such as 127.0.0.1:8080")
	}
	if !loopback(host) {
		return nil, usageError("--listen: whoever reaches the demo can be anybody in it; listen on 127.0.0.1")
	}
	return listen(ctx, d.Listen)
}

// folder makes the folder to keep things in, and returns what removes it again.
func (d *demoCmd) folder() (remove func(), err error) {
	if d.Data != "" {
		if err := os.MkdirAll(d.Data, 0o700); err != nil {
			return nil, fmt.Errorf("--data %s: %s; choose a folder that can be written", d.Data, whyNot(withoutPath(err)))
		}
		return func() {}, nil
	}
	if d.Data, err = os.MkdirTemp("", "twokey-demo-"); err != nil {
		return nil, fmt.Errorf("make a temporary folder: %w; name one with --data", err)
	}
	return func() { _ = os.RemoveAll(d.Data) }, nil
}

// build is the bot of a deployment with the demo's configuration. It waits a
// second, not an hour, before it offers to delete a disabled key.
func (d demoCmd) build(e *env, hook string) (*app, error) {
	token, err := keptToken(filepath.Join(d.Data, dataToken))
	if err != nil {
		return nil, err
	}
	values := map[string]string{
		"DEMO_LANGUAGE": d.Language, "DEMO_STORE": filepath.Join(d.Data, dataStore), "DEMO_API_TOKEN": token, "DEMO_HOOK_TOKEN": hook,
	}
	getenv := func(name string) (string, bool) { v, ok := values[name]; return v, ok }
	c, _, err := parseConfig("demo.yaml", demoConfig, false, getenv)
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.NewJSONHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	a, err := newApp(context.WithoutCancel(e.ctx), c, log, e.now)
	if err != nil {
		return nil, err
	}
	a.bot.Rules.Playbook.SecondLook = time.Second
	return a, nil
}

// keptToken is the token that lets `twokey show` and the others ask a running
// demo.
func keptToken(file string) (string, error) {
	if kept, err := os.ReadFile(file); err == nil && len(kept) > 0 { //nolint:gosec // the demo's own folder
		return string(kept), nil
	}
	token := rand.Text()
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		return "", fmt.Errorf("write %s: %s; choose a folder that can be written with --data", file, whyNot(withoutPath(err)))
	}
	return token, nil
}

// show serves until ctx ends, while the thief goes on.
func (d demoCmd) show(e *env, a *app, listener net.Listener, hook string) error {
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	address := listener.Addr().String()
	if err := os.WriteFile(filepath.Join(d.Data, dataAddress), []byte(address), 0o600); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", dataAddress, err), listener.Close())
	}
	served := make(chan error, 1)
	go func() { served <- a.serve(ctx, listener) }()
	if err := leak(ctx, a, "http://"+address+"/hooks/scans", hook); err != nil {
		cancel()
		return errors.Join(err, <-served)
	}
	d.greet(e.stdout, "http://"+address+"/console/")
	go steal(ctx, a.drills[0])
	return <-served
}

func (d demoCmd) greet(out io.Writer, url string) {
	if d.Quiet {
		_, _ = fmt.Fprintln(out, url)
		return
	}
	_, _ = fmt.Fprintf(out, `%s

A key of the pretend account has leaked, and a thief is using it.

  Open   %s
  Do     as Ana, approve "Disable the key"; as Bo, approve it too.
         Eve may not. Delete and restore take two people each.
  Then   twokey show --data %s inc-1
         twokey verify --data %s

The demo waits a second, not an hour, before it offers to delete a disabled key.
Ctrl-C ends it.
`, sandbox.Banner, url, d.Data, d.Data)
}

// The thief's calls are bounded: one every few seconds, for an hour.
const (
	stealEvery = 4 * time.Second
	stealMost  = 900
)

func steal(ctx context.Context, d *drill) {
	ticker := time.NewTicker(stealEvery)
	defer ticker.Stop()
	for range stealMost {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			_ = d.attack(ctx) // the page shows what came of it
		}
	}
}
