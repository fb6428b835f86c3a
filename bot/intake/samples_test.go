package intake_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"twokey/bot"
	"twokey/bot/intake"
	"twokey/incident"
)

// expected is what EXPECTED.json says of a sample.
type expected struct {
	Source  string
	Type    string `json:"content_type"`
	Verdict string
	Keys    []string `json:"key_ids"`
	Secrets []string `json:"secrets_that_must_not_survive"`
	Headers string
}

// kinds are the types that read what the collection calls otherwise.
var kinds = map[string]string{
	"github-rest": "github", "gitlab-report": "gitlab", "gitlab-webhook": "gitlab", "ggshield": "gitguardian", "sas-poll": "sas", "slack": "generic",
}

// samples are collected payloads, where they are at hand. The tests beside this
// one say the same of payloads made here.
func samples(t *testing.T) (dir string, of map[string]expected) {
	t.Helper()
	dir = os.Getenv("TWOKEY_SAMPLES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "samples")
	}
	dir = filepath.Join(dir, "alerts")
	b, err := os.ReadFile(filepath.Join(dir, "EXPECTED.json"))
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("TWOKEY_SAMPLES") == "" {
		return dir, nil
	}
	if err := errors.Join(err, json.Unmarshal(b, &of)); err != nil {
		t.Fatal(err)
	}
	return dir, of
}

// atRequest are samples whose fault is the whole body's, or that are one entry
// of the wrong type: they are refused as a request.
var atRequest = []string{"deep-1000.json", "deep-array-20000.json", "truncated.json", "two-documents.json", "number-types.json", "xxe.junit"}

func TestSamples(t *testing.T) {
	dir, of := samples(t)
	for name, want := range of {
		t.Run(name, func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
			if err != nil {
				t.Fatal(err)
			}
			d := newDesk(t, func(c *intake.Config) { c.Sources = append(c.Sources, asSent(t, dir)...) })
			w, a := d.send(t, d.sample(t, dir, want, body))
			if found := d.leaks(t, w.Body.String(), want.Secrets...); len(found) > 0 {
				t.Errorf("%d secrets got out", len(found))
			}
			status := http.StatusOK
			if want.Verdict == "error" || slices.Contains(atRequest, path.Base(name)) {
				status = http.StatusBadRequest
			}
			if w.Code != status {
				t.Fatalf("status %d %s, want %d", w.Code, a.Error, status)
			}
			if got := a.overall(); status == http.StatusOK && got != bot.Verdict(want.Verdict) {
				t.Errorf("%s, want %s: %s", got, want.Verdict, a.verdicts())
			}
			if diff := cmp.Diff(want.Keys, d.keys(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
			if again, b := d.send(t, d.sample(t, dir, want, body)); again.Code != w.Code {
				t.Errorf("again: status %d, want %d", again.Code, w.Code)
			} else if v := b.overall(); (v == bot.Opened || v == bot.LookedUp || v == bot.Enriched) && b.Results[0].Reason != intake.NothingOpen {
				t.Errorf("the same again: %s", b.verdicts())
			}
		})
	}
}

// asSent are the sources that the collected headers authenticate to.
func asSent(t *testing.T, dir string) []intake.Source {
	t.Helper()
	keys, err := os.ReadFile(filepath.Join(dir, "github", "partner.public_keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	return []intake.Source{
		{Name: "sent-github", Type: "github", Secrets: []string{hookSecret}},
		{Name: "sent-github-partner", Type: "github-partner", Keys: keys},
		{Name: "sent-gitlab", Type: "gitlab", Tokens: []string{"gl-test-token"}},
		{Name: "sent-gitguardian", Type: "gitguardian", Secrets: []string{"gg-signature-token-test"}},
		{Name: "sent-alertmanager", Type: "alertmanager", Tokens: []string{"test-token-123"}},
	}
}

// unverifiable are samples whose sender's proof is nobody's to check here: keys at
// GitHub and at Alibaba Cloud, and none at all.
var unverifiable = []string{
	"github/partner.docs-verbatim.json.headers.json", "alicloud-eventbridge/sas.ActionTrail.ApiCall.json.headers.json",
	"generic/cloudevents.structured.json.headers.json", "generic/cloudevents.binary.json.headers.json",
}

// sample is a request as its sender made it, with the collected headers, if those
// prove who it is; else with a token.
func (d *desk) sample(t *testing.T, dir string, want expected, body []byte) *http.Request {
	t.Helper()
	kind := want.Source
	if other := kinds[kind]; other != "" {
		kind = other
	}
	r := request(kind, body)
	r.Header.Set("Content-Type", want.Type)
	if want.Headers == "" {
		return r
	}
	b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(want.Headers)))
	var headers map[string]string
	if err := errors.Join(err, json.Unmarshal(b, &headers)); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(unverifiable, want.Headers) {
		r = request("sent-"+kind, body)
		r.Header.Del("Authorization")
	}
	for name, value := range headers {
		if !strings.HasPrefix(name, "_") && name != "Host" && name != "Content-Length" {
			r.Header.Set(name, value)
		}
	}
	if at, err := strconv.ParseInt(headers["timestamp"], 10, 64); err == nil {
		d.now = time.Unix(at, 0) // the proof holds for a few minutes
	}
	return r
}

// overall is the weightiest verdict of an answer.
func (a answer) overall() bot.Verdict {
	for _, v := range []bot.Verdict{bot.Opened, bot.LookedUp, bot.Enriched, bot.Resolved, bot.Duplicate, bot.Ignored, bot.Rejected} {
		for _, r := range a.Results {
			if r.Verdict == v {
				return v
			}
		}
	}
	return ""
}

// keys are the ids that incidents were opened for, each once, in order of their
// letters; if none was, those that there was news about.
func (d *desk) keys() []string {
	var all []string
	opens := func(a incident.Alert) bool { return a.Kind == incident.KindOpen }
	for _, a := range d.alerts {
		if a.KeyID != "" && (opens(a) || !slices.ContainsFunc(d.alerts, opens)) {
			all = append(all, string(a.KeyID))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Texts as people send them, to the hook for anything.
func TestTexts(t *testing.T) {
	dir, of := samples(t)
	if of == nil {
		return
	}
	b, err := os.ReadFile(filepath.Join(dir, "text", "corpus.json"))
	var texts []struct {
		ID, Text string
		Expect   struct {
			Keys      []string `json:"access_key_ids"`
			Temporary []string `json:"temporary_ids"`
			Secrets   []string
		}
	}
	if err := errors.Join(err, json.Unmarshal(b, &texts)); err != nil {
		t.Fatal(err)
	}
	for _, c := range texts {
		t.Run(c.ID, func(t *testing.T) {
			for _, media := range []string{"text/plain; charset=utf-8", "application/x-www-form-urlencoded"} {
				body := c.Text
				if strings.HasPrefix(body, "{") {
					continue // read as JSON by the other type
				}
				d := newDesk(t, nil)
				w, _ := d.post(t, "scans", media, []byte(body))
				if diff := cmp.Diff(slices.Sorted(slices.Values(append(c.Expect.Keys, c.Expect.Temporary...))), d.keys(), cmpopts.EquateEmpty()); diff != "" || w.Code != http.StatusOK {
					t.Errorf("%s: status %d, keys (-want +got):\n%s", media, w.Code, diff)
				}
				if found := d.leaks(t, w.Body.String(), c.Expect.Secrets...); len(found) > 0 {
					t.Errorf("%s: %d secrets got out", media, len(found))
				}
			}
		})
	}
}
