package alicloud

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	ram "github.com/alibabacloud-go/ram-20150501/v2/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"

	"twokey/incident"
)

// role is a RAM role.
type role struct {
	id, name string
	trusts   []string // who may take it on: ARNs of users, roles or accounts, services, identity providers
}

// roleOf reads a role (RAM docs: GetRole). None is an error that [absent] knows.
func (a *Account) roleOf(ctx context.Context, name string) (role, error) {
	var out role
	err := a.ram(ctx, look("ram:GetRole"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		answer, err := c.GetRoleWithContext(ctx, &ram.GetRoleRequest{RoleName: &name}, r)
		if err != nil {
			return err
		}
		if answer.Body == nil || answer.Body.Role == nil || tea.StringValue(answer.Body.Role.RoleId) == "" {
			return errAnswer
		}
		found := answer.Body.Role
		out = role{*found.RoleId, name, trusted(tea.StringValue(found.AssumeRolePolicyDocument))}
		return nil
	}, name)
	return out, err
}

// trusted are the principals that a trust policy lets in, sorted; one that can't be
// read says so.
func trusted(text string) []string {
	var doc struct {
		Statement []struct {
			Effect    string
			Principal map[string]json.RawMessage
		}
	}
	if json.Unmarshal([]byte(text), &doc) != nil {
		return []string{incident.Unknown}
	}
	var out []string
	for _, s := range doc.Statement {
		for _, raw := range s.Principal {
			if s.Effect == "Allow" {
				out = append(out, items(plain(raw))...)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// rolePolicies are attached to a role (RAM docs: ListPoliciesForRole).
func (a *Account) rolePolicies(ctx context.Context, name string) ([]policyRef, error) {
	var out []policyRef
	err := a.ram(ctx, look("ram:ListPoliciesForRole"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		answer, err := c.ListPoliciesForRoleWithContext(ctx, &ram.ListPoliciesForRoleRequest{RoleName: &name}, r)
		if err != nil {
			return err
		}
		if answer.Body == nil || answer.Body.Policies == nil {
			return errAnswer
		}
		out = refs(answer.Body.Policies.Policy)
		return nil
	}, name)
	return out, err
}

// attachToRole gives a role the custom policy (RAM docs: AttachPolicyToRole).
func (a *Account) attachToRole(ctx context.Context, name, policy string) error {
	return a.ram(ctx, write("ram:AttachPolicyToRole"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		_, err := c.AttachPolicyToRoleWithContext(ctx, &ram.AttachPolicyToRoleRequest{RoleName: &name, PolicyName: &policy, PolicyType: new(custom)}, r)
		return err
	}, name, policy)
}

// detachFromRole takes the custom policy from a role (RAM docs:
// DetachPolicyFromRole).
func (a *Account) detachFromRole(ctx context.Context, name, policy string) error {
	return a.ram(ctx, write("ram:DetachPolicyFromRole"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		_, err := c.DetachPolicyFromRoleWithContext(ctx, &ram.DetachPolicyFromRoleRequest{RoleName: &name, PolicyName: &policy, PolicyType: new(custom)}, r)
		return err
	}, name, policy)
}

// roleUse is what the trail says of a role: who took it on lately, and what its
// sessions did before the leak.
type roleUse struct {
	by   []string
	past past
}

// takers are as facts keep them; a trail that did not answer knows nothing.
func (u roleUse) takers() string {
	if u.past.since.IsZero() {
		return incident.Unknown
	}
	return list(u.by)
}

// useOfRole asks the trail of every region (ActionTrail docs: LookupEvents,
// RoleName), in no more time than a plan may wait for what is good to know.
func (s step) useOfRole(ctx context.Context, name string, q question) roleUse {
	ctx, cancel := context.WithTimeout(ctx, 2*soon)
	defer cancel()
	from := s.now().Add(-lately)
	regions := s.trailRegions()
	found, since := make([][]event, len(regions)), make([]time.Time, len(regions))
	looks := make([]func() error, len(regions))
	for i, region := range regions {
		looks[i] = func() error {
			events, all, err := s.search(ctx, region, "RoleName", name, from, time.Time{}, searchPages)
			found[i], since[i] = events, from
			if n := len(events); !all && n > 0 {
				since[i] = date(events[n-1].EventTime)
			}
			return err
		}
	}
	err := together(looks...)
	var use roleUse
	for _, e := range slices.Concat(found...) {
		switch {
		case e.ErrorCode != "": // what was refused would not be missed
		case strings.HasPrefix(e.EventName, "AssumeRole"):
			use.by = append(use.by, or(e.UserIdentity.UserName, e.UserIdentity.PrincipalId))
		case strings.HasPrefix(e.UserIdentity.Type, "assumed-role") && q.counts(date(e.EventTime)):
			use.past.uses = append(use.past.uses, usedFor(e))
		}
	}
	slices.Sort(use.by)
	use.by = slices.Compact(use.by)
	if err == nil && len(since) > 0 {
		use.past.since = slices.MaxFunc(since, time.Time.Compare).UTC()
	}
	return use
}

func usedFor(e event) use { return use{e.ServiceName, e.EventName} }
