package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A pretend workload, so that a key can be used and misused, and what is needed to
// find the instance behind an address.
var ecsCalls = map[string]operation{
	"DescribeInstances": {
		params: []string{"RegionId", "InstanceIds", "VpcId"}, resources: instanceResource, handle: describeInstances,
	},
	"DescribeRegions":           {handle: describeRegions},
	"DescribeNetworkInterfaces": {needs: []string{"RegionId"}, params: []string{"VpcId"}, resources: interfaceResource, handle: describeInterfaces},
	"DescribeEipAddresses":      {needs: []string{"RegionId"}, params: []string{"EipAddress"}, resources: addressResource, handle: describeEips},
	"RunInstances":              {write: true, params: []string{"RegionId", "Amount", "InstanceType", "ImageId"}, resources: instanceResource, handle: runInstances},
	"DeleteInstance":            {write: true, needs: []string{"InstanceId"}, params: []string{"Force"}, resources: instanceResource, handle: deleteInstance},

	"DescribeInstanceRamRole": {needs: []string{"RegionId"}, params: []string{"InstanceIds", "RamRoleName"}, resources: instanceResource, handle: describeInstanceRole},
	"AttachInstanceRamRole": {
		write: true, needs: []string{"RegionId", "RamRoleName", "InstanceIds"}, resources: instanceAndRole, handle: attachInstanceRole,
	},
	"DetachInstanceRamRole": {
		write: true, needs: []string{"RegionId", "InstanceIds"}, params: []string{"RamRoleName"}, resources: instanceResource, handle: detachInstanceRole,
	},
	"ModifyInstanceMetadataOptions": {
		write: true, needs: []string{"RegionId", "InstanceId", "HttpEndpoint"}, params: []string{"HttpTokens"},
		resources: instanceResource, handle: modifyMetadata,
	},
}

// instanceResource is each instance that a call names, by whichever parameter.
func instanceResource(c *call) []string {
	ids := append(jsonTexts(c.param("InstanceIds")), c.param("InstanceId"))
	var out []string
	for _, id := range ids {
		if id != "" || len(ids) == 1 {
			out = append(out, c.ecsARN("instance/"+or(id, "*")))
		}
	}
	return out
}

func interfaceResource(c *call) []string { return []string{c.ecsARN("eni/*")} }

func addressResource(c *call) []string { return []string{c.ecsARN("eip/*")} }

func (c *call) ecsARN(relative string) string {
	return "acs:ecs:" + c.region() + ":" + c.cloud.account + ":" + relative
}

func (c *call) region() string { return or(c.param("RegionId"), c.cloud.region) }

// describeInstances takes its filters as JSON arrays in texts (ECS docs:
// DescribeInstances).
func describeInstances(c *call) (map[string]any, *Error) {
	keep, refused := c.instanceFilter()
	if refused != nil {
		return nil, refused
	}
	all := []any{}
	for _, id := range sortedKeys(c.world.instances) {
		if i := c.world.instances[id]; i.region == c.region() && keep(i) {
			all = append(all, c.instanceRow(i))
		}
	}
	from := clamp(c.param("NextToken"), 0, 0, len(all))
	to := min(len(all), from+clamp(c.param("MaxResults"), 10, 1, 100))
	out := map[string]any{"Instances": map[string]any{"Instance": all[from:to]}, "TotalCount": len(all), "NextToken": ""}
	if to < len(all) {
		out["NextToken"] = strconv.Itoa(to)
	}
	return out, nil
}

func (c *call) instanceFilter() (func(*instance) bool, *Error) {
	var keep []func(*instance) bool
	for name, has := range map[string]func(*instance) []string{
		"InstanceIds":        func(i *instance) []string { return []string{i.id} },
		"PrivateIpAddresses": func(i *instance) []string { return []string{i.private} },
		"PublicIpAddresses":  func(i *instance) []string { return []string{i.public} },
		"EipAddresses":       func(i *instance) []string { return c.world.eipsOf(i.id) },
	} {
		text := c.param(name)
		if text == "" {
			continue
		}
		wanted := jsonTexts(text)
		if wanted == nil {
			return nil, bad("InvalidParameter."+name, "The parameter must be a JSON array of texts.") // code not documented
		}
		keep = append(keep, func(i *instance) bool {
			return slices.ContainsFunc(has(i), func(a string) bool { return a != "" && slices.Contains(wanted, a) })
		})
	}
	if vpc := c.param("VpcId"); vpc != "" {
		keep = append(keep, func(i *instance) bool { return i.vpc == vpc })
	}
	return func(i *instance) bool {
		return !slices.ContainsFunc(keep, func(k func(*instance) bool) bool { return !k(i) })
	}, nil
}

func (c *call) instanceRow(i *instance) map[string]any {
	eip := ""
	if all := c.world.eipsOf(i.id); len(all) > 0 {
		eip = all[0]
	}
	return map[string]any{
		"InstanceId": i.id, "InstanceName": or(i.name, i.id), "RegionId": i.region, "Status": "Running",
		"VpcAttributes": map[string]any{
			"VpcId": i.vpc, "PrivateIpAddress": map[string]any{"IpAddress": listOf(i.private)},
		},
		"PublicIpAddress": map[string]any{"IpAddress": listOf(i.public)},
		"EipAddress":      map[string]any{"IpAddress": eip},
		"MetadataOptions": c.metadataRow(i),
	}
}

func listOf(text string) []any {
	if text == "" {
		return []any{}
	}
	return []any{text}
}

// describeRegions lists where this account has something, and two more.
func describeRegions(c *call) (map[string]any, *Error) {
	names := []string{c.cloud.region, "cn-hangzhou", "ap-southeast-1"}
	for _, i := range c.world.instances {
		names = append(names, i.region)
	}
	for _, e := range c.world.eips {
		names = append(names, e.region)
	}
	slices.Sort(names)
	list := []any{}
	for _, r := range slices.Compact(names) {
		list = append(list, map[string]any{"RegionId": r, "LocalName": r, "RegionEndpoint": "ecs." + r + ".sandbox.invalid"})
	}
	return map[string]any{"Regions": map[string]any{"Region": list}}, nil
}

// describeInterfaces are the network interfaces of instances: the first has the
// instance's own address, the others are only seen here.
func describeInterfaces(c *call) (map[string]any, *Error) {
	var wanted []string
	for n := 1; c.param("PrivateIpAddress."+strconv.Itoa(n)) != ""; n++ {
		wanted = append(wanted, c.param("PrivateIpAddress."+strconv.Itoa(n)))
	}
	list := []any{}
	for _, id := range sortedKeys(c.world.instances) {
		i := c.world.instances[id]
		if i.region != c.region() || c.param("VpcId") != "" && i.vpc != c.param("VpcId") {
			continue
		}
		for n, address := range append([]string{i.private}, i.others...) {
			if address == "" || wanted != nil && !slices.Contains(wanted, address) {
				continue
			}
			list = append(list, map[string]any{
				"NetworkInterfaceId": "eni-" + strings.TrimPrefix(i.id, "i-") + strconv.Itoa(n), "InstanceId": i.id, "VpcId": i.vpc,
				"PrivateIpAddress": address, "Status": "InUse",
			})
		}
	}
	return map[string]any{"NetworkInterfaceSets": map[string]any{"NetworkInterfaceSet": list}, "TotalCount": len(list)}, nil
}

// describeEips takes several addresses with commas between them (ECS docs:
// DescribeEipAddresses).
func describeEips(c *call) (map[string]any, *Error) {
	wanted := strings.Split(c.param("EipAddress"), ",")
	list := []any{}
	for _, address := range sortedKeys(c.world.eips) {
		e := c.world.eips[address]
		if e.region != c.region() || c.param("EipAddress") != "" && !slices.Contains(wanted, address) {
			continue
		}
		state := "Available"
		if e.holder != "" {
			state = "InUse"
		}
		list = append(list, map[string]any{
			"AllocationId": e.id, "IpAddress": address, "RegionId": e.region, "InstanceId": e.holder, "InstanceType": e.kind, "Status": state,
		})
	}
	return map[string]any{"EipAddresses": map[string]any{"EipAddress": list}, "TotalCount": len(list), "PageNumber": 1, "PageSize": 50}, nil
}

func runInstances(c *call) (map[string]any, *Error) {
	ids := []any{}
	for range clamp(c.param("Amount"), 1, 1, 100) {
		i := &instance{id: newInstanceID(), region: c.region()}
		c.world.instances[i.id] = i
		ids = append(ids, i.id)
	}
	c.created = map[string]any{"InstanceIdSets": map[string]any{"InstanceIdSet": ids}}
	return map[string]any{"InstanceIdSets": map[string]any{"InstanceIdSet": ids}}, nil
}

func deleteInstance(c *call) (map[string]any, *Error) {
	id := c.param("InstanceId")
	if c.world.instances[id] == nil {
		return nil, errNoInstance
	}
	delete(c.world.instances, id)
	return nil, nil
}

var errNoInstance = &Error{Status: http.StatusNotFound, Code: "InvalidInstanceId.NotFound", Message: "The specified InstanceId does not exist."}

func newInstanceID() string { return "i-bp1" + strings.ToLower(letters(17)) }
