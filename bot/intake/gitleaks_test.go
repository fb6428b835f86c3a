package intake_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
)

// leak is one finding exactly as gitleaks 8.30.1 writes it to JSON.
type leak struct {
	RuleID      string
	Description string
	StartLine   int
	EndLine     int
	StartColumn int
	EndColumn   int
	Match       string
	Secret      string
	File        string
	SymlinkFile string
	Commit      string
	Link        string `json:",omitempty"`
	Entropy     float32
	Author      string
	Email       string
	Date        string
	Message     string
	Tags        []string
	Fingerprint string
}

const sha = "3e574445e5593900c059061731c5c09a925e66fb"

// found is a finding of a rule in a file of the story's commit.
func found(rule, file string, line int, match, secret string) leak {
	return leak{
		RuleID: rule, Description: "Detected a " + rule + ".", StartLine: line, EndLine: line, StartColumn: 2, EndColumn: 40,
		Match: match, Secret: secret, File: file, Commit: sha,
		Link:    fmt.Sprintf("https://github.com/acme/web/blob/%s/%s#L%d", sha, file, line),
		Entropy: 4.2, Author: "Ayu Lestari", Email: "ayu@acme.example", Date: "2026-09-02T02:30:00Z", Message: "add env " + secret,
		Tags: []string{}, Fingerprint: fmt.Sprintf("%s:%s:%s:%d", sha, file, rule, line),
	}
}

func idIn(file string, line int, id string) leak {
	return found("alibaba-access-key-id", file, line, id+`"`, id)
}

func secretIn(rule, file string, line int, s string) leak {
	return found(rule, file, line, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+s, s)
}

func TestAReportOfGitleaks(t *testing.T) {
	d := newDesk(t, nil)
	id, s := keyID(30), secret(30)
	a := d.json(t, "leaks", []leak{idIn("deploy/.env", 12, id), secretIn("generic-api-key", "deploy/.env", 13, s)})
	if a.verdicts() != "open, enrich secret_of_key" || a.Results[1].Incident != a.Results[0].Incident {
		t.Fatalf("%+v", a.Results)
	}
	got, text := d.last(t)
	want := incident.Alert{
		Source: "leaks", Type: "gitleaks", Kind: incident.KindOpen, KeyID: incident.KeyID(id), KeyType: "long_term",
		SecretSeen: true, Confidence: "likely", DetectedAt: time.Date(2026, 9, 2, 2, 30, 0, 0, time.UTC), ReceivedAt: t0,
		Delivery: got.Delivery, ExternalKey: got.ExternalKey, SecretPrint: got.SecretPrint, BodySHA256: got.BodySHA256,
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got.SecretPrint) != 32 {
		t.Errorf("alert (-want +got):\n%s", diff)
	}
	place := func(line int) incident.Place {
		return incident.Place{
			URL:  fmt.Sprintf("https://github.com/acme/web/blob/%s/deploy/.env#L%d", sha, line),
			Repo: "acme/web", Path: "deploy/.env", Line: line, Commit: sha,
		}
	}
	wantText := incident.AlertText{
		Title: "Detected a alibaba-access-key-id.", Author: "Ayu Lestari", Places: []incident.Place{place(12), place(13)},
	}
	if diff := cmp.Diff(wantText, text); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	if len(d.alerts) != 1 {
		t.Errorf("%d alerts for one key", len(d.alerts))
	}
	if out := d.leaks(t, "", s); len(out) > 0 {
		t.Errorf("the secret got out: %d", len(out))
	}
}

// Which findings belong together: an id and the secrets near it in one file of
// one commit.
func TestFindingsOfGitleaksAreGrouped(t *testing.T) {
	a, b, s := keyID(31), keyID(32), secret(31)
	other := secretIn("generic-api-key", "x", 3, s)
	other.Commit = strings.Repeat("0", 40)
	for _, c := range []struct {
		name, want string
		report     []leak
	}{
		{"the secret first", "enrich secret_of_key, open", []leak{secretIn("alibaba-secret-key", "x", 3, s), idIn("x", 2, a)}},
		{"two keys, the nearer one", "open, open, enrich secret_of_key", []leak{idIn("x", 1, a), idIn("x", 10, b), secretIn("generic-api-key", "x", 9, s)}},
		{"too far", "open, lookup secret_only", []leak{idIn("x", 1, a), secretIn("alibaba-secret-key", "x", 22, s)}},
		{"another file", "open, lookup secret_only", []leak{idIn("x", 1, a), secretIn("alibaba-secret-key", "y", 1, s)}},
		{"another commit", "open, lookup secret_only", []leak{idIn("x", 1, a), other}},
		{"another cloud's secret alone", "ignore not_alibaba", []leak{found("aws-access-token", "x", 1, "AKIA", "AKIA")}},
		{"any secret alone", "ignore not_alibaba", []leak{found("generic-api-key", "x", 1, "token="+s, s)}},
		{"another cloud's beside a key", "open, ignore not_alibaba", []leak{idIn("x", 1, a), found("aws-access-token", "x", 2, "AKIA", "AKIA")}},
		{"a rule of one's own beside a key", "open, enrich secret_of_key", []leak{idIn("x", 1, a), found("corp-secret", "x", 2, s, s)}},
		{"secrets of one file", "lookup secret_only, enrich secret_only", []leak{secretIn("alibaba-secret-key", "x", 3, s), secretIn("generic-api-key", "x", 4, s)}},
		{"one key in many places", "open, enrich same_key, enrich same_key", []leak{idIn("x", 1, a), idIn("y", 1, a), idIn("z", 1, a)}},
		{"a secret beside the second place", "open, enrich same_key, enrich secret_of_key", []leak{idIn("x", 1, a), idIn("y", 1, a), secretIn("generic-api-key", "y", 2, s)}},
		{"an old id under a general rule", "open", []leak{found("generic-api-key", "x", 1, "access_key = "+a[:16], a[:16])}},
		{"an id in the match", "open", []leak{found("corp-pair", "x", 1, "ak="+a+" sk="+s, s)}},
		{"two ids in the match", "open, open", []leak{found("corp-pair", "x", 1, a+" "+b+" "+s, s)}},
		{"an example", "ignore placeholder", []leak{idIn("x", 1, "LTAI"+"4FoExampleExampleExa")}},
		{"redacted", "lookup redacted, enrich secret_of_key", []leak{idIn("x", 1, "REDACTED"), secretIn("alibaba-secret-key", "x", 2, "REDACTED")}},
		{"redacted in part", "lookup masked_key_id, enrich secret_of_key", []leak{idIn("x", 1, a[:12]+"..."), secretIn("alibaba-secret-key", "x", 2, s[:12]+"...")}},
		{"clean", "ignore no_findings", []leak{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, nil)
			if got := d.json(t, "leaks", c.report); got.verdicts() != c.want {
				t.Errorf("%s, want %s", got.verdicts(), c.want)
			}
			if out := d.leaks(t, "", s, s[:12]); len(out) > 0 {
				t.Errorf("the secret got out: %d", len(out))
			}
		})
	}
}

func TestOddEntriesOfAReport(t *testing.T) {
	d := newDesk(t, nil)
	good := string(encode(t, idIn("x", 1, keyID(33))))
	_, a := d.post(t, "leaks", "application/json", []byte(`[null, 5, {}, {"RuleID":7}, {"RuleID":"r","StartLine":1e400}, `+good+`]`))
	want := "reject not_a_finding, reject wrong_type, reject not_a_finding, reject wrong_type, reject wrong_type, open"
	if a.verdicts() != want {
		t.Errorf("%s, want %s", a.verdicts(), want)
	}
}

func TestTheSameReportTomorrow(t *testing.T) {
	d := newDesk(t, nil)
	id := keyID(34)
	report := []leak{idIn("x", 1, id), secretIn("generic-api-key", "x", 2, secret(34)), secretIn("alibaba-secret-key", "y", 2, secret(35))}
	if a := d.json(t, "leaks", report); a.verdicts() != "open, enrich secret_of_key, lookup secret_only" {
		t.Fatal(a.verdicts())
	}
	report[0].Tags = []string{"another body"}
	if a := d.json(t, "leaks", report); a.verdicts() != "duplicate, duplicate secret_of_key, duplicate secret_only" {
		t.Errorf("tomorrow: %s", a.verdicts())
	}
	for i := range 6 {
		report = append(report, idIn(fmt.Sprint("new", i), 1, id))
	}
	if a := d.json(t, "leaks", report); a.Results[0].Verdict != "enrich" || a.Results[2].Verdict != "duplicate" || a.Results[5].Verdict != "enrich" {
		t.Errorf("with new places: %s", a.verdicts())
	}
	slices.Reverse(report)
	for _, r := range d.json(t, "leaks", report).Results {
		if r.Verdict != "duplicate" {
			t.Errorf("in another order: %s %s", r.Verdict, r.Reason)
		}
	}
}

// A key in two thousand commits is one alert, and the record of it is short.
func TestAKeyAllOverTheHistory(t *testing.T) {
	d := newDesk(t, nil)
	var report []leak
	for i := range 2000 {
		report = append(report, idIn(fmt.Sprintf("f%d", i), 1, keyID(36)))
	}
	w, a := d.post(t, "leaks", "application/json", encode(t, report))
	if w.Code != http.StatusOK || len(a.Results) != 2000 || len(d.alerts) != 1 {
		t.Fatalf("%d %s: %d results, %d alerts", w.Code, a.Error, len(a.Results), len(d.alerts))
	}
	if _, text := d.last(t); len(text.Places) != 20 || text.More != 1980 {
		t.Errorf("%d places and %d more", len(text.Places), text.More)
	}
	report = report[:1001]
	for i := range report {
		report[i] = idIn("x", i, keyID(uint64(10_000+i)))
	}
	if w, a := d.post(t, "leaks", "application/json", encode(t, report)); w.Code != http.StatusRequestEntityTooLarge || len(d.alerts) != 1 {
		t.Errorf("a thousand keys and one: %d %s", w.Code, a.Error)
	}
}

// What gitleaks hid was not seen here.
func TestHiddenSecretsAreNotSeen(t *testing.T) {
	for _, s := range []string{"REDACTED", secret(37)[:12] + "..."} {
		d := newDesk(t, nil)
		l := secretIn("alibaba-secret-key", "x", 2, s)
		l.Message = ""
		d.json(t, "leaks", []leak{idIn("x", 1, keyID(37)), l})
		if a, _ := d.last(t); a.SecretSeen || a.SecretPrint != "" {
			t.Errorf("%s: seen %v, print %q", s, a.SecretSeen, a.SecretPrint)
		}
	}
}
