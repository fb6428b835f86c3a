package api_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/bot/api"
	"twokey/incident"
)

var update = flag.Bool("update", false, "write the golden files anew")

func get(t *testing.T, url, authorization string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}

var paths = []string{
	"/api/status", "/api/incidents", "/api/incidents/inc-1", "/api/incidents/inc-1/timeline", "/api/export", "/api/verify", "/api/backup", "/api/nothing",
}

func TestNobodyGetsInWithoutTheToken(t *testing.T) {
	url := newWorld(t).serve(token)
	for _, path := range paths {
		for _, authorization := range []string{"", "Bearer", "Bearer ", "Bearer wrong", "Bearer " + token + "x", "Basic " + token, token} {
			if status, body := get(t, url+path, authorization); status != http.StatusUnauthorized || strings.Contains(body, "inc-1") {
				t.Errorf("%s with %q: %d %s", path, authorization, status, body)
			}
		}
	}
}

func TestWithoutATokenThereIsNoAPI(t *testing.T) {
	url := newWorld(t).serve("")
	for _, path := range paths {
		for _, authorization := range []string{"", "Bearer", "Bearer "} {
			if status, _ := get(t, url+path, authorization); status != http.StatusNotFound {
				t.Errorf("%s with %q: %d", path, authorization, status)
			}
		}
	}
}

// hashes depend on how events are encoded, which this package does not decide.
var hashes = regexp.MustCompile(`[0-9a-f]{64}`)

func TestShapesAreTheContract(t *testing.T) {
	url := newWorld(t).serve(token)
	for path, file := range map[string]string{
		"/api/incidents/inc-1": "incident.json", "/api/incidents?open=true": "incidents.json", "/api/status": "status.json",
		"/api/verify": "verify.json",
	} {
		status, body := get(t, url+path, "Bearer "+token)
		if status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, body)
			continue
		}
		body = strings.ReplaceAll(hashes.ReplaceAllString(body, "<hash>"), string(leaked), "<key>")
		if *update {
			if err := os.WriteFile("testdata/"+file, []byte(body), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), body); diff != "" {
			t.Errorf("%s (-%s +now):\n%s", path, file, diff)
		}
	}
}

func TestTimelineHasEveryRecordAndTheWordsOfTheRoom(t *testing.T) {
	w := newWorld(t)
	records, err := w.bot.Store.Load(t.Context(), "inc-1")
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"", "zh"} {
		entries, err := w.client().Timeline(t.Context(), "inc-1", lang)
		if err != nil {
			t.Fatal(err)
		}
		scene := w.read.Scene
		scene.State, scene.Lang = incident.Fold(records), lang
		if lang == "" {
			scene.Lang = "en"
		}
		want := make([]api.Entry, len(records))
		for i, r := range records {
			line, _ := w.read.View.Line(scene, r)
			want[i] = api.Entry{Seq: r.Seq, At: r.At, By: r.By, Kind: r.Event.Kind(), Text: line.Text, Hash: r.Hash}
			if want[i].Kind == "proposed" || want[i].Kind == "approved" {
				want[i].Step, want[i].Plan = incident.StepKeyDisable, 1
			}
		}
		if diff := cmp.Diff(want, entries); diff != "" {
			t.Errorf("timeline in %q (-want +got):\n%s", lang, diff)
		}
		if len(entries) < 5 || entries[0].Text == "" {
			t.Errorf("timeline in %q says nothing: %+v", lang, entries)
		}
	}
}

func TestExportedHashesAreOverTheLinesOwnBytes(t *testing.T) {
	w := newWorld(t)
	var out bytes.Buffer
	if err := w.client().Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	records, _ := w.bot.Store.Load(t.Context(), "inc-1")
	if len(lines) != len(records) {
		t.Fatalf("%d lines for %d records", len(lines), len(records))
	}
	prev := ""
	for _, line := range lines {
		var e api.Exported
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		var body struct{ Prev string }
		if err := json.Unmarshal(e.Record, &body); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(e.Record)
		if hex.EncodeToString(sum[:]) != string(e.Hash) || body.Prev != prev {
			t.Errorf("the line does not check: %s", line)
		}
		prev = string(e.Hash)
	}
}

func TestClientAndLocalSayTheSame(t *testing.T) {
	w := newWorld(t)
	client := w.client()
	for name, ask := range map[string]func(api.Reader) (any, error){
		"incident":  func(r api.Reader) (any, error) { return r.Incident(t.Context(), "inc-1") },
		"incidents": func(r api.Reader) (any, error) { return r.Incidents(t.Context(), api.Filter{Open: true, Limit: 5}) },
		"before":    func(r api.Reader) (any, error) { return r.Incidents(t.Context(), api.Filter{Before: "inc-1"}) },
		"timeline":  func(r api.Reader) (any, error) { return r.Timeline(t.Context(), "inc-1", "ja") },
		"verify":    func(r api.Reader) (any, error) { return verify(t.Context(), r) },
		"verifyOne": func(r api.Reader) (any, error) { return r.VerifyOne(t.Context(), "inc-1") },
	} {
		here, err := ask(w.read)
		if err != nil {
			t.Fatal(err)
		}
		there, err := ask(client)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(here, there); diff != "" {
			t.Errorf("%s (-local +client):\n%s", name, diff)
		}
	}
}

func TestClientTellsWhatIsMissing(t *testing.T) {
	w := newWorld(t)
	there := w.client()
	for _, id := range []incident.ID{"inc-2", "inc-0", "nobody", "../status"} {
		if _, err := there.Incident(t.Context(), id); !errors.Is(err, api.ErrNotFound) && !errors.Is(err, api.ErrNoAPI) {
			t.Errorf("incident %q: %v", id, err)
		}
	}
	if _, err := there.Incident(t.Context(), "inc-2"); !errors.Is(err, api.ErrNotFound) {
		t.Errorf("no such incident: %v", err)
	}
	wrong := &api.Client{URL: there.URL, Token: "wrong", HTTP: http.DefaultClient}
	if _, err := wrong.Status(t.Context()); !errors.Is(err, api.ErrToken) {
		t.Errorf("wrong token: %v", err)
	}
	none := &api.Client{URL: w.serve(""), Token: token, HTTP: http.DefaultClient}
	if _, err := none.Status(t.Context()); !errors.Is(err, api.ErrNoAPI) {
		t.Errorf("no API: %v", err)
	}
}

func TestBadQueriesAreRefused(t *testing.T) {
	url := newWorld(t).serve(token)
	for _, query := range []string{"?limit=0", "?limit=-1", "?limit=1001", "?limit=x", "?open=perhaps", "?before=system", "?before=1"} {
		if status, _ := get(t, url+"/api/incidents"+query, "Bearer "+token); status != http.StatusBadRequest {
			t.Errorf("%s: %d", query, status)
		}
	}
}
