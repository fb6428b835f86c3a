package alicloud

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"

	ram "github.com/alibabacloud-go/ram-20150501/v2/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/alibabacloud-go/tea/tea"

	"twokey/incident"
)

// ecsService is who takes on the role of an instance, for the programs on it (ECS
// docs: Instance RAM roles).
const ecsService = "ecs.aliyuncs.com"

// trusts is [ecsService] if a role may be taken on by it, else absent (RAM docs:
// GetRole).
func (a *Account) trusts(ctx context.Context, role string) (string, error) {
	var text string
	err := a.ram(ctx, look("ram:GetRole"), func(ctx context.Context, c *ram.Client, r *dara.RuntimeOptions) error {
		answer, err := c.GetRoleWithContext(ctx, &ram.GetRoleRequest{RoleName: &role}, r)
		if err != nil {
			return err
		}
		if answer.Body == nil || answer.Body.Role == nil {
			return errAnswer
		}
		text = tea.StringValue(answer.Body.Role.AssumeRolePolicyDocument)
		return nil
	}, role)
	if err == nil && letsIn(text, ecsService) {
		return ecsService, nil
	}
	return incident.Absent, err
}

// letsIn reports whether a trust policy lets a service take the role on. The
// document may travel with its signs encoded.
func letsIn(text, service string) bool {
	if plain, err := url.PathUnescape(text); err == nil {
		text = plain
	}
	var doc struct {
		Statement []struct {
			Effect    string
			Principal struct{ Service oneOrMore }
		}
	}
	if json.Unmarshal([]byte(text), &doc) != nil {
		return false
	}
	for _, s := range doc.Statement {
		if s.Effect == "Allow" && slices.Contains(s.Principal.Service, service) {
			return true
		}
	}
	return false
}

// oneOrMore is one text or a list of them, as policies have it.
type oneOrMore []string

// UnmarshalJSON takes both forms.
func (o *oneOrMore) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(o))
}
