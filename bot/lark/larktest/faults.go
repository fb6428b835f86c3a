package larktest

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
	Throttle    FaultKind = iota // 429 with code 99991400 and x-ogw-ratelimit-reset
	Unavailable                  // 503 with a page instead of JSON
	HTML                         // 200 with a page instead of JSON, as proxies do
	Refuse                       // 400 with Code
	Hang                         // nothing happens until the client leaves
	Lose                         // the call takes effect, then the connection closes without an answer
)

// Fault is a misbehaviour and the calls it hits.
type Fault struct {
	Kind FaultKind
	// Call ("POST messages", "PATCH messages", "token", "endpoint") limits it to
	// some calls; empty: all.
	Call string
	// Next ends the fault after so many hits; 0: it goes on until it is taken back.
	Next int
	// Code is the error of Refuse.
	Code int
	// Reset is in seconds, for Throttle; 0: one.
	Reset int
}

type injected struct {
	Fault
	hits int
}

// Inject adds a fault. The first fault that fits a call hits it. The function it returns
// takes the fault back.
func (x *Tenant) Inject(f Fault) (remove func()) {
	in := &injected{Fault: f}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.faults = append(x.faults, in)
	return func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.faults = slices.DeleteFunc(x.faults, func(y *injected) bool { return y == in })
	}
}

// fault counts a call, and is what hits it, nil for nothing.
func (x *Tenant) fault(call string) *injected {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.calls[call]++
	x.touch()
	for _, f := range x.faults {
		if (f.Call == "" || f.Call == call) && (f.Next == 0 || f.hits < f.Next) {
			f.hits++
			return f
		}
	}
	return nil
}

// Calls counts how often something was called, faults included.
func (x *Tenant) Calls(call string) int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.calls[call]
}

// stands answers in a way that no call would, or waits; true means that the call ends
// here.
func (f *injected) stands(x *Tenant, w http.ResponseWriter, r *http.Request) bool {
	switch f.Kind {
	case Throttle:
		w.Header().Set("x-ogw-ratelimit-reset", strconv.Itoa(cmp.Or(f.Reset, 1)))
		answer(w, http.StatusTooManyRequests, object{"code": codeLimited, "msg": "request trigger frequency limit"})
	case Unavailable:
		page(w, http.StatusServiceUnavailable)
	case HTML:
		page(w, http.StatusOK)
	case Refuse:
		answer(w, http.StatusBadRequest, object{"code": f.Code, "msg": "injected: <at user_id=\"all\">all</at>"})
	case Hang:
		select {
		case <-r.Context().Done():
		case <-x.done:
		}
	default:
		return false
	}
	return true
}

func page(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte("<!DOCTYPE html><html><body>Bad Gateway</body></html>"))
}
