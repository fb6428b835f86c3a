package alicloud

import (
	"context"
	"maps"
	"slices"
	"strings"

	ram "github.com/alibabacloud-go/ram-20150501/v2/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"
)

// roleNamed is a role's name as RAM writes it. An ARN has it in small letters, so
// that it may have to be looked for (RAM docs: GetRole, ListRoles). None is an
// error that [absent] knows.
func (a *Account) roleNamed(ctx context.Context, name string) (string, error) {
	var out string
	err := a.ram(ctx, look("ram:GetRole"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		answer, err := c.GetRoleWithContext(ctx, &ram.GetRoleRequest{RoleName: &name}, r)
		if err != nil {
			return err
		}
		if answer.Body == nil || answer.Body.Role == nil {
			return errAnswer
		}
		out = tea.StringValue(answer.Body.Role.RoleName)
		return nil
	}, name)
	if !absent(err) {
		return out, err
	}
	names, all := a.roleNames(ctx)
	if all != nil {
		return "", all
	}
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return n, nil
		}
	}
	return "", err
}

func (a *Account) roleNames(ctx context.Context) (names []string, err error) {
	var marker *string
	for range maxPages {
		more := false
		err := a.ram(ctx, look("ram:ListRoles"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
			answer, err := c.ListRolesWithContext(ctx, &ram.ListRolesRequest{Marker: marker, MaxItems: new(int32(1000))}, r)
			if err != nil {
				return err
			}
			if answer.Body == nil || answer.Body.Roles == nil {
				return errAnswer
			}
			for _, role := range answer.Body.Roles.Role {
				if role != nil {
					names = append(names, tea.StringValue(role.RoleName))
				}
			}
			marker, more = answer.Body.Marker, tea.BoolValue(answer.Body.IsTruncated)
			return nil
		})
		if err != nil || !more {
			return names, err
		}
	}
	return names, errTooMany
}

// userByName finds the user that has a name now (RAM docs: GetUser).
func (a *Account) userByName(ctx context.Context, name string) (user, error) {
	var u user
	err := a.ram(ctx, look("ram:GetUser"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		answer, err := c.GetUserWithContext(ctx, &ram.GetUserRequest{UserName: &name}, r)
		if err != nil {
			return err
		}
		if answer.Body == nil || answer.Body.User == nil || tea.StringValue(answer.Body.User.UserId) == "" {
			return errAnswer
		}
		u = user{id: *answer.Body.User.UserId, name: tea.StringValue(answer.Body.User.UserName)}
		return nil
	}, name)
	return u, err
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
