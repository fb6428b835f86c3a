package console

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// policy lets the page load its own two files and nothing else: no inline script,
// no frame, no form to elsewhere.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// maxBody is far above what a person types.
const maxBody = 64 << 10

// guarded lets a request in that comes from this machine, by a name of this
// machine, and from this very page.
func (c *Console) guarded(next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		switch {
		case !near(r.RemoteAddr):
			c.refuse(w, r, problem{http.StatusForbidden, "console.problem.far"})
		case !ownName(r):
			c.refuse(w, r, problem{http.StatusForbidden, "console.problem.host"})
		case origin.Check(r) != nil:
			c.refuse(w, r, problem{http.StatusForbidden, "console.problem.origin"})
		default:
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			next.ServeHTTP(w, r)
		}
	})
}

// near reports whether an address is of this machine.
func near(remote string) bool {
	at, err := netip.ParseAddrPort(remote)
	return err == nil && at.Addr().Unmap().IsLoopback()
}

// ownName reports whether the page was asked for by a loopback name with the port
// it is served on: a name that a stranger points here is not one of ours.
func ownName(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	at, err := netip.ParseAddrPort(local.String())
	if err != nil {
		return false
	}
	name, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		name, port = strings.Trim(r.Host, "[]"), "80"
	}
	if port != strconv.Itoa(int(at.Port())) {
		return false
	}
	if strings.EqualFold(name, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}
