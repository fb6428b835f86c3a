package alicloud

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"twokey/actions/rampolicy"
)

// ErrUnknownStep says that this package has no such step.
var ErrUnknownStep = errors.New("no such step in the cloud")

// Scope is where the bot's own policy holds, and what it may hold beyond the
// default.
type Scope struct {
	AccountID string // sixteen digits
	Policy    string // name of the quarantine policy; empty: the default
	Group     string // name of the quarantine group; empty: the default
	Hardened  string // name of the group's policy; empty: the default
	Own       string // ARN of the user or role the bot runs as; empty: not denied
	Looks     bool   // the account is only observed: everything to look and plan with, no write

	// Create lets the bot make the quarantine policy itself. Whoever may create a
	// policy and attach it may make anybody an administrator.
	Create bool

	// GiveBack lets the bot attach any policy, and add to any group, as
	// permissions.give_back does. Whoever may do that may make anybody an
	// administrator too.
	GiveBack bool
}

// SwitchedOn are those of the named steps that this package has, with the steps
// that take them back, sorted.
func SwitchedOn(named []string) []string {
	on := map[string]bool{}
	for _, name := range named {
		for t, ok := traits[name]; ok && !on[name]; t, ok = traits[name] {
			on[name] = true
			name = t.undo
		}
	}
	return slices.Sorted(maps.Keys(on))
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
	needs, err := s.needs(steps)
	if err != nil {
		return rampolicy.Document{}, err
	}
	looks := slices.Clone(lookActions)
	granted := map[string][]string{} // resource to actions
	for _, n := range needs {
		if n.reads {
			looks = append(looks, n.action)
			continue
		}
		for _, resource := range s.arns(n.on) {
			granted[resource] = append(granted[resource], n.action)
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
	doc.Statements = append(doc.Statements, s.denials(needs)...)
	return doc, nil
}

// need is one action that steps need, beside what the bot always looks at.
type need struct {
	action string
	reads  bool
	on     resources
	steps  []string // who needs it, sorted
}

// needs are what the steps need within the scope, sorted by action.
func (s Scope) needs(steps []string) ([]need, error) {
	found := map[string]*need{}
	add := func(step, action string, reads bool, on resources) {
		n := found[action]
		if n == nil {
			n = &need{action: action, reads: reads}
			found[action] = n
		}
		n.on |= on
		n.steps = append(n.steps, step)
	}
	for _, step := range slices.Compact(slices.Sorted(slices.Values(steps))) {
		t, ok := traits[step]
		if !ok {
			return nil, fmt.Errorf("step %q: %w", step, ErrUnknownStep)
		}
		for _, action := range t.reads {
			add(step, action, true, onAll)
		}
		for action, on := range t.writes {
			if !s.Looks && s.allows(action, on) {
				add(step, action, false, on)
			}
		}
	}
	var out []need
	for _, action := range slices.Sorted(maps.Keys(found)) {
		out = append(out, *found[action])
	}
	return out, nil
}

// allows reports whether the scope opted in to an action, if it takes that.
func (s Scope) allows(action string, on resources) bool {
	return (s.Create || !slices.Contains(optIn, action)) && (s.GiveBack || !free(action, on))
}

// free reports whether an action gives anybody anything: attaching whatever policy
// there is, joining whatever group.
func free(action string, on resources) bool {
	return strings.HasPrefix(action, "ram:AttachPolicy") && on&onAnyPolicy != 0 || action == "ram:AddUserToGroup" && on&onGroup != 0
}

// Escalates lists what in the policy of the steps lets whoever holds the bot give
// power to anybody, sorted; empty unless the scope opted in.
func Escalates(steps []string, s Scope) []string {
	needs, err := s.needs(steps)
	if err != nil {
		return nil
	}
	var paths []string
	for _, n := range needs {
		if slices.Contains(optIn, n.action) || free(n.action, n.on) {
			paths = append(paths, n.action)
		}
	}
	return paths
}

// resources are what an action is granted on. They can be added up.
type resources int

const (
	onAll  resources = 0 // actions that take no resource
	onUser resources = 1 << iota
	onPolicy
	onGroup
	onRole
	onInstance
	onAnyPolicy // whoever may attach these can make anybody an administrator
	onJail      // the quarantine group alone: who may add to any group may make administrators
	onSecret    // in KMS, those that carry the bot's own prefix

	onBoth = onUser | onPolicy // the two ends of an attachment
)

// arns are the resources as RAM writes them.
func (s Scope) arns(on resources) []string {
	if on == onAll {
		return []string{"*"}
	}
	account := "acs:ram:*:" + s.AccountID + ":"
	instance := "acs:ecs:*:" + s.AccountID + ":instance/*"
	var out []string
	for _, r := range []struct {
		is  resources
		arn string
	}{
		{onUser, account + "user/*"},
		{onPolicy, account + "policy/" + or(s.Policy, DefaultQuarantine)},
		{onAnyPolicy, account + "policy/*"},
		{onAnyPolicy, "acs:ram:*:system:policy/*"},
		{onPolicy, account + "policy/" + or(s.Hardened, DefaultHardened)},
		{onJail, account + "group/" + or(s.Group, DefaultQuarantine)},
		{onGroup, account + "group/*"},
		{onRole, account + "role/*"},
		{onInstance, instance},
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
	"ram:GetUser", "ram:ListUsers", "ram:ListAccessKeys", "ram:ListAccessKeysInRecycleBin", "ram:GetAccessKeyInfoInRecycleBin",
	"ram:ListPoliciesForUser", "ram:ListGroupsForUser", "ram:ListPoliciesForGroup", "ram:GetPolicy", "ram:GetLoginProfile",
	"actiontrail:LookupEvents", "actiontrail:GetAccessKeyLastUsedInfo", "actiontrail:GetAccessKeyLastUsedProducts",
	"actiontrail:GetAccessKeyLastUsedEvents", "actiontrail:GetAccessKeyLastUsedIps",
	"ram:GetAccessKeyPolicy", "ram:GetAccountSummary", "ram:GetUserMFAInfo", "ram:GetUserInRecycleBin", "ram:GetSecurityPreference",
	"ram:GetAccountMFAInfo", "ram:GetAccountSecurityPracticeReport", "ram:GetRole", "ram:ListPoliciesForRole",
	"ecs:DescribeInstances", "ecs:DescribeInstanceRamRole",
	// Security Center's list had another prefix once, and pages name both.
	"yundun-aegis:DescribeAccesskeyLeakList", "yundun-sas:DescribeAccesskeyLeakList", "yundun-sas:DescribeAccessKeyLeakDetail",
}

// optIn are granted only to a bot that may make its own quarantine policy, or its
// own quarantine group. Everybody else makes them beforehand.
var optIn = []string{"ram:CreatePolicy", "ram:CreateGroup", "ram:AttachPolicyToGroup"}

// never is what the bot must not do. Some of it is a step's work: it is denied
// while that step is not switched on, or was not opted in to.
var never = []string{
	"ram:DeleteAccessKeyInRecycleBin", "ram:DeleteUserInRecycleBin", // for good
	"ram:CreateUser", "ram:CreateRole", "ram:CreateLoginProfile", // a way in that nobody watches
	"ram:CreatePolicy", "ram:CreateGroup", "ram:AttachPolicyToRole", "ram:AttachPolicyToGroup", // power for others
	"ram:CreatePolicyVersion", "ram:SetDefaultPolicyVersion", // the quarantine policy never changes
	"ecs:DeleteInstance", "ecs:DeleteInstances", // nobody's machines
	"kms:GetSecretValue", // it puts secrets there, and never takes them out
}

// changes are the writes of RAM, by how their names begin. Looking at itself stays
// allowed: the bot must see whether its own key still lives.
var changes = []string{
	"ram:Add*", "ram:Attach*", "ram:Bind*", "ram:Change*", "ram:Clear*", "ram:Create*", "ram:Delete*", "ram:Detach*",
	"ram:Disable*", "ram:PassRole", "ram:Remove*", "ram:Restore*", "ram:Set*", "ram:Unbind*", "ram:Update*",
}

// denials are what the bot must never do even if somebody grants it more.
func (s Scope) denials(needs []need) []rampolicy.Statement {
	out := []rampolicy.Statement{{Effect: rampolicy.Deny, Resources: []string{"*"}, Actions: forbidden(needs)}}
	if s.Own != "" {
		own := []string{s.Own}
		if rest, ok := strings.CutPrefix(s.Own, "acs:ram::"); ok {
			own = append(own, "acs:ram:*:"+rest) // whichever way the region is written
		}
		out = append(out, rampolicy.Statement{Effect: rampolicy.Deny, Actions: changes, Resources: own})
	}
	return out
}

// forbidden is what of [never] no step needs.
func forbidden(needs []need) []string {
	return slices.DeleteFunc(slices.Clone(never), func(action string) bool {
		return slices.ContainsFunc(needs, func(n need) bool { return n.action == action })
	})
}
