package intake_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/intake"
)

func TestOnlySendersWithATokenAreHeard(t *testing.T) {
	d := newDesk(t, nil)
	body := encode(t, map[string]any{"access_key_id": keyID(1)})
	with := func(path string, header ...string) *http.Request {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, bytes.NewReader(body))
		for i := 0; i < len(header); i += 2 {
			r.Header.Add(header[i], header[i+1])
		}
		return r
	}
	for name, r := range map[string]*http.Request{
		"bearer":         with("/hooks/scans", "Authorization", "Bearer "+token),
		"lower case":     with("/hooks/scans", "Authorization", "bearer  "+token),
		"the next token": with("/hooks/scans", "Authorization", "Bearer next-token"),
		"in the query":   with("/hooks/scans?token=" + token),
	} {
		if w, a := d.send(t, r); w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", name, w.Code, a.Error)
		}
	}
	heard := len(d.alerts)
	first := (*httptest.ResponseRecorder)(nil)
	for name, r := range map[string]*http.Request{
		"unknown name":                 with("/hooks/nobody", "Authorization", "Bearer "+token),
		"no name":                      with("/hooks/", "Authorization", "Bearer "+token),
		"a path":                       with("/hooks/scans/x", "Authorization", "Bearer "+token),
		"elsewhere":                    with("/other", "Authorization", "Bearer "+token),
		"no token":                     with("/hooks/scans"),
		"empty token":                  with("/hooks/scans?token=", "Authorization", "Bearer "),
		"wrong token":                  with("/hooks/scans", "Authorization", "Bearer x"+token),
		"beginning of the token":       with("/hooks/scans", "Authorization", "Bearer "+token[:4]),
		"other scheme":                 with("/hooks/scans", "Authorization", "Basic "+token),
		"token of another source":      with("/hooks/leaks", "Authorization", "Bearer next-token"),
		"wrong header, right query":    with("/hooks/scans?token="+token, "Authorization", "Bearer no"),
		"unknown name, empty token":    with("/hooks/nobody?token="),
		"unknown name, too large body": with("/hooks/nobody"),
	} {
		r.Body = io.NopCloser(unread{t})
		w, a := d.send(t, r)
		if w.Code != http.StatusUnauthorized || a.Error != "unauthorized" {
			t.Errorf("%s: %d %s", name, w.Code, a.Error)
		}
		if first == nil {
			first = w
		}
		if w.Body.String() != first.Body.String() || len(w.Header()) != len(first.Header()) {
			t.Errorf("%s is answered differently: %s %v", name, w.Body, w.Header())
		}
	}
	if len(d.alerts) != heard {
		t.Error("an alert of a stranger was received")
	}
	if strings.Contains(d.log.String(), token) || strings.Contains(d.log.String(), "nobody") {
		t.Errorf("log:\n%s", d.log.String())
	}
}

// unread is a body that must not be touched.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

func TestStrangersCannotFillTheLog(t *testing.T) {
	d := newDesk(t, nil)
	for range 1000 {
		d.send(t, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/hooks/nobody", nil))
	}
	if n := strings.Count(d.log.String(), "\n"); n > 20 {
		t.Errorf("%d lines", n)
	}
}

func TestSourcesAreCheckedAtTheStart(t *testing.T) {
	good := intake.Source{Name: "a", Type: "generic", Tokens: []string{"t"}}
	for name, sources := range map[string][]intake.Source{
		"no token":      {{Name: "a", Type: "generic"}},
		"empty token":   {{Name: "a", Type: "generic", Tokens: []string{"t", ""}}},
		"unknown type":  {{Name: "a", Type: "nosuch", Tokens: []string{"t"}}},
		"no name":       {{Type: "generic", Tokens: []string{"t"}}},
		"name is taken": {good, good},
		"slash":         {{Name: "a/b", Type: "generic", Tokens: []string{"t"}}},
	} {
		if _, err := intake.New(intake.Config{Sources: sources}); !errors.Is(err, intake.ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := intake.New(intake.Config{Sources: []intake.Source{good}}); err != nil {
		t.Error(err)
	}
}

func TestOtherMethods(t *testing.T) {
	d := newDesk(t, nil)
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		w, _ := d.send(t, httptest.NewRequestWithContext(t.Context(), method, "/hooks/scans?token="+token, nil))
		if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != http.MethodPost {
			t.Errorf("%s: %d, Allow %q", method, w.Code, w.Header().Get("Allow"))
		}
	}
}

func TestBodiesThatAreRefused(t *testing.T) {
	id := keyID(2)
	valid := `{"access_key_id":"` + id + `"}`
	gz := new(bytes.Buffer)
	zip := gzip.NewWriter(gz)
	zip.Write([]byte(valid))
	zip.Close()
	wide := `[{"access_key_id":"` + id + `","a":[` + strings.Repeat("0,", 450_000) + "0]}]"
	for _, c := range []struct {
		name, source, media, body string
		status                    int
		word                      string
	}{
		{"empty", "scans", "application/json", "", 400, "not_json"},
		{"not JSON", "scans", "application/json", "hello", 400, "not_json"},
		{"cut", "scans", "application/json", valid[:20], 400, "not_json"},
		{"two documents", "scans", "application/json", valid + valid, 400, "not_json"},
		{"trailing data", "scans", "application/json", valid + "]", 400, "not_json"},
		{"trailing word", "leaks", "application/json", "[] x", 400, "not_json"},
		{"a number", "scans", "application/json", "12", 400, "unexpected_shape"},
		{"nothing", "scans", "application/json", "null", 400, "unexpected_shape"},
		{"a batch that is none", "scans", "application/json", `{"alerts":"` + id + `"}`, 400, "unexpected_shape"},
		{"a report that is none", "leaks", "application/json", `{"version":"2.1.0"}`, 400, "unexpected_shape"},
		{"too deep", "scans", "application/json", strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65), 400, "too_deep"},
		{"far too deep", "leaks", "application/json", strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), 400, "too_deep"},
		{"one entry of a wrong type", "scans", "application/json", `{"access_key_id":5}`, 400, "wrong_type"},
		{"gzip unannounced", "scans", "application/json", gz.String(), 400, "not_json"},
		{"gzip as text", "scans", "text/plain", gz.String(), 400, "not_text"},
		{"UTF-16", "scans", "text/plain", "\xff\xfeL\x00T\x00", 400, "not_text"},
		{"UTF-16 as JSON", "scans", "application/json", "\xff\xfe{\x00}\x00", 400, "not_json"},
		{"XML", "scans", "application/xml", `<?xml version="1.0"?><a>` + id + `</a>`, 400, "not_json"},
		{"too large", "scans", "application/json", `{"title":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "too_large"},
		{"a report too large", "leaks", "application/json", "[" + strings.Repeat(" ", 10<<20) + "]", 413, "too_large"},
		{"too many values", "scans", "application/json", wide, 413, "too_many_findings"},
		{"too many entries", "scans", "application/json", "[" + strings.Repeat("0,", 20_000) + "0]", 413, "too_many_findings"},
		{"too many findings", "leaks", "application/json", "[" + strings.Repeat("0,", 20_000) + "0]", 413, "too_many_findings"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, nil)
			w, a := d.post(t, c.source, c.media, []byte(c.body))
			if w.Code != c.status || a.Error != c.word {
				t.Errorf("%d %s, want %d %s", w.Code, a.Error, c.status, c.word)
			}
			if len(d.alerts) > 0 {
				t.Error("something was received")
			}
		})
	}
}

// A length that is not announced is limited too; one that is announced too large,
// and what inflates, is refused unread.
func TestLengthsOfBodies(t *testing.T) {
	d := newDesk(t, nil)
	r := request("scans", nil)
	r.Body, r.ContentLength = io.NopCloser(unread{t}), 1<<20+1
	if w, a := d.send(t, r); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("announced: %d %s", w.Code, a.Error)
	}
	r = request("scans", nil)
	r.Body, r.ContentLength = io.NopCloser(io.LimitReader(blanks{}, 1<<40)), -1
	if w, a := d.send(t, r); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("%d %s", w.Code, a.Error)
	}
	r = request("scans", nil)
	r.Body = io.NopCloser(unread{t})
	r.Header.Set("Content-Encoding", "gzip")
	if w, a := d.send(t, r); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("%d %s", w.Code, a.Error)
	}
}

type blanks struct{}

func (blanks) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	return len(b), nil
}

func TestOddButValidBodies(t *testing.T) {
	id := keyID(9)
	for name, body := range map[string]string{
		"a byte order mark":        "\xef\xbb\xbf" + `{"access_key_id":"` + id + `"}`,
		"blanks around":            " \r\n\t" + `{"access_key_id":"` + id + `"}` + "\n\n",
		"brackets in a string":     `{"access_key_id":"` + id + `","title":"\"` + strings.Repeat("[{", 100) + `\\"}`,
		"as deep as is allowed":    strings.Repeat(`{"a":`, 63) + `{"a":"` + id + `"}` + strings.Repeat("}", 63),
		"the same name twice":      `{"access_key_id":"` + keyID(99) + `","access_key_id":"` + id + `"}`,
		"bad UTF-8":                `{"access_key_id":"` + id + `","title":"` + "\xff\xfe\x80" + `"}`,
		"a number that is too big": `{"access_key_id":"` + id + `","severity":1e400,"line":1e400,"detected_at":1e400}`,
	} {
		d := newDesk(t, nil)
		w, a := d.post(t, "scans", "application/json", []byte(body))
		if w.Code != http.StatusOK || a.verdicts() != "open" || d.keys()[0] != id {
			t.Errorf("%s: %d %s %s", name, w.Code, a.Error, a.verdicts())
		}
	}
}

func TestAReportMayBeLongerThanAnAlert(t *testing.T) {
	d := newDesk(t, nil)
	id := keyID(3)
	body := []byte(`[{"RuleID":"alibaba-access-key-id","Secret":"` + id + `"}` + strings.Repeat(" ", 2<<20) + "]")
	if w, a := d.post(t, "leaks", "application/json", body); w.Code != http.StatusOK || a.verdicts() != "open" {
		t.Errorf("%d %s", w.Code, a.verdicts())
	}
}

func TestASourceHasAPace(t *testing.T) {
	d := newDesk(t, func(c *intake.Config) { c.PerSource = 2 })
	try := func(source string) (int, string) {
		w, _ := d.post(t, source, "application/json", []byte("[]"))
		return w.Code, w.Header().Get("Retry-After")
	}
	for range 2 {
		if code, _ := try("scans"); code != http.StatusOK {
			t.Fatal(code)
		}
	}
	if code, wait := try("scans"); code != http.StatusTooManyRequests || wait != "1" {
		t.Errorf("%d, Retry-After %q", code, wait)
	}
	if code, _ := try("leaks"); code != http.StatusOK {
		t.Errorf("another source waits too: %d", code)
	}
	for range 50 {
		try("scans") // being refused costs nothing
	}
	d.now = d.now.Add(time.Second)
	if code, _ := try("scans"); code != http.StatusOK {
		t.Errorf("a second later: %d", code)
	}
}

// What a store cannot keep is not answered with yes, and asking again is safe.
func TestStoreFails(t *testing.T) {
	d := newDesk(t, nil)
	d.fail = errors.New("disk full at /var/lib")
	body := encode(t, []any{map[string]any{"access_key_id": keyID(4)}, map[string]any{"access_key_id": keyID(5)}})
	w, a := d.post(t, "scans", "application/json", body)
	if w.Code != http.StatusServiceUnavailable || a.Error != "cannot_store" || w.Header().Get("Retry-After") == "" || strings.Contains(w.Body.String(), "disk") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	d.fail = nil
	d.json(t, "scans", map[string]any{"access_key_id": keyID(4)})
	if _, a := d.post(t, "scans", "application/json", body); a.verdicts() != "duplicate, open" {
		t.Errorf("the second time: %s", a.verdicts())
	}
}

func TestAReplayIsADuplicate(t *testing.T) {
	d := newDesk(t, nil)
	id := keyID(6)
	first := map[string]any{"access_key_id": id, "title": "one"}
	if a := d.json(t, "scans", first); a.verdicts() != "open" {
		t.Fatal(a.verdicts())
	}
	if a := d.json(t, "scans", first); a.verdicts() != "duplicate" {
		t.Errorf("the same body: %s", a.verdicts())
	}
	if a := d.json(t, "scans", map[string]any{"access_key_id": id, "title": "one", "severity": "high"}); a.verdicts() != "duplicate" {
		t.Errorf("the same finding in another body: %s", a.verdicts())
	}
	if a := d.json(t, "scans", map[string]any{"access_key_id": id, "title": "two"}); a.verdicts() != "enrich" {
		t.Errorf("another finding of the key: %s", a.verdicts())
	}
	named := func(body any) answer {
		r := request("scans", encode(t, body))
		r.Header.Set("Idempotency-Key", "k1")
		_, a := d.send(t, r)
		return a
	}
	if a := named(map[string]any{"access_key_id": id, "title": "three"}); a.verdicts() != "enrich" {
		t.Errorf("named: %s", a.verdicts())
	}
	if a := named(map[string]any{"access_key_id": id, "title": "four"}); a.verdicts() != "duplicate" {
		t.Errorf("named again: %s", a.verdicts())
	}
	if a := named(map[string]any{"access_key_id": keyID(7)}); a.verdicts() != "open" {
		t.Errorf("another key under the same name: %s", a.verdicts())
	}
}

func TestParallelDeliveriesMakeOneIncident(t *testing.T) {
	d := newDesk(t, nil)
	body := encode(t, map[string]any{"access_key_id": keyID(8)})
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if w, a := d.post(t, "scans", "application/json", body); w.Code != http.StatusOK || a.Results[0].Incident != "inc-1" {
				t.Errorf("%d %+v", w.Code, a)
			}
		})
	}
	wg.Wait()
	if d.counts[bot.Opened] != 1 || d.counts[bot.Duplicate] != 63 {
		t.Errorf("%v", d.counts)
	}
}

func TestAnAnswerHasAllItsFields(t *testing.T) {
	d := newDesk(t, nil)
	w, _ := d.post(t, "scans", "application/json", []byte(`[{"access_key_id":""}]`))
	var got struct{ Results []map[string]any }
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Results) != 1 || len(got.Results[0]) != 3 {
		t.Errorf("%s, %v", w.Body, err)
	}
}

// A sender that hangs up may never ask again: what was read is kept.
func TestASenderThatHangsUpLosesNothing(t *testing.T) {
	d := newDesk(t, nil)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	d.send(t, request("scans", encode(t, map[string]any{"access_key_id": keyID(50)})).WithContext(gone))
	if a := d.json(t, "scans", map[string]any{"access_key_id": keyID(50)}); a.verdicts() != "duplicate" {
		t.Errorf("asked again: %s", a.verdicts())
	}
}
