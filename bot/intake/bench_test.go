package intake_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"twokey/bot"
	"twokey/incident"
)

// heavy are bodies as large as they may be, of the kinds that cost the most.
func heavy(t testing.TB) map[string]struct{ source, media, body string } {
	const mib = 1 << 20
	var ids, signed strings.Builder
	for i := 0; ids.Len() < mib-100; i++ {
		ids.WriteString(keyID(uint64(i)) + ",")
	}
	for i := 0; signed.Len() < mib-100; i++ {
		signed.WriteString("OSSAccessKeyId=" + keyID(uint64(i)) + "&")
	}
	fill := func(unit string) string { return strings.Repeat(unit, (mib-100)/len(unit)) }
	var many []any
	for i := range 15_000 {
		many = append(many, map[string]any{"access_key_id": keyID(uint64(i % 900)), "title": "t"})
	}
	secrets := make(map[string]any)
	for i := range 10_000 {
		secrets[fmt.Sprintf("k%d", i)] = map[string]any{"sk": fmt.Sprintf("secret-%d", i)}
	}
	secrets["title"] = strings.Repeat("x", mib/2)
	var report []leak
	for i := range 6000 {
		report = append(report, idIn("f", i, keyID(uint64(i%900))), secretIn("generic-api-key", "f", i, secret(uint64(i%10))))
	}
	one, err := json.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	long := string(encode(t, report))
	return map[string]struct{ source, media, body string }{
		"ids in a text":       {"scans", "text/plain", ids.String()},
		"signed URLs":         {"scans", "text/plain", signed.String()},
		"one word":            {"scans", "text/plain", fill("aB3d")},
		"secrets in a text":   {"scans", "text/plain", fill(secret(1) + " ")},
		"encoded":             {"scans", "text/plain", fill("bG9n") + "-_"},
		"keywords":            {"scans", "text/plain", fill("secret: ")},
		"a title":             {"scans", "application/json", `{"access_key_id":"` + keyID(1) + `","title":"` + fill("secret \u200b") + `"}`},
		"entries":             {"scans", "application/json", string(one)},
		"secrets in an entry": {"scans", "application/json", string(encode(t, secrets))},
		"empty objects":       {"scans", "application/json", "[" + strings.Repeat("{},", 19_999) + "{}]"},
		"a report":            {"leaks", "application/json", long},
	}
}

func BenchmarkHeaviest(b *testing.B) {
	for name, c := range heavy(b) {
		b.Run(name, func(b *testing.B) {
			d := &desk{now: t0, counts: map[bot.Verdict]int{}}
			d.open(b, nil, func(context.Context, incident.Person, incident.Alert, incident.AlertText) (bot.Verdict, incident.ID, error) {
				return bot.Opened, "inc-1", nil
			})
			b.SetBytes(int64(len(c.body)))
			b.ReportAllocs()
			for b.Loop() {
				d.alerts, d.texts = nil, nil
				w, _ := d.post(b, c.source, c.media, []byte(c.body))
				if w.Code != http.StatusOK && w.Code != http.StatusRequestEntityTooLarge {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
