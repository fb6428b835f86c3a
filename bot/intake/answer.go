package intake

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"

	"twokey/bot"
	"twokey/incident"
)

// result is what became of one finding.
type result struct {
	Verdict  bot.Verdict `json:"verdict"`
	Incident incident.ID `json:"incident"`
	Reason   Reason      `json:"reason"`
	Shown    string      `json:"shown,omitempty"` // what is no id and looks like one, escaped
}

// Reason says in one fixed word why a finding got its verdict; empty where the
// verdict says it all. Of what a sender wrote nothing is repeated, but a value that
// looks like a key id: what is wrong with it can't be seen.
type Reason string

// The reasons.
const (
	NoFindings  Reason = "no_findings"   // ignore: the scanner found nothing
	Placeholder Reason = "placeholder"   // ignore: an example, not a key
	CallersKey  Reason = "callers_key"   // ignore: ActionTrail says who called, not what leaked
	NotAlibaba  Reason = "not_alibaba"   // ignore: a secret of something else
	NotAnAlert  Reason = "not_an_alert"  // ignore: a ping, or news of another kind
	Dismissed   Reason = "dismissed"     // ignore: somebody decided at the source that it is no leak
	NothingOpen Reason = "nothing_open"  // enrich, resolve: no open incident is about it
	Masked      Reason = "masked_key_id" // lookup: only a part of the id is told
	Redacted    Reason = "redacted"      // lookup: the scanner hid the id
	NotTold     Reason = "key_not_told"  // lookup: the source never tells an id
	SecretOnly  Reason = "secret_only"   // lookup: a secret without its id
	SameKey     Reason = "same_key"      // another place of a key in the same request
	SecretOfKey Reason = "secret_of_key" // the secret beside a key in the same request
	NotAKey     Reason = "not_a_key_id"  // reject: not the form of an id
	NoKey       Reason = "no_key_id"     // reject: no id anywhere
	EmptyKey    Reason = "empty_key_id"  // reject
	TwoKeys     Reason = "two_key_ids"   // reject: two ids where one belongs
	WrongType   Reason = "wrong_type"    // reject: a number where text belongs
	NotAFinding Reason = "not_a_finding" // reject: not what the scanner writes
)

// fault is why a request is refused as a whole.
type fault struct {
	status int
	word   string
}

func (f fault) Error() string { return f.word }

var (
	errMethod       = fault{http.StatusMethodNotAllowed, "method_not_allowed"}
	errUnauthorized = fault{http.StatusUnauthorized, "unauthorized"}
	errTooFast      = fault{http.StatusTooManyRequests, "too_many_requests"}
	errTooLarge     = fault{http.StatusRequestEntityTooLarge, "too_large"}
	errTooMany      = fault{http.StatusRequestEntityTooLarge, "too_many_findings"}
	errEncoded      = fault{http.StatusUnsupportedMediaType, "encoding_not_supported"}
	errCutShort     = fault{http.StatusBadRequest, "cut_short"}
	errNotJSON      = fault{http.StatusBadRequest, "not_json"}
	errTooDeep      = fault{http.StatusBadRequest, "too_deep"}
	errNotText      = fault{http.StatusBadRequest, "not_text"}
	errNotXML       = fault{http.StatusBadRequest, "not_xml"}
	errShape        = fault{http.StatusBadRequest, "unexpected_shape"}
	errWrongType    = fault{http.StatusBadRequest, string(WrongType)}
	errBusy         = fault{http.StatusServiceUnavailable, "too_many_requests"}
	errCannotStore  = fault{http.StatusServiceUnavailable, "cannot_store"}
)

func refuse(w http.ResponseWriter, why fault) {
	answer(w, why.status, struct {
		Error string `json:"error"`
	}{why.word})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a sender that hung up asks again
}

func retryAfter(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
}
