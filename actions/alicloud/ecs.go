package alicloud

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"twokey/actions"
	"twokey/incident"
)

const ecsVersion = "2014-05-26"

// machine is an ECS instance, as far as it is read here.
type machine struct {
	id, name, region, vpc string
	addresses             []string // private, public and elastic
	metadata              string   // one of the metadata values
}

// Whether reading an instance's metadata takes a token (ECS docs:
// ModifyInstanceMetadataOptions).
const (
	tokensRequired = "required" // version 2 only, "enforced mode"
	tokensOptional = "optional" // version 1 works too
	metadataOff    = "disabled" // it can't be read at all
)

func (m machine) at() string { return m.region + "/" + m.id }

type machineRow struct {
	InstanceId, InstanceName, RegionId string //nolint:revive // as they travel
	VpcAttributes                      struct {
		VpcId            string //nolint:revive // as it travels
		PrivateIpAddress struct{ IpAddress []string }
	}
	PublicIpAddress struct{ IpAddress []string } //nolint:revive // as it travels
	EipAddress      struct{ IpAddress string }   //nolint:revive // as it travels
	MetadataOptions struct{ HTTPEndpoint, HTTPTokens string }
}

func (r machineRow) machine(region string) machine {
	m := machine{id: r.InstanceId, name: r.InstanceName, region: or(r.RegionId, region), vpc: r.VpcAttributes.VpcId}
	m.addresses = slices.Concat(r.VpcAttributes.PrivateIpAddress.IpAddress, r.PublicIpAddress.IpAddress)
	if r.EipAddress.IpAddress != "" {
		m.addresses = append(m.addresses, r.EipAddress.IpAddress)
	}
	switch options := r.MetadataOptions; {
	case options.HTTPEndpoint == metadataOff:
		m.metadata = metadataOff
	case options.HTTPTokens == tokensRequired:
		m.metadata = tokensRequired
	default: // nobody ever changed it: version 1 works
		m.metadata = tokensOptional
	}
	return m
}

// machines are the instances of a region that a filter finds (ECS docs:
// DescribeInstances).
func (a *Account) machines(ctx context.Context, region string, filter params) ([]machine, error) {
	p := params{"RegionId": region, "MaxResults": "100"}
	maps.Copy(p, filter)
	var found []machine
	for range maxPages {
		var out struct {
			Instances *struct{ Instance []machineRow }
			NextToken string
		}
		if err := a.ecs(ctx, look("ecs:DescribeInstances"), region, "DescribeInstances", p, &out); err != nil {
			return nil, err
		}
		if out.Instances == nil {
			return nil, inconsistent("ecs:DescribeInstances") // silence is not "none"
		}
		for _, r := range out.Instances.Instance {
			found = append(found, r.machine(region))
		}
		if out.NextToken == "" {
			return found, nil
		}
		p["NextToken"] = out.NextToken
	}
	return nil, &actions.Error{Op: "ecs:DescribeInstances", Code: codeAnswer, Err: errTooMany}
}

// machineRole is the RAM role of an instance; empty if it has none (ECS docs:
// DescribeInstanceRamRole).
func (a *Account) machineRole(ctx context.Context, region, id string) (string, error) {
	var out struct {
		InstanceRAMRoleSets *struct {
			InstanceRAMRoleSet []struct{ InstanceId, RAMRoleName string } //nolint:revive // as they travel
		}
	}
	err := a.ecs(ctx, look("ecs:DescribeInstanceRamRole"), region, "DescribeInstanceRamRole",
		params{"RegionId": region, "InstanceIds": jsonList(id)}, &out)
	switch {
	case err != nil:
		return "", err
	case out.InstanceRAMRoleSets == nil:
		return "", inconsistent("ecs:DescribeInstanceRamRole")
	}
	for _, r := range out.InstanceRAMRoleSets.InstanceRAMRoleSet {
		if r.InstanceId == id {
			return r.RAMRoleName, nil
		}
	}
	return "", nil
}

func (a *Account) ecs(ctx context.Context, o operation, region, action string, p params, out any) error {
	return a.call(ctx, o, a.ecsAt(region), ecsVersion, action, p, out)
}

// ecsAt is where ECS listens for a region, also for one that is not configured.
func (a *Account) ecsAt(region string) endpoint {
	if e, ok := a.endpoints.ecs[region]; ok {
		return e
	}
	home := a.regions[0]
	e := a.endpoints.ecs[home]
	e.host = strings.Replace(e.host, "."+home+".", "."+region+".", 1)
	return e
}

// jsonList is a list of texts as ECS takes it in one parameter.
func jsonList(values ...string) string {
	text, _ := json.Marshal(values) // texts always encode
	return string(text)
}

// machineShape is an instance as people and plans name it: its id, with its region
// before it if it is known.
var machineShape = regexp.MustCompile(`^(?:([a-z]{2}-[a-z0-9-]{2,40})/)?(i-[a-z0-9]{4,40})$`)

// noInstance says that nobody said which instance a step is about.
func noInstance(step string) error {
	return &actions.Error{Op: step, Code: CodeNoInstance, Err: actions.ErrNotNamed}
}

// aim is the instance that a plan is about, as it is now. One that is named
// without its region is looked for in all that are configured.
func (s step) aim(ctx context.Context, given map[string]string) (machine, error) {
	at, ok := incident.InstanceOf(incident.Identity(given[incident.ParamOf]))
	name := machineShape.FindStringSubmatch(at)
	switch {
	case given[incident.ParamOf] == "":
		return machine{}, noInstance(s.name)
	case !ok || name == nil:
		return machine{}, &actions.Error{Op: s.name, Code: CodeParameter}
	}
	regions := s.regions
	if name[1] != "" {
		regions = []string{name[1]}
	}
	for _, region := range regions {
		found, err := s.machines(ctx, region, params{"InstanceIds": jsonList(name[2])})
		if err != nil {
			return machine{}, err
		}
		for _, m := range found {
			if m.id == name[2] {
				return m, nil
			}
		}
	}
	return machine{}, &actions.Error{Op: s.name, Code: "InvalidInstanceId.NotFound"}
}

// aims are the parameters of every plan about an instance: how it is called from
// now on, region and all, and the list as it goes out.
func (m machine) aims() map[string]string {
	return map[string]string{incident.ParamOf: string(incident.OfInstance(m.at())), paramInstances: jsonList(m.id)}
}

// paramInstances is the plan's parameter with the ids as they travel: by it the
// audit trail's events are told to be about this plan.
const paramInstances = "instances"

// interfaces are the instances that have a private address on some network
// interface, by address (ECS docs: DescribeNetworkInterfaces).
func (a *Account) interfaces(ctx context.Context, region, vpc string, addresses []string) (map[string]string, error) {
	p := params{"RegionId": region, "VpcId": vpc}
	for i, address := range addresses {
		p["PrivateIpAddress."+strconv.Itoa(i+1)] = address
	}
	var out struct {
		NetworkInterfaceSets struct {
			NetworkInterfaceSet []struct {
				InstanceId, PrivateIpAddress string //nolint:revive // as they travel
				PrivateIpSets                struct {
					PrivateIpSet []struct{ PrivateIpAddress string } //nolint:revive // as it travels
				}
			}
		}
	}
	if err := a.ecs(ctx, look("ecs:DescribeNetworkInterfaces"), region, "DescribeNetworkInterfaces", p, &out); err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, n := range out.NetworkInterfaceSets.NetworkInterfaceSet {
		all := []string{n.PrivateIpAddress}
		for _, set := range n.PrivateIpSets.PrivateIpSet {
			all = append(all, set.PrivateIpAddress)
		}
		for _, address := range all {
			if n.InstanceId != "" && slices.Contains(addresses, address) {
				found[address] = n.InstanceId
			}
		}
	}
	return found, nil
}

// holder is what has an elastic address: an instance, a NAT gateway, a load
// balancer, or nothing.
type holder struct{ id, kind, region string }

// eipHolders are what has elastic addresses, by address (ECS docs:
// DescribeEipAddresses).
func (a *Account) eipHolders(ctx context.Context, region string, addresses []string) (map[string]holder, error) {
	var out struct {
		EipAddresses struct {
			EipAddress []struct{ InstanceId, InstanceType, IpAddress string } //nolint:revive // as they travel
		}
	}
	err := a.ecs(ctx, look("ecs:DescribeEipAddresses"), region, "DescribeEipAddresses",
		params{"RegionId": region, "EipAddress": strings.Join(addresses, ","), "PageSize": "50"}, &out)
	found := map[string]holder{}
	for _, e := range out.EipAddresses.EipAddress {
		found[e.IpAddress] = holder{e.InstanceId, e.InstanceType, region}
	}
	return found, err
}

// allRegions are those that the account can use (ECS docs: DescribeRegions).
func (a *Account) allRegions(ctx context.Context) ([]string, error) {
	var out struct {
		Regions struct {
			Region []struct{ RegionId string } //nolint:revive // as it travels
		}
	}
	if err := a.ecs(ctx, look("ecs:DescribeRegions"), a.regions[0], "DescribeRegions", nil, &out); err != nil {
		return nil, err
	}
	var names []string
	for _, r := range out.Regions.Region {
		if regionName.MatchString(r.RegionId) {
			names = append(names, r.RegionId)
		}
	}
	return names, nil
}
