package sandbox

import (
	"encoding/json"
	"net/http"
	"slices"

	"twokey/actions/rampolicy"
)

// instanceAndRole are both ends of an attachment (ECS docs: AttachInstanceRamRole).
func instanceAndRole(c *call) []string {
	return append(instanceResource(c), c.arn("role/"+c.param("RamRoleName")))
}

// Codes of AttachInstanceRamRole (ECS docs: AttachInstanceRamRole, RunInstances).
var (
	errNoRole      = &Error{Status: http.StatusNotFound, Code: "InvalidRamRole.NotFound", Message: "The specified RamRoleName does not exist."}
	errNotECSRole  = &Error{Status: http.StatusNotFound, Code: "InvalidRamRole.NotEcsRole", Message: "The specified ram role is not authorized for ecs, please check your role policy."}
	errMayNotPass  = &Error{Status: http.StatusForbidden, Code: "InvalidUser.PassRoleForbidden", Message: "The RAM user does not have the privilege to pass a role."}
	errInstanceIDs = &Error{Status: http.StatusBadRequest, Code: "InvalidInstanceIds.Malformed", Message: "The specified instanceIds are not valid."}
)

// ecsService is who may take an instance's role on: ECS itself, for the programs
// on the instance (ECS docs: Instance RAM roles).
const ecsService = "ecs.aliyuncs.com"

func describeInstanceRole(c *call) (map[string]any, *Error) {
	wanted, role := jsonTexts(c.param("InstanceIds")), c.param("RamRoleName")
	if wanted == nil && role == "" {
		return nil, missing("InstanceIds")
	}
	list := []any{}
	for _, id := range sortedKeys(c.world.instances) {
		i := c.world.instances[id]
		switch {
		case i.region != c.region(), wanted != nil && !slices.Contains(wanted, id), role != "" && i.role != role:
			continue
		case i.role == "" && !c.cloud.behaviour.EmptyRoleRows:
			continue
		}
		list = append(list, map[string]any{"InstanceId": id, "RamRoleName": i.role})
	}
	return map[string]any{"InstanceRamRoleSets": map[string]any{"InstanceRamRoleSet": list}, "RegionId": c.region(), "TotalCount": len(list)}, nil
}

// attachInstanceRole answers 200 also when it attached nothing: what became of
// each instance stands in the list. An instance has one role.
func attachInstanceRole(c *call) (map[string]any, *Error) {
	name := c.param("RamRoleName")
	r := c.world.roles[name]
	switch {
	case r == nil:
		return nil, errNoRole
	case !c.mayPass(name):
		return nil, errMayNotPass
	case !trustsService(r.trust, ecsService):
		return nil, errNotECSRole
	}
	return c.eachInstance("AttachInstanceRamRole", func(i *instance) string {
		if i.role != "" {
			return "InvalidOperation.RamRoleExists" // code not documented; that it is refused is
		}
		i.role = name
		return ""
	})
}

// mayPass asks for the permission that handing a role to somebody takes beside the
// call's own (ECS docs: AttachInstanceRamRole, associated operation ram:PassRole).
func (c *call) mayPass(role string) bool {
	if c.caller == c.world.root {
		return true
	}
	action := "ram:PassRole"
	if c.cloud.behaviour.AttachAsksAssume {
		action = "sts:AssumeRole"
	}
	return rampolicy.Evaluate(c.world.documents(c.caller), action, c.arn("role/"+role)).Decision == rampolicy.Allowed
}

func detachInstanceRole(c *call) (map[string]any, *Error) {
	return c.eachInstance("DetachInstanceRamRole", func(i *instance) string {
		if name := c.param("RamRoleName"); i.role == "" || name != "" && i.role != name {
			return "InvalidInstanceRamRole.NotAttached" // code not documented
		}
		i.role = ""
		return ""
	})
}

// eachInstance does something to each instance that a call names, and says of each
// how that went.
func (c *call) eachInstance(action string, do func(*instance) (code string)) (map[string]any, *Error) {
	ids := jsonTexts(c.param("InstanceIds"))
	if len(ids) == 0 || len(ids) > 100 {
		return nil, errInstanceIDs
	}
	for _, id := range ids {
		if i := c.world.instances[id]; i == nil || i.region != c.region() {
			return nil, errNoInstance
		}
	}
	rows, failed := []any{}, 0
	for _, id := range ids {
		row := map[string]any{"InstanceId": id, "Success": true, "Code": "200", "Message": "success"}
		if code := do(c.world.instances[id]); code != "" {
			row["Success"], row["Code"], row["Message"] = false, code, "The instance was left as it is."
			failed++
		}
		rows = append(rows, row)
	}
	return map[string]any{
		"RamRoleName": c.param("RamRoleName"), "TotalCount": len(ids), "FailCount": failed,
		action + "Results": map[string]any{action + "Result": rows},
	}, nil
}

// modifyMetadata sets whether programs must have a token to read an instance's
// metadata (ECS docs: ModifyInstanceMetadataOptions).
func modifyMetadata(c *call) (map[string]any, *Error) {
	i := c.world.instances[c.param("InstanceId")]
	endpoint, tokens := c.param("HttpEndpoint"), c.param("HttpTokens")
	switch {
	case i == nil || i.region != c.region():
		return nil, errNoInstance
	case endpoint != "enabled" && endpoint != "disabled":
		return nil, bad("InvalidParameter.HttpEndpoint", "The specified HttpEndpoint is not valid.")
	case tokens != "" && tokens != "optional" && tokens != "required":
		return nil, bad("InvalidParameter.HttpTokens", "The specified HttpTokens is not valid.")
	}
	i.metadata = endpoint
	if tokens != "" {
		i.tokens = tokens
	}
	return nil, nil
}

func (c *call) metadataRow(i *instance) map[string]any {
	if i.metadata == "" && i.tokens == "" && c.cloud.behaviour.SilentMetadata {
		return map[string]any{"HttpEndpoint": "", "HttpTokens": ""}
	}
	return map[string]any{"HttpEndpoint": or(i.metadata, "enabled"), "HttpTokens": or(i.tokens, "optional")}
}

// trustsService reports whether a trust policy lets a service take the role on.
func trustsService(text, service string) bool {
	var doc struct {
		Statement []struct {
			Effect    string
			Action    texts
			Principal struct{ Service texts }
			Condition json.RawMessage
		}
	}
	if json.Unmarshal([]byte(text), &doc) != nil {
		return false
	}
	for _, s := range doc.Statement {
		if s.Effect == "Allow" && slices.Contains(s.Action, "sts:AssumeRole") && slices.Contains(s.Principal.Service, service) {
			return true
		}
	}
	return false
}

// jsonTexts is a JSON array of texts as it travels in one parameter; nil if it is
// none.
func jsonTexts(text string) []string {
	var out []string
	if json.Unmarshal([]byte(text), &out) != nil {
		return nil
	}
	return out
}
