// Package intake takes alerts in over HTTP: is the sender who it says, what does
// the body say, and is that one finding or many. What it hands on is normalised,
// holds no secret and is on disk before the sender is answered.
//
// It decides nothing about incidents and obeys nothing that stands in an alert. It
// calls GitHub, where that is configured, and follows no address of an alert.
// It keeps no bodies: what is not on the list of kept fields is dropped, and
// what is kept passes package redact.
//
// A type of source is a row in [rows], with a reader of its own only where its
// format is its own.
package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"twokey/bot"
	"twokey/incident"
)

// Config is what the hooks need. Sources, Receive, Now and Log must be given.
type Config struct {
	Sources []Source
	// Receive makes one alert durable and says what became of it: [bot.Bot.Receive]
	// in the name of the bot.
	Receive func(context.Context, incident.Alert, incident.AlertText) (bot.Verdict, incident.ID, error)

	Body      int64  // longest alert in bytes; 0: 1 MiB
	Report    int64  // longest report of a scanner in bytes; 0: 10 MiB
	PerSource int    // requests per second from one source, as many at once; 0: 50
	Pepper    []byte // ties findings of one secret together; none: they are not tied
	Now       func() time.Time
	Log       *slog.Logger
	Count     func(source string, v bot.Verdict) // may be nil

	// Keep remembers for ever what a [Poller] need not deliver; nil: nothing is
	// listed.
	Keep func(ctx context.Context, name string) error
}

// Source is one place that alerts come from. It must have a token, a secret or
// keys; with several, each is enough.
type Source struct {
	Name    string   // in the path: /hooks/<name>
	Type    string   // a row of the table: "generic", "gitleaks"
	Tokens  []string // any of them authenticates; two while rotating
	Secrets []string // any of them signs bodies, as senders of this type do
	Keys    []byte   // public keys as GitHub lists them, for partner messages
	Lookup  *GitHub  // of the type github: whom to ask for the key; of github-partner: for public keys; nil: nobody
}

// ErrConfig says that the hooks cannot be set up as told.
var ErrConfig = errors.New("invalid alert source")

// Prefix is the path under which the hooks stand; a source's name follows.
const Prefix = "/hooks/"

const (
	defaultBody      = 1 << 20
	defaultReport    = 10 << 20
	defaultPerSource = 50
)

// New returns the handler of POST /hooks/{name}. A source without a token, with
// an empty one, with a type that is not in the table or with a name that is
// taken is [ErrConfig].
func New(c Config) (http.Handler, error) {
	if c.Body <= 0 {
		c.Body = defaultBody
	}
	if c.Report <= 0 {
		c.Report = defaultReport
	}
	if c.PerSource <= 0 {
		c.PerSource = defaultPerSource
	}
	if c.Count == nil {
		c.Count = func(string, bot.Verdict) {}
	}
	h := &hooks{
		Config: c, sources: make(map[string]*source), reading: make(chan struct{}, maxReading), quick: make(chan struct{}, maxQuick), asking: make(chan struct{}, maxAsking), grumbles: rate.NewLimiter(1, 10),
	}
	for _, s := range c.Sources {
		if err := h.add(s); err != nil {
			return nil, fmt.Errorf("%w %q: %w", ErrConfig, s.Name, err)
		}
	}
	return h, nil
}

func (h *hooks) add(s Source) error {
	row, known := rows[s.Type]
	switch {
	case s.Name == "" || strings.Contains(s.Name, "/"):
		return errors.New("the name is empty or has a slash")
	case !known:
		return fmt.Errorf("type %q is unknown", s.Type)
	case len(s.Tokens)+len(s.Secrets)+len(s.Keys) == 0 && (s.Type != partnerType || s.Lookup == nil):
		return errors.New("a token or a secret is missing")
	case slices.Contains(s.Tokens, "") || slices.Contains(s.Secrets, ""):
		return errors.New("a token or a secret is empty")
	case h.sources[s.Name] != nil:
		return errors.New("the name is taken")
	}
	ring, err := s.keyring()
	if err != nil {
		return err
	}
	h.sources[s.Name] = &source{
		Source: s, row: row, tokens: digests(s.Tokens), partner: ring,
		pace: rate.NewLimiter(rate.Limit(h.PerSource), h.PerSource),
	}
	return nil
}

// keyring has the keys that the source's messages may be signed with.
func (s Source) keyring() (*keyring, error) {
	if s.Type != partnerType {
		return nil, nil
	}
	ring := &keyring{ask: s.Lookup}
	if len(s.Keys) == 0 {
		return ring, nil
	}
	var err error
	ring.keys, err = readKeys(s.Keys)
	return ring, err
}

// partnerType is the type whose keys are GitHub's.
const partnerType = "github-partner"

// hooks is the handler.
type hooks struct {
	Config
	sources  map[string]*source
	reading  chan struct{} // bounds the long bodies that are read at a time
	quick    chan struct{} // bounds the short ones
	asking   chan struct{} // bounds the questions to GitHub at a time
	grumbles *rate.Limiter // bounds the log lines that strangers can cause
}

// source is a configured source at work.
type source struct {
	Source
	row     row
	tokens  []digest
	partner *keyring
	pace    *rate.Limiter
}

func (h *hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, errMethod)
		return
	}
	s, err := h.admit(w, r)
	if err != nil {
		h.refuse(w, s.source, err)
		return
	}
	results, err := h.take(w, r, s)
	if err != nil {
		h.refuse(w, s.source, err)
		return
	}
	h.tell(s.source, results)
	answer(w, http.StatusOK, struct {
		Results []result `json:"results"`
	}{results})
}

// admit lets an authentic sender in, unless it is too fast. No parser has seen the
// body then: whoever is not authentic gets none to play with.
func (h *hooks) admit(w http.ResponseWriter, r *http.Request) (admission, error) {
	s, ok := h.authentic(w, r)
	if !ok {
		w.Header().Set("WWW-Authenticate", "Bearer")
		return admission{}, errUnauthorized
	}
	if err := h.turn(w, r, s.source); err != nil {
		return s, err
	}
	if format, known := rows[r.Header.Get(FormatHeader)]; known && !s.signed {
		return s.as(format, r.Header.Get(FormatHeader)), nil
	}
	return s, nil
}

// longestTurn is how long a sender that must not be refused waits for its turn. GitLab
// waits ten seconds for an answer.
const longestTurn = 5 * time.Second

// turn refuses a sender that is too fast. One that would stop for good waits instead,
// and hears in the end that it is not its fault.
func (h *hooks) turn(w http.ResponseWriter, r *http.Request, s *source) error {
	now := h.Now()
	turn := s.pace.ReserveN(now, 1)
	wait := turn.DelayFrom(now)
	switch {
	case wait == 0:
		return nil
	case s.row.sulks && wait <= longestTurn:
		select {
		case <-time.After(wait):
			return nil
		case <-r.Context().Done(): // it hung up
			return errBusy
		}
	}
	turn.CancelAt(now)
	retryAfter(w, wait)
	if s.row.sulks {
		return errBusy
	}
	return errTooFast
}

// FormatHeader names a type other than the source's own, for this one body. A
// sender with a token may set it; a sum does not cover it.
const FormatHeader = "X-Twokey-Format"

// as is the sender of a body of another type.
func (a admission) as(format row, kind string) admission {
	s := *a.source
	s.row.report, s.row.read, s.Type = format.report, format.read, kind
	a.source = &s
	return a
}

// take reads a body and makes what it says durable.
func (h *hooks) take(w http.ResponseWriter, r *http.Request, s admission) ([]result, error) {
	in, err := h.input(w, r, s)
	if err != nil {
		return nil, err
	}
	findings, err := h.read(s.source, in)
	if err != nil {
		return nil, err
	}
	// A sender that hangs up may never ask again: GitHub waits ten seconds and
	// does not retry. What was read from it is kept all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), storeTimeout)
	defer cancel()
	h.learn(ctx, s.source, in, findings)
	results, err := h.receive(ctx, s.source, in, findings)
	if err != nil {
		retryAfter(w, retryStore)
		h.Log.Error("receive alert", "source", s.Name, "error", err)
		return nil, errCannotStore
	}
	return results, nil
}

// Bounds of the bodies that are taken apart at a time. The largest cost seconds and
// a hundred megabytes each; what is short does not wait for them.
const (
	maxReading = 4
	maxQuick   = 16
	quick      = 64 << 10
)

// read finds out what a body says.
func (h *hooks) read(s *source, in input) ([]*finding, error) {
	lane := h.reading
	if len(in.body) <= quick {
		lane = h.quick
	}
	lane <- struct{}{}
	defer func() { <-lane }()
	findings, err := s.row.read(in)
	if err != nil {
		return nil, err
	}
	return findings, bundle(findings)
}

// How long storing one request may take, and when a sender should come back if
// it did not work.
const (
	storeTimeout = 30 * time.Second
	retryStore   = 5 * time.Second
)

// refuse answers and, within bounds, logs: the source and a fixed word, nothing
// that the sender wrote.
func (h *hooks) refuse(w http.ResponseWriter, s *source, err error) {
	why := fault{http.StatusBadRequest, "malformed"}
	errors.As(err, &why)
	name := ""
	if s != nil {
		name = s.Name
	}
	if h.grumbles.AllowN(h.Now(), 1) {
		h.Log.Warn("alert refused", "source", name, "status", why.status, "reason", why.word)
	}
	refuse(w, why)
}

// tell counts what became of the findings.
func (h *hooks) tell(s *source, results []result) {
	n := make(map[bot.Verdict]int)
	for _, r := range results {
		n[r.Verdict]++
		h.Count(s.Name, r.Verdict)
	}
	h.Log.Info("alert received", "source", s.Name, "findings", len(results),
		"opened", n[bot.Opened]+n[bot.LookedUp], "rejected", n[bot.Rejected])
}
