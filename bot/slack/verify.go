package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
)

// verify reports why a request is not from Slack, or not a new one; empty: it is. The
// body is compared as it came, before anything reads it (Slack docs: Verifying requests
// from Slack, which also says how old a request may be).
func (c *Chat) verify(h http.Header, body []byte) (why string) {
	stamp, want := h.Get("X-Slack-Request-Timestamp"), ""
	if c.config.SigningSecret != "" {
		want = sign(c.config.SigningSecret, stamp, body)
	}
	return c.keeper.Verify(stamp, h.Get("X-Slack-Signature"), want)
}

// sign is Slack's signature of a request.
func sign(secret, stamp string, body []byte) string {
	sum := hmac.New(sha256.New, []byte(secret))
	sum.Write([]byte("v0:" + stamp + ":"))
	sum.Write(body)
	return "v0=" + hex.EncodeToString(sum.Sum(nil))
}
