package rampolicy

import "strings"

// Decision is what a set of policies says about one request.
type Decision int

// The three decisions. Not allowing is the default (RAM docs: Policy evaluation
// process).
const (
	ImplicitDeny Decision = iota
	Allowed
	ExplicitDeny
)

// String is the word RAM puts into AccessDeniedDetail.NoPermissionType, or
// "Allow".
func (d Decision) String() string {
	switch d {
	case Allowed:
		return "Allow"
	case ExplicitDeny:
		return "ExplicitDeny"
	default:
		return "ImplicitDeny"
	}
}

// Verdict is a Decision with its certainty.
type Verdict struct {
	Decision Decision
	// Conditional is true when the decision rests on a statement whose Condition
	// was not evaluated: it may turn out otherwise.
	Conditional bool
	// Document is the index of the document that decided, -1 when none did.
	Document int
}

// Evaluate decides one request against all documents that apply to a user, direct
// ones and those of its groups alike. An explicit Deny beats every Allow, and
// what nothing allows is denied (RAM docs: Policy evaluation process). A
// statement with a Condition counts as in force.
func Evaluate(docs []Document, action, resource string) Verdict {
	denied := find(docs, Deny, action, resource)
	if denied.Document >= 0 {
		denied.Decision = ExplicitDeny
		return denied
	}
	allowed := find(docs, Allow, action, resource)
	if allowed.Document >= 0 {
		allowed.Decision = Allowed
	}
	return allowed
}

// find looks for a statement of the effect that matches, and prefers one without
// a Condition.
func find(docs []Document, effect Effect, action, resource string) Verdict {
	found := Verdict{Document: -1}
	for i, d := range docs {
		for _, s := range d.Statements {
			if s.Effect != effect || !s.MatchesAction(action) || !s.MatchesResource(resource) {
				continue
			}
			if !s.Conditional() {
				return Verdict{Document: i}
			}
			if found.Document < 0 {
				found = Verdict{Document: i, Conditional: true}
			}
		}
	}
	return found
}

// Denies returns those of the actions that some Deny statement of the document
// may refuse, on whatever resource and under whatever condition: it is for
// predicting what a quarantine breaks, so it errs on the side of "would break".
// The order is that of actions.
func Denies(doc Document, actions []string) []string {
	var out []string
	for _, action := range actions {
		for _, s := range doc.Statements {
			if s.Effect == Deny && s.MatchesAction(action) {
				out = append(out, action)
				break
			}
		}
	}
	return out
}

// MatchesAction reports whether the statement speaks of the action
// ("ecs:RunInstances"). Letter case does not matter.
func (s Statement) MatchesAction(action string) bool {
	lower := strings.ToLower(action)
	hit := func(patterns []string) bool {
		for _, p := range patterns {
			if glob(strings.ToLower(p), lower) {
				return true
			}
		}
		return false
	}
	if len(s.NotActions) > 0 {
		return !hit(s.NotActions)
	}
	return hit(s.Actions)
}

// MatchesResource reports whether the statement speaks of the resource, an ARN
// "acs:service:region:account:relative-id" (RAM docs: Policy elements).
func (s Statement) MatchesResource(resource string) bool {
	hit := func(patterns []string) bool {
		for _, p := range patterns {
			if matchARN(p, resource) {
				return true
			}
		}
		return false
	}
	if len(s.NotResources) > 0 {
		return !hit(s.NotResources)
	}
	return hit(s.Resources)
}

// matchARN compares part by part, so that a star in the account never swallows
// the colon before the relative id. What is not a whole ARN ("*") is compared as
// one text.
func matchARN(pattern, resource string) bool {
	const parts = 5
	p, r := strings.SplitN(pattern, ":", parts), strings.SplitN(resource, ":", parts)
	if len(p) < parts || len(r) < parts {
		return glob(pattern, resource)
	}
	for i := range p {
		if !glob(p[i], r[i]) {
			return false
		}
	}
	return true
}

// glob matches "*" (any run, also none) and "?" (exactly one character). It
// remembers only the last star, so its time stays within len(pattern)*len(text).
func glob(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	i, j, star, mark := 0, 0, -1, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark, i = i, j, i+1
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	for i < len(p) && p[i] == '*' {
		i++
	}
	return i == len(p)
}
