package intake

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"twokey/bot"
	"twokey/bot/redact"
	"twokey/incident"
)

// SecurityCenter is the type of sources that are asked: Alibaba Cloud's Security
// Center, which finds AccessKeys on GitHub and elsewhere and calls nobody by itself.
const SecurityCenter = "sas"

// Report is one key that a source which is asked has found. All of it is foreign
// text.
type Report struct {
	ID       string // of the finding, at its source and account
	Key      string
	Owner    string // incident.OwnerRoot or incident.OwnerRAM
	Detected time.Time

	URL, Repo, File, Author string // where; empty if that is not told

	alert *ghAlert // of GitHub, in place of all but ID
}

// githubAccount stands where an account would: GitHub is asked for all of them.
const githubAccount = "github"

// Polled is one account at a source that is asked.
type Polled struct {
	Source  string // its name in the configuration
	Type    string // of the source; empty: SecurityCenter
	Account string
	Every   time.Duration // between two questions; 0: as the Poller has it

	// Ask lists what nobody has dealt with, found since a moment; a zero one is
	// ever. Of what is known only the id is looked at.
	Ask func(ctx context.Context, since time.Time, known func(id string) bool) ([]Report, error)
}

// AskGitHub is GitHub as a source that is asked.
func AskGitHub(source string, g *GitHub) Polled {
	return Polled{Source: source, Type: "github", Account: githubAccount, Every: githubEvery, Ask: g.Alerts}
}

// githubEvery is how often alerts are listed that the webhook may have missed:
// GitHub sends each once.
const githubEvery = 10 * time.Minute

// Poller asks sources again and again. What they say goes the way of every alert;
// what was delivered once is not delivered again, however long it stays on the
// list: the incident of that key may be closed.
type Poller struct {
	Polled  []Polled
	Receive func(context.Context, incident.Alert, incident.AlertText) (bot.Verdict, incident.ID, error)

	// Delivered reports whether a name was kept; Keep keeps one for ever.
	Delivered func(ctx context.Context, name string) (bool, error)
	Keep      func(ctx context.Context, name string) error

	Every time.Duration // between two questions; 0: a minute
	Now   func() time.Time
	Log   *slog.Logger
	Count func(source string, v bot.Verdict) // may be nil
	Code  func(error) string                 // an error as the log may hold it
}

const (
	defaultEvery = time.Minute
	askTimeout   = 45 * time.Second
	wholeEvery   = time.Hour      // how often everything is asked for, not only what is new
	overlap      = 48 * time.Hour // how late something may come onto the list
)

// Run asks until ctx ends. One account that does not answer holds up no other.
func (p *Poller) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for i := range p.Polled {
		wg.Go(func() { p.watch(ctx, &polling{Poller: p, Polled: p.Polled[i], known: map[string]bool{}}) })
	}
	wg.Wait()
}

func (p *Poller) watch(ctx context.Context, w *polling) {
	every := w.every()
	if every <= 0 {
		every = defaultEvery
	}
	for ctx.Err() == nil {
		w.tell(w.once(ctx))
		timer := time.NewTimer(every)
		select {
		case <-ctx.Done():
			timer.Stop()
		case <-timer.C:
		}
	}
}

func (w *polling) every() time.Duration {
	if w.Polled.Every > 0 {
		return w.Polled.Every
	}
	return w.Poller.Every
}

// polling is one account while it is asked.
type polling struct {
	*Poller
	Polled
	known   map[string]bool // delivered, as far as this process knows
	whole   time.Time       // when everything was last asked for
	asked   time.Time       // when something was last asked for
	failing string          // why it does not answer, as told
}

// once asks one time and hands on what is new.
func (w *polling) once(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	now := w.Now()
	since, all := w.asked.Add(-overlap), false
	if w.whole.IsZero() || now.Sub(w.whole) >= wholeEvery {
		since, all = time.Time{}, true
	}
	found, err := w.Ask(ctx, since, func(id string) bool { return w.had(ctx, id) })
	if err != nil {
		return err
	}
	for _, r := range found {
		if w.had(ctx, r.ID) {
			continue
		}
		if err := w.deliver(ctx, r, now); err != nil {
			return err
		}
	}
	w.asked = now
	if all {
		w.whole = now
	}
	return nil
}

// had reports whether a report was delivered. A store that does not say so is no
// reason to keep an alert back: it hears "duplicate".
func (w *polling) had(ctx context.Context, id string) bool {
	if !w.known[id] {
		kept, err := w.Delivered(ctx, w.name(id))
		w.known[id] = err == nil && kept
	}
	return w.known[id]
}

// name is what is kept of a delivered report.
func (w *polling) name(id string) string {
	return polledName(w.Source, w.Account, id)
}

func polledName(source, account, id string) string {
	return "polled/" + source + "/" + account + "/" + hash(id)
}

// deliver makes one report durable, and only then remembers it: after a crash in
// between it is delivered twice, and the second time is a duplicate.
func (w *polling) deliver(ctx context.Context, r Report, now time.Time) error {
	f := w.finding(r, now)
	verdict := f.verdict
	if verdict == "" {
		var err error
		verdict, _, err = w.Receive(ctx, f.alert, f.text)
		if err != nil {
			return fmt.Errorf("receive alert: %w", err)
		}
	}
	if err := w.Keep(ctx, w.name(r.ID)); err != nil {
		return fmt.Errorf("remember alert: %w", err)
	}
	w.known[r.ID] = true
	w.Log.Info("alert received", "source", w.Source, "account", w.Account, "verdict", string(verdict))
	if w.Count != nil {
		w.Count(w.Source, verdict)
	}
	return nil
}

// finding is a report as it is handed on: every text passes the sieve, and what is
// no key id opens nothing.
func (w *polling) finding(r Report, now time.Time) *finding {
	if r.alert != nil {
		return w.listed(r.alert, now)
	}
	f := identify(r.Key)
	if f.verdict != "" {
		return f
	}
	s := &sieve{}
	if redact.KeyType(r.Key) == longTerm {
		f.alert.Confidence = confirmed
	}
	place := s.place(r.URL, r.Repo, r.File, 0, "")
	if repo := s.repoOf(place.URL); repo != "" {
		place.Repo = repo
	}
	f.found(place)
	f.text.Author = s.line(r.Author, maxAuthor)
	a := &f.alert
	a.Source, a.Type, a.ReceivedAt, a.Asked = w.Source, SecurityCenter, now, true
	a.OwnerHint = oneOf(r.Owner, incident.OwnerRoot, incident.OwnerRAM)
	a.Public, a.SecretSeen = incident.Yes, s.seen
	if !r.Detected.IsZero() {
		a.DetectedAt = moment(r.Detected.UTC().Format(time.RFC3339), now)
	}
	a.ExternalKey = hash(SecurityCenter, w.Account, r.ID)
	a.Delivery = w.Account + "/" + hash(r.ID)[:16]
	return f
}

// listed is an alert of GitHub, named as its webhook names it.
func (w *polling) listed(alert *ghAlert, now time.Time) *finding {
	f := alert.finding(input{at: now})
	if f.verdict != "" {
		return f
	}
	a := &f.alert
	a.Source, a.Type, a.ReceivedAt, a.Asked = w.Source, w.Type, now, a.KeyID != ""
	a.ExternalKey = hash(alert.name())
	a.Delivery = githubAccount + "/" + hash(alert.name())[:16]
	return f
}

// tell logs that a source stopped answering, why, and that it answers again: once
// each.
func (w *polling) tell(err error) {
	why := ""
	if err != nil {
		why = w.Code(err)
	}
	switch why {
	case w.failing:
	case "":
		w.Log.Info("source answers again", "source", w.Source, "account", w.Account)
	default:
		w.Log.Warn("source does not answer", "source", w.Source, "account", w.Account, "code", why)
	}
	w.failing = why
}
