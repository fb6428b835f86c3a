package incident

import (
	"strings"
	"time"
)

// Identity is a thing in the cloud that facts are about: "key LTAI…" or
// "user 2019…".
type Identity string

// OfKey is the identity of an AccessKey.
func OfKey(k KeyID) Identity { return Identity("key " + string(k)) }

// OfUser is the identity of a RAM user, by user id: names can be taken again.
func OfUser(id string) Identity { return Identity("user " + id) }

// OfAccount is the identity of a whole account, by its sixteen digits.
func OfAccount(id string) Identity { return Identity("account " + id) }

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

	// Of a key's use.
	FactKnownIPs FactName = "known_ips"  // addresses seen before the leak, sorted, comma-separated
	FactNewIPs   FactName = "new_ips"    // addresses seen only since, sorted, comma-separated
	FactSuspects FactName = "suspects"   // suspicious calls since the leak: see [Suspect]
	FactOwnUse   FactName = "own_use"    // newest use before the leak, or from an address known before it, RFC 3339; absent means unknown
	FactServices FactName = "services"   // used in 400 days, sorted, comma-separated
	FactPassed   FactName = "passed"     // number of calls since the leak that went through
	FactRefused  FactName = "refused"    // number of calls since the leak that were refused
	FactFence    FactName = "fence"      // hash of the key's network policy, or absent
	FactGuarded  FactName = "restricted" // yes: Alibaba Cloud's restrictive protection was seen at work; it is no containment
	FactOwn      FactName = "own"        // yes: the bot works with this key; user: another key of the user it works as
	FactReported FactName = "reported"   // what Security Center says of the leak: pending, dealed or absent

	// Of a user's new key.
	FactReceiver  FactName = "receiver"   // the person who gets it
	FactSealedFor FactName = "sealed_for" // how: "age" and a fingerprint of the public key, or "kms" and the secret's name there
	FactAsOf      FactName = "as_of"      // RFC 3339: when the cloud was read

	// Of a user.
	FactMFA       FactName = "mfa"         // yes or no: a device is bound
	FactMFAForced FactName = "mfa_forced"  // yes or no: no logon without it
	FactRoom      FactName = "policy_slot" // free or full: RAM limits the policies attached to a user
	FactMadeBy    FactName = "made_by"     // the leaked key that created this identity
	FactAssumed   FactName = "assumed"     // roles that the leaked key took on since the leak, sorted, comma-separated
	FactAssumedBy FactName = "assumed_by"  // of a role: the leaked key that took it on

	// Of an instance.
	FactNamed     FactName = "name"       // as people call it
	FactAddresses FactName = "addresses"  // that the leaked key was used from, sorted, comma-separated
	FactCallsWith FactName = "calls_with" // the leaked key that something on it calls with
	FactRAMRole   FactName = "ram_role"   // its RAM role, or absent
	FactMetadata  FactName = "metadata"   // required, optional or disabled: whether reading its metadata takes a token
	FactTrusts    FactName = "trusts"     // of a role: the service that may take it on
	FactUnneeded  FactName = "unneeded"   // policies and groups that no known call of the user needs, sorted, comma-separated
	FactRoleID    FactName = "role_id"    // RAM role id: names can be taken again
	FactTrusted   FactName = "trusted"    // of a role: who may take it on, sorted, comma-separated
	FactTakers    FactName = "takers"     // of a role: who took it on lately, sorted, comma-separated

	// Of a mask.
	FactFits FactName = "fits" // number of keys in all configured accounts that fit it
	FactFit  FactName = "fit"  // the only one of them, or absent

	// Of the account.
	FactRootKeys FactName = "root_keys" // number of keys that root has
	FactRootMFA  FactName = "root_mfa"  // yes or no

	FactMFARule    FactName = "mfa_rule"    // when RAM users are asked for MFA: mandatory, independent or adaptive
	FactPreference FactName = "preference"  // the rest of the account's logon settings, by name
	FactNoMFA      FactName = "without_mfa" // number of RAM users who have no MFA device
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

// OwnSibling is a key that the bot does not work with, of the user that it works as.
const OwnSibling = "user"

// Own reports whether the bot works with the leaked key. Then nobody can tell what
// it does from what the thief does, and it does nothing any more.
func (s State) Own() bool { return s.KeyFact(FactOwn) == Yes }

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

// Suspect is one suspicious call as [FactSuspects] lists it: an operation, and
// where it came from, "ecs:RunInstances@198.51.100.66".
type Suspect struct{ Operation, From string }

func (u Suspect) String() string { return u.Operation + "@" + u.From }

// Suspects are the suspicious calls seen of the key since the leak.
func (s State) Suspects() []Suspect {
	var all []Suspect
	for text := range strings.SplitSeq(s.KeyFact(FactSuspects), ",") {
		if operation, from, ok := strings.Cut(text, "@"); ok {
			all = append(all, Suspect{operation, from})
		}
	}
	return all
}

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
	return s.need()
}

// need is whether the key's owner needs it, by the newest use that is the owner's.
// The last use is, if it was before the first sign; a later one may be the thief's.
func (s State) need() Answer {
	seen, sign := s.Seen[OfKey(s.Key)], s.FirstSign()
	a := Answer{Value: Unknown}
	var newest time.Time
	for _, name := range []FactName{FactLastUsed, FactOwnUse} {
		used := seen[name]
		at, err := time.Parse(time.RFC3339, used.Value)
		if err != nil {
			continue
		}
		if a.Source == "" {
			a.Source, a.AsOf = used.Source, used.AsOf
		}
		if at.After(newest) && (name == FactOwnUse || at.Before(sign)) {
			newest, a.Source, a.AsOf = at, used.Source, used.AsOf
		}
	}
	switch {
	case newest.IsZero():
	case sign.Sub(newest) > idle:
		a.Value = No
	default:
		a.Value = Yes
	}
	return a
}
