package sandbox

import (
	"net/http"
	"slices"
	"strings"
)

// FaultKind is one way to misbehave.
type FaultKind int

// The kinds of faults. All but Drop happen before the call has any effect.
const (
	Throttle    FaultKind = iota // 400 Throttling.User
	ServerError                  // 500 with an empty body
	Unavailable                  // 503 ServiceUnavailable
	HTML                         // 503 with a page instead of JSON
	Drop                         // the call takes effect, the connection closes without an answer
	Slow                         // nothing happens until Release closes or the client leaves; then, if the client is still there, the call goes on
)

// Fault is a misbehaviour and the calls it hits. Calls that match are counted from
// when the fault is injected; without Every and Next it hits all of them until it
// is taken back.
type Fault struct {
	Kind FaultKind
	// Action ("UpdateAccessKey"), Product ("ram", "ims", "actiontrail", "ecs",
	// "sts", "kms") and Key (an AccessKey id) limit it to some calls; empty: all.
	Action, Product, Key string
	// Every hits each k-th matching call only.
	Every int
	// Next ends the fault after so many hits.
	Next int
	// Release ends the wait of Slow; nil: only the client or Close ends it.
	Release <-chan struct{}
	// Held, if given, gets one value when a Slow call starts to wait (if somebody
	// can take it), so that a test knows without sleeping.
	Held chan<- struct{}
}

type injected struct {
	Fault
	seen, hits int
}

// Inject adds a fault; it may be called while running. The first fault that fits
// a call hits it. The function it returns takes the fault back.
func (c *Cloud) Inject(f Fault) (remove func()) {
	in := &injected{Fault: f}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, in)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.faults = slices.DeleteFunc(c.faults, func(x *injected) bool { return x == in })
	}
}

// ClearFaults takes all faults back. Calls already held stay held.
func (c *Cloud) ClearFaults() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = nil
}

// fault is the one that hits this call, nil for none.
func (c *Cloud) fault(op operation, q *request) *injected {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.faults {
		if f.fits(op, q) && f.hit() {
			return f
		}
	}
	return nil
}

func (f *injected) fits(op operation, q *request) bool {
	return (f.Action == "" || f.Action == q.action) &&
		(f.Product == "" || strings.EqualFold(f.Product, op.product())) &&
		(f.Key == "" || f.Key == q.keyID)
}

func (f *injected) hit() bool {
	if f.Next > 0 && f.hits >= f.Next {
		return false
	}
	f.seen++
	if f.Every > 0 && f.seen%f.Every != 0 {
		return false
	}
	f.hits++
	return true
}

// stands answers in a way that no product would, or waits; true means the call
// ends here.
func (f *injected) stands(w http.ResponseWriter, r *http.Request) bool {
	switch f.Kind {
	case ServerError:
		w.WriteHeader(http.StatusInternalServerError)
	case HTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("<html><body>Service Unavailable</body></html>"))
	case Slow:
		select {
		case f.Held <- struct{}{}: // a nil channel is never ready
		default:
		}
		select {
		case <-f.Release:
			return r.Context().Err() != nil
		case <-r.Context().Done():
			return true
		}
	default:
		return false
	}
	return true
}

// refusal is the proper answer that a fault gives, nil for none.
func (f *injected) refusal() *Error {
	if f == nil {
		return nil
	}
	switch f.Kind {
	case Throttle:
		return errThrottled
	case Unavailable:
		return errOffline
	default:
		return nil
	}
}
