package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"twokey/bot/api"
	"twokey/bot/intake"
	"twokey/bot/lark"
	"twokey/incident"
)

type serveCmd struct{}

// Help is shown below the flags.
func (serveCmd) Help() string {
	return `Reads the configuration (see config.example.yaml), then serves until SIGTERM or SIGINT. TLS belongs in front of it. The log is
JSON on standard error. Run "twokey check" first.`
}

// Run serves until the command's context ends.
func (serveCmd) Run(e *env, g *globals) error {
	c, _, err := readConfig(g.file(), false, e.getenv)
	if err != nil {
		return err
	}
	listener, err := listen(e.ctx, c.Listen)
	if err != nil {
		return err
	}
	collectSeldom(e.getenv)
	log := slog.New(slog.NewJSONHandler(e.stderr, nil))
	a, err := newApp(context.WithoutCancel(e.ctx), c, log, e.now)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return errors.Join(a.serve(e.ctx, listener), a.close())
}

// collectSeldom lets the heap grow to four times what is in use before it is
// collected. Little is in use and every alert leaves some 50 kB behind: at the
// usual two times a flood would be collected a hundred times a second. Whoever sets
// GOGC knows better.
func collectSeldom(getenv func(string) (string, bool)) {
	if _, set := getenv("GOGC"); !set {
		debug.SetGCPercent(300)
	}
}

// listen opens the port before anything else is begun: whoever comes early waits
// until it is answered.
func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %s", address, whyNot(err))
	}
	return l, nil
}

// How long the end may take: first what came in is answered, then the work under
// way goes on to a place where it can be left.
const (
	drainRequests = 5 * time.Second
	drainWork     = 10 * time.Second
)

// serve answers and works until ctx ends, then stops in order: nothing new comes
// in, what is being answered is answered, the work under way is left. It closes
// the listener.
func (a *app) serve(ctx context.Context, listener net.Listener) error {
	handler, err := a.handler()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := a.server(ctx, handler)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		var watching sync.WaitGroup
		watching.Go(func() { a.ready.watch(work) })
		watching.Go(func() { a.poller().Run(work) })
		a.bot.Run(work)
		watching.Wait()
	}()
	a.log.Info("serving", slog.String("address", listener.Addr().String()), slog.Bool("drill", a.config.drill()))

	select {
	case <-ctx.Done():
		err = a.stop(server)
	case err = <-failed:
	}
	stopWork()
	select {
	case <-worked:
	case <-time.After(drainWork):
		a.log.Warn("work did not stop in time; it is taken up again at the next start")
	}
	a.log.Info("stopped")
	return err
}

func (a *app) stop(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), drainRequests)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		a.log.Warn("requests were cut off", slog.Any("error", err))
		return server.Close()
	}
	return nil
}

// whyNot says the usual reasons in plain words.
func whyNot(err error) string {
	var call *os.SyscallError
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "another program listens there: stop it, or choose another address (listen:)"
	case errors.Is(err, syscall.EACCES):
		return "not permitted: choose a port above 1023 (listen:)"
	case errors.As(err, &call):
		return call.Err.Error()
	}
	return err.Error()
}

func (a *app) server(ctx context.Context, handler http.Handler) *http.Server {
	s := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, // no WriteTimeout: the console's streams stay open
		BaseContext:    func(net.Listener) context.Context { return context.WithoutCancel(ctx) },
		ErrorLog:       slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	if a.console != nil {
		s.RegisterOnShutdown(a.console.Close)
	}
	return s
}

// handler is everything that is served. No handler logs a query string.
func (a *app) handler() (http.Handler, error) {
	hooks, err := a.hooks()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.Handle("GET /readyz", a.ready)
	mux.Handle("GET /metrics", a.metrics.handler())
	mux.Handle("/api/", api.New(api.Config{
		Token: a.config.API.Token.reveal(), Reader: a.reader, Backup: &a.backup, Log: a.log,
		Receiver: api.Hand{Bot: a.bot, Way: incident.WayAPI},
	}))
	mux.Handle(intake.Prefix, hooks)
	if a.console != nil {
		mux.Handle("/console/", a.console)
	}
	if s := a.config.Chat.Slack; s != nil && s.mode() == slackHTTP {
		mux.Handle("/slack/", a.slack)
	}
	if l := a.config.Chat.Lark; l != nil && l.mode() == larkHTTP {
		mux.Handle("POST "+lark.PathEvents, a.lark)
	}
	return mux, nil
}
