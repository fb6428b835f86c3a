package intake

import "net/http"

// row is what a type of source is: how it proves who it is, what names one of
// its deliveries, how long its bodies may be, and how they are read. Where the
// id may stand, what is kept and what the finding is called at its source is
// said by a [shape] for sources whose alerts are plain JSON objects; the others
// have a reader of their own.
type row struct {
	authentic func(*source, *http.Request) bool
	delivery  []string // headers that name a delivery; none given: the body does
	report    bool     // bodies are reports of scanners and may be longer
	read      func(input) ([]*finding, error)
}

// rows are the types of sources.
var rows = map[string]row{
	"generic": {
		authentic: bearer, delivery: []string{"Idempotency-Key"},
		read: generic.read,
	},
	"gitleaks": {
		authentic: bearer, delivery: []string{"Idempotency-Key"}, report: true,
		read: gitleaks,
	},
}

// generic is for curl, n8n, Tines and the like: whatever they call things. Names
// are compared without case, dots, dashes and underscores.
var generic = shape{
	batch:    []string{"alerts", "findings"},
	key:      []string{"accesskeyid", "keyid", "akid", "accesskey", "alibabacloudaccesskeyid", "ak"},
	secret:   []string{"accesskeysecret", "secretaccesskey", "secretkey", "keysecret", "alibabacloudaccesskeysecret", "secret", "sk"},
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
	detected: []string{"detectedat", "time", "timestamp", "date"},
	places:   []string{"locations", "places"},
	anywhere: true,
}
