package intake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// signature is how a type of sender proves who it is: by a sum over the body as
// it came, which is why the body is not parsed before.
type signature interface {
	proves(s *source, h http.Header, body []byte, now time.Time) bool
}

// sum is a signature by HMAC-SHA256 under a shared secret.
type sum struct {
	header string   // where the sum stands, in hex; several with commas between them
	prefix string   // in front of each
	stamps []string // headers with the time of signing; the first that is there counts
	timed  bool     // there must be a time

	key  func(secret, stamp string) string   // empty: the secret
	text func(stamp string, b []byte) []byte // what is signed; empty: the body
}

// The signatures that are sums.
var (
	// ours is for whoever can choose: sha256=HMAC(secret, timestamp + "." + body).
	ours = sum{
		header: "X-Signature-256", prefix: "sha256=", stamps: []string{"X-Timestamp"}, timed: true,
		text: func(stamp string, b []byte) []byte { return append([]byte(stamp+"."), b...) },
	}
	// GitHub docs: validating webhook deliveries. There is no time in it.
	githubSum = sum{header: "X-Hub-Signature-256", prefix: "sha256="}
	// GitGuardian docs: custom webhooks; the key is the time and the token.
	guardianSum = sum{
		header: "Gitguardian-Signature", prefix: "sha256=", stamps: []string{"Timestamp"}, timed: true,
		key: func(secret, stamp string) string { return stamp + secret },
	}
	// Grafana docs: webhook notifier, HMAC signature. The header of the time is
	// whatever the receiver asks for; those are what its documents use.
	grafanaSum = sum{
		header: "X-Grafana-Alerting-Signature", stamps: []string{"X-Grafana-Alerting-Timestamp", "X-Grafana-Alerting-Signature-Timestamp"},
		text: func(stamp string, b []byte) []byte {
			if stamp == "" {
				return b
			}
			return append([]byte(stamp+":"), b...)
		},
	}
	// PagerDuty docs: verifying signatures; two sums while a secret is changed.
	pagerdutySum = sum{header: "X-Pagerduty-Signature", prefix: "v1="}
	// Sentry docs: integration platform, webhooks.
	sentrySum = sum{header: "Sentry-Hook-Signature"}
)

// sums are all headers that may hold a proof.
var sums = []string{
	ours.header, githubSum.header, guardianSum.header, grafanaSum.header, pagerdutySum.header, sentrySum.header, partnerSignature,
}

// claimsSum reports whether a request has a proof of any kind.
func claimsSum(h http.Header) bool {
	for _, name := range sums {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}

// signature is the one of a type, or ours for types without their own.
func (t row) signature() signature {
	if t.proof == nil {
		return ours
	}
	return t.proof
}

// How far a sender's clock may be off, and how many sums one header may have.
const (
	stampWindow = 5 * time.Minute
	maxSums     = 4
)

func (p sum) proves(s *source, h http.Header, body []byte, now time.Time) bool {
	stamp := p.stamp(h)
	fresh := stamp == "" && !p.timed || stamp != "" && recent(stamp, now)
	text := body
	if p.text != nil {
		text = p.text(stamp, body)
	}
	secrets := s.Secrets
	if len(secrets) == 0 {
		secrets = []string{""} // in vain, for as long as it takes the others
	}
	same := false
	given := strings.SplitN(h.Get(p.header), ",", maxSums+1)
	for _, secret := range secrets {
		want := p.of(secret, stamp, text)
		for _, g := range given[:min(len(given), maxSums)] {
			value, prefixed := strings.CutPrefix(strings.TrimSpace(g), p.prefix)
			got, err := hex.DecodeString(value)
			same = same || hmac.Equal(want, got) && prefixed && err == nil
		}
	}
	return same && fresh && len(s.Secrets) > 0
}

func (p sum) of(secret, stamp string, text []byte) []byte {
	if p.key != nil {
		secret = p.key(secret, stamp)
	}
	m := hmac.New(sha256.New, []byte(secret))
	m.Write(text)
	return m.Sum(nil)
}

func (p sum) stamp(h http.Header) string {
	for _, name := range p.stamps {
		if v := h.Get(name); v != "" {
			return v
		}
	}
	return ""
}

// recent reports whether a time of signing, in seconds or milliseconds since 1970,
// is now: older ones may be replays.
func recent(stamp string, now time.Time) bool {
	n, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || n <= 0 {
		return false
	}
	at := time.Unix(n, 0)
	if n >= 100_000_000_000 {
		at = time.UnixMilli(n)
	}
	return at.After(now.Add(-stampWindow)) && at.Before(now.Add(stampWindow))
}
