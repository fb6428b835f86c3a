package slacktest

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
	Refuse                       // ok:false with Code
	Hang                         // nothing happens until Release closes or the client leaves; then, if the client is still there, the call goes on
	Cut                          // the connection closes without an answer
	Lose                         // the call takes effect, then the connection closes without an answer
)

// Fault is a misbehaviour and the calls it hits.
type Fault struct {
	Kind FaultKind
	// Method ("chat.postMessage", or "response_url") limits it to some calls;
	// empty: all.
	Method string
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
func (w *Workspace) Inject(f Fault) (remove func()) {
	in := &injected{Fault: f}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, in)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.faults = slices.DeleteFunc(w.faults, func(x *injected) bool { return x == in })
	}
}

// ClearFaults takes all faults back. Calls already held stay held.
func (w *Workspace) ClearFaults() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = nil
}

// fault is the one that hits this call, nil for none. The lock is held.
func (w *Workspace) fault(method string) *injected {
	for _, f := range w.faults {
		if (f.Method == "" || f.Method == method) && (f.Next == 0 || f.hits < f.Next) {
			f.hits++
			return f
		}
	}
	return nil
}

// stands answers in a way that no method would, or waits; true means that the call
// ends here.
func (f *injected) stands(w *Workspace, rw http.ResponseWriter, r *http.Request) bool {
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
	case Cut:
		panic(http.ErrAbortHandler) // net/http closes the connection without a word
	case Hang:
		return f.hold(w, r)
	default:
		return false
	}
	return true
}

func (f *injected) hold(w *Workspace, r *http.Request) bool {
	select {
	case f.Held <- struct{}{}: // a nil channel is never ready
	default:
	}
	select {
	case <-f.Release:
		return r.Context().Err() != nil
	case <-r.Context().Done():
	case <-w.done:
	}
	return true
}

func page(rw http.ResponseWriter, status int) {
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.WriteHeader(status)
	_, _ = rw.Write([]byte("<!DOCTYPE html><html><body>Server Error</body></html>"))
}
