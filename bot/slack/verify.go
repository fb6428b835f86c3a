package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// signedFor is how far a request's time may be from ours (Slack docs: Verifying
// requests from Slack).
const signedFor = 5 * time.Minute

// Why a request was not let in.
const (
	refusedForged   = "forged"
	refusedStale    = "stale"
	refusedReplayed = "replayed"
	refusedTooLong  = "too_long"
)

// verify reports why a request is not from Slack, or not a new one; empty: it is. The
// body is compared as it came, before anything reads it.
func (d *doorkeeper) verify(h http.Header, body []byte) (why string) {
	stamp := h.Get("X-Slack-Request-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || d.secret == "" {
		return refusedForged
	}
	want := sign(d.secret, stamp, body)
	now := d.now()
	switch {
	case !hmac.Equal([]byte(want), []byte(h.Get("X-Slack-Signature"))):
		return refusedForged
	case now.Sub(time.Unix(seconds, 0)).Abs() > signedFor:
		return refusedStale
	case !d.first(want, now):
		return refusedReplayed
	}
	return ""
}

// sign is Slack's signature of a request.
func sign(secret, stamp string, body []byte) string {
	sum := hmac.New(sha256.New, []byte(secret))
	sum.Write([]byte("v0:" + stamp + ":"))
	sum.Write(body)
	return "v0=" + hex.EncodeToString(sum.Sum(nil))
}

// doorkeeper lets each genuine request in once. Slack signs anew what it sends again.
type doorkeeper struct {
	secret string
	now    func() time.Time

	mu   sync.Mutex
	seen map[string]time.Time // signatures, until when they would count
}

func newDoorkeeper(secret string, now func() time.Time) *doorkeeper {
	return &doorkeeper{secret: secret, now: now, seen: map[string]time.Time{}}
}

// again lets a request in once more that could not be taken.
func (d *doorkeeper) again(signature string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.seen, signature)
}

func (d *doorkeeper) first(signature string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if until, seen := d.seen[signature]; seen && now.Before(until) {
		return false
	}
	for s, until := range d.seen {
		if !now.Before(until) {
			delete(d.seen, s)
		}
	}
	d.seen[signature] = now.Add(2 * signedFor)
	return true
}
