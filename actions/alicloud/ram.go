package alicloud

import (
	"context"
	"slices"
	"strings"
	"time"

	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	ram "github.com/alibabacloud-go/ram-20150501/v2/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"

	"twokey/incident"
)

// custom is the type of policies that an account writes itself.
const custom = "Custom"

// ram makes one call with the RAM SDK. The named values must not be empty.
func (a *Account) ram(ctx context.Context, o operation, f func(context.Context, *ram.Client, *dara.RuntimeOptions) error, named ...string) error {
	if slices.Contains(named, "") {
		return noTarget(o.name)
	}
	return a.do(ctx, o, a.endpoints.ram, func(ctx context.Context, c *openapiutil.Config) error {
		client, err := ram.NewClient(c)
		if err != nil {
			return err
		}
		return f(ctx, client, &dara.RuntimeOptions{})
	})
}

// listedKey is an AccessKey outside the recycle bin.
type listedKey struct {
	id, status string
	created    time.Time
}

// listKeys are the user's keys outside the recycle bin (RAM docs: ListAccessKeys).
func (a *Account) listKeys(ctx context.Context, user string) ([]listedKey, error) {
	var out []listedKey
	err := a.ram(ctx, look("ram:ListAccessKeys"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		answer, err := c.ListAccessKeysWithContext(ctx, &ram.ListAccessKeysRequest{UserName: &user}, r)
		if err != nil {
			return err
		}
		if answer.Body == nil || answer.Body.AccessKeys == nil {
			return errAnswer // silence is not "no keys"
		}
		out = nil
		for _, k := range answer.Body.AccessKeys.AccessKey {
			if k != nil && tea.StringValue(k.AccessKeyId) != "" {
				out = append(out, listedKey{*k.AccessKeyId, tea.StringValue(k.Status), date(tea.StringValue(k.CreateDate))})
			}
		}
		return nil
	}, user)
	return out, err
}

// createKey makes a new key, once: there is no idempotency token, so nothing but a
// call that was turned away at the door is made again. The secret is told here and
// never again (RAM docs: CreateAccessKey).
func (a *Account) createKey(ctx context.Context, user string) (key incident.KeyID, secret string, err error) {
	err = a.ram(ctx, write("ram:CreateAccessKey"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		answer, err := c.CreateAccessKeyWithContext(ctx, &ram.CreateAccessKeyRequest{UserName: &user}, r)
		if err != nil {
			return err
		}
		if answer.Body == nil || answer.Body.AccessKey == nil {
			return errAnswer
		}
		made := answer.Body.AccessKey
		key, secret = incident.KeyID(tea.StringValue(made.AccessKeyId)), tea.StringValue(made.AccessKeySecret)
		made.AccessKeySecret = nil
		if key == "" || secret == "" {
			return errAnswer
		}
		return nil
	}, user)
	if err != nil {
		return "", "", err
	}
	return key, secret, nil
}

// updateKey makes a key Active or Inactive (RAM docs: UpdateAccessKey).
func (a *Account) updateKey(ctx context.Context, user, key, status string) error {
	return a.ram(ctx, write("ram:UpdateAccessKey"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		_, err := c.UpdateAccessKeyWithContext(ctx, &ram.UpdateAccessKeyRequest{UserName: &user, UserAccessKeyId: &key, Status: &status}, r)
		return err
	}, user, key, status)
}

// deleteKey moves a key to the recycle bin (RAM docs: DeleteAccessKey).
func (a *Account) deleteKey(ctx context.Context, user, key string) error {
	return a.ram(ctx, write("ram:DeleteAccessKey"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		_, err := c.DeleteAccessKeyWithContext(ctx, &ram.DeleteAccessKeyRequest{UserName: &user, UserAccessKeyId: &key}, r)
		return err
	}, user, key)
}

// policyRef is a policy as facts write it: "Custom:twokey-quarantine". The same
// name may exist in both types.
type policyRef string

func refTo(kind, name string) policyRef { return policyRef(kind + ":" + name) }

// listed is a policy in an answer, whoever it is attached to.
type listed interface {
	comparable
	GetPolicyType() *string
	GetPolicyName() *string
}

func refs[P listed](answer []P) []policyRef {
	var out []policyRef
	var none P
	for _, p := range answer {
		if p != none {
			out = append(out, refTo(tea.StringValue(p.GetPolicyType()), tea.StringValue(p.GetPolicyName())))
		}
	}
	return out
}

// directPolicies are attached to the user itself. Policies through groups, or
// limited to a resource group, are not among them (RAM docs: ListPoliciesForUser).
func (a *Account) directPolicies(ctx context.Context, user string) ([]policyRef, error) {
	var out []policyRef
	err := a.ram(ctx, look("ram:ListPoliciesForUser"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		answer, err := c.ListPoliciesForUserWithContext(ctx, &ram.ListPoliciesForUserRequest{UserName: &user}, r)
		if err != nil {
			return err
		}
		if answer.Body == nil || answer.Body.Policies == nil {
			return errAnswer
		}
		out = refs(answer.Body.Policies.Policy)
		return nil
	}, user)
	return out, err
}

// groups are those the user is in (RAM docs: ListGroupsForUser).
func (a *Account) groups(ctx context.Context, user string) ([]string, error) {
	var out []string
	err := a.ram(ctx, look("ram:ListGroupsForUser"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		answer, err := c.ListGroupsForUserWithContext(ctx, &ram.ListGroupsForUserRequest{UserName: &user}, r)
		if err != nil {
			return err
		}
		if answer.Body == nil || answer.Body.Groups == nil {
			return errAnswer
		}
		out = nil
		for _, g := range answer.Body.Groups.Group {
			if g != nil {
				out = append(out, tea.StringValue(g.GroupName))
			}
		}
		return nil
	}, user)
	return out, err
}

// groupPolicies are attached to a group (RAM docs: ListPoliciesForGroup).
func (a *Account) groupPolicies(ctx context.Context, group string) ([]policyRef, error) {
	var out []policyRef
	err := a.ram(ctx, look("ram:ListPoliciesForGroup"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		answer, err := c.ListPoliciesForGroupWithContext(ctx, &ram.ListPoliciesForGroupRequest{GroupName: &group}, r)
		if err != nil {
			return err
		}
		if answer.Body == nil || answer.Body.Policies == nil {
			return errAnswer
		}
		out = refs(answer.Body.Policies.Policy)
		return nil
	}, group)
	return out, err
}

// memberships are the user's groups and every policy through them.
func (a *Account) memberships(ctx context.Context, user string) (groups []string, through []policyRef, err error) {
	groups, err = a.groups(ctx, user)
	if err != nil {
		return nil, nil, err
	}
	of := make([][]policyRef, len(groups))
	looks := make([]func() error, len(groups))
	for i, g := range groups {
		looks[i] = func() (err error) {
			of[i], err = a.groupPolicies(ctx, g)
			return err
		}
	}
	if err := together(looks...); err != nil {
		return groups, nil, err
	}
	through = slices.Concat(of...)
	slices.Sort(through)
	return groups, slices.Compact(through), nil
}

// policyText is the document of a custom policy's default version (RAM docs:
// GetPolicy).
func (a *Account) policyText(ctx context.Context, name string) (string, error) {
	var text string
	err := a.ram(ctx, look("ram:GetPolicy"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		answer, err := c.GetPolicyWithContext(ctx, &ram.GetPolicyRequest{PolicyName: &name, PolicyType: new(custom)}, r)
		if err != nil {
			return err
		}
		if answer.Body == nil || answer.Body.DefaultPolicyVersion == nil {
			return errAnswer
		}
		text = tea.StringValue(answer.Body.DefaultPolicyVersion.PolicyDocument)
		return nil
	}, name)
	return text, err
}

// createPolicy makes a custom policy (RAM docs: CreatePolicy).
func (a *Account) createPolicy(ctx context.Context, name, document string) error {
	return a.ram(ctx, write("ram:CreatePolicy"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		_, err := c.CreatePolicyWithContext(ctx, &ram.CreatePolicyRequest{
			PolicyName: &name, PolicyDocument: &document,
			Description: new("Attached by twokey to users whose AccessKey leaked. Do not detach before the key is deleted."),
		}, r)
		return err
	}, name, document)
}

// attach gives a user the custom policy (RAM docs: AttachPolicyToUser).
func (a *Account) attach(ctx context.Context, user, policy string) error {
	return a.ram(ctx, write("ram:AttachPolicyToUser"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		_, err := c.AttachPolicyToUserWithContext(ctx, &ram.AttachPolicyToUserRequest{UserName: &user, PolicyName: &policy, PolicyType: new(custom)}, r)
		return err
	}, user, policy)
}

// detach takes the custom policy from a user (RAM docs: DetachPolicyFromUser).
func (a *Account) detach(ctx context.Context, user, policy string) error {
	return a.ram(ctx, write("ram:DetachPolicyFromUser"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		_, err := c.DetachPolicyFromUserWithContext(ctx, &ram.DetachPolicyFromUserRequest{UserName: &user, PolicyName: &policy, PolicyType: new(custom)}, r)
		return err
	}, user, policy)
}

// list joins values the way facts keep them.
func list[S ~string](values []S) string {
	sorted := make([]string, len(values))
	for i, v := range values {
		sorted[i] = string(v)
	}
	slices.Sort(sorted)
	return strings.Join(sorted, ",")
}
