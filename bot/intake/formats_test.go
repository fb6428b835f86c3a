package intake_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"twokey/bot/intake"
	"twokey/incident"
)

// format is a body of a type, with @KEY, @OTHER, @SECRET, @HALF and the like in the
// places of key-shaped strings, and what becomes of it.
type format struct{ name, kind, body, want string }

// formats are as their senders write them, cut to what matters; whatever stands
// beside it must not matter.
var formats = []format{
	{
		"TruffleHog today", "trufflehog",
		`{"SourceMetadata":{"Data":{"Git":{"commit":"@SHA","file":"a.py","email":"Ana <ana@a.example>","repository":"https://github.com/acme/web","timestamp":"2026-09-03 02:00:00 +0000","line":3}}},"DetectorName":"Alibaba","Verified":true,"Raw":"@SECRET","RawV2":"@SECRET@KEY","Redacted":"","SecretParts":{"id":"@KEY","key":"@SECRET"}}`,
		"open",
	},
	{"TruffleHog without parts", "trufflehog", `{"SourceMetadata":{"Data":{"Docker":{"file":"/app/.env","image":"acme/api"}}},"DetectorName":"Alibaba","Raw":"@SECRET","RawV2":"@SECRET@KEY"}`, "open"},
	{"TruffleHog of 2022", "trufflehog", `{"DetectorName":"Alibaba","Raw":"@B64ID","Redacted":"@KEY","SourceMetadata":{"Data":{}}}`, "open"},
	{"TruffleHog, nothing but the secret", "trufflehog", `{"DetectorName":"Alibaba","Raw":"@SECRET","SourceMetadata":{"Data":{"S3":{"bucket":"b","file":"k"}}}}`, "lookup secret_only"},
	{"TruffleHog, another cloud", "trufflehog", `{"DetectorName":"AWS","Raw":"@SECRET","RawV2":"@SECRET@KEY","SourceMetadata":{"Data":{}}}`, "ignore not_alibaba"},
	{"TruffleHog, one key and two guesses at its secret", "trufflehog", `{"DetectorName":"Alibaba","SecretParts":{"id":"@KEY","key":"@SECRET"}}` + "\n\n" + `{"DetectorName":"Alibaba","SecretParts":{"id":"@KEY","key":"@HALF@HALF"}}`, "open, duplicate same_key"},
	{"TruffleHog as a list", "trufflehog", `[{"DetectorName":"Alibaba","SecretParts":{"id":"@KEY","key":"@SECRET"}}]`, "open"},
	{"TruffleHog 2", "trufflehog", `{"branch":"main","commitHash":"@SHA","date":"2020-01-01","diff":"+ak = @KEY\n+sk = @SECRET","path":"a.py","reason":"High Entropy","stringsFound":["@SECRET"]}`, "open"},
	{"TruffleHog found nothing", "trufflehog", "\n", "ignore no_findings"},
	{"TruffleHog, odd lines", "trufflehog", "{\"a\":1}\n5\n" + `{"DetectorName":"Alibaba","SecretParts":{"id":"@KEY","key":5}}`, "reject not_a_finding, reject wrong_type, reject wrong_type"},

	{"gitleaks 7", "gitleaks", `[{"line":"ak = \"@KEY\"","lineNumber":3,"offender":"@KEY","commit":"@SHA","repo":"web","rule":"Alibaba AccessKey ID","commitMessage":"@SECRET","author":"A","email":"e","file":"a.py","date":"2020-01-01T00:00:00Z","tags":"key"}]`, "open"},
	{"gitleaks, CSV", "gitleaks", "RuleID,Commit,File,SymlinkFile,Secret,Match,StartLine,EndLine,StartColumn,EndColumn,Author,Message,Date,Email,Fingerprint,Tags,Link\nalibaba-access-key-id,@SHA,a,,@KEY,@KEY,3,3,1,1,\"=A(1)\",m,2026-01-01T00:00:00Z,e,f,,\ngeneric-api-key,@SHA,a,,@SECRET,\"k: \n\"\"@SECRET\",4,4,1,1,A,m,2026-01-01T00:00:00Z,e,g,,\n", "open, enrich secret_of_key"},
	{"gitleaks, CSV without a finding", "gitleaks", "RuleID,Commit,File,SymlinkFile,Secret,Match\n", "ignore no_findings"},
	{"gitleaks, JUnit", "gitleaks", `<?xml version="1.0"?><testsuites><testsuite name="gitleaks"><testcase name="a"><failure message="m">{&#34;RuleID&#34;:&#34;alibaba-access-key-id&#34;,&#34;Secret&#34;:&#34;@KEY&#34;,&#34;File&#34;:&#34;a&#34;}</failure></testcase><testcase><failure>@SECRET</failure></testcase></testsuite></testsuites>`, "open, reject wrong_type"},
	{"gitleaks, SARIF", "gitleaks", sarifOf("gitleaks", `{"ruleId":"alibaba-access-key-id","message":{"text":"m"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a.py"},"region":{"startLine":3,"snippet":{"text":"@KEY"}}}}],"partialFingerprints":{"commitSha":"@SHA","email":"e","author":"A","date":"2026-09-03T02:00:00Z","commitMessage":"@SECRET"}}`), "open"},
	{"gitleaks, half redacted", "gitleaks", `[{"RuleID":"alibaba-access-key-id","Secret":"@MASK...","Match":"@MASK...","File":"a","Fingerprint":"f"},{"RuleID":"alibaba-secret-key","Secret":"@HALF...","Match":"sk=@HALF...","File":"a","Fingerprint":"g"}]`, "lookup masked_key_id, enrich secret_of_key"},

	{"SARIF of a tool that quotes the line", "sarif", sarifOf("any", `{"ruleId":"hardcoded","locations":[{"physicalLocation":{"artifactLocation":{"uri":"file:///srv/a%20b.py"},"region":{"startLine":3,"snippet":{"text":"client('@KEY', '@SECRET')"}}}}]}`), "open"},
	{"SARIF of TruffleHog", "sarif", sarifOf("TruffleHog", `{"ruleId":"Alibaba","message":{"text":"Found @SECRET"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a"},"region":{"startLine":3}}}],"partialFingerprints":{"trufflehogFingerprint/v1":"f"}}`), "lookup key_not_told"},
	{"SARIF of Trivy", "sarif", sarifOf("Trivy", `{"ruleId":"alibaba-access-key-id","message":{"text":"Match: @SECRET"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"a"},"region":{"startLine":3}},"message":{"text":"@SECRET"}}]}`), "lookup key_not_told"},
	{"SARIF of Trivy, a secret", "sarif", sarifOf("Trivy", `{"ruleId":"alibaba-secret-key","locations":[{"physicalLocation":{"artifactLocation":{"uri":"a"},"region":{"startLine":3}}}]}`), "lookup secret_only"},
	{"SARIF about other things", "sarif", sarifOf("CodeQL", `{"ruleId":"js/xss","locations":[{"physicalLocation":{"artifactLocation":{"uri":"a"},"region":{"startLine":3,"snippet":{"text":"x"}}}}]}`), "ignore not_alibaba"},
	{"SARIF without results", "sarif", `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}}}]}`, "ignore no_findings"},

	{"Trivy", "trivy", `{"SchemaVersion":2,"CreatedAt":"2026-09-03T02:00:00Z","ArtifactName":"acme/api","Results":[{"Target":"app/.env","Class":"secret","Secrets":[{"RuleID":"alibaba-access-key-id","Category":"Alibaba","Severity":"HIGH","Title":"Alibaba AccessKey ID","StartLine":3,"EndLine":3,"Code":{"Lines":[{"Number":2,"Content":"sk=@SECRET"},{"Number":3,"Content":"ak=************************"}]},"Match":"ak=**** -k @HALF"}]},{"Target":"go.mod","Class":"lang-pkgs"}]}`, "lookup redacted"},
	{"Trivy, the id in the next line", "trivy", `{"SchemaVersion":2,"Results":[{"Target":"a","Secrets":[{"RuleID":"alibaba-secret-key","Title":"Alibaba Secret Key","StartLine":3,"Code":{"Lines":[{"Number":2,"Content":"ak=@KEY"},{"Number":3,"Content":"sk=****"}]},"Match":"sk=****"}]}]}`, "open"},
	{"Trivy found nothing", "trivy", `{"SchemaVersion":2,"ArtifactName":"x","Results":[{"Target":"go.mod"}]}`, "ignore no_findings"},

	{"2ms", "2ms", `{"totalItemsScanned":1,"totalSecretsFound":2,"results":{"f1":[{"id":"f1","source":"git show @SHA:a.py","ruleId":"alibaba-access-key-id","startLine":3,"endLine":3,"lineContent":"ak = @KEY sk = @SECRET","value":"@KEY","ruleDescription":"d"}],"f2":[{"id":"f2","source":"git show @SHA:a.py","ruleId":"alibaba-secret-key","startLine":4,"lineContent":"sk = @SECRET","value":"@SECRET"}]}}`, "open, enrich secret_of_key"},
	{"2ms, an event of ActionTrail in a log", "2ms", `{"totalSecretsFound":1,"results":{"f":[{"id":"f","source":"a.log","ruleId":"generic-api-key","value":"x","lineContent":"{\"userIdentity\":{\"accessKeyId\":\"@KEY\"}}"}]}}`, "ignore not_alibaba"},
	{"2ms found nothing", "2ms", `{"totalItemsScanned":1,"totalSecretsFound":0,"results":{}}`, "ignore no_findings"},

	{"Nosey Parker", "noseyparker", `{"type":"finding","finding_id":"f","rule_name":"Generic Secret","match_content":"@SECRET","num_matches":1,"matches":[{"provenance":[{"kind":"file","path":"a.py"}],"location":{"source_span":{"start":{"line":3,"column":1}}},"snippet":{"before":"k = '@KEY'","matching":"s='@SECRET'","after":"x"},"rule_name":"Generic Secret"}]}`, "open"},
	{"Nosey Parker, a list", "noseyparker", `[{"rule_name":"Generic Secret","match_content":"@SECRET","matches":[{"snippet":{"before":"aliyun","matching":"@SECRET","after":""}}]}]`, "lookup secret_only"},
	{"detect-secrets", "detect-secrets", `{"version":"1.5.0","plugins_used":[],"results":{"a.py":[{"type":"Secret Keyword","filename":"a.py","hashed_secret":"x","line_number":3}],"b.py":[{"type":"Alibaba Cloud AccessKey","filename":"b.py","hashed_secret":"y","line_number":1}]}}`, "ignore not_alibaba, lookup key_not_told"},

	{"GitLab's hook", "gitlab", `{"object_kind":"vulnerability","object_attributes":{"url":"https://gitlab.example/a/-/security/vulnerabilities/4","title":"Alibaba AccessKey ID","state":"detected","report_type":"secret_detection","location":{"file":"a","start_line":2},"severity":"critical","created_at":"2026-09-07T08:05:14.413Z"}}`, "lookup key_not_told"},
	{"GitLab's hook, a secret", "gitlab", `{"object_kind":"vulnerability","object_attributes":{"url":"https://gitlab.example/5","title":"Alibaba Secret Key","state":"confirmed","report_type":"secret_detection"}}`, "lookup secret_only"},
	{"GitLab's hook, over", "gitlab", `{"object_kind":"vulnerability","object_attributes":{"url":"https://gitlab.example/6","title":"Alibaba AccessKey ID","state":"dismissed","report_type":"secret_detection"}}`, "resolve nothing_open"},
	{"GitLab, another finding", "gitlab", `{"object_kind":"vulnerability","object_attributes":{"title":"AWS access token","state":"detected","report_type":"secret_detection"}}`, "ignore not_alibaba"},
	{"GitLab, another event", "gitlab", `{"object_kind":"push","ref":"LTAI"}`, "ignore not_an_alert"},
	{"GitLab's report", "gitlab", `{"version":"15.0.0","vulnerabilities":[{"id":"a","name":"Alibaba AccessKey ID","severity":"Critical","raw_source_code_extract":"@KEY","location":{"file":"a","start_line":2,"commit":{"author":"A","sha":"@SHA"}},"identifiers":[{"type":"gitleaks_rule_id","value":"Alibaba AccessKey ID"}]},{"id":"b","name":"Alibaba Secret Key","raw_source_code_extract":"s: @SECRET","location":{"file":"a","start_line":3,"commit":{"sha":"@SHA"}}}],"scan":{"end_time":"2026-06-02T09:13:09"}}`, "open, enrich secret_of_key"},
	{"GitLab's report, clean", "gitlab", `{"version":"15.0.0","vulnerabilities":[],"scan":{}}`, "ignore no_findings"},

	{"GitGuardian", "gitguardian", `{"source":"GitGuardian","timestamp":"t","action":"incident_triggered","custom_webhook_name":"w","incident":{"id":7,"date":"2026-09-08T12:16:42Z","detector":{"name":"aliyun","display_name":"Aliyun Keys","family":"Api"},"validity":"valid","severity":"critical","gitguardian_url":"https://dashboard.gitguardian.com/workspace/1/incidents/7"}}`, "lookup key_not_told"},
	{"GitGuardian, given to somebody", "gitguardian", `{"source":"GitGuardian","action":"incident_assigned","incident":{"id":8,"detector":{"display_name":"Alibaba Cloud Keys"}}}`, "enrich nothing_open"},
	{"GitGuardian, over", "gitguardian", `{"source":"GitGuardian","action":"incident_ignored","incident":{"id":8,"detector":{"display_name":"Alibaba Cloud Keys"}}}`, "resolve nothing_open"},
	{"GitGuardian, a password", "gitguardian", `{"source":"GitGuardian","action":"incident_triggered","incident":{"id":9,"detector":{"display_name":"Generic Password"}}}`, "ignore not_alibaba"},
	{"ggshield that shows", "gitguardian", `{"id":"x","type":"path_scan","total_incidents":1,"entities_with_incidents":[{"filename":"a","incidents":[{"type":"Alibaba Cloud Keys","validity":"valid","ignore_sha":"f","occurrences":[{"match":"@KEY","type":"client_id","line_start":3},{"match":"@SECRET","type":"client_secret","line_start":4}]}]}]}`, "open, duplicate secret_of_key"},
	{"ggshield, clean", "gitguardian", `{"id":"x","type":"path_scan","total_incidents":0,"total_occurrences":0}`, "ignore no_findings"},

	{"GitHub's list", "github", `[{"number":1,"secret_type":"alibaba_cloud_access_key_id","secret":"@KEY","html_url":"https://github.com/a/b/security/secret-scanning/1","repository":{"full_name":"a/b"},"validity":"active"},{"number":2,"secret_type":"alibaba_cloud_access_key_secret","secret":"@SECRET","repository":{"full_name":"a/b"}},{"number":3,"secret_type":"aws","secret":"@SECRET"}]`, "open, lookup secret_only, ignore not_alibaba"},
	{"GitHub to its partner", "github-partner", `[{"token":"@KEY","type":"alibaba_cloud_access_key_id","url":"","source":"commit"},{"token":"@SECRET","type":"alibaba_cloud_access_key_secret","url":"https://github.com/a","source":"content"},{"token":"@SECRET","type":"other","url":"","source":"npm"},{"token":5}]`, "open, lookup secret_only, ignore not_alibaba, reject wrong_type"},

	{"Alertmanager", "alertmanager", `{"version":"4","receiver":"r","status":"firing","truncatedAlerts":0,"alerts":[{"status":"firing","labels":{"alertname":"A","access_key_id":"@KEY","severity":"critical"},"annotations":{"summary":"key @KEY found, @SECRET"},"startsAt":"2026-09-03T02:00:00Z","fingerprint":"f"},{"status":"resolved","labels":{"access_key_id":"@OTHER"},"fingerprint":"g","startsAt":"2026-09-03T02:00:00Z"}],"commonLabels":{"access_key_id":"@KEY"}}`, "open, resolve nothing_open"},
	{"Alertmanager, one key that fires and is over", "alertmanager", `{"alerts":[{"status":"firing","labels":{"access_key_id":"@KEY"},"fingerprint":"f","startsAt":"b"},{"status":"resolved","labels":{"access_key_id":"@KEY"},"fingerprint":"f","startsAt":"a"}]}`, "open, resolve"},
	{"Alertmanager, the id in a text", "alertmanager", `{"version":"4","alerts":[{"status":"firing","labels":{"alertname":"Leak"},"annotations":{"description":"AccessKey @KEY in a repository"},"fingerprint":"f"}]}`, "open"},
	{"Alertmanager, no id", "alertmanager", `{"version":"4","alerts":[{"status":"firing","labels":{"alertname":"AliyunAccessKeyLeaked"},"fingerprint":"f"},{"status":"firing","labels":{"alertname":"DiskFull"},"fingerprint":"g"}]}`, "lookup key_not_told, ignore not_alibaba"},
	{"Alertmanager, a template that was not filled in", "alertmanager", `{"alerts":[{"status":"firing","labels":{"access_key_id":"{{ $labels.ak }}","alertname":"DiskFull"}}]}`, "ignore not_alibaba"},
	{"Grafana", "alertmanager", `{"version":"1","receiver":"r","state":"alerting","title":"[FIRING:1]","message":"@SECRET","orgId":1,"alerts":[{"status":"firing","labels":{"alertname":"ak leak"},"annotations":{"summary":"@KEY leaked"},"valueString":"[ value=1 ]","dashboardURL":"https://g.example/d/1","panelURL":"https://g.example/d/1?viewPanel=2","silenceURL":"https://g.example/s","values":{"A":1},"fingerprint":"f","startsAt":"2026-09-03T02:00:00Z"}]}`, "open"},
	{"PagerDuty", "pagerduty", `{"event":{"id":"e","event_type":"incident.triggered","resource_type":"incident","occurred_at":"2026-09-03T02:00:00Z","agent":{"summary":"@OTHER"},"client":null,"data":{"id":"P1","type":"incident","html_url":"https://a.pagerduty.com/incidents/P1","number":4,"status":"triggered","incident_key":"k","title":"AccessKey @KEY leaked, secret: @SECRET","service":{"summary":"x"}}}}`, "open"},
	{"PagerDuty, over", "pagerduty", `{"event":{"id":"e","event_type":"incident.resolved","data":{"id":"P1","incident_key":"k","title":"AccessKey @KEY leaked"}}}`, "resolve nothing_open"},
	{"PagerDuty, something else", "pagerduty", `{"event":{"id":"e","event_type":"pagey.ping","data":{"message":"Hello"}}}`, "ignore not_alibaba"},
	{"Opsgenie", "opsgenie", `{"action":"Create","alert":{"alertId":"x","message":"leak","tags":["a"],"description":"found @KEY and @SECRET","details":{"k":"v"},"createdAt":1757000000000},"integrationName":"w"}`, "open"},
	{"Opsgenie, over", "opsgenie", `{"action":"Close","alert":{"alertId":"x","message":"@KEY"}}`, "resolve nothing_open"},
	{"Splunk", "splunk", `{"sid":"s","search_name":"leaks","app":"search","owner":"admin","results_link":"https://splunk.example/app/search/@go?sid=s","result":{"_raw":"aliyun ak=@KEY sk=@SECRET","_time":"1757000000","host":"h"}}`, "open"},
	{"Sentry, an issue alert", "sentry", `{"action":"triggered","installation":{"uuid":"u"},"data":{"event":{"event_id":"e","issue_id":"1","title":"InvalidAccessKeyId","message":"@KEY not found","web_url":"https://sentry.example/1","datetime":"2026-09-03T02:00:00Z","extra":{"sk":"@SECRET"}},"triggered_rule":"r"},"actor":{"name":"@OTHER"}}`, "open"},
	{"Sentry, over", "sentry", `{"action":"resolved","data":{"issue":{"id":"1","title":"@KEY"}}}`, "resolve nothing_open"},
	{"Graylog", "graylog", `{"event_definition_id":"d","event_definition_title":"ak leak","event":{"id":"e","timestamp":"2026-09-03T02:00:00Z","message":"m","fields":{"ak":"@KEY"}},"backlog":[{"message":"sk @SECRET"}]}`, "open"},
	{"Log Service", "sls", `{"alert_id":"a","alert_instance_id":"i","alert_name":"ak","status":"firing","results":[{"raw_results":[{"content":"ak @KEY sk @SECRET"}]}]}`, "open"},

	{"CloudMonitor, JSON", "cloudmonitor", `{"userInfo":{"aliyunId":"@OTHER"},"alert":{"alertStatus":"TRIGGERED","dedupId":"d","eventName":"Sas:AkLeakage","eventContentMap":{"accessKeyId":"@KEY"},"eventRawContent":"{\"code\":\"sk=@SECRET\"}","timestamp":1757000000000,"severity":"CRITICAL"}}`, "open"},
	{"CloudMonitor, over", "cloudmonitor", `{"alert":{"alertStatus":"RESOLVED","dedupId":"d","eventContentMap":{"accessKeyId":"@KEY"}}}`, "resolve nothing_open"},
	{"CloudMonitor, a form", "cloudmonitor", `alert=%7B%22alertStatus%22%3A%22RESOLVED%22%2C%22dedupId%22%3A%22d%22%2C%22eventContentMap%22%3A%7B%22accessKeyId%22%3A%22@KEY%22%7D%7D&severity=INFO`, "resolve nothing_open"},
	{"Security Center", "sas", `{"AccessKeyLeakList":[{"AccesskeyId":"@KEY","Status":"pending","UserType":"ram","Url":"https://github.com/a/b/blob/main/x","Id":1,"GmtModified":1757000000000},{"AccesskeyId":"@OTHER","Status":"dealed","DealType":"disable","Id":2}]}`, "open, resolve nothing_open"},
	{"Security Center, a detail", "sas", `{"AccesskeyId":"@KEY","Code":"ak=@KEY\nsk=@SECRET","Remark":"@SECRET","GmtCreate":"2026-07-06 17:49:41","DealType":"pending","RequestId":"r"}`, "open"},
	{"ActionTrail, who called", "actiontrail", `{"eventId":"e","eventVersion":"1","eventName":"GetUser","userIdentity":{"accessKeyId":"@KEY"}}`, "ignore callers_key"},
	{"ActionTrail, a list", "actiontrail", `{"Events":[{"eventId":"e","eventVersion":"1","eventName":"GetUser","userIdentity":{"accessKeyId":"@KEY"}}]}`, "ignore callers_key"},
	{"ActionTrail Insight", "actiontrail", `{"eventId":"e","eventVersion":"1","eventType":"ActionTrailInsight","sharedEventId":"s","insightDetails":{"insightType":"AkInsight","insightObject":"@KEY","state":"Start"},"eventTime":"2026-07-24T03:27:00Z"}`, "open"},
	{"ActionTrail Insight, over", "actiontrail", `{"sharedEventId":"s","eventVersion":"1","eventId":"e","insightDetails":{"insightType":"AkInsight","insightObject":"@KEY","state":"End"}}`, "enrich nothing_open"},
	{"ActionTrail Insight of an address", "actiontrail", `{"sharedEventId":"s","eventVersion":"1","eventId":"e","insightDetails":{"insightType":"IpInsight","insightObject":"203.0.113.9","state":"Start"}}`, "ignore not_an_alert"},
	{"EventBridge, who called", "eventbridge", `{"id":"i","source":"acs.sas","specversion":"1.0","type":"sas:ActionTrail:ApiCall","data":{"eventId":"e","eventVersion":"1","eventName":"X","userIdentity":{"accessKeyId":"@KEY"}}}`, "ignore callers_key"},
	{"EventBridge, an Insight", "eventbridge", `{"id":"i","source":"acs.actiontrail","specversion":"1.0","type":"t","data":{"eventId":"e","eventVersion":"1","sharedEventId":"s","insightDetails":{"insightType":"AkInsight","insightObject":"@KEY","state":"Start"}}}`, "open"},
	{"CloudEvents, a list", "cloudevents", `[{"specversion":"1.0","type":"t","source":"/s","id":"1","data":{"accessKeyId":"@KEY","secret":"@SECRET"}},{"specversion":"1.0","type":"t","source":"/s","id":"2","data":"text with @OTHER"},5]`, "open, open, reject wrong_type"},
	{"CloudEvents, around another event", "cloudevents", `{"specversion":"1.0","type":"t","source":"/s","id":"1","data":{"event":{"message":"@KEY"}}}`, "open"},
	{"CloudEvents, base64", "cloudevents", `{"specversion":"1.0","type":"t","source":"/s","id":"1","data_base64":"@B64JSON"}`, "open"},
	{"a mail", "text", "From: a@b.example\nMIME-Version: 1.0\nSubject: =?utf-8?B?5a+G6ZKl?=\nContent-Type: multipart/alternative; boundary=xx\n\n--xx\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n@B64JSON\n--xx\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<b>your key @TORN leaked=21</b>\n--xx--\n", "open, open"},
	{"a mail that was cut off", "text", "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=xx\n\n--xx\n\nkey @KEY leaked", "open"},
	{"a mail without parts", "text", "Subject: leak\nContent-Transfer-Encoding: quoted-printable\n\nkey @KEY =\nleaked", "open"},
	{"no mail, though it begins like one", "text", "key: @KEY\n\nsecret: @SECRET", "open"},
	{"text that looks like JSON", "text", `{"key": @KEY, @SECRET`, "open"},
}

func sarifOf(tool, results string) string {
	return `{"$schema":"s","version":"2.1.0","runs":[{"tool":{"driver":{"name":"` + tool + `","rules":[]}},"results":[` + results + `]}]}`
}

// filled puts key-shaped strings into a body.
func (f format) filled() (body string, secrets []string) {
	id, other, s := keyID(501), keyID(502), secret(503)
	half, second := s[:14], secret(504)
	long := b64("hello " + strings.Repeat("x", 40) + " key " + id + " and more")
	return strings.NewReplacer(
		"@SECONDSECRET", second, "@B64SECRET", b64(s), "@B64KEY", b64("key "+id), "@B64WRAP", long[:40]+"\n"+long[40:],
		"@B64UTF16", b64(strings.Join(strings.Split("key "+id+" x", ""), "\x00")+"\x00"), "@HEX", hex.EncodeToString([]byte(s)), "@USECRET", escaped(s),
		"@K16", id[:16], "@K20", id[:20], "@NUKEY", id[4:], "@ZW", id[:9]+"\u200b"+id[9:],
		"@B64ID", b64(id), "@B64JSON", b64(`{"accessKeyId":"`+id+`","secret":"`+s+`"}`), "@MASK", id[:14],
		"@OTHER", other, "@TORN", other[:9]+"=\n"+other[9:], "@SECRET", s, "@HALF", half, "@SHA", sha, "@KEY", id,
	).Replace(f.body), []string{s, half, second, hex.EncodeToString([]byte(s)), escaped(s)}
}

// escaped is text as JSON may have it.
func escaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return b.String()
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// plainFormats show nothing that only their type has.
var plainFormats = []string{
	"Alertmanager, the id in a text", "Alertmanager, no id", "Alertmanager, one key that fires and is over",
	"Alertmanager, a template that was not filled in", "CloudMonitor, JSON", "CloudMonitor, over", "Sentry, over",
	"ActionTrail, who called", "ActionTrail, a list", "GitGuardian, given to somebody", "GitGuardian, over", "GitGuardian, a password",
}

func TestFormats(t *testing.T) {
	for _, f := range slices.Concat(formats, variants) {
		t.Run(f.name, func(t *testing.T) {
			d := newDesk(t, nil)
			body, secrets := f.filled()
			media := "application/json"
			if strings.HasPrefix(body, "alert=") || strings.HasPrefix(body, "userId=") {
				media = "application/x-www-form-urlencoded"
			}
			w, a := d.post(t, f.kind, media, []byte(body))
			if got := strings.TrimSpace(a.verdicts() + " " + a.Error); got != f.want || (w.Code == http.StatusOK) != (a.Error == "") {
				t.Errorf("status %d %s: %s, want %s\n%s", w.Code, a.Error, a.verdicts(), f.want, body)
			}
			if out := d.leaks(t, w.Body.String(), secrets...); len(out) > 0 {
				t.Errorf("%d secrets got out", len(out))
			}
			for i, alert := range d.alerts {
				whole(t, alert, d.texts[i])
			}
			plain := slices.Contains(plainFormats, f.name) || a.Error != "" || f.kind == "generic" || f.kind == "text" || slices.Contains(variants, f)
			if got := intake.Guess([]byte(body)); !slices.Contains([]string{f.kind, "generic", "text", "sarif", "cloudevents"}, got) && body != "[]" || got == "generic" && !plain {
				t.Errorf("taken for %s", got)
			}
		})
	}
}

// An event whose attributes are headers has a body of any type.
func TestBinaryEvents(t *testing.T) {
	for _, c := range []struct{ media, body, want string }{
		{"text/plain", "leaked: " + keyID(1) + " with " + secret(1), "open"},
		{"application/json", `{"accessKeyId":"` + keyID(1) + `"}`, "open"},
		{"application/vnd.acme+json; charset=utf-8", `[{"accessKeyId":"` + keyID(1) + `"},{"accessKeyId":"` + keyID(2) + `"}]`, "open, open"},
		{"application/json", `{`, "not_json"},
	} {
		d := newDesk(t, nil)
		r := request("cloudevents", []byte(c.body))
		for name, value := range map[string]string{"Content-Type": c.media, "Ce-Specversion": "1.0", "Ce-Id": "1", "Ce-Source": "/x", "Ce-Type": "t"} {
			r.Header.Set(name, value)
		}
		w, a := d.send(t, r)
		if got := a.verdicts() + a.Error; got != c.want {
			t.Errorf("%s: %s, want %s", c.media, got, c.want)
		}
		if out := d.leaks(t, w.Body.String(), secret(1)); len(out) > 0 {
			t.Errorf("%s: the secret got out", c.media)
		}
	}
}

// What a person would take for a key id is answered with what is wrong written out;
// nothing else of what was sent is.
func TestImitationsAreShown(t *testing.T) {
	tail := keyID(1)[4:]
	for id, want := range map[string]string{
		"L\u0422AI" + tail:                `L\u0422AI` + tail,
		"\uff2c\uff34\uff21\uff29" + tail: `\uff2c\uff34\uff21\uff29` + tail,
		"ltai" + tail:                     "ltai" + tail,
		"LTAI" + tail[:19] + "\u043e":     `LTAI` + tail[:19] + `\u043e`,
		"LTAI" + tail + "/x":              "",
		"L\u0422AI" + secret(1):           "",
		secret(1):                         "",
		"AKIA" + tail:                     "",
	} {
		d := newDesk(t, nil)
		w, _ := d.post(t, "scans", "application/json", encode(t, map[string]any{"access_key_id": id}))
		var told struct {
			Results []struct{ Reason, Shown string }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &told); err != nil || told.Results[0].Reason != "not_a_key_id" || told.Results[0].Shown != want {
			t.Errorf("%q: %s, want %q", id, w.Body, want)
		}
	}
}

// A secret of a form that nobody knows is taken out of whatever else its scanner
// says: the scanner named it.
func TestASecretOfAnyFormIsTakenOut(t *testing.T) {
	const odd = "open-sesame-0815"
	for kind, body := range map[string]string{
		"trufflehog":  `{"DetectorName":"Alibaba","SecretParts":{"id":"@KEY","key":"@ODD"},"SourceMetadata":{"Data":{"Git":{"file":"x/@ODD","email":"@ODD"}}}}`,
		"gitleaks":    `[{"RuleID":"alibaba-secret-key","Secret":"@ODD","File":"x/@ODD","Author":"@ODD","Description":"@ODD","Fingerprint":"@ODD"}]`,
		"2ms":         `{"totalSecretsFound":1,"results":{"a":[{"id":"@ODD","source":"x/@ODD","ruleId":"alibaba-secret-key","value":"@ODD","ruleDescription":"@ODD"}]}}`,
		"gitlab":      `{"vulnerabilities":[{"id":"i","name":"Alibaba Secret Key","raw_source_code_extract":"@ODD","location":{"file":"@ODD","commit":{"author":"@ODD"}}}]}`,
		"gitguardian": `{"total_incidents":1,"entities_with_incidents":[{"filename":"@ODD","incidents":[{"type":"Alibaba Cloud Keys","occurrences":[{"match":"@ODD"}]}]}]}`,
		"cloudevents": `{"specversion":"1.0","source":"s","id":"i","subject":"@ODD","data":{"accessKeyId":"@KEY","secret":"@ODD","title":"@ODD"}}`,
	} {
		d := newDesk(t, nil)
		w, a := d.post(t, kind, "application/json", []byte(strings.NewReplacer("@ODD", odd, "@KEY", keyID(1)).Replace(body)))
		if len(d.alerts) != 1 || !d.alerts[0].SecretSeen || d.alerts[0].SecretPrint != "" { // a word that others may use too ties nothing
			t.Errorf("%s: %s, %d alerts", kind, a.verdicts(), len(d.alerts))
		}
		if out := d.leaks(t, w.Body.String(), odd); len(out) > 0 {
			t.Errorf("%s: the secret got out", kind)
		}
	}
}

// Half a secret gives half of it away, where the whole stands in another field.
func TestHalvesOfAKnownSecretGo(t *testing.T) {
	s := secret(5)
	for _, c := range []struct{ title, want string }{
		{"begins with " + s[:12], "begins with [redacted]"},
		{"ends in " + s[18:] + ", " + s[:8] + "..." + s[22:], "ends in [redacted], [redacted]...[redacted]"},
		{"seven letters " + s[:7] + " are an accident", "seven letters " + s[:7] + " are an accident"},
	} {
		d := newDesk(t, nil)
		d.json(t, "scans", map[string]any{"access_key_id": keyID(5), "access_key_secret": s, "title": c.title})
		if _, text := d.last(t); text.Title != c.want {
			t.Errorf("%q became %q, want %q", c.title, text.Title, c.want)
		}
	}
}

// A secret may look like what is put in its place: it is taken out once all the same.
func TestASecretThatReadsRedactedGoes(t *testing.T) {
	for _, s := range []string{"redacted" + secret(5)[:14] + "redacted", strings.Repeat("redacted", 4)} {
		d := newDesk(t, nil)
		d.json(t, "scans", map[string]any{"access_key_id": keyID(5), "access_key_secret": s, "title": "it is " + s + " or " + s[:10] + " and " + s[len(s)-10:]})
		if _, text := d.last(t); len(text.Title) > 120 || strings.Contains(text.Title, s) {
			t.Errorf("%q became %q", s, text.Title)
		}
	}
}

// What opens an incident of GitGuardian again is news about it; the same delivery is
// none.
func TestGitGuardianOpensAgain(t *testing.T) {
	d := newDesk(t, nil)
	for _, c := range []struct{ action, at, want string }{
		{"incident_triggered", "1", "lookup key_not_told"},
		{"new_occurrence", "2", "enrich key_not_told"},
		{"new_occurrence", "2", "duplicate key_not_told"},
		{"new_occurrence", "3", "enrich key_not_told"},
		{"incident_reopened", "4", "enrich key_not_told"},
	} {
		a := d.json(t, "gitguardian", map[string]any{
			"source": "GitGuardian", "action": c.action, "timestamp": c.at, "custom_webhook_name": "w",
			"incident":   map[string]any{"id": 7, "detector": map[string]any{"display_name": "Alibaba Cloud Keys"}, "gitguardian_url": "https://dashboard.gitguardian.com/workspace/1/incidents/7"},
			"occurrence": map[string]any{"id": c.at, "sha": sha, "filepath": "a.py", "url": "https://github.com/acme/web/commit/" + sha},
		})
		if a.verdicts() != c.want {
			t.Errorf("%s %s: %s, want %s", c.action, c.at, a.verdicts(), c.want)
		}
	}
	want := []incident.Place{{URL: "https://dashboard.gitguardian.com/workspace/1/incidents/7", Path: "a.py", Commit: sha}}
	if _, text := d.last(t); !slices.Equal(text.Places, want) {
		t.Errorf("%+v", text.Places)
	}
}

// What a report of a scanner leaves on the alert.
func TestWhatIsKeptOfAReport(t *testing.T) {
	d := newDesk(t, nil)
	body, _ := formats[0].filled()
	d.post(t, "trufflehog", "application/json", []byte(body))
	a, text := d.last(t)
	place := incident.Place{Repo: "github.com/acme/web", Path: "a.py", Line: 3, Commit: sha}
	if a.Confidence != "confirmed" || a.Validity != "active" || !a.SecretSeen || len(a.SecretPrint) != 32 || a.DetectedAt.IsZero() || !slices.Equal(text.Places, []incident.Place{place}) {
		t.Errorf("%+v %+v", a, text)
	}
}

// The JSON and the SARIF of one run of gitleaks are one finding.
func TestTwoFormatsOfOneFinding(t *testing.T) {
	d := newDesk(t, nil)
	d.json(t, "gitleaks", []leak{idIn("a.py", 3, keyID(501))})
	for _, f := range formats {
		if f.name == "gitleaks, SARIF" {
			body, _ := f.filled()
			if _, a := d.post(t, "gitleaks", "application/sarif+json", []byte(body)); a.verdicts() != "duplicate" {
				t.Errorf("%s", a.verdicts())
			}
		}
	}
}

// JSON Lines are a list where their sender says what they are; without that they
// are two documents where one belongs.
func TestJSONLines(t *testing.T) {
	body := []byte(`{"access_key_id":"` + keyID(1) + `"}` + "\n" + `{"access_key_id":"` + keyID(2) + `"}` + "\n5\n")
	d := newDesk(t, nil)
	if _, a := d.post(t, "generic", "application/x-ndjson", body); a.verdicts() != "open, open, reject wrong_type" {
		t.Errorf("%s %s", a.verdicts(), a.Error)
	}
	if w, _ := d.post(t, "generic", "application/json", body); w.Code != http.StatusBadRequest {
		t.Errorf("as one document: %d", w.Code)
	}
}

func TestXMLOfTags(t *testing.T) {
	d := newDesk(t, nil)
	for body, want := range map[string]int{
		"<testsuites>" + strings.Repeat("<a/>", 100_001) + "</testsuites>":                           http.StatusRequestEntityTooLarge,
		strings.Repeat("<a>", 20_000):                                                                http.StatusBadRequest,
		`<!DOCTYPE x [<!ENTITY a "b">]><testsuites><a>&a;</a></testsuites>`:                          http.StatusBadRequest,
		`<testsuites><testsuite><testcase/></testsuite></testsuites>`:                                http.StatusOK,
		`<testsuites><testsuite><testcase><failure>[[</failure></testcase></testsuite></testsuites>`: http.StatusOK,
	} {
		if w, a := d.post(t, "gitleaks", "application/xml", []byte(body)); w.Code != want {
			t.Errorf("%.60s: %d %s, want %d", body, w.Code, a.Error, want)
		}
	}
}

// Events are called by their source and id, whatever they hold.
func TestEventsAreNamedBySourceAndID(t *testing.T) {
	d := newDesk(t, nil)
	for _, c := range []struct{ source, id, want string }{{"/a", "1", "open"}, {"/a", "1", "duplicate"}, {"/a", "2", "enrich"}, {"/b", "1", "enrich"}, {"/b", "1", "duplicate"}} {
		body := `{"specversion":"1.0","type":"t","source":"` + c.source + `","id":"` + c.id + `","time":"` + t0.Format("2006-01-02T15:04:05Z") + `","data":{"accessKeyId":"` + keyID(1) + `","id":"x"}}`
		if _, a := d.post(t, "cloudevents", "application/cloudevents+json", []byte(body)); a.verdicts() != c.want {
			t.Errorf("%s %s: %s, want %s", c.source, c.id, a.verdicts(), c.want)
		}
	}
}
