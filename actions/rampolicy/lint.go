package rampolicy

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Rule names one thing [Lint] objects to.
type Rule string

// The rules for a quarantine policy: it may only take power away, from exactly
// the actions it lists, everywhere and always.
const (
	RuleText      Rule = "text"      // RAM could not read it
	RuleEffect    Rule = "effect"    // a word that is neither Allow nor Deny
	RuleEmpty     Rule = "empty"     // nothing is denied
	RuleAllow     Rule = "allow"     // a statement gives power
	RuleNotAction Rule = "notaction" // denies what nobody listed
	RuleShape     Rule = "shape"     // not service:Action
	RuleDuplicate Rule = "duplicate" // the same action twice
	RuleResource  Rule = "resource"  // leaves some resources out
	RuleCondition Rule = "condition" // may not be in force
	RuleSize      Rule = "size"      // longer than the quota
)

// Problem is one objection. Statement counts from 1; 0 means the whole document.
type Problem struct {
	Rule      Rule
	Statement int
	Detail    string
}

// String is the problem in one English line, for the operator.
func (p Problem) String() string {
	if p.Statement == 0 {
		return fmt.Sprintf("%s: %s", p.Rule, p.Detail)
	}
	return fmt.Sprintf("statement %d: %s: %s", p.Statement, p.Rule, p.Detail)
}

// LintText is [Parse] and [Lint] in one: a text that cannot be read has a problem
// too, which says why. Alibaba Cloud's own document in Indonesian has one such
// text: it says "Tolak" for Deny.
func LintText(text []byte, quota int) []Problem {
	doc, err := Parse(text)
	switch {
	case errors.Is(err, ErrEffect):
		return []Problem{{RuleEffect, 0, err.Error()}}
	case err != nil:
		return []Problem{{RuleText, 0, err.Error()}}
	}
	return Lint(doc, quota)
}

// Lint returns what makes the document unfit as a quarantine policy; nothing
// means fit. The quota is PolicySizeQuota in bytes as IMS GetAccountSummary tells
// it (quotas differ between editions of the documents); 0 skips the size.
func Lint(doc Document, quota int) []Problem {
	var out []Problem
	if len(doc.Statements) == 0 {
		out = append(out, Problem{RuleEmpty, 0, "no statement"})
	}
	if size := len(doc.Canonical()); quota > 0 && size > quota {
		out = append(out, Problem{RuleSize, 0, fmt.Sprintf("%d bytes, quota %d", size, quota)})
	}
	first := map[string]int{}
	for i, s := range doc.Statements {
		out = append(out, s.unfit(i+1)...)
		out = append(out, s.actions(i+1, first)...)
	}
	return out
}

func (s Statement) unfit(n int) []Problem {
	var out []Problem
	switch s.Effect {
	case Deny:
	case Allow:
		out = append(out, Problem{RuleAllow, n, "it gives power: a quarantine only denies"})
	default:
		out = append(out, Problem{RuleEffect, n, fmt.Sprintf("%.40q is no word of the policy language: write Deny, which is never translated", s.Effect)})
	}
	if len(s.NotActions) > 0 {
		out = append(out, Problem{RuleNotAction, n, "denies every action but those listed"})
	}
	if len(s.Resources) != 1 || s.Resources[0] != "*" {
		out = append(out, Problem{RuleResource, n, `resource is not "*"`})
	}
	if s.Conditional() {
		out = append(out, Problem{RuleCondition, n, "has a condition"})
	}
	return out
}

// actionShape is service:Action with wildcards in the action only, so that a slip
// never denies a whole account ("*") or an unnamed service.
var actionShape = regexp.MustCompile(`^[a-z][a-z0-9-]*:[A-Za-z0-9*?]+$`)

func (s Statement) actions(n int, first map[string]int) []Problem {
	var out []Problem
	for _, a := range s.Actions {
		if !actionShape.MatchString(a) {
			out = append(out, Problem{RuleShape, n, fmt.Sprintf("%.60q is not service:Action", a)})
		}
		key := strings.ToLower(a)
		if at, ok := first[key]; ok {
			out = append(out, Problem{RuleDuplicate, n, fmt.Sprintf("%q stands in statement %d already", a, at)})
			continue
		}
		first[key] = n
	}
	return out
}
