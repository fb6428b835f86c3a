package intake_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/intake"
	"twokey/incident"
)

// hub is a pretend GitHub: alerts by the path that they are asked for under.
type hub struct {
	*httptest.Server
	mu     sync.Mutex
	alerts map[string]string
	status int // answered in place of any alert
	asked  []string
}

const hubToken = "token-of-the-hub"

func newHub(t *testing.T) *hub {
	t.Helper()
	h := &hub{alerts: map[string]string{}}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.asked = append(h.asked, r.URL.String())
		body, ok := h.alerts[r.URL.Path]
		switch {
		case r.Header.Get("Authorization") != "Bearer "+hubToken:
			w.WriteHeader(http.StatusUnauthorized)
		case h.status != 0:
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(h.status)
		case !ok:
			w.WriteHeader(http.StatusNotFound)
		case strings.HasSuffix(r.URL.Path, "alerts") && r.URL.Query().Get("page") != "1":
			_, _ = w.Write([]byte("[]"))
		default:
			_, _ = w.Write([]byte(body))
		}
	}))
	t.Cleanup(h.Close)
	return h
}

// asksHub lets the desk's source ask the pretend GitHub.
func asksHub(h *hub) func(*intake.Config) {
	return func(c *intake.Config) {
		c.Sources = append(c.Sources, intake.Source{
			Name: "hub", Type: "github", Secrets: []string{hookSecret}, Lookup: &intake.GitHub{API: h.URL, Token: hubToken},
		})
	}
}

// ghAlert is an alert as the API tells it; without what was found, as the webhook.
func ghAlert(number int, found string) string {
	secret := ""
	if found != "" {
		secret = `"secret":"` + found + `",`
	}
	return fmt.Sprintf(`{"number":%d,%s"created_at":"2026-09-02T02:31:07Z","url":"https://evil.example/alerts/%d",
		"html_url":"https://github.com/acme/web/security/secret-scanning/%d","secret_type":"alibaba_cloud_access_key_id",
		"secret_type_display_name":"Alibaba Cloud AccessKey ID","validity":"active","publicly_leaked":false,
		"first_location_detected":{"path":"deploy/.env","start_line":3,"commit_sha":"%s"},"repository":{"full_name":"acme/web"}}`, number, secret, number, number, sha)
}

func delivered(event, action string, number int, more string) *http.Request {
	body := `{"action":"` + action + `","alert":` + ghAlert(number, "") + more + `,"repository":{"full_name":"acme/web"},"sender":{"login":"x"}}`
	r := signed("hub", body, "X-Hub-Signature-256", "sha256="+sum(hookSecret, body), "X-GitHub-Event", event, "Content-Type", "application/json")
	r.Header.Set("X-GitHub-Delivery", event+action+fmt.Sprint(number))
	return r
}

const alertOf7 = "/repos/acme/web/secret-scanning/alerts/7"

func TestGitHubIsAskedForTheKey(t *testing.T) {
	h := newHub(t)
	id := keyID(600)
	h.alerts[alertOf7] = ghAlert(7, id)
	d := newDesk(t, asksHub(h))
	_, a := d.send(t, delivered("secret_scanning_alert", "created", 7, ""))
	if a.verdicts() != "open" {
		t.Fatal(a.verdicts())
	}
	got, text := d.last(t)
	place := incident.Place{URL: "https://github.com/acme/web/security/secret-scanning/7", Repo: "acme/web", Path: "deploy/.env", Line: 3, Commit: sha}
	if string(got.KeyID) != id || got.Confidence != "confirmed" || got.Validity != "active" || !slices.Equal(text.Places, []incident.Place{place}) {
		t.Errorf("%+v %+v", got, text)
	}
	location := `,"location":{"type":"commit","details":{"path":"other.env","start_line":1,"commit_sha":"` + sha + `"}}`
	for _, c := range []struct {
		event, action, more, want string
	}{
		{"secret_scanning_alert_location", "created", location, "enrich"},
		{"secret_scanning_alert", "publicly_leaked", "", "enrich"},
		{"secret_scanning_alert", "validated", "", "enrich"},
		{"secret_scanning_alert", "reopened", "", "duplicate"},
		{"secret_scanning_alert", "resolved", "", "resolve"},
	} {
		if _, a := d.send(t, delivered(c.event, c.action, 7, c.more)); a.verdicts() != c.want || a.Results[0].Incident != "inc-1" {
			t.Errorf("%s: %s, want %s", c.action, a.verdicts(), c.want)
		}
	}
	for _, asked := range h.asked {
		if asked != alertOf7 {
			t.Errorf("asked for %s", asked)
		}
	}
}

// What GitHub does not tell, a person must look up; the token goes nowhere else.
func TestWhatGitHubDoesNotTell(t *testing.T) {
	s := secret(601)
	for name, c := range map[string]struct {
		status int
		answer string
	}{
		"no right to ask":      {403, ""},
		"gone":                 {404, ""},
		"broken":               {502, ""},
		"sent elsewhere":       {302, ""},
		"another alert":        {0, ghAlert(8, keyID(601))},
		"no JSON":              {0, `{"secret":"` + s},
		"hidden":               {0, ghAlert(7, "")},
		"a secret for an id":   {0, ghAlert(7, s)},
		"a path for an id":     {0, ghAlert(7, "LTAI../../x")},
		"an id and something":  {0, ghAlert(7, keyID(601)+"\\n"+s)},
		"a type of other kind": {0, strings.Replace(ghAlert(7, keyID(601)), "access_key_id", "x", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			h.alerts[alertOf7], h.status = c.answer, c.status
			d := newDesk(t, asksHub(h))
			w, a := d.send(t, delivered("secret_scanning_alert", "created", 7, ""))
			if a.overall() != bot.LookedUp || len(d.alerts) != 1 {
				t.Errorf("%s", a.verdicts())
			}
			if out := d.leaks(t, w.Body.String(), s, hubToken); len(out) > 0 {
				t.Errorf("%d secrets got out", len(out))
			}
			if len(h.asked) > 2 {
				t.Errorf("asked %d times", len(h.asked))
			}
		})
	}
}

// Names in an alert become a part of an address: only plain ones may.
func TestNamesThatAreNoRepository(t *testing.T) {
	for _, name := range []string{"", "web", "acme/..", "acme/.", "../acme", "acme/web/x", "acme/web?x=", "acme/web#", "a%2f/b", "-/b", "acme/we b"} {
		h := newHub(t)
		d := newDesk(t, asksHub(h))
		body := `{"action":"created","alert":` + ghAlert(7, "") + `,"repository":{"full_name":"` + name + `"}}`
		w, _ := d.send(t, signed("hub", body, "X-Hub-Signature-256", "sha256="+sum(hookSecret, body)))
		if w.Code != http.StatusBadRequest || len(h.asked) != 0 {
			t.Errorf("%q: %d, asked %v", name, w.Code, h.asked)
		}
	}
}

// GitHub sends each alert once. What was missed is listed at the start; what came,
// and may be closed since, is not brought again.
func TestMissedAlertsAreCaughtUpWith(t *testing.T) {
	h := newHub(t)
	h.alerts[alertOf7] = ghAlert(7, keyID(610))
	h.alerts["/repos/acme/web/secret-scanning/alerts"] = "[" + ghAlert(9, keyID(612)) + "," + ghAlert(8, keyID(611)) + "," + ghAlert(7, keyID(610)) + "]"
	h.alerts["/orgs/acme/secret-scanning/alerts"] = "[" + ghAlert(8, keyID(611)) + "]"
	kept := map[string]bool{}
	d := newDesk(t, func(c *intake.Config) {
		asksHub(h)(c)
		c.Keep = func(_ context.Context, name string) error { kept[name] = true; return nil }
	})
	d.send(t, delivered("secret_scanning_alert", "created", 7, ""))
	brought := d.catchUp(t, h, kept, "acme/web", "acme")
	if want := []string{keyID(612), keyID(611)}; !slices.Equal(brought, want) {
		t.Errorf("brought %v, want %v", brought, want)
	}
	h.alerts["/repos/acme/web/secret-scanning/alerts/9"] = ghAlert(9, keyID(612))
	if _, a := d.send(t, delivered("secret_scanning_alert", "created", 9, "")); a.verdicts() != "duplicate" {
		t.Errorf("the webhook that comes late: %s", a.verdicts())
	}
}

// catchUp lists alerts until all that are missing were brought, and says which keys
// those had.
func (d *desk) catchUp(t *testing.T, h *hub, kept map[string]bool, of ...string) []string {
	t.Helper()
	polled := intake.AskGitHub("hub", &intake.GitHub{API: h.URL, Token: hubToken, Of: of})
	ask := polled.Ask
	asked := make(chan error, 10)
	polled.Ask = func(ctx context.Context, since time.Time, known func(string) bool) ([]intake.Report, error) {
		reports, err := ask(ctx, since, known)
		asked <- err
		return reports, err
	}
	polled.Every = time.Millisecond
	var brought []string
	p := intake.Poller{
		Polled: []intake.Polled{polled}, Now: d.clock, Log: slog.New(slog.DiscardHandler), Code: func(err error) string { return err.Error() },
		Receive: func(ctx context.Context, a incident.Alert, text incident.AlertText) (bot.Verdict, incident.ID, error) {
			brought = append(brought, string(a.KeyID))
			return d.bot.ReceiveAlert(ctx, a, text)
		},
		Delivered: func(_ context.Context, name string) (bool, error) { return kept[name], nil },
		Keep:      func(_ context.Context, name string) error { kept[name] = true; return nil },
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { p.Run(ctx); close(done) }()
	for range 3 {
		if err := <-asked; err != nil {
			t.Error(err)
		}
	}
	cancel()
	<-done
	return brought
}

const locationOf7 = `,"location":{"type":"commit","details":{"path":"other.env","start_line":1,"commit_sha":"` + sha + `"}}`

// GitHub promises no order: where the key stands may be told before that it was found,
// and that is an alert like any other.
func TestALocationThatComesFirstIsNotLost(t *testing.T) {
	for name, c := range map[string]struct {
		answer, first string
	}{
		"and GitHub tells the key":   {ghAlert(7, keyID(620)), "open"},
		"and GitHub does not answer": {"", "lookup key_not_told"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHub(t)
			if c.answer != "" {
				h.alerts[alertOf7] = c.answer
			}
			d := newDesk(t, asksHub(h))
			_, a := d.send(t, delivered("secret_scanning_alert_location", "created", 7, locationOf7))
			if a.verdicts() != c.first {
				t.Fatalf("%s, want %s", a.verdicts(), c.first)
			}
			if _, text := d.last(t); len(text.Places) != 1 || text.Places[0].Path != "other.env" {
				t.Errorf("its place is lost: %+v", text.Places)
			}
			_, a = d.send(t, delivered("secret_scanning_alert", "created", 7, ""))
			if r := a.Results[0]; r.Verdict != bot.Enriched || r.Incident != "inc-1" {
				t.Errorf("its alert is a %s in %s", r.Verdict, r.Incident)
			}
			if _, a := d.send(t, delivered("secret_scanning_alert_location", "created", 7, locationOf7)); a.verdicts()[:9] != "duplicate" {
				t.Errorf("the location again: %s", a.verdicts())
			}
		})
	}
}

// Where nobody can be asked for the key, a location says nothing that its alert does not.
func TestALocationAloneOpensNothingWhereNobodyCanBeAsked(t *testing.T) {
	d := newDesk(t, func(c *intake.Config) {
		c.Sources = append(c.Sources, intake.Source{Name: "hub", Type: "github", Secrets: []string{hookSecret}})
	})
	if _, a := d.send(t, delivered("secret_scanning_alert_location", "created", 7, locationOf7)); a.verdicts() != "enrich nothing_open" {
		t.Error(a.verdicts())
	}
}

// What somebody has dealt with at GitHub opens nothing, wherever else it is found.
func TestALocationOfAnAlertThatIsOverOpensNothing(t *testing.T) {
	over := strings.Replace(ghAlert(7, keyID(621)), `"number":7`, `"number":7,"state":"resolved"`, 1)
	h := newHub(t)
	h.alerts[alertOf7] = over
	d := newDesk(t, asksHub(h))
	if _, a := d.send(t, delivered("secret_scanning_alert_location", "created", 7, locationOf7)); a.verdicts() != "enrich nothing_open" {
		t.Errorf("GitHub answers that it is over: %s", a.verdicts())
	}
	h.status = http.StatusBadGateway
	body := `{"action":"created","alert":` + strings.Replace(ghAlert(7, ""), `"number":7`, `"number":7,"resolution":"revoked"`, 1) + locationOf7 + `,"repository":{"full_name":"acme/web"}}`
	r := signed("hub", body, "X-Hub-Signature-256", "sha256="+sum(hookSecret, body), "X-GitHub-Event", "secret_scanning_alert_location", "Content-Type", "application/json")
	if _, a := d.send(t, r); a.verdicts() != "enrich nothing_open" {
		t.Errorf("the location says that it is over: %s", a.verdicts())
	}
}

// GitHub was down when its webhook came, and lists the alert with its key later: that
// is one leak and one incident.
func TestAKeyThatGitHubTellsLaterIsNoSecondIncident(t *testing.T) {
	h := newHub(t)
	h.status = http.StatusBadGateway
	d := newDesk(t, asksHub(h))
	if _, a := d.send(t, delivered("secret_scanning_alert", "created", 7, "")); a.verdicts() != "lookup key_not_told" {
		t.Fatal(a.verdicts())
	}
	h.status = 0
	h.alerts["/repos/acme/web/secret-scanning/alerts"] = "[" + ghAlert(7, keyID(630)) + "]"
	d.catchUp(t, h, map[string]bool{}, "acme/web")
	lookup, key := d.state(t, "inc-1"), d.state(t, "inc-2")
	if lookup.MergedInto != "inc-2" || !key.Open() || string(key.Key) != keyID(630) || key.KeyTyped || !slices.Equal(key.Absorbed, []incident.ID{"inc-1"}) {
		t.Errorf("merged into %q; %+v", lookup.MergedInto, key)
	}
	h.status = http.StatusBadGateway
	for _, c := range []struct{ event, action, more, want string }{
		{"secret_scanning_alert_location", "created", locationOf7, "enrich"},
		{"secret_scanning_alert", "publicly_leaked", "", "enrich"},
		{"secret_scanning_alert", "resolved", "", "resolve"},
	} {
		_, a := d.send(t, delivered(c.event, c.action, 7, c.more))
		if r := a.Results[0]; string(r.Verdict) != c.want || r.Incident != "inc-2" {
			t.Errorf("GitHub is down again, and %s is a %s in %q", c.action, r.Verdict, r.Incident)
		}
	}
}

// A key that stands in a body is its sender's word: whoever has the webhook's secret
// must not lead people away from a leak with it.
func TestAKeyThatASenderTellsTakesNoLookUpOver(t *testing.T) {
	h := newHub(t)
	h.status = http.StatusBadGateway
	d := newDesk(t, asksHub(h))
	d.send(t, delivered("secret_scanning_alert", "created", 7, ""))
	body := "[" + ghAlert(7, keyID(640)) + "]"
	if _, a := d.send(t, signed("hub", body, "X-Hub-Signature-256", "sha256="+sum(hookSecret, body), "Content-Type", "application/json")); a.verdicts() != "open" {
		t.Fatal(a.verdicts())
	}
	if s := d.state(t, "inc-1"); !s.Open() || !s.Lookup() {
		t.Errorf("the look-up was merged into %q", s.MergedInto)
	}
}
