package incident

import "time"

// Identity is a thing in the cloud that facts are about: "key LTAI…" or
// "user 2019…".
type Identity string

// OfKey is the identity of an AccessKey.
func OfKey(k KeyID) Identity { return Identity("key " + string(k)) }

// OfUser is the identity of a RAM user, by user id: names can be taken again.
func OfUser(id string) Identity { return Identity("user " + id) }

// FactName names something that can be seen of an identity. The set is closed:
// playbook conditions and order rules read nothing else.
type FactName string

// Everything that is observed.
const (
	FactOwner       FactName = "owner"        // one of the Owner values
	FactAccount     FactName = "account"      // the account's name in the configuration
	FactAccountID   FactName = "account_id"   // sixteen digits
	FactUser        FactName = "user"         // RAM user name
	FactUserID      FactName = "user_id"      // RAM user id
	FactStatus      FactName = "status"       // of a key: one of the Key values
	FactPurgeAt     FactName = "purge_at"     // end of the recycle bin's 30 days, RFC 3339
	FactLastUsed    FactName = "last_used"    // RFC 3339; absent means unknown, never unused
	FactLastService FactName = "last_service" // service of the last call
	FactLastIP      FactName = "last_ip"      // address of the last call
	FactSlot        FactName = "slot"         // free or full: RAM allows two keys per user
	FactKeys        FactName = "keys"         // the user's keys outside the bin, sorted, comma-separated
	FactBin         FactName = "bin"          // the user's keys in the bin, sorted, comma-separated
	FactPolicies    FactName = "policies"     // attached directly, sorted, comma-separated
	FactGroups      FactName = "groups"       // sorted, comma-separated
	FactGroupPolicy FactName = "via_groups"   // policies through groups, sorted, comma-separated
	FactQuarantine  FactName = "quarantine"   // hash of the attached quarantine policy, or absent
	FactDocument    FactName = "document"     // hash of a policy document
	FactAbuse       FactName = "abuse"        // yes, no or unknown
	FactConsole     FactName = "console"      // yes or no: password logon
)

// Owners of a key, as far as an answer is honest.
const (
	OwnerRAM     = "ram"
	OwnerRoot    = "root"
	OwnerSTS     = "sts"     // a temporary key: it expires by itself
	OwnerDeleted = "deleted" // its user is in the recycle bin, or it is purged
	OwnerForeign = "foreign" // in none of the configured accounts: not ours, root's unused, or purged
	OwnerUnknown = "unknown" // could not be asked
)

// States of a key. Active and Inactive are Alibaba Cloud's own words.
const (
	KeyActive   = "Active"
	KeyInactive = "Inactive"
	KeyInBin    = "InRecycleBin"
	KeyGone     = "Gone"
	KeyUnknown  = "unknown"
)

// Plain values of facts and answers.
const (
	Yes     = "yes"
	No      = "no"
	Unknown = "unknown"
	Absent  = "absent"
	Free    = "free"
	Full    = "full"
)

// Seen is one observed fact.
type Seen struct {
	Value  string
	AsOf   time.Time // when it was read, or the time the cloud vouches for
	Since  time.Time // when this value was first seen without a break
	Source string    // the API that said so: "ims:GetUser"
}

// KeyFact is the last observed value of a fact about the leaked key; empty if
// never seen.
func (s State) KeyFact(n FactName) string { return s.Seen[OfKey(s.Key)][n].Value }

// UserFact is the last observed value of a fact about the key's user.
func (s State) UserFact(n FactName) string {
	return s.Seen[OfUser(s.KeyFact(FactUserID))][n].Value
}

// Target is what the steps of this incident are about.
func (s State) Target() Target {
	return Target{
		Account: s.KeyFact(FactAccount), AccountID: s.KeyFact(FactAccountID),
		User: s.KeyFact(FactUser), UserID: s.KeyFact(FactUserID), Key: s.Key,
	}
}

// Question is one of the playbook's questions that people may have to answer.
type Question string

// The questions of Alibaba Cloud's document on leaks. Whose key it is, only the
// cloud answers.
const (
	InUse     Question = "in_use"
	Rotatable Question = "rotatable"
)

// Answer is what is believed, and on whose word.
type Answer struct {
	Value  string // yes, no or unknown
	By     Person // zero: worked out from evidence
	Source string // the evidence, or "person"
	AsOf   time.Time
}

// idle is how long a key must have been silent to count as not in use. Alibaba
// Cloud's documents call a key idle after 90 days.
const idle = 90 * 24 * time.Hour

// Answer is the best answer to q: a person's word before evidence. Evidence of
// use after the first sign of the leak is evidence of theft, not of need.
func (s State) Answer(q Question) Answer {
	if a, ok := s.Answers[q]; ok {
		return a
	}
	if q != InUse {
		return Answer{Value: Unknown}
	}
	used, ok := s.Seen[OfKey(s.Key)][FactLastUsed]
	if !ok {
		return Answer{Value: Unknown}
	}
	last, err := time.Parse(time.RFC3339, used.Value)
	if err != nil {
		return Answer{Value: Unknown}
	}
	a := Answer{Value: Unknown, Source: used.Source, AsOf: used.AsOf}
	switch sign := s.FirstSign(); {
	case sign.Sub(last) > idle:
		a.Value = No
	case last.Before(sign):
		a.Value = Yes
	}
	return a
}
