package intake

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
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

// nobody stands for a name that no source has. It takes the same way as every
// source does, and knows neither a token nor a secret.
var nobody = &source{tokens: []digest{{}}}

// admission is a sender that was let in, with its body if that had to be read to
// know the sender.
type admission struct {
	*source
	body   []byte
	signed bool // by a sum over the body, not by a token
}

// authentic finds the source that a request is for, if it may speak for it. A
// token is enough. Without one a body is read, up to the length of an alert, if
// some type of sender would have signed it; no parser sees it before the sum is
// right. An unknown name takes the same way as a wrong token or a wrong sum.
func (h *hooks) authentic(w http.ResponseWriter, r *http.Request) (admission, bool) {
	name, _ := strings.CutPrefix(r.URL.Path, Prefix)
	s := h.sources[name]
	known := s != nil
	if !known {
		s = nobody
	}
	if s.knowsToken(r) {
		return admission{source: s}, known
	}
	if !claimsSum(r.Header) {
		return admission{}, false
	}
	body, err := h.body(w, r, h.Body)
	if err != nil {
		return admission{}, false // who it is can't be told any more
	}
	proven := s.row.signature().proves(s, r.Header, body, h.Now())
	return admission{s, body, true}, known && proven
}

// knowsToken accepts one of the tokens where senders put it.
func (s *source) knowsToken(r *http.Request) bool {
	given := sha256.Sum256([]byte(s.row.token(r)))
	same := 0
	for _, t := range s.tokens {
		same |= subtle.ConstantTimeCompare(t[:], given[:])
	}
	return same == 1
}

// token is what a request gives for one: Authorization: Bearer, the password of
// Basic, the header that its type of sender has for it, or ?token= from senders
// that can't set headers. The first of them counts, right or wrong.
func (t row) token(r *http.Request) string {
	if header := r.Header.Get("Authorization"); header != "" {
		return credentials(header)
	}
	if t.bare != "" {
		if value := r.Header.Get(t.bare); value != "" {
			return value
		}
	}
	return r.URL.Query().Get("token")
}

func credentials(header string) string {
	scheme, value, _ := strings.Cut(header, " ")
	value = strings.TrimSpace(value)
	switch strings.ToLower(scheme) {
	case "bearer":
		return value
	case "basic":
		pair, _ := base64.StdEncoding.DecodeString(value)
		_, password, _ := strings.Cut(string(pair), ":")
		return password
	}
	return ""
}
