package intake_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
)

func TestAnAlertIsNormalised(t *testing.T) {
	d := newDesk(t, nil)
	id, s := keyID(10), secret(10)
	body := map[string]any{
		"access_key_id": id, "access_key_secret": s, "source": "pentest", "title": "Key found in mobile app",
		"url": "https://store.example/app?id=12&sig=abc#L4", "html_url": "https://other.example/", "repository": "https://git.example/acme/web.git",
		"path": "deploy/.env", "line": 12, "commit": "3A9005E4218e", "detected_at": "2026-09-10T10:00:00+08:00",
		"severity": "High", "validity": "active", "public": true, "author": "Ayu", "owner": "mobile-team", "external_id": 7,
	}
	if a := d.json(t, "scans", body); a.verdicts() != "open" {
		t.Fatal(a.verdicts())
	}
	a, text := d.last(t)
	want := incident.Alert{
		Source: "scans", Type: "generic", Kind: incident.KindOpen, KeyID: incident.KeyID(id), KeyType: "long_term",
		SecretSeen: true, Confidence: "likely", Validity: "active", Public: "yes", Severity: "high",
		DetectedAt: time.Date(2026, 9, 10, 2, 0, 0, 0, time.UTC), ReceivedAt: t0,
	}
	if len(a.Delivery) != 81 || len(a.ExternalKey) != 64 || len(a.SecretPrint) != 32 || len(a.BodySHA256) != 64 {
		t.Errorf("names: %+v", a)
	}
	a.Delivery, a.ExternalKey, a.SecretPrint, a.BodySHA256 = "", "", "", ""
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("alert (-want +got):\n%s", diff)
	}
	wantText := incident.AlertText{Title: "Key found in mobile app", Author: "Ayu", Places: []incident.Place{{
		URL: "https://store.example/app?id=12#L4", Repo: "git.example/acme/web", Path: "deploy/.env", Line: 12, Commit: "3a9005e4218e",
	}}}
	if diff := cmp.Diff(wantText, text); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	if found := d.leaks(t, "", s); len(found) > 0 {
		t.Errorf("the secret got out: %d times", len(found))
	}
}

func TestKeyIDs(t *testing.T) {
	id := keyID(11)
	for _, c := range []struct{ name, id, want, kind string }{
		{"today's", id, "open", "long_term"},
		{"old", id[:16], "open", "long_term"},
		{"between", id[:20], "open", "long_term"},
		{"of a length nobody has seen", id + "aB3", "open", "long_term"},
		{"with blanks around it", "  " + id + "\n", "open", "long_term"},
		{"with a zero-width space", id[:9] + "\u200b" + id[9:], "open", "long_term"},
		{"with a soft hyphen and a mark of direction", id[:9] + "\u00ad" + id[9:] + "\u202c", "open", "long_term"},
		{"of STS", "STS." + id, "open", "sts"},
		{"of the console", "TMP." + id, "open", "tmp"},
		{"masked in the middle", id[:6] + "******" + id[20:], "lookup masked_key_id", "unknown"},
		{"masked at the end", id[:20] + "****", "lookup masked_key_id", "unknown"},
		{"masked whole", "LTAI****************", "lookup masked_key_id", "unknown"},
		{"masked with dots", id[:6] + "…" + id[20:], "lookup masked_key_id", "unknown"},
		{"empty", "", "reject empty_key_id", ""},
		{"blank", " \t", "reject empty_key_id", ""},
		{"too short", id[:15], "reject not_a_key_id", ""},
		{"too long", id + "abcdefg", "reject not_a_key_id", ""},
		{"lower case", strings.ToLower(id), "reject not_a_key_id", ""},
		{"a letter that looks alike", "L\u0422AI" + id[4:], "reject not_a_key_id", ""},
		{"wide letters", "\uff2c\uff34\uff21\uff29" + id[4:], "reject not_a_key_id", ""},
		{"a zero byte", id + "\x00", "reject not_a_key_id", ""},
		{"a path", id + "/../../x?y=1&UserName=admin", "reject not_a_key_id", ""},
		{"two lines", id + "\n" + id, "reject not_a_key_id", ""},
		{"an escape", id[:10] + "\x1b[31m" + id[10:], "reject not_a_key_id", ""},
		{"another cloud's", "AKIAQWERTYUIOPASDFGH", "reject not_a_key_id", ""},
		{"a secret", secret(11), "reject not_a_key_id", ""},
		{"an example", "LTAI" + "4FoExampleExampleExam", "ignore placeholder", ""},
		{"crossed out", "LTAI" + strings.Repeat("x", 16), "ignore placeholder", ""},
		{"never filled in", "${ALIBABA_CLOUD_ACCESS_KEY_ID}", "ignore placeholder", ""},
		{"to be filled in", "<your-access-key-id>", "ignore placeholder", ""},
		{"yours", "yourAccessKeyID", "ignore placeholder", ""},
		{"from the documents", "LTAI" + "4GFTgcR8m8" + "cZQDTH****", "ignore placeholder", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, nil)
			if a := d.json(t, "scans", map[string]any{"accessKeyId": c.id}); a.verdicts() != c.want {
				t.Fatalf("%s, want %s", a.verdicts(), c.want)
			}
			if c.kind == "" {
				if len(d.alerts) > 0 {
					t.Error("it was received")
				}
				return
			}
			if a, _ := d.last(t); a.KeyType != c.kind || (a.KeyID == "") != (c.kind == "unknown") || a.KeyID == "" && a.KeyMask == "" {
				t.Errorf("%+v", a)
			}
		})
	}
}

func TestWhereAnIDMayStand(t *testing.T) {
	a, b := keyID(12), keyID(13)
	for _, c := range []struct {
		name, want string
		body       any
	}{
		{"plain", "open", map[string]any{"access_key_id": a}},
		{"camel case", "open", map[string]any{"accessKeyId": a}},
		{"all kinds of case", "open", map[string]any{"AccessKey-ID": a}},
		{"a list", "open, open", []any{map[string]any{"access_key_id": a}, map[string]any{"AccessKeyId": b}}},
		{"a list of ids", "open, open, reject not_a_key_id", []any{a, b, "c"}},
		{"a batch", "open, duplicate same_key", map[string]any{"alerts": []any{map[string]any{"access_key_id": a}, map[string]any{"access_key_id": a}}}},
		{"a mixed batch", "open, lookup masked_key_id, reject wrong_type, reject wrong_type, reject empty_key_id, ignore placeholder", map[string]any{"alerts": []any{
			map[string]any{"access_key_id": a},
			map[string]any{"access_key_id": a[:6] + "****"},
			nil,
			map[string]any{"access_key_id": 5},
			map[string]any{"access_key_id": ""},
			map[string]any{"access_key_id": "LTAI" + strings.Repeat("x", 16)},
		}}},
		{"an empty batch", "ignore no_findings", map[string]any{"alerts": []any{}}},
		{"no alert at all", "ignore no_findings", []any{}},
		{"deep inside", "open", []any{map[string]any{"headers": map[string]any{"host": "x"}, "body": map[string]any{"finding": map[string]any{"id": a, "repo": "acme/web"}}}}},
		{"in a sentence", "open", map[string]any{"text": "please look at " + a + " at once"}},
		{"in a label", "open", map[string]any{"receiver": "x", "alerts": []any{map[string]any{"labels": map[string]any{"access_key_id": a}, "annotations": map[string]any{"summary": "leaked " + a}}}}},
		{"several in one entry", "open, open", map[string]any{"text": a + " and " + b}},
		{"several fields that agree", "open", map[string]any{"access_key_id": a, "ak": a}},
		{"several fields that do not", "reject two_key_ids", map[string]any{"access_key_id": a, "ak": b}},
		{"nowhere", "reject no_key_id", map[string]any{"zen": "keep it simple"}},
		{"an empty field, others are not asked", "reject empty_key_id", map[string]any{"access_key_id": "", "title": b}},
		{"a secret alone", "lookup secret_only", map[string]any{"note": "found " + secret(12)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, nil)
			got := d.json(t, "scans", c.body)
			if got.verdicts() != c.want {
				t.Errorf("%s, want %s", got.verdicts(), c.want)
			}
			if found := d.leaks(t, "", secret(12)); len(found) > 0 {
				t.Error("the secret got out")
			}
		})
	}
}

// The id in an ActionTrail event is who called: often the auditor, and never a
// leak.
func TestTheCallersIDIsNoLeak(t *testing.T) {
	event := map[string]any{
		"eventId": "B702", "eventVersion": "1", "eventName": "GetUser", "eventType": "ApiCall",
		"userIdentity": map[string]any{"type": "ram-user", "accessKeyId": keyID(14)},
	}
	inside := string(encode(t, event))
	for name, body := range map[string]any{
		"as it is":          event,
		"as an event":       map[string]any{"specversion": "1.0", "type": "sas:ActionTrail:ApiCall", "data": event},
		"several":           []any{event, map[string]any{"Events": []any{event, event}}},
		"in a string":       map[string]any{"message": inside},
		"flat":              map[string]any{"event.userIdentity.accessKeyId": keyID(14), "__topic__": "actiontrail_event"},
		"with an id on top": map[string]any{"accessKeyId": keyID(14), "eventVersion": "1", "eventName": "GetUser"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, nil)
			for _, r := range d.json(t, "scans", body).Results {
				if r.Verdict != "ignore" || r.Reason != "callers_key" {
					t.Errorf("%s %s", r.Verdict, r.Reason)
				}
			}
			if len(d.alerts) > 0 {
				t.Error("it was received")
			}
		})
	}
	d := newDesk(t, nil)
	if _, a := d.post(t, "scans", "text/plain", []byte(inside)); a.verdicts() != "ignore callers_key" {
		t.Errorf("as text: %s", a.verdicts())
	}
	if a := d.json(t, "scans", map[string]any{"access_key_id": keyID(15), "evidence": event}); a.verdicts() != "open" || d.keys()[0] != keyID(15) {
		t.Errorf("beside a leak: %s", a.verdicts())
	}
}

// A signed URL shows who signed it and tells no secret.
func TestSignersAreWeak(t *testing.T) {
	for text, want := range map[string]string{
		"GET https://b.oss.example/a?OSSAccessKeyId=%s&Signature=x":     "weak",
		"x-oss-credential=%s%%2F20260909":                               "weak",
		"OSSAccessKeyId=%s and the secret too: it is the key %[1]s now": "likely",
		"key %s": "likely",
	} {
		d := newDesk(t, nil)
		d.post(t, "scans", "text/plain", fmt.Appendf(nil, text, keyID(16)))
		if a, _ := d.last(t); a.Confidence != want {
			t.Errorf("%s: %s, want %s", text, a.Confidence, want)
		}
	}
}

func TestFormsAndText(t *testing.T) {
	id := keyID(17)
	for _, c := range []struct{ name, media, body, want string }{
		{"a form", "application/x-www-form-urlencoded", "access_key_id=" + id + "&x=1", "open"},
		{"a form without a type", "", "access_key_id=" + id + "&title=a+b", "open"},
		{"a form with the id somewhere", "application/x-www-form-urlencoded", "command=%2Fleak&text=" + id + "+found+in+a+page", "open"},
		{"a form with two ids", "application/x-www-form-urlencoded", "text=" + id + "&text=" + keyID(18), "open, open"},
		{"JSON from curl", "application/x-www-form-urlencoded", `{"access_key_id":"` + id + `"}`, "open"},
		{"JSON cut, from curl", "application/x-www-form-urlencoded", `{"access_key_id":"` + id, ""},
		{"settings", "application/x-www-form-urlencoded", "A=1\nALIBABA_CLOUD_ACCESS_KEY_ID=" + id + "\n", "open"},
		{"CSV", "text/csv", "rule,id\nalibaba," + id + "\n", "open"},
		{"a log line", "text/plain", "[2026-09-10] leaked: \"" + id + "\"", "open"},
		{"bold", "text/markdown", "**" + id + "** and *" + keyID(18) + "*", "open, open"},
		{"words", "text/plain", "nothing to see", "reject no_key_id"},
		{"a secret alone", "text/plain", "sk: " + secret(17), "lookup secret_only"},
		{"bad UTF-8", "text/plain", "\xff\xfd " + id + " \x80", "open"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, nil)
			w, a := d.post(t, "scans", c.media, []byte(c.body))
			if a.verdicts() != c.want || (w.Code == http.StatusOK) != (c.want != "") {
				t.Errorf("%d %s, want %s", w.Code, a.verdicts(), c.want)
			}
			if found := d.leaks(t, w.Body.String(), secret(17)); len(found) > 0 {
				t.Error("the secret got out")
			}
		})
	}
}

// Nothing in an alert is obeyed: what imitates the workflow leaves no trace.
func TestWorkflowInAnAlertIsDropped(t *testing.T) {
	d := newDesk(t, nil)
	plain, loud := newDesk(t, nil), map[string]any{
		"access_key_id": keyID(19), "title": "t", "approved": true, "approvals": []string{"u1", "u2"}, "actions": []string{"key.delete"},
		"kind": "resolve", "status": "resolved", "key_type": "sts", "confidence": "confirmed", "source": "github", "type": "github",
		"delivery": "x", "may_automate": true, "received_at": "2020-01-01T00:00:00Z", "owner_hint": "root",
	}
	d.json(t, "scans", loud)
	plain.json(t, "scans", map[string]any{"access_key_id": keyID(19), "title": "t"})
	got, text := d.last(t)
	want, wantText := plain.last(t)
	got.BodySHA256, got.Delivery = want.BodySHA256, want.Delivery
	if diff := cmp.Diff([]any{want, wantText}, []any{got, text}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLinks(t *testing.T) {
	for raw, want := range map[string]string{
		"https://github.com/acme/web/blob/main/a.py#L3":     "https://github.com/acme/web/blob/main/a.py#L3",
		"http://host.example:8443/x?id=17&page=2":           "http://host.example:8443/x?id=17&page=2",
		"https://b.oss.example/a?Signature=mP9x&Expires=17": "https://b.oss.example/a?Expires=17",
		"https://a.example/cb#access_token=abc":             "https://a.example/cb",
		"https://xn--alibbacloud-jza.example/":              "https://xn--alibbacloud-jza.example/",
		"https://a.example/<x>|[y](z)":                      "https://a.example/%3Cx%3E%7C%5By%5D%28z%29",
		"javascript:alert(1)":                               "",
		"https://github.com@evil.example/acme":              "",
		"https://user:pass@evil.example/":                   "",
		"//evil.example/x":                                  "",
		"https:///x":                                        "",
		"https:/evil.example":                               "",
		"data:text/html,x":                                  "",
		"https://\u0435vil.example/":                        "",
		"https://a.example/\u202egnp.exe\n":                 "https://a.example/%E2%80%AEgnp.exe",
		"https://a.example/\r\nSet-Cookie: x":               "",
		"https://a.example/" + strings.Repeat("x", 1000):    "",
		"https://a.example/" + secret(20):                   "",
		"https://" + secret(20) + ".example/x":              "",
		"https://a.example/?id=" + secret(20):               "https://a.example/",
		"https://a.example/%61" + secret(20)[1:]:            "",
		"https://a.example/x%2F..%2Fy":                      "https://a.example/x/../y",
		"HTTPS://A.example/x":                               "https://A.example/x",
		"https://[::1]/x":                                   "",
		"https://a.example\\@evil.example/":                 "",
	} {
		d := newDesk(t, nil)
		d.json(t, "scans", map[string]any{"access_key_id": keyID(20), "url": raw})
		_, text := d.last(t)
		got := ""
		if len(text.Places) > 0 {
			got = text.Places[0].URL
		}
		if got != want {
			t.Errorf("%q became %q, want %q", raw, got, want)
		}
		if found := d.leaks(t, "", secret(20)); len(found) > 0 {
			t.Errorf("%q: the secret got out", raw)
		}
	}
}

func TestTimes(t *testing.T) {
	for raw, want := range map[any]time.Time{
		"2026-09-09T17:31:00Z":      time.Date(2026, 9, 9, 17, 31, 0, 0, time.UTC),
		"2026-09-10T11:04:00+08:00": t0.Add(4 * time.Minute),
		"2026-09-10T11:06:00+08:00": t0,
		"9999-12-31T23:59:59Z":      t0,
		"0001-01-01T00:00:00Z":      {},
		"1970-01-01T00:00:01Z":      {},
		"yesterday":                 {},
		1789000000:                  time.Unix(1789000000, 0).UTC(),
		int64(1789000000123):        time.UnixMilli(1789000000123).UTC(),
		json.Number("1e400"):        {},
		"99999999999999999999999":   {},
		int64(9223372036854775807):  t0,
		true:                        {},
	} {
		d := newDesk(t, nil)
		d.json(t, "scans", map[string]any{"access_key_id": keyID(21), "detected_at": raw})
		if a, _ := d.last(t); !a.DetectedAt.Equal(want) || !a.ReceivedAt.Equal(t0) {
			t.Errorf("%v became %v, want %v", raw, a.DetectedAt, want)
		}
	}
}

func TestKeptTextIsCleanAndShort(t *testing.T) {
	d := newDesk(t, nil)
	s := secret(22)
	d.json(t, "scans", map[string]any{
		"access_key_id": keyID(22), "access_key_secret": "short-one",
		"title":  "\x1b[2J\u202e" + strings.Repeat("x", 5000) + "\r\nINFO incident closed",
		"author": "short-one " + s, "path": "a/" + s[:9] + "\u200b" + s[9:] + "/b", "repository": "acme/<!subteam^S1|oncall>", "line": -4, "commit": "HEAD; rm",
	})
	_, text := d.last(t)
	if n := len([]rune(text.Title)); n != 200 || strings.ContainsAny(text.Title, "\x1b\u202e\r\n") {
		t.Errorf("title of %d runes: %q", n, text.Title)
	}
	want := incident.AlertText{Title: text.Title, Author: "[redacted] [redacted]", Places: []incident.Place{{Path: "a/[redacted]/b"}}}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPlacesAreListedUpToTwenty(t *testing.T) {
	d := newDesk(t, nil)
	var list []any
	for i := range 30 {
		list = append(list, map[string]any{"path": fmt.Sprintf("f%d", i), "line": i + 1}, "odd")
	}
	d.json(t, "scans", map[string]any{"access_key_id": keyID(23), "path": "top", "locations": list})
	if _, text := d.last(t); len(text.Places) != 20 || text.More != 11 || text.Places[0].Path != "top" {
		t.Errorf("%d and %d more: %+v", len(text.Places), text.More, text.Places)
	}
}

// An id that is also the entry's id names the key, not the finding.
func TestFindingsAreToldApart(t *testing.T) {
	d := newDesk(t, nil)
	entry := func(id, title string) answer {
		return d.json(t, "scans", map[string]any{"body": map[string]any{"id": id, "title": title, "key": "the key is " + keyID(24)}})
	}
	for _, c := range []struct{ id, title, want string }{
		{keyID(24), "one", "open"},
		{keyID(24), "two", "enrich"},
		{"7", "three", "enrich"},
		{"7", "four", "duplicate"},
	} {
		if a := entry(c.id, c.title); a.verdicts() != c.want {
			t.Errorf("%s: %s, want %s", c.title, a.verdicts(), c.want)
		}
	}
}

func TestAKeyThatIsMoreThanASigner(t *testing.T) {
	d := newDesk(t, nil)
	d.json(t, "scans", map[string]any{"a": "https://b.example/?OSSAccessKeyId=" + keyID(25), "b": "and its secret is there too: " + keyID(25)})
	if a, _ := d.last(t); a.Confidence != "likely" {
		t.Error(a.Confidence)
	}
}

// A secret that its own field names is taken out whatever it looks like; where
// there are too many to look for, no text is kept.
func TestNamedSecretsGo(t *testing.T) {
	d := newDesk(t, nil)
	d.json(t, "scans", map[string]any{
		"access_key_id": keyID(26), "secret": "open sesame", "title": "it is open sesame", "url": "https://a.example/open%20sesame/x",
	})
	if _, text := d.last(t); text.Title != "it is [redacted]" || len(text.Places) > 0 {
		t.Errorf("%+v", text)
	}
	many := map[string]any{"access_key_id": keyID(27), "title": "fine"}
	for i := range 101 {
		many[fmt.Sprint(i)] = map[string]any{"secret": fmt.Sprintf("secret-%d", i)}
	}
	d.json(t, "scans", many)
	if a, text := d.last(t); text.Title != "" || !a.SecretSeen {
		t.Errorf("%q, seen %v", text.Title, a.SecretSeen)
	}
}
