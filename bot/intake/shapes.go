package intake

// Names that many senders use. Names are compared without case, dots, dashes and
// underscores.
var (
	keyNames    = []string{"accesskeyid", "keyid", "akid", "accesskey", "alibabacloudaccesskeyid", "ak"}
	secretNames = []string{"accesskeysecret", "secretaccesskey", "secretkey", "keysecret", "alibabacloudaccesskeysecret", "secret", "sk"}
	whenNames   = []string{"detectedat", "time", "timestamp", "date"}
)

// generic is for curl, n8n, Tines and the like: whatever they call things.
var generic = shape{
	batch: []string{"alerts", "findings"},
	key:   keyNames, secret: secretNames,
	external: []string{"externalid", "fingerprint", "findingid", "alertid", "id"},
	title:    []string{"title", "summary"},
	url:      []string{"url", "htmlurl", "link", "permalink", "sourceurl"},
	repo:     []string{"repository", "repo"},
	path:     []string{"path", "file", "filename"},
	line:     []string{"line", "linenumber", "startline"},
	commit:   []string{"commit", "commitsha", "sha"},
	author:   []string{"author"},
	severity: []string{"severity"},
	validity: []string{"validity"},
	public:   []string{"public", "publiclyleaked"},
	detected: whenNames,
	places:   []string{"locations", "places"},
	anywhere: true,
}

// pipe is what alerts of all kinds are read like; a row says what differs. A key
// id anywhere in them is what they are about. Without one they are about us if
// their title is.
func pipe(differs shape) shape {
	s := generic
	s.batch, s.anywhere = differs.batch, true
	s.inside, s.drop, s.external, s.part = differs.inside, differs.drop, differs.external, differs.part
	s.status, s.over = differs.status, differs.over
	s.title, s.ours, s.url, s.detected = differs.title, differs.title, differs.url, differs.detected
	s.key, s.author = []string{"accesskeyid", "akid"}, nil
	return s
}

var (
	// Alertmanager's webhook, version 4, and Grafana's dialects of it, of today and
	// before version 9 (Prometheus docs: webhook_config; Grafana docs: webhook
	// notifier).
	alertmanager = pipe(shape{
		batch: []string{"alerts"}, inside: []string{"labels", "annotations"}, external: []string{"fingerprint"}, part: []string{"startsat"},
		title: []string{"summary", "alertname", "description", "rulename"}, url: []string{"ruleurl", "runbookurl", "generatorurl", "panelurl", "dashboardurl"},
		status: []string{"status", "state"}, over: []string{"resolved", "ok"}, detected: []string{"startsat"},
	})
	// PagerDuty's webhook, version 3, and what its Events API takes, version 2, from
	// tools that can send nothing else (PagerDuty docs: webhooks overview, events v2).
	pagerduty = pipe(shape{
		inside: []string{"event", "data", "payload", "customdetails"}, drop: []string{"agent", "client"}, external: []string{"dedupkey", "incidentkey", "id"},
		title: []string{"title", "summary"}, url: []string{"htmlurl", "clienturl"},
		status: []string{"eventtype", "eventaction"}, over: []string{"incidentresolved", "resolve"}, detected: []string{"createdat", "occurredat", "timestamp"},
	})
	// Opsgenie's webhook (Opsgenie docs: webhook integration).
	opsgenie = pipe(shape{
		inside: []string{"alert", "details"}, external: []string{"alertid", "alias"}, title: []string{"message", "description"},
		status: []string{"action"}, over: []string{"close", "delete"}, detected: []string{"createdat"},
	})
	// Splunk's webhook alert action (Splunk docs: use a webhook alert action). It
	// sends the first result only, with the raw event in it.
	splunk = pipe(shape{
		inside: []string{"result"}, external: []string{"sid"}, title: []string{"searchname"}, url: []string{"resultslink"}, detected: []string{"time"},
	})
	// Sentry's webhooks for issues and issue alerts (Sentry docs: integration
	// platform, webhooks).
	sentry = pipe(shape{
		inside: []string{"data", "event", "issue"}, drop: []string{"actor", "installation"}, external: []string{"issueid", "id", "eventid"},
		title: []string{"title", "message", "culprit"}, url: []string{"weburl", "permalink"},
		status: []string{"action"}, over: []string{"resolved", "archived", "ignored"}, detected: []string{"datetime", "firstseen"},
	})
	// Graylog's HTTP notification (Graylog docs: HTTP notification).
	graylog = pipe(shape{
		inside: []string{"event", "fields"}, external: []string{"id"}, title: []string{"eventdefinitiontitle", "message"}, detected: []string{"timestamp"},
	})
	// CloudMonitor's callbacks for system events and for thresholds (CloudMonitor
	// docs: configure callbacks for system event-triggered alerts, use the alert
	// callback feature): JSON, or a form with JSON in it.
	cloudMonitor = pipe(shape{
		inside: []string{"alert", "eventcontentmap"}, drop: []string{"userinfo", "subscription", "meta"}, external: []string{"dedupid"},
		title: []string{"eventname", "strategyname", "alertname"}, url: []string{"leakurl", "url"},
		status: []string{"alertstatus", "alertstate"}, over: []string{"resolved", "ok"}, detected: []string{"timestamp"},
	})
	// An alert of Log Service, by the template in docs/alerts.md (SLS docs: alert
	// template variables).
	sls = pipe(shape{
		inside: []string{"labels", "annotations"}, external: []string{"alertinstanceid", "fingerprint", "alertid"},
		title: []string{"alertname", "title", "desc"}, url: []string{"alerturl", "queryurl"},
		status: []string{"status"}, over: []string{"resolved"}, detected: []string{"alerttime", "firetime"},
	})
)

// cloudEvent is the data of a CloudEvent, named by the event's source and id.
var cloudEvent = func() shape {
	s := generic
	s.inside, s.external = []string{"cloudevent"}, []string{"eventname"}
	s.title, s.detected = append(s.title, "subject"), append([]string{"eventtime"}, s.detected...)
	return s
}()
