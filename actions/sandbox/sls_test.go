package sandbox_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/actions/sandbox"
)

// logs asks a logstore, signed by hand as the documents have it.
func (s *stage) logs(t *testing.T, k sandbox.Key, store, query string, change ...func(*http.Request)) (code, progress string, rows []map[string]string) {
	t.Helper()
	from, to := s.clock.now().Add(-time.Hour).Unix(), s.clock.now().Add(time.Hour).Unix()
	params := url.Values{"type": {"log"}, "from": {strconv.FormatInt(from, 10)}, "to": {strconv.FormatInt(to, 10)}, "query": {query}}
	r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+"/logstores/"+store+"?"+params.Encode(), nil))
	r.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	r.Header.Set("x-log-apiversion", "0.6.0")
	r.Header.Set("x-log-bodyrawsize", "0")
	r.Header.Set("x-log-signaturemethod", "hmac-sha256")
	mac := hmac.New(sha256.New, []byte(string(k.Secret)))
	mac.Write([]byte("GET\n\n\n" + r.Header.Get("Date") + "\nx-log-apiversion:0.6.0\nx-log-bodyrawsize:0\nx-log-signaturemethod:hmac-sha256\n" +
		"/logstores/" + store + "?from=" + params.Get("from") + "&query=" + query + "&to=" + params.Get("to") + "&type=log"))
	r.Header.Set("Authorization", "LOG "+k.ID+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	for _, f := range change {
		f(r)
	}
	answer := must[*http.Response](t)(http.DefaultClient.Do(r))
	defer func() { ok(t, answer.Body.Close()) }()
	if answer.StatusCode != http.StatusOK {
		var told struct{ ErrorCode, ErrorMessage string }
		ok(t, json.NewDecoder(answer.Body).Decode(&told))
		return told.ErrorCode, "", nil
	}
	ok(t, json.NewDecoder(answer.Body).Decode(&rows))
	if answer.Header.Get("X-Log-Count") != strconv.Itoa(len(rows)) {
		t.Errorf("count %s of %d", answer.Header.Get("X-Log-Count"), len(rows))
	}
	return "", answer.Header.Get("X-Log-Progress"), rows
}

func TestLogsAnswerIncompleteThenComplete(t *testing.T) {
	s := start(t)
	row := func(ip, key string, ago time.Duration) sandbox.LogRow {
		return sandbox.LogRow{At: s.clock.now().Add(-ago), Fields: map[string]string{"client_ip": ip, "access_id": key}}
	}
	ok(t, s.AddLogs("oss-log-store", row("203.0.113.7", "a", 3), row("203.0.113.7", "a", 2), row(thief, "a", 1), row(thief, "b", 1), row(thief, "a", 2*time.Hour)))
	query := `* | SELECT "client_ip" AS ip, "error_code" AS code, count(1) AS n FROM log WHERE "access_id" = 'a' GROUP BY "client_ip" LIMIT 10`
	if code, progress, rows := s.logs(t, s.bot, "oss-log-store", query); code != "" || progress != "Incomplete" || len(rows) != 0 {
		t.Errorf("first: %s %s %v", code, progress, rows)
	}
	code, progress, rows := s.logs(t, s.bot, "oss-log-store", query)
	want := []map[string]string{{"ip": "203.0.113.7", "code": "null", "n": "2"}, {"ip": thief, "code": "null", "n": "1"}}
	if diff := cmp.Diff(want, rows); code != "" || progress != "Complete" || diff != "" {
		t.Errorf("second: %s %s %s", code, progress, diff)
	}
	s.SetBehaviour(sandbox.Behaviour{LogsAtOnce: true})
	for query, want := range map[string]int{
		`* | SELECT "client_ip" AS ip FROM log`:                                                                     4,
		`* | SELECT "client_ip" AS ip FROM log WHERE "client_ip" LIKE '203.%' AND "vpc" IS NULL`:                    2,
		`* | SELECT "client_ip" AS ip, min(__time__) AS first, max(__time__) AS last FROM log GROUP BY "access_id"`: 2,
		`* | SELECT "client_ip" AS ip FROM log LIMIT 1`:                                                             1,
	} {
		if _, progress, rows := s.logs(t, s.bot, "oss-log-store", query); progress != "Complete" || len(rows) != want {
			t.Errorf("%s: %d rows", query, len(rows))
		}
	}
}

func TestWhoMayNotReadLogs(t *testing.T) {
	s := start(t)
	ok(t, s.AddLogs("oss-log-store"))
	query := `* | SELECT "client_ip" AS ip FROM log`
	stranger := sandbox.Key{ID: s.bot.ID, Secret: "wrong"}
	for want, ask := range map[string]func() (string, string, []map[string]string){
		"SignatureNotMatch": func() (string, string, []map[string]string) { return s.logs(t, stranger, "oss-log-store", query) },
		"Unauthorized":      func() (string, string, []map[string]string) { return s.logs(t, s.alice, "oss-log-store", query) },
		"LogStoreNotExist":  func() (string, string, []map[string]string) { return s.logs(t, s.bot, "none", query) },
		"ParameterInvalid": func() (string, string, []map[string]string) {
			return s.logs(t, s.bot, "oss-log-store", "DROP TABLE log")
		},
		"RequestTimeExpired": func() (string, string, []map[string]string) {
			s := start(t, func(o *sandbox.Options) { o.WireNow = func() time.Time { return time.Now().Add(time.Hour) } })
			return s.logs(t, s.bot, "oss-log-store", query)
		},
	} {
		if code, _, _ := ask(); code != want {
			t.Errorf("%s, want %s", code, want)
		}
	}
	if code, _, _ := s.logs(t, s.bot, "oss-log-store", query, func(r *http.Request) { r.Header.Set("x-log-bodyrawsize", "1") }); code != "SignatureNotMatch" {
		t.Errorf("a header that was changed: %s", code)
	}
	s.setStatus(t, "alice", s.alice.ID, sandbox.Inactive)
	if code, _, _ := s.logs(t, s.alice, "oss-log-store", query); code != "Unauthorized" {
		t.Error(code)
	}
	s.Inject(sandbox.Fault{Kind: sandbox.Throttle, Product: "sls"})
	if code, _, _ := s.logs(t, s.bot, "oss-log-store", query); code != "ReadQuotaExceed" {
		t.Error(code)
	}
}
