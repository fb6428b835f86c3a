package intake

import (
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A name that no source has lets nobody in, whatever stands in for it could prove.
func TestNobodyIsNeverLetIn(t *testing.T) {
	was := nobody
	t.Cleanup(func() { nobody = was })
	nobody = &source{Source: Source{Secrets: []string{"secret"}}, tokens: digests([]string{"token"})}
	now := time.Unix(1789000000, 0)
	handler, err := New(Config{Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	stamp, body := "1789000000", `{}`
	for what, header := range map[string]http.Header{
		"a token": {"Authorization": {"Bearer token"}},
		"a sum":   {"X-Timestamp": {stamp}, "X-Signature-256": {"sha256=" + hex.EncodeToString(ours.of("secret", stamp, []byte(stamp+"."+body)))}},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, Prefix+"nobody", strings.NewReader(body))
		r.Header = header
		if !nobody.knowsToken(r) && !ours.proves(nobody, header, []byte(body), now) {
			t.Fatalf("%s proves nothing: is this how it is done?", what)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d", what, w.Code)
		}
	}
}
