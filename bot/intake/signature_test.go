package intake_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"twokey/bot/intake"
)

func sum(key, text string) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(text))
	return hex.EncodeToString(m.Sum(nil))
}

// signed is a request with headers in place of a token.
func signed(kind, body string, header ...string) *http.Request {
	r := request(kind, []byte(body))
	r.Header.Del("Authorization")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// How each sender signs, and what a thief of one request could make of it.
func TestSignatures(t *testing.T) {
	const body = `{"a":1}`
	at := func(d time.Duration) string { return strconv.FormatInt(t0.Add(d).Unix(), 10) }
	ours := func(stamp, secret string) []string {
		return []string{"X-Signature-256", "sha256=" + sum(secret, stamp+"."+body), "X-Timestamp", stamp}
	}
	guardian := func(stamp string) []string {
		return []string{"gitguardian-signature", "sha256=" + sum(stamp+hookSecret, body), "timestamp", stamp}
	}
	for _, c := range []struct {
		name, kind string
		header     []string
		heard      bool
	}{
		{"GitHub", "github", []string{"X-Hub-Signature-256", "sha256=" + sum(hookSecret, body)}, true},
		{"GitHub, the other secret", "github", []string{"X-Hub-Signature-256", "sha256=" + sum("next-secret", body)}, true},
		{"GitHub, another body", "github", []string{"X-Hub-Signature-256", "sha256=" + sum(hookSecret, body+" ")}, false},
		{"GitHub, without the prefix", "github", []string{"X-Hub-Signature-256", sum(hookSecret, body)}, false},
		{"GitHub, no secret at all", "github", []string{"X-Hub-Signature-256", "sha256=" + sum("", body)}, false},
		{"GitHub, empty", "github", []string{"X-Hub-Signature-256", "sha256="}, false},
		{"GitHub, as we sign", "github", ours(at(0), hookSecret), false},
		{"GitGuardian", "gitguardian", guardian(at(0)), true},
		{"GitGuardian, late", "gitguardian", guardian(at(-6 * time.Minute)), false},
		{"GitGuardian, early", "gitguardian", guardian(at(6 * time.Minute)), false},
		{"GitGuardian, without a time", "gitguardian", []string{"gitguardian-signature", "sha256=" + sum(hookSecret, body)}, false},
		{"GitGuardian, another time", "gitguardian", []string{"gitguardian-signature", "sha256=" + sum(at(0)+hookSecret, body), "timestamp", at(time.Second)}, false},
		{"PagerDuty", "pagerduty", []string{"X-PagerDuty-Signature", "v1=" + sum("old", body) + ",v1=" + sum(hookSecret, body)}, true},
		{"PagerDuty, too many", "pagerduty", []string{"X-PagerDuty-Signature", strings.Repeat("v1=00,", 5) + "v1=" + sum(hookSecret, body)}, false},
		{"PagerDuty, another version", "pagerduty", []string{"X-PagerDuty-Signature", "v2=" + sum(hookSecret, body)}, false},
		{"Sentry", "sentry", []string{"Sentry-Hook-Signature", sum(hookSecret, body)}, true},
		{"Grafana", "alertmanager", []string{"X-Grafana-Alerting-Signature", sum(hookSecret, body)}, true},
		{"Grafana, with a time", "alertmanager", []string{"X-Grafana-Alerting-Signature", sum(hookSecret, at(0)+":"+body), "X-Grafana-Alerting-Timestamp", at(0)}, true},
		{"Grafana, late", "alertmanager", []string{"X-Grafana-Alerting-Signature", sum(hookSecret, at(-time.Hour)+":"+body), "X-Grafana-Alerting-Timestamp", at(-time.Hour)}, false},
		{"Grafana, the time taken off", "alertmanager", []string{"X-Grafana-Alerting-Signature", sum(hookSecret, at(0)+":"+body)}, false},
		{"ours", "generic", ours(at(0), hookSecret), true},
		{"ours, for a report", "gitleaks", ours(at(0), hookSecret), true},
		{"ours, late", "generic", ours(at(-301*time.Second), hookSecret), false},
		{"ours, another secret", "generic", ours(at(0), "x"), false},
		{"ours, without a time", "generic", []string{"X-Signature-256", "sha256=" + sum(hookSecret, "."+body)}, false},
		{"ours, a source that knows no secret", "scans", ours(at(0), ""), false},
		{"an unknown name", "nobody", ours(at(0), hookSecret), false},
		{"GitLab's header", "gitlab", []string{"X-Gitlab-Token", token}, true},
		{"GitLab's header, wrong", "gitlab", []string{"X-Gitlab-Token", token + "x"}, false},
		{"GitLab's header elsewhere", "generic", []string{"X-Gitlab-Token", token}, false},
		{"EventBridge's header", "eventbridge", []string{"x-eventbridge-signature-token", token}, true},
		{"a password", "alertmanager", []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("any:"+token))}, true},
		{"a user's name", "alertmanager", []string{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(token+":"))}, false},
	} {
		d := newDesk(t, nil)
		w, a := d.send(t, signed(c.kind, body, c.header...))
		if heard := w.Code != http.StatusUnauthorized; heard != c.heard {
			t.Errorf("%s: %d %s", c.name, w.Code, a.Error)
		}
		if !c.heard && (w.Body.String() != `{"error":"unauthorized"}`+"\n" || w.Header().Get("WWW-Authenticate") != "Bearer") {
			t.Errorf("%s is answered differently: %s %v", c.name, w.Body, w.Header())
		}
	}
}

// GitHub docs: validating webhook deliveries. Its own test values.
func TestTheSumOfGitHubsDocuments(t *testing.T) {
	d := newDesk(t, nil)
	w, a := d.send(t, signed("github", "Hello, World!", "X-Hub-Signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"))
	if w.Code != http.StatusBadRequest || a.Error != "not_json" {
		t.Errorf("%d %s: it is authentic, and no JSON", w.Code, a.Error)
	}
}

// Whoever can't prove anything has a long body read by nobody, and a long signed
// one is answered as a wrong one is: the sum can't be known.
func TestStrangersBodiesAreBounded(t *testing.T) {
	d := newDesk(t, func(c *intake.Config) { c.Body = 100 })
	long := strings.Repeat("x", 101)
	w, _ := d.send(t, signed("github", long, "X-Hub-Signature-256", "sha256="+sum(hookSecret, long)))
	if w.Code != http.StatusUnauthorized {
		t.Errorf("too long: %d", w.Code)
	}
	r := signed("github", "", "X-Other", "x")
	r.Body, r.ContentLength = unreadCloser{unread{t}}, -1
	if w, _ := d.send(t, r); w.Code != http.StatusUnauthorized {
		t.Errorf("no proof: %d", w.Code)
	}
}

type unreadCloser struct{ unread }

func (unreadCloser) Close() error { return nil }

// A header says how to read one body, and only to those who hold a token: a sum
// does not cover it.
func TestTheFormatHeaderNeedsAToken(t *testing.T) {
	body := `{"DetectorName":"Alibaba","SecretParts":{"id":"` + keyID(1) + `"}}`
	d := newDesk(t, nil)
	r := request("gitleaks", []byte(body))
	r.Header.Set(intake.FormatHeader, "trufflehog")
	if _, a := d.send(t, r); a.verdicts() != "open" {
		t.Errorf("with a token: %s", a.verdicts())
	}
	if got, _ := d.last(t); got.Source != "gitleaks" || got.Type != "trufflehog" {
		t.Errorf("from %s as %s", got.Source, got.Type)
	}
	r = signed("github", body, "X-Hub-Signature-256", "sha256="+sum(hookSecret, body))
	r.Header.Set(intake.FormatHeader, "trufflehog")
	if w, a := d.send(t, r); w.Code != http.StatusBadRequest {
		t.Errorf("with a sum: %d %s", w.Code, a.verdicts())
	}
}

// publicKeys lists a key as GitHub does, beside one that is none.
func publicKeys(t *testing.T, id string, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	return encode(t, map[string]any{"public_keys": []any{
		map[string]any{"key_identifier": "none", "key": "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"},
		map[string]any{"key_identifier": id, "key": text, "is_current": true},
	}})
}

func TestPartnerMessagesAreSignedByGitHub(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t, func(c *intake.Config) {
		c.Sources = append(c.Sources, intake.Source{Name: "partner", Type: "github-partner", Keys: publicKeys(t, "k1", key)})
	})
	body := `[{"token":"` + keyID(1) + `","type":"alibaba_cloud_access_key_id","url":"","source":"commit"}]`
	hashed := sha256.Sum256([]byte(body))
	made, err := ecdsa.SignASN1(rand.Reader, key, hashed[:])
	if err != nil {
		t.Fatal(err)
	}
	sig := base64.StdEncoding.EncodeToString(made)
	if w, a := d.send(t, signed("partner", body, "GITHUB-PUBLIC-KEY-IDENTIFIER", "k1", "GITHUB-PUBLIC-KEY-SIGNATURE", sig)); w.Code != http.StatusOK || a.verdicts() != "open" {
		t.Errorf("%d %s", w.Code, a.verdicts())
	}
	for name, r := range map[string]*http.Request{
		"another key":  signed("partner", body, "Github-Public-Key-Identifier", "k2", "Github-Public-Key-Signature", sig),
		"no key":       signed("partner", body, "Github-Public-Key-Signature", sig),
		"another body": signed("partner", body+" ", "Github-Public-Key-Identifier", "k1", "Github-Public-Key-Signature", sig),
		"no base64":    signed("partner", body, "Github-Public-Key-Identifier", "k1", "Github-Public-Key-Signature", "x!"),
		"nothing":      signed("partner", body),
	} {
		if w, _ := d.send(t, r); w.Code != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	for name, keys := range map[string]string{"no list": "x", "an empty list": `{"public_keys":[]}`, "no key": `{"public_keys":[{"key_identifier":"a","key":"b"}]}`} {
		if _, err := intake.New(intake.Config{Sources: []intake.Source{{Name: "a", Type: "github-partner", Keys: []byte(keys)}}}); !errors.Is(err, intake.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// GitHub's keys are asked for when one is unknown, and not for every stranger.
func TestGitHubsKeysAreAskedFor(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	asked, answer := 0, []byte("{}")
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; r.URL.Path != "/meta/public_keys/secret_scanning" || r.Header.Get("Authorization") != "" {
			t.Errorf("asked for %s", r.URL)
		}
		_, _ = w.Write(answer)
	}))
	defer hub.Close()
	d := newDesk(t, func(c *intake.Config) {
		c.Sources = append(c.Sources, intake.Source{Name: "partner", Type: "github-partner", Lookup: &intake.GitHub{API: hub.URL}})
	})
	body := "[]"
	hashed := sha256.Sum256([]byte(body))
	made, err := ecdsa.SignASN1(rand.Reader, key, hashed[:])
	if err != nil {
		t.Fatal(err)
	}
	try := func(after time.Duration, want int) {
		t.Helper()
		d.now = d.now.Add(after)
		w, _ := d.send(t, signed("partner", body, "Github-Public-Key-Identifier", "k1", "Github-Public-Key-Signature", base64.StdEncoding.EncodeToString(made)))
		if w.Code != want {
			t.Errorf("%d, want %d", w.Code, want)
		}
	}
	try(0, http.StatusUnauthorized)
	answer = publicKeys(t, "k1", key)
	try(time.Second, http.StatusUnauthorized)
	try(time.Minute, http.StatusOK)
	try(0, http.StatusOK)
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}
