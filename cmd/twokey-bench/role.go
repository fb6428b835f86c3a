package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"twokey/bot"
	"twokey/bot/intake"
	"twokey/incident"
)

// roleVariable makes this program one of the servers that twokey is compared
// with. They are processes of their own, as twokey is.
const roleVariable = "TWOKEY_BENCH_ROLE"

const (
	roleBare = "bare" // net/http: reads the body and says ok
	roleNoop = "noop" // twokey's own hooks: all but the store
)

// playRole serves until it is killed.
func playRole(role string) int {
	role, address, _ := strings.Cut(role, "@")
	debug.SetGCPercent(300) // as twokey does
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	switch role {
	case roleBare:
		mux.HandleFunc("POST "+intake.Prefix, bare)
	case roleNoop:
		hooks, err := noop()
		if err != nil {
			return 1
		}
		mux.Handle(intake.Prefix, hooks)
	default:
		return 2
	}
	l, err := net.Listen("tcp", address) //nolint:noctx // for the life of the process
	if err != nil {
		return 1
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second}
	_ = server.Serve(l)
	return 0
}

func bare(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"results":[{"verdict":"open","incident":"inc-1","reason":""}]}`+"\n")
}

// noop is the shipping handler of alerts with nothing behind it: authentic,
// bounded, parsed, redacted, normalised, logged, and then forgotten.
func noop() (http.Handler, error) {
	return intake.New(intake.Config{
		Sources: []intake.Source{{Name: "bench", Type: "generic", Tokens: []string{token}}},
		Receive: func(context.Context, incident.Alert, incident.AlertText) (bot.Verdict, incident.ID, error) {
			return bot.Opened, "inc-1", nil
		},
		PerSource: 1_000_000, Pepper: []byte(auditKey), Now: time.Now, Log: slog.New(slog.NewJSONHandler(os.Stderr, nil)),
	})
}

// play starts this program in a role.
func (s *suite) play(role string) (*child, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return s.launch(address, "/readyz", s.work+"/"+role+".log", []string{roleVariable + "=" + role + "@" + address}, self)
}
