package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/bot/api"
	"twokey/incident"
)

const twoHooks = `alerts:
  sources:
    - {name: scans, type: generic, token: ${SCANS}}
    - {name: leaks, type: gitleaks, token: ${LEAKS}}
`

// planted is a secret with the place that it was put into.
type planted struct{ where, secret string }

// newSecret has the form of a real one: 30 letters and digits.
func newSecret() string { return rand.Text() + "aB3x" }

// forms are the ways in which a secret can lie somewhere: as it is, escaped, in
// hexadecimal, and in base64 at each of the three places a text can begin at.
func forms(secret string) []string {
	all := []string{secret, strings.ToLower(secret), hex.EncodeToString([]byte(secret)), url.QueryEscape(secret)}
	for skip := range 3 {
		inner := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", skip) + secret))
		from := (skip*8 + 5) / 6 // characters that hold something of what stands before
		all = append(all, inner[from:len(inner)-4])
	}
	return all
}

// everywhere is all that leaves a bot or stays behind it: what it stores, logs,
// serves, shows and prints, while it runs and after it stopped.
func (r *running) everywhere() map[string][]byte {
	r.t.Helper()
	found := map[string][]byte{}
	incidents, err := r.reader.Incidents(r.t.Context(), api.Filter{})
	if err != nil {
		r.t.Fatal(err)
	}
	ids := []string{"system"}
	for _, i := range incidents {
		ids = append(ids, string(i.ID))
	}
	paths := []string{"/healthz", "/readyz", "/metrics", "/console/", "/api/status", "/api/incidents", "/api/export", "/api/verify", "/api/backup"}
	for _, id := range ids {
		paths = append(paths, "/api/incidents/"+id, "/api/incidents/"+id+"/timeline", "/api/incidents/"+id+"/timeline?lang=zh")
	}
	for _, path := range paths {
		_, answer := r.ask(http.MethodGet, path, r.env["API"], "")
		found["GET "+path] = []byte(answer)
	}
	for _, user := range []string{"ana", "bo", "eve"} {
		page, err := r.as(user).reader.Page(r.t.Context())
		if err != nil {
			r.t.Fatal(err)
		}
		found["page of "+user] = []byte(page)
	}
	r.stop()
	for _, args := range [][]string{{"export"}, {"verify"}, {"incidents"}, {"check", "--offline"}} {
		_, printed := r.cli(args...)
		found["twokey "+args[0]] = []byte(printed)
	}
	for _, id := range ids {
		_, printed := r.cli("show", "--all", id)
		found["twokey show "+id] = []byte(printed)
	}
	found["log"] = []byte(r.log.String())
	for _, name := range []string{"twokey.db", "heads.log"} {
		body, err := os.ReadFile(filepath.Join(r.dir, name))
		if err != nil {
			r.t.Fatal(err)
		}
		found[name] = body
	}
	return found
}

// wantNone searches everything for every form of every secret.
func wantNone(t *testing.T, everything map[string][]byte, secrets []planted) {
	t.Helper()
	for where, body := range everything {
		for _, p := range secrets {
			for _, form := range forms(p.secret) {
				if bytes.Contains(body, []byte(form)) {
					t.Errorf("the secret of %s is in %s", p.where, where)
				}
			}
		}
	}
}

// wantKey checks that the search looks at the right things: the key id is there.
func wantKey(t *testing.T, everything map[string][]byte, key string) {
	t.Helper()
	for _, where := range []string{"twokey.db", "GET /api/incidents", "GET /api/export", "page of ana", "twokey export", "twokey incidents"} {
		if !bytes.Contains(everything[where], []byte(key)) {
			t.Errorf("the key id is not in %s: is this the right place?\n%.300s", where, everything[where])
		}
	}
}

// VULNERABILITY: secrets come in with alerts, and people paste them.
// ATTACK: whoever can read the database, the log, a backup, a metric, the room or
// an export looks for one.
// THIS STORY VERIFIES: none of the secrets that came in by any way is anywhere, in
// any form, while the key id is.
func TestPlantedSecretsAreNowhere(t *testing.T) {
	r := start(t, twoHooks, nil)
	key := r.drills[0].scene.Leaked.ID
	secrets := []planted{{"the account", string(r.drills[0].scene.Leaked.Secret)}, {"the bot's own key", string(r.drills[0].scene.Bot.Secret)}}
	plant := func(where string) string {
		secrets = append(secrets, planted{where, newSecret()})
		return secrets[len(secrets)-1].secret
	}
	for name, value := range r.env {
		secrets = append(secrets, planted{name, value})
	}

	alert := map[string]any{"access_key_id": key}
	for _, field := range []string{
		"secret", "access_key_secret", "title", "summary", "author", "repository", "path", "commit", "severity", "id", "match", "whatever",
	} {
		alert[field] = "x " + plant("the alert's "+field) + " y"
	}
	alert["url"] = "https://git.example/acme/web?token=" + plant("the alert's url")
	alert["link"] = "https://" + plant("a user of the link") + ":" + plant("a password of the link") + "@git.example/x"
	alert["deep"] = []any{map[string]any{plant("a name of a field"): plant("something deep")}}
	r.post("scans", r.env["SCANS"], alert)

	odd := "open-sesame-" + strings.ToLower(rand.Text()[:6]) // a form that nobody knows: only the field's name tells
	secrets = append(secrets, planted{"a field by its name", odd})
	r.post("scans", r.env["SCANS"], map[string]any{"access_key_id": key, "id": "2", "secret": odd, "title": "found " + odd + " in a log", "path": "x/" + odd})

	leak := report(key)[1]
	leak.Secret = plant("gitleaks' Secret")
	leak.Match = "ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + leak.Secret
	for into, name := range map[*string]string{
		&leak.File: "File", &leak.Message: "Message", &leak.Author: "Author", &leak.Email: "Email", &leak.Description: "Description",
		&leak.Link: "Link", &leak.Fingerprint: "Fingerprint", &leak.SymlinkFile: "SymlinkFile",
	} {
		*into += plant("gitleaks' " + name)
	}
	leak.Tags = []string{plant("gitleaks' Tags")}
	r.post("leaks", r.env["LEAKS"], append(report(key)[:1], leak))
	_, refused := r.ask(http.MethodPost, "/hooks/scans", r.env["SCANS"], `{"access_key_id": "`+plant("a broken body"))
	_, wrong := r.ask(http.MethodPost, "/hooks/scans?token="+plant("a wrong token"), "", "{}")
	_, strange := r.ask(http.MethodGet, "/"+plant("a strange path"), "", "")

	r.settled(func(i api.Incident) bool { return i.Owner.Kind != "" || i.Key != incident.KeyID(key) })
	bo, answers := r.as("bo"), map[string][]byte{"answer to a broken body": []byte(refused), "answer to a wrong token": []byte(wrong), "404": []byte(strange)}
	if _, err := bo.form(t.Context(), "Disable the key"); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{
		"note the secret is " + plant("a note") + " inc-1",
		"note AccessKeySecret=" + plant("a note with a name") + " inc-1",
		"approve 3 inc-1 because I tried " + plant("a reason"),
		"decline 1 inc-1 because it is " + plant("a reason to decline"),
		"report " + key + " " + plant("a typed report"),
		"report LTAI5t" + rand.Text()[:18] + " " + plant("a typed report of another key"),
		"key " + plant("a key id that is none") + " inc-1",
		"do " + plant("a step that is none") + " inc-1",
		plant("a command that is none"),
	} {
		said, err := bo.reader.Say(t.Context(), command)
		if err != nil {
			t.Fatal(err)
		}
		answers["answer "+fmt.Sprint(len(answers))] = []byte(said)
	}
	if err := bo.sees(t.Context(), "Bo approved plan 3", "Bo declined plan 1"); err != nil {
		t.Fatal(err)
	}
	everything := r.everywhere()
	maps.Copy(everything, answers)
	wantKey(t, everything, key)
	wantNone(t, everything, secrets)
}

// talkative is a cloud that puts secrets where nobody expects one: a reverse
// proxy before the pretend cloud adds one to every answer, in a new field, in
// names and in the words of errors.
func talkative(t *testing.T, cloud, secret string, told *atomic.Int32) string {
	t.Helper()
	target, err := url.Parse(cloud)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.Out.Host = p.In.Host // it is signed
		},
		ModifyResponse: func(r *http.Response) error {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			var answer map[string]any
			if json.Unmarshal(body, &answer) == nil {
				told.Add(1)
				answer["AccessKeySecret"], answer["Debug"] = secret, map[string]any{"Signature": "the secret is " + secret}
				for _, name := range []string{"Message", "Recommend", "DisplayName", "Comments", "Email"} {
					if text, ok := answer[name].(string); ok || name == "Recommend" {
						answer[name] = text + " (secret " + secret + ")"
					}
				}
				if body, err = json.Marshal(answer); err != nil {
					return err
				}
			}
			r.Header.Set("X-Debug-Secret", secret)
			r.Header.Del("Content-Length")
			r.ContentLength, r.Body = int64(len(body)), io.NopCloser(bytes.NewReader(body))
			return nil
		},
	}
	server := httptest.NewServer(proxy)
	t.Cleanup(server.Close)
	return server.URL
}

// VULNERABILITY: the bot reads the cloud's answers into evidence, plans, cards
// and errors.
// ATTACK: none is needed: an answer holds a secret where nobody expects one.
// THIS STORY VERIFIES: through look-up, plans, refusals, the step and the looks
// after it, that secret is nowhere.
func TestASecretInTheCloudsAnswersIsNowhere(t *testing.T) {
	var told atomic.Int32
	secret := newSecret()
	r := start(t, twoHooks, func(a *app) {
		d := a.drills[0]
		settings := d.aimed(a.config.account(a.config.Accounts[0]))
		proxy := talkative(t, d.cloud.URL(), secret, &told)
		for product := range settings.Endpoints {
			settings.Endpoints[product] = proxy
		}
		account, err := alicloud.New(settings)
		if err != nil {
			t.Fatal(err)
		}
		a.bot.Accounts = []actions.Account{account}
	})
	d := r.drills[0]
	r.post("scans", r.env["SCANS"], map[string]any{"access_key_id": d.scene.Leaked.ID})
	ana, bo := r.as("ana"), r.as("bo")
	quarantine, err := ana.form(t.Context(), "Quarantine ci-deploy")
	disable, err2 := ana.form(t.Context(), "Disable the key")
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	// The quarantine is refused by the cloud, in words; the disabling works.
	err = errors.Join(d.cloud.AddPolicy("no-policies", `{"Version": "1", "Statement": [{"Effect": "Deny", "Action": ["ram:CreatePolicy", "ram:AttachPolicyToUser"], "Resource": "*"}]}`),
		d.cloud.SetPolicies("twokey", sandbox.PolicyRef{Type: sandbox.System, Name: "AdministratorAccess"},
			sandbox.PolicyRef{Type: sandbox.Custom, Name: "no-policies"}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = ana.press(t.Context(), quarantine, "")
	_, err2 = ana.press(t.Context(), disable, "")
	_, err3 := bo.reader.Say(t.Context(), "approve "+disable.Fields.Get("number")+" inc-1")
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	if err := ana.sees(t.Context(), "— CONTAINED", "Confirmed by reading back", "NoPermission"); err != nil {
		t.Fatal(err)
	}
	everything := r.everywhere()
	if n := told.Load(); n < 10 {
		t.Errorf("only %d answers had the secret: did the bot ask past the proxy?", n)
	}
	wantKey(t, everything, d.scene.Leaked.ID)
	wantNone(t, everything, []planted{{"the cloud's answers", secret}})
}
