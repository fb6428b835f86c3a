// Package api tells programs what the bot knows: incidents, timelines, the
// record and whether it holds, as JSON over HTTP.
//
// It only reads, but for the one sealed secret that [Receiver] gives out, once, and
// that only its receiver can open. What it tells is the same whether a bot runs ([Client]) or its
// file is read after it stopped ([Local]); both are a [Reader]. Whoever has the
// token may read everything; there are no roles here.
package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"twokey/incident"
)

// ErrNotFound says that there is no such incident.
var ErrNotFound = errors.New("no such incident")

// Reader is everything that can be asked.
type Reader interface {
	// Status is the bot as a whole.
	Status(ctx context.Context) (Status, error)

	// Incidents lists incidents, newest first.
	Incidents(ctx context.Context, f Filter) ([]Incident, error)

	// Incident is one incident as it stands; [ErrNotFound] if there is none, and
	// an [*ArchivedError] if it left the store.
	Incident(ctx context.Context, id incident.ID) (Incident, error)

	// Timeline is every record of an incident, oldest first, with its words in
	// lang; an empty lang is the rooms' language. [incident.System] has one too.
	Timeline(ctx context.Context, id incident.ID, lang string) ([]Entry, error)

	// Verify checks every chain there is and gives each finding to each, by number,
	// then the system log's. An error of each ends it.
	Verify(ctx context.Context, each func(Checked) error) error

	// VerifyOne checks one chain and tells the hashes of its records too.
	VerifyOne(ctx context.Context, id incident.ID) (Checked, error)

	// Archives lists the files that hold incidents which left the store.
	Archives(ctx context.Context) ([]incident.Archived, error)

	// Export writes every record as a line of JSON, [Exported].
	Export(ctx context.Context, w io.Writer) error
}

// Filter restricts a list. Zero fields do not.
type Filter struct {
	Open   bool
	Limit  int         // 0: 100; at most [MaxLimit]
	Before incident.ID // only older ones than this
}

// MaxLimit bounds one answer; more are asked for with Filter.Before.
const MaxLimit = 1000

// Config is what the API needs.
type Config struct {
	Token  string // empty: there is no API
	Reader Reader
	Backup *Backup // nil: backups are not to be had
	Log    *slog.Logger

	Receiver Receiver // nil: sealed secrets are not to be had
}

// New serves everything under /api/. Without a token every path is 404, as if
// the API did not exist.
func New(c Config) http.Handler {
	if c.Token == "" {
		return http.NotFoundHandler()
	}
	h := handler{Config: c, copying: make(chan struct{}, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/status", h.status)
	mux.HandleFunc("GET /api/incidents", h.incidents)
	mux.HandleFunc("GET /api/incidents/{id}", h.incident)
	mux.HandleFunc("GET /api/incidents/{id}/timeline", h.timeline)
	mux.HandleFunc("POST /api/incidents/{id}/receive", h.receive)
	mux.HandleFunc("GET /api/archives", h.archives)
	mux.HandleFunc("GET /api/export", h.export)
	mux.HandleFunc("GET /api/verify", h.verify)
	mux.HandleFunc("GET /api/backup", h.backup)
	return h.guarded(mux)
}

type handler struct {
	Config

	copying chan struct{} // full while a backup is being made
}

// guarded lets nobody in without the token, before anything else is looked at.
func (h handler) guarded(next http.Handler) http.Handler {
	want := sha256.Sum256([]byte(h.Token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(token)) // equal lengths, so that the comparison takes equal time
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			fail(w, http.StatusUnauthorized, "not authorized")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (h handler) status(w http.ResponseWriter, r *http.Request) {
	s, err := h.Reader.Status(r.Context())
	h.answer(w, r, s, err)
}

func (h handler) incidents(w http.ResponseWriter, r *http.Request) {
	f, err := filterOf(r)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	list, err := h.Reader.Incidents(r.Context(), f)
	h.answer(w, r, list, err)
}

// The answers to a bad query; they never repeat it.
var (
	errOpen   = errors.New("open: want true or false")
	errLimit  = fmt.Errorf("limit: want 1 to %d", MaxLimit)
	errBefore = errors.New("before: want an incident such as inc-7")
)

func filterOf(r *http.Request) (f Filter, err error) {
	q := r.URL.Query()
	if text := q.Get("open"); text != "" {
		if f.Open, err = strconv.ParseBool(text); err != nil {
			return f, errOpen
		}
	}
	if text := q.Get("limit"); text != "" {
		if f.Limit, err = strconv.Atoi(text); err != nil || f.Limit < 1 || f.Limit > MaxLimit {
			return f, errLimit
		}
	}
	if f.Before = incident.ID(q.Get("before")); f.Before != "" && f.Before.Number() == 0 {
		return f, errBefore
	}
	return f, nil
}

func (h handler) incident(w http.ResponseWriter, r *http.Request) {
	i, err := h.Reader.Incident(r.Context(), incident.ID(r.PathValue("id")))
	h.answer(w, r, i, err)
}

func (h handler) timeline(w http.ResponseWriter, r *http.Request) {
	entries, err := h.Reader.Timeline(r.Context(), incident.ID(r.PathValue("id")), r.URL.Query().Get("lang"))
	h.answer(w, r, entries, err)
}

// export streams: a record that can't be read ends it in the middle, and the
// connection is cut so that nobody takes the part for the whole.
func (h handler) export(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/jsonl")
	if err := h.Reader.Export(r.Context(), w); err != nil {
		h.Log.ErrorContext(r.Context(), "export", slog.Any("error", err))
		panic(http.ErrAbortHandler) // net/http closes the connection without a word
	}
}

// answer writes a value, or why there is none. What went wrong inside is logged
// and not told.
func (h handler) answer(w http.ResponseWriter, r *http.Request, value any, err error) {
	archived, left := errors.AsType[*ArchivedError](err)
	switch {
	case left:
		failArchived(w, archived)
	case errors.Is(err, ErrNotFound):
		fail(w, http.StatusNotFound, ErrNotFound.Error())
	case err != nil:
		h.Log.ErrorContext(r.Context(), "api", slog.String("path", r.URL.Path), slog.Any("error", err))
		fail(w, http.StatusInternalServerError, "the store could not be read; the log says why")
	default:
		write(w, http.StatusOK, value)
	}
}

func fail(w http.ResponseWriter, status int, why string) {
	write(w, status, struct {
		Error string `json:"error"`
	}{why})
}

func write(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(value) // a reader who left is no error
}
