package intake

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// mark is how a format shows: an object has all these members, or members of
// members. The first object of a list is looked at, or the first line of JSON Lines.
type mark struct {
	kind    string
	members []string
}

// marks of one object, the surest first.
var marks = []mark{
	{"sarif", []string{"runs"}},
	{"gitlab", []string{"vulnerabilities"}},
	{"gitlab", []string{"object_kind"}},
	{"2ms", []string{"results", "totalSecretsFound"}},
	{"trivy", []string{"Results", "SchemaVersion"}},
	{"trivy", []string{"SchemaVersion", "ArtifactName"}},
	{"trivy", []string{"Resources", "ClusterName"}},
	{"trivy", []string{"kind", "report.secrets"}},
	{"trivy", []string{"operatorObject"}},
	{"detect-secrets", []string{"plugins_used", "results"}},
	{"gitguardian", []string{"total_incidents"}},
	{"gitguardian", []string{"custom_webhook_name", "incident"}},
	{"gitguardian", []string{"entities_with_incidents"}},
	{SecurityCenter, []string{"AccessKeyLeakList"}},
	{SecurityCenter, []string{"AccesskeyId", "RequestId"}},
	{"trufflehog", []string{"DetectorName", "SourceMetadata"}},
	{"trufflehog", []string{"DetectorName", "SecretParts"}},
	{"trufflehog", []string{"stringsFound", "diff"}},
	{"noseyparker", []string{"rule_name", "matches"}},
	{"gitleaks", []string{"RuleID", "Secret"}},
	{"gitleaks", []string{"offender", "rule"}},
	{"github", []string{"alert", "action", "repository"}},
	{"github", []string{"zen", "hook_id"}},
	{"github", []string{"secret_type", "number"}},
	{"github-partner", []string{"token", "type", "url", "source"}},
	{"actiontrail", []string{"insightDetails"}},
	{"cloudevents", []string{"specversion", "type", "source"}},
	{"alertmanager", []string{"alerts", "receiver"}},
	{"alertmanager", []string{"evalMatches", "ruleName"}},
	{"cloudmonitor", []string{"alert", "subscription"}},
	{"opsgenie", []string{"action", "alert.alertId"}},
	{"graylog", []string{"event_definition_id", "event"}},
	{"pagerduty", []string{"event.event_type"}},
	{"pagerduty", []string{"routing_key", "event_action"}},
	{"splunk", []string{"result", "sid"}},
	{"sentry", []string{"action", "data", "installation"}},
	{"sls", []string{"alert_instance_id"}},
}

// Guess says which type reads a body, by its form: "text" for what is no JSON,
// "generic" for JSON of nobody in particular. It reads no more of it than that.
func Guess(body []byte) string {
	body = bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\ufeff")), " \t\r\n")
	switch {
	case bytes.HasPrefix(body, []byte("RuleID,")):
		return "gitleaks"
	case bytes.HasPrefix(body, []byte("<")) && bytes.Contains(body[:min(len(body), 4096)], []byte("<testsuite")):
		return "gitleaks"
	case measure(body) != nil:
		return "text"
	}
	var list []json.RawMessage
	if json.Unmarshal(body, &list) == nil {
		if len(list) == 0 {
			return "gitleaks" // what it writes when it found nothing; nobody else's differs
		}
		return of(list[0], "generic")
	}
	if json.Valid(body) {
		return of(body, "generic")
	}
	looked := 0
	for line := range bytes.Lines(body) { // a tool may say something else before it
		if looked++; looked > maxLines || !json.Valid(line) {
			break
		}
		if kind := of(line, ""); kind != "" {
			return kind
		}
	}
	return "text"
}

// maxLines is how many lines may stand before the first that says whose they are.
const maxLines = 100

// of is the type whose marks an object has.
func of(object []byte, otherwise string) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(object, &members) != nil {
		return otherwise
	}
	for _, m := range marks {
		if !slices.ContainsFunc(m.members, func(name string) bool { return !has(members, name) }) {
			return m.kind
		}
	}
	return otherwise
}

// has reports whether an object has a member, or a member of it, as "event.id".
func has(members map[string]json.RawMessage, path string) bool {
	name, inner, nested := strings.Cut(path, ".")
	value, ok := members[name]
	if !ok || !nested {
		return ok
	}
	var within map[string]json.RawMessage
	return json.Unmarshal(value, &within) == nil && has(within, inner)
}
