package alicloud

import (
	"errors"
	"fmt"
	"slices"

	"twokey/actions/rampolicy"
	"twokey/incident"
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
	users := "acs:ram:*:" + s.AccountID + ":user/*"
	policy := "acs:ram:*:" + s.AccountID + ":policy/" + or(s.Policy, DefaultQuarantine)
	doc := rampolicy.Document{Version: rampolicy.Version, Statements: []rampolicy.Statement{
		{Effect: rampolicy.Allow, Actions: slices.Clone(lookActions), Resources: []string{"*"}},
	}}
	granted := map[string][]string{} // resource to actions
	for _, step := range steps {
		needs, ok := stepActions[step]
		if !ok {
			return rampolicy.Document{}, fmt.Errorf("step %q: %w", step, ErrUnknownStep)
		}
		for action, on := range needs {
			for _, resource := range map[resources][]string{onUser: {users}, onPolicy: {policy}, onBoth: {users, policy}, onAll: {"*"}}[on] {
				granted[resource] = append(granted[resource], action)
			}
		}
	}
	for _, resource := range []string{users, policy, "*"} {
		if list := granted[resource]; len(list) > 0 {
			slices.Sort(list)
			doc.Statements = append(doc.Statements, rampolicy.Statement{
				Effect: rampolicy.Allow, Actions: slices.Compact(list), Resources: []string{resource},
			})
		}
	}
	return withDenials(doc, s.Own), nil
}

// resources are what an action is granted on.
type resources int

const (
	onAll resources = iota
	onUser
	onPolicy
	onBoth
)

// lookActions are the reads. GetCallerIdentity is always permitted.
var lookActions = []string{
	"ram:GetUser", "ram:ListAccessKeys", "ram:ListAccessKeysInRecycleBin", "ram:GetAccessKeyInfoInRecycleBin",
	"ram:ListPoliciesForUser", "ram:ListGroupsForUser", "ram:ListPoliciesForGroup", "ram:GetPolicy", "ram:GetLoginProfile",
	"actiontrail:LookupEvents", "actiontrail:GetAccessKeyLastUsedInfo", "actiontrail:GetAccessKeyLastUsedProducts",
	"actiontrail:GetAccessKeyLastUsedEvents",
}

// stepActions are the writes of each step. IMS permissions are ram: actions too;
// those on the recycle bin take no resource (RAM docs: Actions, resources, and
// condition keys).
var stepActions = map[string]map[string]resources{
	incident.StepKeyDisable: {"ram:UpdateAccessKey": onUser},
	incident.StepKeyEnable:  {"ram:UpdateAccessKey": onUser},
	incident.StepKeyDelete:  {"ram:DeleteAccessKey": onUser},
	incident.StepKeyRestore: {"ram:RestoreAccessKeyFromRecycleBin": onAll, "ram:UpdateAccessKey": onUser},
	incident.StepPolicyQuarantine: {
		"ram:CreatePolicy": onPolicy, "ram:AttachPolicyToUser": onBoth,
	},
	incident.StepPolicyDetach: {"ram:DetachPolicyFromUser": onBoth},
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
