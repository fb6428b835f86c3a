package room

import (
	"crypto/hmac"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Why something that came in was not let in, as it is counted.
const (
	Forged        = "forged"
	Stale         = "stale"
	Replayed      = "replayed"
	TooLong       = "too_long"
	UnknownButton = "unknown_button" // none of the bot's
)

// SignedFor is how far a signed request's time may be from ours.
const SignedFor = 5 * time.Minute

// Doorkeeper lets each genuine request in once. Make it with [NewDoorkeeper].
type Doorkeeper struct {
	now func() time.Time

	mu   sync.Mutex
	seen map[string]time.Time // signatures, until when they would count
}

// NewDoorkeeper makes a doorkeeper that saw nothing yet.
func NewDoorkeeper(now func() time.Time) *Doorkeeper {
	return &Doorkeeper{now: now, seen: map[string]time.Time{}}
}

// Verify reports why a request is not genuine, or not a new one; empty: it is. Stamp is
// its time in seconds since 1970, signature the one that it came with, and want the one
// that it must have; nothing is genuine where want is empty.
func (d *Doorkeeper) Verify(stamp, signature, want string) (why string) {
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	now := d.now()
	switch {
	case err != nil || want == "" || !hmac.Equal([]byte(want), []byte(signature)):
		return Forged
	case now.Sub(time.Unix(seconds, 0)).Abs() > SignedFor:
		return Stale
	case !d.first(signature, now):
		return Replayed
	}
	return ""
}

func (d *Doorkeeper) first(signature string, now time.Time) bool {
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
	d.seen[signature] = now.Add(2 * SignedFor)
	return true
}

// Again lets a request in once more: it could not be taken.
func (d *Doorkeeper) Again(signature string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.seen, signature)
}

// MaxRequest is the longest request that is read, in bytes.
const MaxRequest = 1 << 20

// Body is what a platform sent, unread; false: it was answered that it can't be taken.
// Refused is told if it was too long.
func Body(w http.ResponseWriter, r *http.Request, refused func(why string)) ([]byte, bool) {
	if r.Method != http.MethodPost {
		Status(w, http.StatusMethodNotAllowed)
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxRequest))
	switch tooLong := (*http.MaxBytesError)(nil); {
	case errors.As(err, &tooLong):
		refused(TooLong)
		Status(w, http.StatusRequestEntityTooLarge)
	case err != nil:
		Status(w, http.StatusBadRequest)
	}
	return body, err == nil
}

// Status answers with a status alone.
func Status(w http.ResponseWriter, code int) { http.Error(w, http.StatusText(code), code) }

// Trusted reports whether an address that came in is the platform's: of one of its hosts
// over https, or of the same scheme and host as its API. Nothing is sent anywhere else
// because a request says so.
func Trusted(address, api string, hosts ...string) bool {
	u, err := url.Parse(address)
	own, _ := url.Parse(api)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" && slices.Contains(hosts, u.Host) || own != nil && u.Scheme == own.Scheme && u.Host == own.Host
}
