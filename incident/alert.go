package incident

import "time"

// AlertKind says what an alert asks for.
type AlertKind string

// The kinds of alerts.
const (
	KindOpen    AlertKind = "open"    // a key id was found
	KindLookup  AlertKind = "lookup"  // a key was found, its id is not told
	KindEnrich  AlertKind = "enrich"  // more about a known finding
	KindResolve AlertKind = "resolve" // the source says it is over; nothing closes by that
)

// Alert is what a source told, after redaction. It holds nothing secret, and
// nothing in it is obeyed: all of it is data.
type Alert struct {
	Source      string    `json:"source"`                 // the source's name in the configuration
	Type        string    `json:"type"`                   // "gitleaks", "generic", …
	Delivery    string    `json:"delivery,omitempty"`     // the sender's delivery id
	ExternalKey string    `json:"external_key,omitempty"` // the finding's stable id at the source
	Kind        AlertKind `json:"kind"`
	News        string    `json:"news,omitempty"` // hash of what is new about the finding, where that is told later
	KeyID       KeyID     `json:"key_id,omitempty"`
	Asked       bool      `json:"asked,omitempty"`       // the key id is the source's answer to the bot's own question, and no sender's word
	KeyMask     string    `json:"key_mask,omitempty"`    // "LTAI5t******Xk9Q" when only masked
	KeyType     string    `json:"key_type,omitempty"`    // long_term, sts, tmp or unknown
	OwnerHint   string    `json:"owner_hint,omitempty"`  // OwnerRoot or OwnerRAM, as the source says; never a fact
	SecretSeen  bool      `json:"secret_seen,omitempty"` // a secret was in the payload; it was dropped
	SecretPrint string    `json:"secret_print,omitempty"`
	Confidence  string    `json:"confidence,omitempty"` // confirmed, likely or weak
	Validity    string    `json:"validity,omitempty"`   // the source's claim; never trusted to close
	Public      string    `json:"public,omitempty"`     // yes, no or unknown
	Severity    string    `json:"severity,omitempty"`
	From        ID        `json:"from,omitempty"`    // the incident whose leaked key created this one
	Details     Words     `json:"details,omitempty"` // title, places, author: an AlertText, kept beside the chain
	DetectedAt  time.Time `json:"detected_at,omitzero"`
	ReceivedAt  time.Time `json:"received_at"`
	BodySHA256  string    `json:"body_sha256,omitempty"`
}

// sane is a with times that a record can hold. A sender may claim any time at
// all; one outside of the years that JSON can write counts as not told.
func (a Alert) sane() Alert {
	a.DetectedAt, a.ReceivedAt = sane(a.DetectedAt), sane(a.ReceivedAt)
	return a
}

func sane(t time.Time) time.Time {
	t = t.UTC()
	if y := t.Year(); y < 1 || y > 9999 {
		return time.Time{}
	}
	return t
}

// AlertText is the free text of an alert. It may name strangers, so it is kept
// beside the chain as JSON and the chain holds its hash.
type AlertText struct {
	Title  string  `json:"title,omitempty"` // at most 200 runes
	Author string  `json:"author,omitempty"`
	Places []Place `json:"places,omitempty"` // at most 20
	More   int     `json:"more,omitempty"`   // places beyond those
}

// Place is where a key was found.
type Place struct {
	URL    string `json:"url,omitempty"` // http or https only
	Repo   string `json:"repo,omitempty"`
	Path   string `json:"path,omitempty"`
	Line   int    `json:"line,omitempty"`
	Commit string `json:"commit,omitempty"`
}
