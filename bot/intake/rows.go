package intake

import (
	"maps"
	"slices"
)

// row is what a type of source is: how it proves who it is, what names one of
// its deliveries, how long its bodies may be, and how they are read. Where the
// id may stand, what is kept and what the finding is called at its source is
// said by a [shape] for sources whose alerts are plain JSON objects; the others
// have a reader of their own.
type row struct {
	proof    signature // nil: ours
	bare     string    // header that holds a token without a scheme
	delivery []string  // headers that name a delivery; none given: the body does
	report   bool      // bodies are reports of scanners and may be longer
	sulks    bool      // whoever sends stops for good after some answers of 4xx
	read     func(input) ([]*finding, error)
}

// idempotent is what names a delivery of whoever can choose.
var idempotent = []string{"Idempotency-Key"}

// rows are the types of sources.
var rows = map[string]row{
	// Whatever can call a URL.
	"generic":     {delivery: idempotent, read: generic.read},
	"text":        {delivery: idempotent, read: generic.text},
	"cloudevents": {delivery: idempotent, read: events},

	// Those that watch code.
	"github":      {proof: githubSum, delivery: []string{"X-Github-Delivery"}, read: github},
	partnerType:   {proof: partnerProof{}, read: partner},
	"gitlab":      {bare: "X-Gitlab-Token", delivery: append(idempotent, "X-Gitlab-Event-Uuid"), report: true, sulks: true, read: gitlab},
	"gitguardian": {proof: guardianSum, delivery: idempotent, report: true, read: gitguardian},

	// Reports of scanners.
	"gitleaks":       {delivery: idempotent, report: true, read: gitleaks},
	"sarif":          {delivery: idempotent, report: true, read: sarif},
	"trufflehog":     {delivery: idempotent, report: true, read: trufflehog},
	"trivy":          {delivery: idempotent, report: true, read: trivy},
	"2ms":            {delivery: idempotent, report: true, read: twoms},
	"noseyparker":    {delivery: idempotent, report: true, read: noseyparker},
	"detect-secrets": {delivery: idempotent, report: true, read: detectsecrets},

	// Alibaba Cloud's own. Those of Security Center are asked for; saved answers
	// are read too.
	SecurityCenter: {delivery: idempotent, report: true, read: securityCenter},
	"actiontrail":  {delivery: idempotent, read: trails},
	"eventbridge":  {bare: "X-Eventbridge-Signature-Token", read: events},
	"cloudmonitor": {read: cloudMonitor.read},
	"sls":          {read: sls.read},

	// Pipes that carry alerts of all kinds.
	"alertmanager": {proof: grafanaSum, read: alertmanager.read},
	"pagerduty":    {proof: pagerdutySum, delivery: []string{"X-Webhook-Id"}, read: pagerduty.read},
	"opsgenie":     {delivery: idempotent, read: opsgenie.read},
	"splunk":       {delivery: idempotent, read: splunk.read},
	"sentry":       {proof: sentrySum, delivery: []string{"Request-Id"}, read: sentry.read},
	"graylog":      {delivery: idempotent, read: graylog.read},
}

// Types are the types of sources, in order.
func Types() []string { return slices.Sorted(maps.Keys(rows)) }

// Signs reports whether senders of a type sign in a way of their own. All others
// may sign in ours.
func Signs(kind string) bool { return rows[kind].proof != nil }
