package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"twokey/bot/api"
	"twokey/bot/intake"
)

// sampleOf is a body with the secrets that must not survive.
type sampleOf struct {
	name, kind, media, body string
	secrets                 []string
}

// collected are the payloads that are kept beside the repository, if they are.
func collected(t *testing.T) []sampleOf {
	t.Helper()
	dir := os.Getenv("TWOKEY_SAMPLES")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "samples")
	}
	read := func(name string, into any) {
		b, err := os.ReadFile(filepath.Join(dir, "alerts", filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) && os.Getenv("TWOKEY_SAMPLES") == "" {
			return
		}
		if text, ok := into.(*string); ok {
			*text = string(b)
		} else if err == nil {
			err = json.Unmarshal(b, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var all []sampleOf
	var of map[string]struct {
		Source  string
		Type    string   `json:"content_type"`
		Secrets []string `json:"secrets_that_must_not_survive"`
	}
	read("EXPECTED.json", &of)
	kinds := map[string]string{
		"github-rest": "github", "gitlab-report": "gitlab", "gitlab-webhook": "gitlab", "ggshield": "gitguardian", "sas-poll": "sas", "slack": "generic",
	}
	for _, name := range slices.Sorted(maps.Keys(of)) {
		s := sampleOf{name: name, kind: or(kinds[of[name].Source], of[name].Source), media: of[name].Type, secrets: of[name].Secrets}
		read(name, &s.body)
		all = append(all, s)
	}
	var texts []struct {
		ID, Text string
		Expect   struct{ Secrets []string }
	}
	read("text/corpus.json", &texts)
	for _, c := range texts {
		all = append(all, sampleOf{c.ID, "text", "text/plain", c.Text, c.Expect.Secrets})
	}
	return all
}

// made are payloads of our own: the secret stands where each source has it, whole
// and cut, and in fields that nobody should keep.
func made(key string) []sampleOf {
	var all []sampleOf
	for kind, body := range map[string]string{
		"gitleaks":     `[{"RuleID":"alibaba-access-key-id","Secret":"KEY","Match":"KEY SECRET","File":"a","Message":"SECRET","Fingerprint":"f"},{"RuleID":"generic-api-key","Secret":"HALF...","Match":"HALF...","File":"a","Fingerprint":"SECRET"}]`,
		"trufflehog":   `{"DetectorName":"Alibaba","Raw":"SECRET","RawV2":"SECRETKEY","ExtraData":{"a":"SECRET"},"SourceMetadata":{"Data":{"Git":{"email":"SECRET <a@b>","file":"SECRET","repository":"https://x:SECRET@git.example/a"}}}}`,
		"trivy":        `{"SchemaVersion":2,"Results":[{"Target":"a","Secrets":[{"RuleID":"alibaba-access-key-id","Title":"t","Match":"-i **** -k HALF","Code":{"Lines":[{"Content":"sk=SECRET","Highlighted":"SECRET"}]}}]}]}`,
		"2ms":          `{"totalSecretsFound":1,"results":{"a":[{"id":"SECRET","ruleId":"alibaba-secret-key","value":"SECRET","lineContent":"KEY HALF"}]}}`,
		"noseyparker":  `{"rule_name":"r","match_content":"SECRET","matches":[{"snippet":{"before":"KEY","matching":"SECRET","after":"HALF"}}]}`,
		"gitlab":       `{"vulnerabilities":[{"id":"i","name":"Alibaba Secret Key","description":"SECRET","cve":"a:HALF","raw_source_code_extract":"s: SECRET","location":{"file":"a"}}]}`,
		"gitguardian":  `{"total_incidents":1,"entities_with_incidents":[{"filename":"a","incidents":[{"type":"Alibaba Cloud Keys","occurrences":[{"match":"KEY"},{"match":"HALF****"},{"match":"SECRET"}]}]}]}`,
		"github":       `[{"number":3,"secret_type":"alibaba_cloud_access_key_secret","secret":"SECRET","html_url":"https://github.com/a/SECRET","repository":{"full_name":"a/b"}}]`,
		"sarif":        `{"runs":[{"tool":{"driver":{"name":"x"}},"results":[{"ruleId":"aliyun","message":{"text":"HALF"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a"},"region":{"snippet":{"text":"KEY SECRET"}},"contextRegion":{"snippet":{"text":"HALF"}}}}]}]}]}`,
		"alertmanager": `{"alerts":[{"status":"firing","labels":{"access_key_id":"KEY"},"annotations":{"summary":"secret SECRET","note":"HALF"},"fingerprint":"SECRET"}]}`,
		"pagerduty":    `{"event":{"event_type":"incident.triggered","data":{"id":"SECRET","title":"KEY SECRET","body":{"details":"HALF"}}}}`,
		"splunk":       `{"sid":"s","result":{"_raw":"ak=KEY sk=SECRET HALF"},"search_name":"a SECRET"}`,
		"sentry":       `{"action":"created","data":{"event":{"title":"KEY","extra":{"sk":"SECRET","x":"HALF"},"web_url":"https://sentry.example/?q=SECRET"}}}`,
		"cloudmonitor": `{"alert":{"eventName":"SECRET","dedupId":"d","eventContentMap":{"accessKeyId":"KEY"},"eventRawContent":"{\"code\":\"SECRET HALF\"}"}}`,
		"sas":          `{"AccesskeyId":"KEY","Code":"ak=KEY sk=SECRET","Remark":"HALF SECRET","GithubUser":"SECRET"}`,
		"cloudevents":  `{"specversion":"1.0","type":"t","source":"SECRET","id":"SECRET","subject":"SECRET","data":{"accessKeyId":"KEY","secret":"SECRET","note":"HALF"}}`,
		"eventbridge":  `{"specversion":"1.0","id":"SECRET","source":"x","data":{"ak":"KEY","title":"SECRET HEX","note":"HALF"}}`,
		"opsgenie":     `{"action":"Create","alert":{"alertId":"SECRET","message":"KEY SECRET HEX","tags":["SECRET"],"note":"HALF","details":{"sk":"SECRET"}}}`,
		"graylog":      `{"event_definition_title":"HEX","event":{"id":"SECRET","fields":{"ak":"KEY","sk":"SECRET"}},"backlog":[{"message":"HALF"}]}`,
		"sls":          `{"alert_instance_id":"SECRET","alert_name":"SECRET","labels":{"access_key_id":"KEY","secret_key":"SECRET","title":"HALF"}}`,
		"generic":      `{"access_key_id":"KEY","access_key_secret":"SECRET","title":"begins with HALF","author":"HALF","path":"a/HALF/HEX","url":"https://a.example/SECRET?x=HALF","branch":"SECRET"}`,
		"text":         "AccessKeyId KEY\nAccessKeySecret SECRET\nhalf HALF",
	} {
		s := newSecret()
		half := s[:16]
		body = strings.NewReplacer("SECRET", s, "HALF", half, "HEX", hex.EncodeToString([]byte(s)), "KEY", key).Replace(body)
		all = append(all, sampleOf{"of our own, " + kind, kind, "application/json", body, []string{s, half}})
	}
	return all
}

// feed posts payloads, and gives their secrets and the answers.
func (r *running) feed(samples []sampleOf) (secrets []planted, answers map[string][]byte) {
	r.t.Helper()
	answers = map[string][]byte{}
	for _, s := range samples {
		q, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url+"/hooks/scans", strings.NewReader(s.body))
		if err != nil {
			r.t.Fatal(err)
		}
		q.Header.Set("Content-Type", s.media)
		q.Header.Set(intake.FormatHeader, s.kind)
		q.Header.Set("Authorization", "Bearer "+r.env["SCANS"])
		got, err := http.DefaultTransport.RoundTrip(q)
		if err != nil {
			r.t.Fatal(err)
		}
		body := new(bytes.Buffer)
		_, err = body.ReadFrom(got.Body)
		if closed := got.Body.Close(); err != nil || closed != nil {
			r.t.Fatal(err, closed)
		}
		answers["answer to "+s.name] = body.Bytes()
		for _, secret := range s.secrets {
			secrets = append(secrets, planted{s.name, secret})
		}
	}
	return secrets, answers
}

// VULNERABILITY: every source has the secret somewhere else, whole or cut.
// ATTACK: whoever can read the database, the log, a backup, the room or an export
// looks for one.
// THIS STORY VERIFIES: of no payload that was ever collected, and of none made
// here, a secret is anywhere, in any form; the key ids are.
func TestNoSecretOfAnySourceIsAnywhere(t *testing.T) {
	r := start(t, twoHooks+"limits: {per_source: 1000}\n", nil)
	key := r.drills[0].scene.Leaked.ID
	secrets, answers := r.feed(append(collected(t), made(key)...))
	r.settled(func(i api.Incident) bool { return i.Owner.Kind != "" || string(i.Key) != key })
	everything := r.everywhere()
	maps.Copy(everything, answers)
	wantKey(t, everything, key)
	wantNone(t, everything, secrets)
}

// The same in Slack: every byte that is sent there is looked at, and not only what a
// person sees of it.
func TestNoSecretOfAnySourceIsSentToSlack(t *testing.T) {
	w, config := workspace(t, slackSocket)
	sent := &safeBuffer{}
	target, err := url.Parse(w.URL())
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		body, err := io.ReadAll(p.In.Body)
		if err != nil {
			t.Error(err)
		}
		_, _ = sent.Write(body)
		if form, err := url.ParseQuery(string(body)); err == nil {
			_, _ = fmt.Fprint(sent, "\n", form, "\n")
		}
		if p.Out.Body = http.NoBody; len(body) > 0 {
			p.Out.Body = io.NopCloser(bytes.NewReader(body))
		}
		p.SetURL(&url.URL{Scheme: target.Scheme, Host: target.Host})
	}})
	t.Cleanup(recorder.Close)
	config = strings.ReplaceAll(config, target.Scheme+"://"+target.Host, recorder.URL)
	r := startOn(t, config, twoHooks+"limits: {per_source: 1000}\n", nil)
	w.AwaitSockets(t, 1)
	key := r.drills[0].scene.Leaked.ID
	secrets, answers := r.feed(append(made(key), collected(t)...))
	w.Await(t, "the card of the key", func() bool { return strings.Contains(sent.String(), key) })
	r.stop()
	answers["what was sent to Slack"] = []byte(sent.String())
	wantNone(t, answers, secrets)
}
