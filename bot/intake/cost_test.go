package intake_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
)

// shared are bodies in which many entries or ids share one long text: whoever looks
// at it once for each of them needs hours.
func shared() map[string]struct{ kind, body string } {
	const size = 128 << 10
	fill := func(unit string) string { return strings.Repeat(unit, size/len(unit)) }
	list := func(n int, entry string) string { return strings.TrimSuffix(strings.Repeat(entry+",", n), ",") }
	var ids strings.Builder
	for i := range 900 {
		ids.WriteString(keyID(uint64(i)) + " ")
	}
	secrets := fill("secret \u200b") // what is invisible is copied to see through it
	return map[string]struct{ kind, body string }{
		"ids with a title":        {"generic", `{"title":"` + secrets + `","text":"` + ids.String() + `"}`},
		"ids with places":         {"generic", `{"locations":[` + list(2000, `{"url":"https://a.example/x","path":"p"}`) + `],"text":"` + ids.String() + `"}`},
		"ids with a line":         {"gitleaks", `[{"RuleID":"r","File":"f","Fingerprint":"f","Match":"` + ids.String() + secrets + `"}]`},
		"results of a target":     {"trivy", `{"SchemaVersion":2,"CreatedAt":"` + secrets + `","Results":[{"Target":"` + secrets + `","Secrets":[` + list(2000, `{"RuleID":"alibaba-secret-key"}`) + `]}]}`},
		"results of a rule":       {"sarif", `{"runs":[{"tool":{"driver":{"rules":[{"id":"a","shortDescription":{"text":"aliyun ` + secrets + `"}}]}},"artifacts":[{"location":{"uri":"` + secrets + `"}}],"versionControlProvenance":[{"repositoryUri":"` + secrets + `"}],"results":[` + list(2000, `{"ruleId":"a","locations":[{"physicalLocation":{"artifactLocation":{"index":0}}}]}`) + `]}]}`},
		"places of a message":     {"sarif", `{"runs":[{"tool":{"driver":{}},"results":[{"ruleId":"aliyun","message":{"text":"` + secrets + keyID(1) + `"},"locations":[` + list(2000, `{}`) + `]}]}]}`},
		"occurrences in a file":   {"gitguardian", `{"total_incidents":1,"extra_info":{"author":"` + secrets + `"},"entities_with_incidents":[{"filename":"` + secrets + `","incidents":[{"type":"Alibaba ` + secrets + `","occurrences":[` + list(2000, `{"match":"x"}`) + `]}]}]}`},
		"matches of a value":      {"noseyparker", `{"rule_name":"aliyun","match_content":"` + secrets + `","matches":[` + list(2000, `{}`) + `]}`},
		"findings of a scan":      {"gitlab", `{"scan":{"end_time":"` + secrets + `"},"vulnerabilities":[` + list(2000, `{"name":"Alibaba"}`) + `]}`},
		"commas, CSV":             {"gitleaks", "RuleID,Secret\n" + strings.Repeat(",", 2_000_000)},
		"attributes, XML":         {"gitleaks", "<testsuites " + strings.Repeat(`a="" `, 500_000) + "/>"},
		"commas, names of fields": {"gitleaks", "RuleID,Secret" + strings.Repeat(",", 2_000_000)},
	}
}

// What a body costs grows with its length, and not with how often a text in it is
// referred to.
func TestALongTextIsLookedAtOnce(t *testing.T) {
	const most = 128 << 20 // that the bot takes 900 alerts is most of it
	for name, c := range shared() {
		d := newDesk(t, nil)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w, a := d.post(t, c.kind, "application/json", []byte(c.body))
		runtime.ReadMemStats(&after)
		if cost := after.TotalAlloc - before.TotalAlloc; cost > most {
			t.Errorf("%s: %d MiB for %d kB", name, cost>>20, len(c.body)>>10)
		}
		if w.Code != http.StatusOK && w.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: %s", name, fmt.Sprint(w.Code, a.Error))
		}
	}
}
