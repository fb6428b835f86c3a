package alicloud

import (
	"context"
	"strings"

	ram "github.com/alibabacloud-go/ram-20150501/v2/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"

	"twokey/actions/rampolicy"
)

// split is the type and the name of a policy.
func (r policyRef) split() (kind, name string) {
	kind, name, _ = strings.Cut(string(r), ":")
	return kind, name
}

// detachRef takes any policy from a user (RAM docs: DetachPolicyFromUser).
func (a *Account) detachRef(ctx context.Context, user string, p policyRef) error {
	kind, name := p.split()
	return a.ram(ctx, write("ram:DetachPolicyFromUser"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		_, err := c.DetachPolicyFromUserWithContext(ctx, &ram.DetachPolicyFromUserRequest{UserName: &user, PolicyName: &name, PolicyType: &kind}, r)
		return err
	}, user, kind, name)
}

// attachRef gives a user any policy (RAM docs: AttachPolicyToUser).
func (a *Account) attachRef(ctx context.Context, user string, p policyRef) error {
	kind, name := p.split()
	return a.ram(ctx, write("ram:AttachPolicyToUser"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		_, err := c.AttachPolicyToUserWithContext(ctx, &ram.AttachPolicyToUserRequest{UserName: &user, PolicyName: &name, PolicyType: &kind}, r)
		return err
	}, user, kind, name)
}

// leave takes a user out of a group (RAM docs: RemoveUserFromGroup).
func (a *Account) leave(ctx context.Context, user, group string) error {
	return a.ram(ctx, write("ram:RemoveUserFromGroup"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		_, err := c.RemoveUserFromGroupWithContext(ctx, &ram.RemoveUserFromGroupRequest{UserName: &user, GroupName: &group}, r)
		return err
	}, user, group)
}

// rejoin puts a user into a group again (RAM docs: AddUserToGroup).
func (a *Account) rejoin(ctx context.Context, user, group string) error {
	return a.ram(ctx, write("ram:AddUserToGroup"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		_, err := c.AddUserToGroupWithContext(ctx, &ram.AddUserToGroupRequest{UserName: &user, GroupName: &group}, r)
		return err
	}, user, group)
}

// document is what a policy says now (RAM docs: GetPolicy). Strictly is false for
// one that can't be read as RAM's documents describe it.
func (a *Account) document(ctx context.Context, p policyRef) (doc rampolicy.Document, strictly bool, err error) {
	kind, name := p.split()
	var text string
	err = a.ram(ctx, look("ram:GetPolicy"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		answer, err := c.GetPolicyWithContext(ctx, &ram.GetPolicyRequest{PolicyName: &name, PolicyType: &kind}, r)
		if err != nil {
			return err
		}
		if answer.Body == nil || answer.Body.DefaultPolicyVersion == nil {
			return errAnswer
		}
		text = tea.StringValue(answer.Body.DefaultPolicyVersion.PolicyDocument)
		return nil
	}, kind, name)
	if err != nil {
		return rampolicy.Document{}, false, err
	}
	doc, unread := rampolicy.Parse([]byte(text))
	return doc, unread == nil, nil
}
