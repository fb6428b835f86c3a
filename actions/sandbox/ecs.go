package sandbox

import (
	"net/http"
	"strings"
)

// A pretend workload, so that a key can be used and misused.
var ecsCalls = map[string]operation{
	"DescribeInstances": {params: []string{"RegionId"}, resources: instanceResource, handle: describeInstances},
	"RunInstances":      {write: true, params: []string{"RegionId", "Amount", "InstanceType", "ImageId"}, resources: instanceResource, handle: runInstances},
	"DeleteInstance":    {write: true, needs: []string{"InstanceId"}, params: []string{"Force"}, resources: instanceResource, handle: deleteInstance},
}

func instanceResource(c *call) []string {
	return []string{"acs:ecs:" + c.region() + ":" + c.cloud.account + ":instance/" + or(c.param("InstanceId"), "*")}
}

func (c *call) region() string { return or(c.param("RegionId"), c.cloud.region) }

func describeInstances(c *call) (map[string]any, *Error) {
	list := []any{}
	for _, id := range sortedKeys(c.cloud.instances) {
		if at := c.cloud.instances[id]; at == c.region() {
			list = append(list, map[string]any{"InstanceId": id, "InstanceName": id, "RegionId": at, "Status": "Running"})
		}
	}
	return map[string]any{"Instances": map[string]any{"Instance": list}, "TotalCount": len(list)}, nil
}

func runInstances(c *call) (map[string]any, *Error) {
	ids := []any{}
	for range clamp(c.param("Amount"), 1, 1, 100) {
		id := newInstanceID()
		c.cloud.instances[id] = c.region()
		ids = append(ids, id)
	}
	c.created = map[string]any{"InstanceIdSets": map[string]any{"InstanceIdSet": ids}}
	return map[string]any{"InstanceIdSets": map[string]any{"InstanceIdSet": ids}}, nil
}

func deleteInstance(c *call) (map[string]any, *Error) {
	id := c.param("InstanceId")
	if _, ok := c.cloud.instances[id]; !ok {
		return nil, &Error{Status: http.StatusNotFound, Code: "InvalidInstanceId.NotFound", Message: "The specified InstanceId does not exist."}
	}
	delete(c.cloud.instances, id)
	return nil, nil
}

func newInstanceID() string { return "i-bp1" + strings.ToLower(letters(17)) }
