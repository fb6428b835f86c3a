package alicloud

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"twokey/actions/rampolicy"
)

// ErrUnknownStep says that this package has no such step.
var ErrUnknownStep = errors.New("no such step in the cloud")

// Scope is where the bot's own policy holds.
type Scope struct {
	AccountID string // sixteen digits
	Policy    string // name of the quarantine policy; empty: the default
	Own       string // ARN of the user or role the bot runs as; empty: not denied
}

// LeastPolicy is the least RAM policy that the bot needs for the steps switched
// on: what it always looks at, the writes of those steps, and explicit denials of
// what it must never do even if somebody grants it more. No steps is a policy to
// observe with. A step that this package does not have is [ErrUnknownStep].
//
// AttachPolicyToUser is limited to the one quarantine policy: with it the bot can
// give nobody power (RAM docs: Actions, resources, and condition keys).
func LeastPolicy(steps []string, s Scope) (rampolicy.Document, error) {
	if !accountID.MatchString(s.AccountID) {
		return rampolicy.Document{}, fmt.Errorf("%w: the id is not sixteen digits", ErrConfig)
	}
	looks := slices.Clone(lookActions)
	granted := map[string][]string{} // resource to actions
	for _, step := range steps {
		needs, ok := traits[step]
		if !ok {
			return rampolicy.Document{}, fmt.Errorf("step %q: %w", step, ErrUnknownStep)
		}
		looks = append(looks, needs.reads...)
		for action, on := range needs.writes {
			for _, resource := range s.arns(on) {
				granted[resource] = append(granted[resource], action)
			}
		}
	}
	slices.Sort(looks)
	doc := rampolicy.Document{Version: rampolicy.Version, Statements: []rampolicy.Statement{
		{Effect: rampolicy.Allow, Actions: slices.Compact(looks), Resources: []string{"*"}},
	}}
	for _, resource := range slices.Sorted(maps.Keys(granted)) {
		list := granted[resource]
		slices.Sort(list)
		doc.Statements = append(doc.Statements, rampolicy.Statement{
			Effect: rampolicy.Allow, Actions: slices.Compact(list), Resources: []string{resource},
		})
	}
	return withDenials(doc, s.Own), nil
}

// resources are what an action is granted on. They can be added up.
type resources int

const (
	onAll  resources = 0 // actions that take no resource
	onUser resources = 1 << iota
	onPolicy
	onGroup
	onRole
	onSecret // in KMS, those that carry the bot's own prefix

	onBoth = onUser | onPolicy // the two ends of an attachment
)

// arns are the resources as RAM writes them.
func (s Scope) arns(on resources) []string {
	if on == onAll {
		return []string{"*"}
	}
	account := "acs:ram:*:" + s.AccountID + ":"
	var out []string
	for _, r := range []struct {
		is  resources
		arn string
	}{
		{onUser, account + "user/*"},
		{onPolicy, account + "policy/" + or(s.Policy, DefaultQuarantine)},
		{onGroup, account + "group/*"},
		{onRole, account + "role/*"},
		{onSecret, "acs:kms:*:" + s.AccountID + ":secret/twokey-*"},
	} {
		if on&r.is != 0 {
			out = append(out, r.arn)
		}
	}
	return out
}

// lookActions are the reads. GetCallerIdentity is always permitted.
var lookActions = []string{
	"ram:GetUser", "ram:ListAccessKeys", "ram:ListAccessKeysInRecycleBin", "ram:GetAccessKeyInfoInRecycleBin",
	"ram:ListPoliciesForUser", "ram:ListGroupsForUser", "ram:ListPoliciesForGroup", "ram:GetPolicy", "ram:GetLoginProfile",
	"actiontrail:LookupEvents", "actiontrail:GetAccessKeyLastUsedInfo", "actiontrail:GetAccessKeyLastUsedProducts",
	"actiontrail:GetAccessKeyLastUsedEvents", "actiontrail:GetAccessKeyLastUsedIps",
}

// withDenials adds what the bot must never do.
func withDenials(doc rampolicy.Document, own string) rampolicy.Document {
	doc.Statements = append(doc.Statements, rampolicy.Statement{
		Effect: rampolicy.Deny, Resources: []string{"*"},
		Actions: []string{
			"ram:DeleteAccessKeyInRecycleBin", "ram:DeleteUserInRecycleBin", // for good
			"ram:CreateUser", "ram:CreateRole", "ram:CreateLoginProfile", "ram:AttachPolicyToRole", "ram:AttachPolicyToGroup",
			"ram:CreatePolicyVersion", "ram:SetDefaultPolicyVersion", // the quarantine policy never changes
			"kms:GetSecretValue",
		},
	})
	if own != "" {
		doc.Statements = append(doc.Statements, rampolicy.Statement{
			Effect: rampolicy.Deny, Actions: []string{"ram:*"}, Resources: []string{own},
		})
	}
	return doc
}
