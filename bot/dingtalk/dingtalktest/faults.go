package dingtalktest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
)

// FaultKind is one way to misbehave.
type FaultKind int

// The kinds of faults. All but Lose happen before the call has any effect.
const (
	Throttle    FaultKind = iota // 429 with Retry-After
	ServerError                  // 500 with a page instead of JSON
	Unavailable                  // 503 with a page instead of JSON
	HTML                         // 200 with a page instead of JSON, as proxies do
	Refuse                       // 400 with Code, in the words of the interface
	Hang                         // nothing happens until Release closes or the client leaves; then, if the client is still there, the call goes on
	Cut                          // the connection closes without an answer
	Lose                         // the call takes effect, then the connection closes without an answer
)

// Fault is a misbehaviour and the calls it hits.
type Fault struct {
	Kind FaultKind
	// Path ([PathDeliver], …) limits it to some calls; empty: all.
	Path string
	// Next ends the fault after so many hits; 0: it goes on until it is taken back.
	Next int
	// Code is the error of Refuse.
	Code string
	// RetryAfter is in seconds, for Throttle; 0: one.
	RetryAfter int
	// Release ends the wait of Hang; nil: only the client or the test's end does.
	Release <-chan struct{}
	// Held, if given, gets one value when a call of Hang starts to wait (if somebody
	// can take it), so that a test knows without sleeping.
	Held chan<- struct{}
}

type injected struct {
	Fault
	hits int
}

// Inject adds a fault; it may be called while running. The first fault that fits a
// call hits it. The function it returns takes the fault back.
func (o *Org) Inject(f Fault) (remove func()) {
	in := &injected{Fault: f}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.faults = append(o.faults, in)
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.faults = slices.DeleteFunc(o.faults, func(x *injected) bool { return x == in })
	}
}

// ClearFaults takes all faults back. Calls already held stay held.
func (o *Org) ClearFaults() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.faults = nil
}

// fault is the one that hits this call, nil for none. The lock is held.
func (o *Org) fault(path string) *injected {
	for _, f := range o.faults {
		if (f.Path == "" || f.Path == path) && (f.Next == 0 || f.hits < f.Next) {
			f.hits++
			return f
		}
	}
	return nil
}

// stands answers in a way that no method would, or waits; true means that the call
// ends here.
func (f *injected) stands(o *Org, rw http.ResponseWriter, r *http.Request) bool {
	switch f.Kind {
	case Throttle:
		rw.Header().Set("Retry-After", strconv.Itoa(cmp.Or(f.RetryAfter, 1)))
		rw.WriteHeader(http.StatusTooManyRequests)
	case ServerError:
		page(rw, http.StatusInternalServerError)
	case Unavailable:
		page(rw, http.StatusServiceUnavailable)
	case HTML:
		page(rw, http.StatusOK)
	case Refuse:
		reply(rw, http.StatusBadRequest, object{"code": f.Code, "message": "no"})
	case Cut:
		panic(http.ErrAbortHandler) // net/http closes the connection without a word
	case Hang:
		return f.hold(o, r)
	default:
		return false
	}
	return true
}

func (f *injected) hold(o *Org, r *http.Request) bool {
	select {
	case f.Held <- struct{}{}: // a nil channel is never ready
	default:
	}
	select {
	case <-f.Release:
		return r.Context().Err() != nil
	case <-r.Context().Done():
	case <-o.done:
	}
	return true
}

func page(rw http.ResponseWriter, status int) {
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = rw.Write([]byte("<!DOCTYPE html><html><body>Server Error</body></html>"))
}
