package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"twokey/actions/sandbox"
)

// alertToContain sends alerts about keys of a pretend account that answers at once,
// and lets automation attach the quarantine policy. The account runs here, so that
// its own time can be taken off; when the containment was confirmed is what the
// bot's timeline says.
func (s *suite) alertToContain() error {
	var all containments
	if err := s.each(func(int) error { return s.contain(&all) }); err != nil {
		return err
	}
	first, over := median(all.first), all.overhead
	s.add(row{name: "alert-to-contain", what: "alert sent to first call of the cloud", figure: times(all.first)}.
		judged("p50 3 ms", first <= 3*time.Millisecond))
	s.add(row{name: "alert-to-contain", what: "alert sent to containment confirmed, without the cloud's own time", figure: times(over)}.
		judged("p50 3 ms, p99 10 ms", median(over) <= 3*time.Millisecond && quantile(over, 0.99) <= 10*time.Millisecond))
	s.add(row{name: "alert-to-contain", what: fmt.Sprintf("the same with it, %d calls of a cloud on loopback", int(median(all.calls))), figure: times(all.total)})
	return nil
}

type containments struct {
	first, overhead, total []time.Duration
	calls                  []float64
}

const (
	// contained is how many alerts a round sends. Two of them are far enough apart
	// for the bot's own pace of calls, which keeps under Alibaba Cloud's limits, not
	// to be what is measured.
	contained  = 4
	apart      = 3 * time.Second
	underLimit = 20 * time.Second
)

func (s *suite) contain(into *containments) error {
	w, err := newWatched()
	if err != nil {
		return err
	}
	url, end, err := serveHere(w)
	if err != nil {
		return err
	}
	defer end()
	bot, err := s.fresh(fmt.Sprintf(acting, url), "BENCH_KEY="+w.bot.ID, "BENCH_SECRET="+string(w.bot.Secret))
	if err != nil {
		return err
	}
	defer bot.kill()
	c, err := dial(s.ctx, bot.address)
	if err != nil {
		return err
	}
	defer c.close()
	for n, key := range w.leaked {
		w.forget()
		sent := time.Now()
		status, body, err := c.do(post(bot.address, "/hooks/bench", authorized, "application/json", findingOf(key.ID, uint64(n), 0))) //nolint:gosec // counts up
		if err != nil || status != 200 {
			return fmt.Errorf("send alert: status %d %s: %w", status, body, err)
		}
		done, err := s.confirmed(bot, fmt.Sprintf("inc-%d", n+1), sent)
		if err != nil {
			return err
		}
		into.note(w, sent, done)
		time.Sleep(time.Until(sent.Add(apart)))
	}
	return nil
}

func (c *containments) note(w *watched, sent, done time.Time) {
	first, busy, calls := w.between(sent, done)
	c.first = append(c.first, first.Sub(sent))
	c.total = append(c.total, done.Sub(sent))
	c.overhead = append(c.overhead, done.Sub(sent)-busy)
	c.calls = append(c.calls, float64(calls))
}

// acting is a real account as the bot knows it, behind the pretend one's address.
const acting = `{name: prod, id: "1234567890123456", mode: act, credentials: {type: access_key, access_key_id: "${BENCH_KEY}",
     access_key_secret: "${BENCH_SECRET}"}, endpoints: {ram: %[1]q, ims: %[1]q, sts: %[1]q, actiontrail: %[1]q}}`

// confirmed waits until the timeline has the outcome, and returns when that was
// written. It asks seldom, so as not to be a load.
func (s *suite) confirmed(bot *child, id string, sent time.Time) (time.Time, error) {
	text, err := "", error(nil)
	for time.Since(sent) < underLimit {
		time.Sleep(20 * time.Millisecond)
		text, err = fetch(s.ctx, bot, "/api/incidents/"+id+"/timeline")
		if err != nil {
			return time.Time{}, err
		}
		var timeline []struct {
			At         time.Time
			Kind, Text string
		}
		if err := json.Unmarshal([]byte(text), &timeline); err != nil {
			return time.Time{}, fmt.Errorf("read timeline: %w", err)
		}
		for _, e := range timeline {
			if e.Kind == "finished" {
				return e.At, nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("no containment after %s: %s", underLimit, text)
}

// watched is a pretend account that notes when it was called.
type watched struct {
	*sandbox.Cloud

	bot    sandbox.Key
	leaked []sandbox.Key
	mu     sync.Mutex
	calls  []call
}

type call struct{ began, ended time.Time }

func newWatched() (*watched, error) {
	w := &watched{Cloud: sandbox.New(sandbox.Options{})}
	furnished, err := w.Furnish()
	if err != nil {
		return nil, err
	}
	w.bot = furnished.Bot
	for n := range contained {
		user := fmt.Sprintf("deploy-%d", n+1)
		w.AddUser(user)
		key, err := w.AddKey(user)
		if err != nil {
			return nil, err
		}
		w.leaked = append(w.leaked, key)
	}
	return w, nil
}

// ServeHTTP is the account's, with a look at the clock before and after.
func (w *watched) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	began := time.Now()
	w.Cloud.ServeHTTP(out, r)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, call{began, time.Now()})
}

func (w *watched) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = nil
}

// between is the first call after sent, and for how long and how often the account
// was called until done. Calls side by side count once.
func (w *watched) between(sent, done time.Time) (first time.Time, busy time.Duration, calls int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	first = done
	for _, c := range w.calls {
		if c.began.Before(sent) || c.began.After(done) {
			continue
		}
		calls++
		if c.began.Before(first) {
			first = c.began
		}
	}
	return first, covered(w.calls, sent, done), calls
}
