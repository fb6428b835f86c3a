package intake

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

// digest of a token: all have one length, so comparing them tells nothing about
// how long a token is.
type digest [sha256.Size]byte

func digests(tokens []string) []digest {
	all := make([]digest, len(tokens))
	for i, t := range tokens {
		all[i] = sha256.Sum256([]byte(t))
	}
	return all
}

// authentic finds the source that a request is for, if it may speak for it. An
// unknown name takes the same way as a wrong token.
func (h *hooks) authentic(r *http.Request) (*source, bool) {
	name, _ := strings.CutPrefix(r.URL.Path, Prefix)
	s := h.sources[name]
	if s == nil {
		bearer(nil, r)
		return nil, false
	}
	return s, s.row.authentic(s, r)
}

// bearer accepts Authorization: Bearer, or ?token= from senders that can't set
// headers. With no source it does the work all the same, in vain.
func bearer(s *source, r *http.Request) bool {
	tokens := []digest{{}}
	if s != nil {
		tokens = s.tokens
	}
	given := sha256.Sum256([]byte(token(r)))
	same := 0
	for _, t := range tokens {
		same |= subtle.ConstantTimeCompare(t[:], given[:])
	}
	return s != nil && same == 1
}

func token(r *http.Request) string {
	header := r.Header.Get("Authorization")
	if header == "" {
		return r.URL.Query().Get("token")
	}
	scheme, value, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(value)
}
