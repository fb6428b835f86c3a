package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf16"

	"twokey/bot/api"
	"twokey/incident"
)

// What is configured of GitHub is what happens: deliveries are signed, the key is
// asked for at the configured address, and alerts that were missed are taken at
// the start.
func TestGitHubAsConfigured(t *testing.T) {
	var key string
	alert := func(number int, found string) string {
		return fmt.Sprintf(`{"number":%d,"secret_type":"alibaba_cloud_access_key_id","secret":%q,"repository":{"full_name":"acme/web"}}`, number, found)
	}
	missed := "LTAI" + newSecret()[:20]
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer token-of-the-leaks":
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == "/repos/acme/web/secret-scanning/alerts/1":
			_, _ = w.Write([]byte(alert(1, key)))
		case r.URL.Path == "/orgs/acme/secret-scanning/alerts":
			_, _ = w.Write([]byte("[" + alert(2, missed) + "]"))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer hub.Close()
	r := start(t, `alerts:
  sources:
    - {name: hub, type: github, secret: [${API}, ${SCANS}], lookup: {token: ${LEAKS}, api_url: `+hub.URL+`, of: acme}}
`, func(a *app) { key = a.drills[0].scene.Leaked.ID })
	if _, printed := r.cli("check"); !strings.Contains(printed, "ok    source hub: GitHub lists the alerts of acme\n") {
		t.Errorf("check:\n%s", printed)
	}
	body := `{"action":"created","alert":` + alert(1, "") + `,"repository":{"full_name":"acme/web"}}`
	for secret, want := range map[string]int{r.env["SCANS"]: http.StatusOK, "wrong": http.StatusUnauthorized} {
		m := hmac.New(sha256.New, []byte(secret))
		m.Write([]byte(body))
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/hooks/hub", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("X-Github-Event", "secret_scanning_alert")
		q.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(m.Sum(nil)))
		got, err := http.DefaultTransport.RoundTrip(q)
		if err != nil {
			t.Fatal(err)
		}
		if got.Body.Close(); got.StatusCode != want {
			t.Errorf("signed with %s: %d", secret, got.StatusCode)
		}
	}
	err := r.as("ana").until(t.Context(), func(string) bool {
		found := map[incident.KeyID]bool{}
		all, err := r.reader.Incidents(t.Context(), api.Filter{})
		for _, i := range all {
			found[i.Key] = true
		}
		return err == nil && found[incident.KeyID(key)] && found[incident.KeyID(missed)]
	})
	if err != nil {
		t.Errorf("the alert that came and the one that was missed: %v", err)
	}
}

// The > of an old PowerShell writes UTF-16 and a mark; all else stays as it is.
func TestAReportInUTF16IsReadToo(t *testing.T) {
	const text = `[{"Secret": "密钥"}]`
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		body := order.AppendUint16(nil, 0xfeff)
		for _, unit := range utf16.Encode([]rune(text)) {
			body = order.AppendUint16(body, unit)
		}
		if got := asUTF8(body); string(got) != text {
			t.Errorf("%v: %q", order, got)
		}
	}
	for _, same := range []string{"", "\xff", text, "\xef\xbb\xbf" + text} {
		if got := asUTF8([]byte(same)); string(got) != same {
			t.Errorf("%q became %q", same, got)
		}
	}
}
