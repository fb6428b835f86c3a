// Package incident holds the rules of a leaked-key incident and nothing else.
//
// What happened is a list of [Record]s. What is true now is the [Fold] of that
// list. What may happen next is decided by [Rules.Decide], which turns a
// [Command] into [Event]s or into a [Refusal]. Approval, timeline, audit,
// timers and recovery are the same list, read in different ways.
//
// The package is not a workflow engine and knows no clock, network, randomness,
// human language or file format: times, texts and ids are handed in.
package incident

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// ID names one incident: "inc-7". The store gives the number.
type ID string

// System is the log of what concerns the whole bot: configuration, hold, clock.
// It is kept like an incident but never has a card.
const System ID = "system"

// NewID returns the id of the n-th incident.
func NewID(n uint64) ID { return ID("inc-" + strconv.FormatUint(n, 10)) }

// Number is the n of [NewID]; 0 if id is not such a name.
func (id ID) Number() uint64 {
	digits, ok := strings.CutPrefix(string(id), "inc-")
	if !ok {
		return 0
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || NewID(n) != id {
		return 0
	}
	return n
}

// Person is a human as the configuration names them, never a chat account: two
// accounts of one human are one Person, which is what makes "two people" mean
// two people. The zero Person is nobody and may do nothing.
type Person string

// Bot is the reserved person for what the program does by itself.
const Bot Person = "twokey"

// KeyID is an AccessKey id, already checked to have the form of one.
type KeyID string

// Words points at a text that is kept beside the chain, so that it can be
// erased without breaking it. The value is a salted hash of the text; the empty
// value is no text.
type Words string

// State is what is true after a list of records. The zero State is an incident
// that has not been opened.
type State struct {
	ID   ID
	Seq  uint64    // of the last record
	Head Hash      // of the last record
	At   time.Time // of the last record

	Opened    time.Time
	Key       KeyID     // empty while only a look-up is possible
	KeyTyped  bool      // a person typed the key id: automation stays away
	Unable    time.Time // since when the key is seen unable to act; see ContainedAt
	Alerts    []Alert
	Repeats   int  // alerts after the first
	Again     bool // the last of them was of a source that was heard before
	Touched   bool // a person has done something about it
	Seen      map[Identity]map[FactName]Seen
	Answers   map[Question]Answer
	Proposals []Proposal
	Commander Person
	Links     []ID

	FalseAlarm bool // two people said so; lifts the order rules
	Closed     time.Time
	CloseWhy   Words
	MergedInto ID
	Absorbed   []ID
	Breaches   []Breach
	Stuck      []Stuck
	ReadOnly   bool   // holds a record of a kind this version does not know
	Archive    string // the file for which it leaves the store; nothing can be added any more

	Held     string     // system log only: why no step may start; empty: not held
	Damaged  []Damaged  // system log only: histories that were found not to hold
	Config   string     // system log only: digest of the last configuration
	Archives []Archived // system log only: files that hold incidents
	Around   Around     // not folded: filled in by the caller before deciding
	Unknown  []string   // kinds of records that were not understood
}

// Around is what a decision must know from outside the incident's own log. The
// caller reads it right before [Rules.Decide].
type Around struct {
	Held    bool    // the bot is on hold: no step may start
	Named   []KeyID // keys of the same user that any incident ever named
	Holders []ID    // other open incidents about the same user
	Own     []ID    // open incidents about a key that the bot works with in the plan's account
}

// Fold replays records, oldest first.
func Fold(records []Record) State {
	var s State
	for _, r := range records {
		s = s.Apply(r)
	}
	return s
}

// Apply returns the state after one more record. It does not change s.
func (s State) Apply(r Record) State {
	s = s.clone()
	s.ID, s.Seq, s.Head, s.At = r.Incident, r.Seq, r.Hash, r.At
	s.Touched = s.Touched || r.By != Bot
	r.Event.apply(&s, r)
	return s
}

// clone copies what apply may write to, so that states can be shared freely.
func (s State) clone() State {
	s.Alerts = slices.Clip(s.Alerts)
	s.Links, s.Absorbed = slices.Clip(s.Links), slices.Clip(s.Absorbed)
	s.Breaches, s.Stuck, s.Unknown = slices.Clip(s.Breaches), slices.Clip(s.Stuck), slices.Clip(s.Unknown)
	s.Damaged, s.Archives = slices.Clip(s.Damaged), slices.Clip(s.Archives)
	s.Proposals = slices.Clone(s.Proposals)
	return s
}

// Open reports whether people still work on the incident. The system log is
// none.
func (s State) Open() bool {
	return s.Seq > 0 && s.ID != System && s.Closed.IsZero() && s.MergedInto == ""
}

// Lookup reports whether nobody knows the key id yet.
func (s State) Lookup() bool { return s.Key == "" }

// FirstSign is when the leak was first seen by anyone: the earliest detection
// that an alert claims, never later than its arrival.
func (s State) FirstSign() time.Time {
	first := s.Opened
	for _, a := range s.Alerts {
		if !a.DetectedAt.IsZero() && a.DetectedAt.Before(first) {
			first = a.DetectedAt
		}
	}
	return first
}

// Contained reports whether the key was last seen unable to act: Inactive, in
// the recycle bin, or gone.
func (s State) Contained() bool {
	switch s.KeyFact(FactStatus) {
	case KeyInactive, KeyInBin, KeyGone:
		return true
	}
	return false
}

// ContainedAt is when the key was first seen unable to act, without a break
// since; zero if it is not contained.
func (s State) ContainedAt() time.Time {
	if !s.Contained() {
		return time.Time{}
	}
	return s.Unable
}

// Index is what a store finds an incident by.
type Index struct {
	Incident ID        `json:"incident"`
	Key      KeyID     `json:"key,omitempty"`
	Account  string    `json:"account,omitempty"`
	UserID   string    `json:"user_id,omitempty"`
	Opened   time.Time `json:"opened"`
	Open     bool      `json:"open"`
}

// Index returns the entry under which s is found.
func (s State) Index() Index {
	return Index{
		Incident: s.ID, Key: s.Key, Account: s.KeyFact(FactAccount), UserID: s.KeyFact(FactUserID),
		Opened: s.Opened, Open: s.Open(),
	}
}
