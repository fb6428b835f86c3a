package intake_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"twokey/bot"
	"twokey/bot/intake"
	"twokey/bot/redact"
	"twokey/incident"
)

// deaf is a desk that keeps nothing: what is measured is reading.
func deaf(b *testing.B) *desk {
	d := &desk{now: t0, counts: map[bot.Verdict]int{}}
	d.open(b, func(c *intake.Config) {
		c.PerSource = 1 << 30 // its clock stands still
		c.Receive = func(context.Context, incident.Alert, incident.AlertText) (bot.Verdict, incident.ID, error) {
			return bot.Opened, "inc-1", nil
		}
	}, nil)
	return d
}

// BenchmarkKinds reads one alert of each type, from the token to the answer.
func BenchmarkKinds(b *testing.B) {
	seen := map[string]bool{}
	for _, f := range formats {
		if seen[f.kind] {
			continue
		}
		seen[f.kind] = true
		b.Run(f.kind, func(b *testing.B) {
			d := deaf(b)
			body, _ := f.filled()
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if w, _ := d.post(b, f.kind, "application/json", []byte(body)); w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}

// longest are reports as long as they may be, full of findings of a few keys: each
// entry is read, most are of one alert.
func longest() map[string]string {
	const size = 10<<20 - 200
	repeat := func(head, between, tail string, entry func(i int) string) string {
		b := new(strings.Builder)
		b.WriteString(head)
		for i := 0; ; i++ {
			next := entry(i)
			if b.Len()+len(next)+len(between)+len(tail) > size || i == 9_500 {
				break
			}
			if i > 0 {
				b.WriteString(between)
			}
			b.WriteString(next)
		}
		return b.String() + tail
	}
	padding := strings.Repeat("a line of code; ", 46)
	id := func(i int) string { return keyID(uint64(i % 500)) }
	return map[string]string{
		"trufflehog": repeat("", "\n", "", func(i int) string {
			return fmt.Sprintf(`{"DetectorName":"Alibaba","SourceMetadata":{"Data":{"Git":{"file":"f%d","line":%d}}},"SecretParts":{"id":%q,"key":%q},"Description":%q}`, i%50, i, id(i), secret(uint64(i)), padding)
		}),
		"sarif": repeat(`{"runs":[{"tool":{"driver":{"name":"x"}},"results":[`, ",", `]}]}`, func(i int) string {
			return fmt.Sprintf(`{"ruleId":"r","locations":[{"physicalLocation":{"artifactLocation":{"uri":"f"},"region":{"startLine":%d,"snippet":{"text":"%s %s %s"}}}}]}`, i, padding, id(i), secret(uint64(i)))
		}),
		"gitleaks": repeat("[", ",", "]", func(i int) string {
			return fmt.Sprintf(`{"RuleID":"alibaba-secret-key","Secret":%q,"Match":"%s","File":"f","StartLine":%d,"Fingerprint":"f%d"},{"RuleID":"alibaba-access-key-id","Secret":%q,"File":"f","StartLine":%d,"Fingerprint":"g%d"}`, secret(uint64(i)), padding, i, i, id(i), i, i)
		}),
		"trivy": repeat(`{"SchemaVersion":2,"Results":[{"Target":"t","Secrets":[`, ",", "]}]}", func(i int) string {
			return fmt.Sprintf(`{"RuleID":"alibaba-secret-key","StartLine":%d,"Match":"****","Code":{"Lines":[{"Content":"%s %s"},{"Content":"%s"}]}}`, i, padding, id(i), secret(uint64(i)))
		}),
		"noseyparker": repeat("", "\n", "", func(i int) string {
			return fmt.Sprintf(`{"rule_name":"r","match_content":%q,"matches":[{"provenance":[{"path":"p"}],"snippet":{"before":"%s %s","matching":"x","after":"%s"}}]}`, secret(uint64(i)), padding, id(i), padding)
		}),
		"gitlab": repeat(`{"vulnerabilities":[`, ",", `]}`, func(i int) string {
			return fmt.Sprintf(`{"id":"%d","name":"Alibaba Secret Key","raw_source_code_extract":"%s %s","location":{"file":"f","start_line":%d}}`, i, padding, secret(uint64(i)), i)
		}),
	}
}

// BenchmarkLongest reads the longest reports that are taken.
func BenchmarkLongest(b *testing.B) {
	for kind, body := range longest() {
		b.Run(kind, func(b *testing.B) {
			d := deaf(b)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if w, _ := d.post(b, kind, "", []byte(body)); w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}

// BenchmarkRedact is the second net over a megabyte of text.
func BenchmarkRedact(b *testing.B) {
	const mib = 1 << 20
	for name, unit := range map[string]string{
		"prose": "the quick brown fox jumps over the lazy dog. ", "code": `client = Client("cn-hangzhou", key="x"); // `,
		"secrets": secret(1) + " ", "base64": "bG9uZyBsaW5lcyBvZiBiYXNlNjQ",
	} {
		text := strings.Repeat(unit, mib/len(unit))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				redact.Text(text)
			}
		})
	}
}
