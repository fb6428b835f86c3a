package intake_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"twokey/bot"
	"twokey/bot/intake"
	"twokey/bot/redact"
	"twokey/incident"
)

// seeds are bodies of the forms that were met, with a planted secret's name in
// the place where one stood.
func seeds(f *testing.F, kinds []string) {
	for _, body := range []string{
		`{"access_key_id":"ID","access_key_secret":"SECRET","title":"x SECRET","url":"https://a.example/SECRET"}`,
		`{"alerts":[{"accessKeyId":"ID"},{"accessKeyId":5},null,"ID"]}`,
		`[{"headers":{},"body":{"finding":{"raw":"SECRET","id":"ID","repo":"SECRET","path":"a/SECRET"}}}]`,
		`access_key_id=ID&text=SECRET`, "A=ID\nB=SECRET\n", `{"message":"{\"sk\":\"SECRET\",\"ak\":\"ID\"}"}`,
		`{"external_id":"SECRET","author":"SECRET","severity":"SECRET","commit":"SECRET","detected_at":"SECRET","access_key_id":"ID"}`,
		`{"access_key_id":"SECRET"}`, `{"SECRET":"ID"}`, `{"access_key_id":"IDSECRET","title":"SECRETID"}`,
		`[{"RuleID":"alibaba-secret-key","Match":"SECRET","Secret":"SECRET","File":"SECRET","Commit":"SECRET","Link":"https://a.example/SECRET/blob/x","Author":"SECRET","Date":"SECRET","Fingerprint":"SECRET:1"}]`,
		`[{"RuleID":"alibaba-access-key-id","Secret":"ID","File":"a","StartLine":1,"Fingerprint":"f"},{"RuleID":"generic-api-key","Secret":"SECRET","Match":"k: SECRET","File":"a","StartLine":2,"Description":"SECRET"}]`,
		"[]", "{}", "null", "\xef\xbb\xbf{}", strings.Repeat("[", 70), `{"userIdentity":{"accessKeyId":"ID"}}`,
	} {
		f.Add(body, "application/json", uint64(1))
	}
	f.Add("text ID SECRET", "text/plain", uint64(2))
	dir := os.Getenv("TWOKEY_SAMPLES")
	for _, x := range slices.Concat(formats, variants) {
		if i := slices.Index(kinds, x.kind); i >= 0 {
			f.Add(strings.NewReplacer("@KEY", "ID", "@SECRET", "SECRET", "@HALF", "half", "@MASK", "LTAI5t", "@OTHER", "ID").Replace(x.body), "application/json", uint64(i))
		}
	}
	for _, under := range []string{"generic", "gitleaks", "hostile"} {
		names, _ := filepath.Glob(filepath.Join(dir, "alerts", under, "*"))
		for _, name := range names {
			if body, err := os.ReadFile(name); dir != "" && err == nil && len(body) < 20_000 {
				f.Add(string(body), "application/json", uint64(3))
			}
		}
	}
}

// Whatever comes in, nothing breaks, the answer is one of those promised, only
// whole ids go on, and a planted secret goes nowhere.
func fuzz(f *testing.F, kinds ...string) {
	seeds(f, kinds)
	d := &desk{now: t0, counts: map[bot.Verdict]int{}}
	d.open(f, nil, func(context.Context, incident.Person, incident.Alert, incident.AlertText) (bot.Verdict, incident.ID, error) {
		return bot.Opened, "inc-1", nil
	})
	f.Fuzz(func(t *testing.T, body, media string, seed uint64) {
		d.alerts, d.texts = nil, nil
		d.log.Reset()
		d.now = d.now.Add(1e9)
		s := secret(seed)
		planted := strings.NewReplacer("SECRET", s, "B64", base64.StdEncoding.EncodeToString([]byte(s)), "ID", keyID(seed)).Replace(body)
		w, a := d.post(t, kinds[seed%uint64(len(kinds))], media, []byte(planted))
		if !slices.Contains([]int{http.StatusOK, http.StatusBadRequest, http.StatusRequestEntityTooLarge}, w.Code) {
			t.Fatalf("status %d", w.Code)
		}
		if (w.Code == http.StatusOK) == (len(a.Results) == 0) {
			t.Fatalf("status %d with %d results", w.Code, len(a.Results))
		}
		if found := d.leaks(t, w.Body.String(), s); len(found) > 0 && !strings.Contains(planted, "STS."+s) && !strings.Contains(planted, "TMP."+s) {
			t.Fatalf("the secret got out: %q of %q", found, planted)
		}
		for i, alert := range d.alerts {
			whole(t, alert, d.texts[i])
		}
	})
}

// whole checks what must be true of every alert that is handed on.
func whole(t *testing.T, a incident.Alert, text incident.AlertText) {
	t.Helper()
	switch {
	case a.KeyID != "" && redact.KeyType(string(a.KeyID)) != a.KeyType:
		t.Fatalf("key %q of type %s", a.KeyID, a.KeyType)
	case (a.Kind == incident.KindOpen || a.Kind == incident.KindLookup) && (a.Kind == incident.KindOpen) != (a.KeyID != ""):
		t.Fatalf("%s with key %q", a.Kind, a.KeyID)
	case len(a.Delivery) != 81 || len(a.ExternalKey) != 64:
		t.Fatalf("names %q, %q", a.Delivery, a.ExternalKey)
	case len([]rune(text.Title)) > 200 || len([]rune(text.Author)) > 100 || len(text.Places) > 20:
		t.Fatal("too long")
	}
	for _, p := range text.Places {
		if p.URL != "" && !strings.HasPrefix(p.URL, "https://") && !strings.HasPrefix(p.URL, "http://") {
			t.Fatalf("link %q", p.URL)
		}
		for _, line := range []string{p.URL, p.Repo, p.Path, p.Commit} {
			if redact.Clean(line, 1000) != line {
				t.Fatalf("not clean: %q", line)
			}
		}
	}
}

func FuzzGeneric(f *testing.F)  { fuzz(f, "generic") }
func FuzzText(f *testing.F)     { fuzz(f, "text") }
func FuzzGitleaks(f *testing.F) { fuzz(f, "gitleaks") }
func FuzzSarif(f *testing.F)    { fuzz(f, "sarif") }
func FuzzTruffle(f *testing.F)  { fuzz(f, "trufflehog", "noseyparker") }
func FuzzScanners(f *testing.F) { fuzz(f, "trivy", "2ms", "detect-secrets") }
func FuzzHosts(f *testing.F)    { fuzz(f, "github", "github-partner", "gitlab", "gitguardian") }
func FuzzEvents(f *testing.F)   { fuzz(f, "cloudevents", "eventbridge", "actiontrail", "sas") }
func FuzzPipes(f *testing.F) {
	fuzz(f, "alertmanager", "pagerduty", "opsgenie", "splunk", "sentry", "graylog", "cloudmonitor", "sls")
}

// Whatever is guessed is a type, and guessing breaks nothing.
func FuzzGuess(f *testing.F) {
	for _, x := range slices.Concat(formats, variants) {
		f.Add(x.body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		if kind := intake.Guess([]byte(body)); !slices.Contains(intake.Types(), kind) {
			t.Fatalf("guessed %q", kind)
		}
	})
}
