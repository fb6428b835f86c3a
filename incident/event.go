package incident

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"time"
)

// Event is something that happened. Events are facts in the past tense, carry no
// sentences, and are never edited. An event type without a rule for what it
// changes does not compile.
type Event interface {
	// Kind is the event's name on disk. It never changes.
	Kind() string
	apply(*State, Record)
}

type (
	// Opened starts every incident.
	Opened struct {
		Alert Alert `json:"alert"`
		Links []ID  `json:"links,omitempty"` // earlier incidents of the same key
	}
	// Heard is another alert about the same key.
	Heard struct {
		Alert Alert `json:"alert"`
	}
	// KeyEntered is a person naming the key that a look-up could not.
	KeyEntered struct {
		Key KeyID `json:"key"`
	}
	// Observed is what a look at the cloud showed, where it changed.
	Observed struct {
		Of     Identity            `json:"of"`
		Facts  map[FactName]string `json:"facts"`
		AsOf   time.Time           `json:"as_of"`
		Source string              `json:"source"`
	}
	// Answered is a person's answer to one of the playbook's questions.
	Answered struct {
		Question Question `json:"question"`
		Value    string   `json:"value"`
	}
	// Proposed puts a plan before people.
	Proposed struct {
		Number int    `json:"number"`
		Digest Digest `json:"digest"`
		Plan   Plan   `json:"plan"`
		Tier   Tier   `json:"tier"`
		Need   int    `json:"need"`
	}
	// Approved is one person's vote for one digest.
	Approved struct {
		Number   int       `json:"number"`
		Digest   Digest    `json:"digest"`
		Platform string    `json:"platform,omitempty"`
		Until    time.Time `json:"until"`
		Reason   Words     `json:"reason,omitempty"`
	}
	// Withdrew takes one's own vote back.
	Withdrew struct {
		Number int `json:"number"`
	}
	// Declined ends a plan with a no.
	Declined struct {
		Number int   `json:"number"`
		Reason Words `json:"reason,omitempty"`
	}
	// WentAlone is one approver starting a disruptive step without a second one,
	// because nobody answered.
	WentAlone struct {
		Number int   `json:"number"`
		Reason Words `json:"reason"`
	}
	// Authorized says that a plan has what it needs to start.
	Authorized struct {
		Number int  `json:"number"`
		Auto   bool `json:"auto,omitempty"` // by automation, nobody voted
	}
	// Superseded ends a plan because a newer one asks for the same step.
	Superseded struct {
		Number int `json:"number"`
		By     int `json:"by"`
	}
	// Lapsed ends a plan whose votes aged out.
	Lapsed struct {
		Number int `json:"number"`
	}
	// Started is written before the cloud is touched, so that a crash in the
	// middle leaves a question and not a mystery.
	Started struct {
		Number int `json:"number"`
	}
	// Tried is a call that did not get through and will be made again.
	Tried struct {
		Number int       `json:"number"`
		Code   string    `json:"code"`
		Again  time.Time `json:"again"`
	}
	// Resumed is a started plan going on after a crash or a failed call.
	Resumed struct {
		Number int `json:"number"`
	}
	// Drifted ends a plan because what people agreed to is no longer so.
	Drifted struct {
		Number int     `json:"number"`
		Moved  []Drift `json:"moved"`
	}
	// Finished is what became of a started plan, as read back.
	Finished struct {
		Number  int     `json:"number"`
		Outcome Outcome `json:"outcome"`
		Code    string  `json:"code,omitempty"`   // the cloud's error code
		Found   bool    `json:"found,omitempty"`  // found done after a crash
		Result  string  `json:"result,omitempty"` // a new id, never a secret

		Findings Words `json:"findings,omitempty"` // what a look found: [Findings], beside the chain
		Sealed   Words `json:"sealed,omitempty"`   // a new secret, sealed for its receiver, beside the chain
	}
	// Looked is a later look that saw something other than the last one.
	Looked struct {
		Number  int     `json:"number"`
		Outcome Outcome `json:"outcome"`
		Code    string  `json:"code,omitempty"`   // what the look found out about a step whose call was never answered
		Result  string  `json:"result,omitempty"` // what that step made
	}
	// Received is a sealed secret having been fetched. It is erased in the same
	// append.
	Received struct {
		Number int    `json:"number"`
		By     Person `json:"by"`
		Way    string `json:"way"`
	}
	// Uncollected is a sealed secret that nobody fetched in time: it is erased, and
	// the new key is of no use to anybody.
	Uncollected struct {
		Number int `json:"number"`
	}
	// Breached is the guard finding that somebody undid a confirmed step.
	Breached struct {
		Number int    `json:"number"`
		Who    string `json:"who,omitempty"`    // as the audit trail names them; empty: not known yet
		Thief  bool   `json:"thief,omitempty"`  // it was the leaked identity itself
		Person Person `json:"person,omitempty"` // somebody named in the configuration
	}
	// Noted is a person's note.
	Noted struct {
		Text Words `json:"text"`
	}
	// Took is a person becoming commander.
	Took struct{}
	// Reminded is people having been mentioned.
	Reminded struct {
		Number int      `json:"number"`
		Round  int      `json:"round"`
		Who    []Person `json:"who"`
	}
	// Escalated is the webhook having been told.
	Escalated struct {
		Number int `json:"number"`
		Round  int `json:"round"`
	}
	// GaveUp is a job that failed too often. It never ends in silence.
	GaveUp struct {
		Task Task   `json:"task"`
		Room string `json:"room,omitempty"`
		Code string `json:"code,omitempty"`
	}
	// Merged ends a look-up whose key already has an incident.
	Merged struct {
		Into ID `json:"into"`
	}
	// Absorbed is the other side of Merged.
	Absorbed struct {
		From ID   `json:"from"`
		Head Hash `json:"head"`
	}
	// FalseAlarmed says that two people called it a false alarm.
	FalseAlarmed struct {
		Number int `json:"number"`
	}
	// Closed ends the incident. Looks go on for a day.
	Closed struct {
		Reason Words `json:"reason,omitempty"`
	}
	// Reopened is a look that saw the key live again after closing.
	Reopened struct {
		Why string `json:"why"` // "key_active"
	}
	// Retired is the last record of an incident that leaves the store for a file.
	Retired struct {
		File string `json:"file"` // name of the archive
	}
	// Archived says that a file holds incidents that leave the store, and was read
	// back. System log only.
	Archived struct {
		File   string `json:"file"`   // its name
		SHA256 string `json:"sha256"` // of the file, in hex
		Count  int    `json:"count"`  // of incidents
		Ends   Hash   `json:"ends"`   // where each of them ends: see [EndsDigest]
	}
	// Configured is a change of people, approval, automation or playbook.
	// System log only.
	Configured struct {
		Digest  string   `json:"digest"`
		Changes []Change `json:"changes,omitempty"`
	}
	// Held stops every start until a person says go. System log only.
	Held struct {
		Why string `json:"why"` // "restored", "behind", "clock" or "broken"
	}
	// Released ends a hold. System log only.
	Released struct{}
	// Damaged is a history that was found not to hold together: somebody wrote to
	// the store past the bot. System log only.
	Damaged struct {
		Of  ID     `json:"of"`
		Seq uint64 `json:"seq,omitempty"` // the first record that does not hold; 0: there is none to name
		Why string `json:"why"`           // as in BrokenError, or "missing" or "unreadable"
	}
	// Foreign is a record of a kind that this version does not know.
	Foreign struct {
		Name string          `json:"-"`
		Raw  json.RawMessage `json:"-"`
	}
)

// Change is one difference between two configurations, as a name and its
// values; the words are in the catalogs.
type Change struct {
	What string `json:"what"` // "may_approve", "may_respond", "need", "window", …
	Who  string `json:"who,omitempty"`
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// Kinds on disk, in the order of the types above.

func (Opened) Kind() string       { return "opened" }
func (Heard) Kind() string        { return "heard" }
func (KeyEntered) Kind() string   { return "key_entered" }
func (Observed) Kind() string     { return "observed" }
func (Answered) Kind() string     { return "answered" }
func (Proposed) Kind() string     { return "proposed" }
func (Approved) Kind() string     { return "approved" }
func (Withdrew) Kind() string     { return "withdrew" }
func (Declined) Kind() string     { return "declined" }
func (WentAlone) Kind() string    { return "went_alone" }
func (Authorized) Kind() string   { return "authorized" }
func (Superseded) Kind() string   { return "superseded" }
func (Lapsed) Kind() string       { return "lapsed" }
func (Started) Kind() string      { return "started" }
func (Tried) Kind() string        { return "tried" }
func (Resumed) Kind() string      { return "resumed" }
func (Drifted) Kind() string      { return "drifted" }
func (Finished) Kind() string     { return "finished" }
func (Looked) Kind() string       { return "looked" }
func (Received) Kind() string     { return "received" }
func (Uncollected) Kind() string  { return "uncollected" }
func (Breached) Kind() string     { return "breached" }
func (Noted) Kind() string        { return "noted" }
func (Took) Kind() string         { return "took" }
func (Reminded) Kind() string     { return "reminded" }
func (Escalated) Kind() string    { return "escalated" }
func (GaveUp) Kind() string       { return "gave_up" }
func (Merged) Kind() string       { return "merged" }
func (Absorbed) Kind() string     { return "absorbed" }
func (FalseAlarmed) Kind() string { return "false_alarmed" }
func (Closed) Kind() string       { return "closed" }
func (Reopened) Kind() string     { return "reopened" }
func (Retired) Kind() string      { return "retired" }
func (Archived) Kind() string     { return "archived" }
func (Configured) Kind() string   { return "configured" }
func (Held) Kind() string         { return "held" }
func (Released) Kind() string     { return "released" }
func (Damaged) Kind() string      { return "damaged" }
func (f Foreign) Kind() string    { return f.Name }

// MarshalJSON gives back what was read.
func (f Foreign) MarshalJSON() ([]byte, error) {
	if len(f.Raw) == 0 {
		return []byte("null"), nil
	}
	return f.Raw, nil
}

// kinds holds the type of every event. Old kinds stay for as long as an old
// database may be read.
var kinds = func() map[string]reflect.Type {
	m := make(map[string]reflect.Type)
	for _, e := range []Event{
		Opened{},
		Heard{},
		KeyEntered{},
		Observed{},
		Answered{},
		Proposed{},
		Approved{},
		Withdrew{},
		Declined{},
		WentAlone{},
		Authorized{},
		Superseded{},
		Lapsed{},
		Started{},
		Tried{},
		Resumed{},
		Drifted{},
		Finished{},
		Looked{},
		Received{},
		Uncollected{},
		Breached{},
		Noted{},
		Took{},
		Reminded{},
		Escalated{},
		GaveUp{},
		Merged{},
		Absorbed{},
		FalseAlarmed{},
		Closed{},
		Reopened{},
		Retired{},
		Archived{},
		Configured{},
		Held{},
		Released{},
		Damaged{},
	} {
		m[e.Kind()] = reflect.TypeOf(e)
	}
	return m
}()

// Kinds lists every kind of record that this version knows, sorted.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }
