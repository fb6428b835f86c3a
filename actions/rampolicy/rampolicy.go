// Package rampolicy reads RAM policy documents, checks that one is fit to
// quarantine a user, and predicts what a set of them allows and denies.
//
// It is not RAM: it knows neither control policies of a resource directory, nor
// session policies, nor policies on resources, and it cannot evaluate a
// Condition, which it therefore treats as something that may apply. It speaks to
// no network and imports the standard library only.
package rampolicy

// Version is the only version of the policy language (RAM docs: Policy structure
// and syntax).
const Version = "1"

// Effect is what a statement does to the requests it matches.
type Effect string

// The two effects of the policy language; the words are never translated
// (RAM docs: Policy elements).
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Document is a policy as RAM stores it. Make one with [Parse]; the zero value
// allows nothing and denies nothing.
type Document struct {
	Version    string
	Statements []Statement
}

// Statement is one rule of a Document. Exactly one of Actions and NotActions, and
// exactly one of Resources and NotResources, has members.
type Statement struct {
	Effect       Effect
	Actions      []string
	NotActions   []string
	Resources    []string
	NotResources []string
	// Condition is the block as compact JSON with sorted keys; empty when the
	// statement has none.
	Condition string
}

// Conditional reports whether the statement may be left out of force by its
// Condition block.
func (s Statement) Conditional() bool { return s.Condition != "" }
