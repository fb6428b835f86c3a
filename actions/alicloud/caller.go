package alicloud

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"twokey/actions"
	"twokey/incident"
)

// The looks that come after containing: what it cost, where the calls came from,
// and what else is old or unused.
func (a *Account) afterSteps() []actions.Action {
	return []actions.Action{
		lookStep{step{a, incident.StepFindCaller}, a.findCaller},
		lookStep{step{a, incident.StepFeesCheck}, a.checkFees},
		lookStep{step{a, incident.StepHygiene}, a.reportHygiene},
	}
}

var afterTraits = map[string]trait{
	incident.StepFindCaller: {reads: []string{"ecs:DescribeRegions", "ecs:DescribeNetworkInterfaces", "ecs:DescribeEipAddresses"}},
	incident.StepFeesCheck:  {reads: []string{"bssapi:QueryAccountBill", "bssapi:DescribeInstanceBill"}},
	incident.StepHygiene: {reads: []string{
		"ram:GetAccessKeyLastUsed", "ram:GetUserMFAInfo", "ram:GetAccountMFAInfo", "ram:GetAccountSecurityPracticeReport",
	}},
}

// spot is where calls with a key came from: an address, and the VPC if they came
// through an endpoint of one. The same private address is another machine in
// another VPC.
type spot struct{ address, vpc string }

// calls are those from one spot.
type calls struct {
	spot
	n           int
	first, last time.Time
}

// callers are where a key was used from, as the audit trail has it (ECS docs:
// Protect your Alibaba Cloud account; ActionTrail docs: event structure).
func (a *Account) callers(ctx context.Context, key incident.KeyID) ([]calls, bool, error) {
	since := a.now().Add(-window)
	regions := a.trailRegions()
	found, whole := make([][]event, len(regions)), make([]bool, len(regions))
	looks := make([]func() error, len(regions))
	for i, region := range regions {
		looks[i] = func() (err error) {
			found[i], whole[i], err = a.search(ctx, region, "EventAccessKeyId", string(key), since, time.Time{}, searchPages)
			return err
		}
	}
	err := together(looks...)
	by := map[spot]*calls{}
	for _, e := range slices.Concat(found...) {
		at := spot{e.SourceIpAddress, e.VpcId}
		if ip, err := netip.ParseAddr(e.SourceIpAddress); err == nil {
			at.address = ip.Unmap().String()
		}
		c := by[at]
		if c == nil {
			c = &calls{spot: at}
			by[at] = c
		}
		c.add(date(e.EventTime))
	}
	var all []calls
	for _, c := range by {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(x, y calls) int {
		return cmp.Or(y.last.Compare(x.last), cmp.Compare(x.address, y.address), cmp.Compare(x.vpc, y.vpc))
	})
	return all, !slices.Contains(whole, false), err
}

func (c *calls) add(at time.Time) {
	c.n++
	if c.first.IsZero() || at.Before(c.first) {
		c.first = at
	}
	if at.After(c.last) {
		c.last = at
	}
}

// ip is the spot's address; false for the name of a service that called by
// itself.
func (o spot) ip() (netip.Addr, bool) {
	ip, err := netip.ParseAddr(o.address)
	return ip, err == nil
}

// private reports whether the calls came from inside of a VPC.
func (o spot) private() bool {
	_, ok := o.ip()
	return ok && o.vpc != ""
}

// public reports whether the address may be a public one of ours.
func (o spot) public() bool {
	ip, ok := o.ip()
	return ok && o.vpc == "" && !ip.IsPrivate()
}

// findCaller says which instance has each address that the key was used from.
func (a *Account) findCaller(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	q, err := asking(p.Step, p.Target.Key, p.Params)
	if err != nil {
		return actions.Outcome{}, err
	}
	at, t := a.now(), p.Target
	all, whole, err := a.callers(ctx, t.Key)
	if err != nil {
		return actions.Outcome{}, err
	}
	s := &survey{Account: a, at: map[spot]machine{}, held: map[spot]holder{}}
	if err := s.everywhere(ctx, all); err != nil {
		return actions.Outcome{}, err
	}
	out := actions.Outcome{Findings: incident.Findings{
		AsOf: at, Blind: s.blind, From: []string{"actiontrail:LookupEvents", "ecs:DescribeInstances", "ecs:DescribeEipAddresses"},
	}}
	if !whole {
		out.Findings.Blind = append(out.Findings.Blind, "rest of the trail")
	}
	roles := map[string]string{}
	for _, c := range all {
		m, ok := s.at[c.spot]
		if _, asked := roles[m.at()]; ok && !asked {
			if roles[m.at()], err = a.machineRole(ctx, m.region, m.id); err != nil {
				return actions.Outcome{}, err
			}
		}
		out.Findings.Items = append(out.Findings.Items, s.finding(c, q, roles))
	}
	out.Sights = s.sights(all, t, roles, at)
	return out, nil
}

// finding says of one spot what it is. An address that is not ours and was never
// used before the leak is where a thief sits; one that was used before is an
// office, or a machine elsewhere.
func (s *survey) finding(c calls, q question, roles map[string]string) incident.Finding {
	f := incident.Finding{At: c.last, Values: map[string]string{"ip": c.address, "n": strconv.Itoa(c.n)}}
	after := !q.until.IsZero() && c.first.After(q.until)
	if after {
		f.Weight = incident.Notable
	}
	m, isMachine := s.at[c.spot]
	h, isHeld := s.held[c.spot]
	_, isAddress := c.ip()
	switch {
	case isMachine:
		f.Kind, f.Step = "caller_instance", incident.StepAttachRole
		f.Values["instance"], f.Values["name"], f.Values["region"] = m.id, m.name, m.region
		if roles[m.at()] != "" {
			f.Kind, f.Step, f.Values["role"] = "caller_instance_role", incident.StepEnforceIMDS, roles[m.at()]
		}
	case isHeld:
		f.Kind = "caller_gateway"
		f.Values["gateway"], f.Values["what"], f.Values["region"] = or(h.id, "-"), or(h.kind, "-"), h.region
	case !isAddress:
		f.Kind = "caller_service"
	default:
		f.Kind = "caller_unknown"
		if after {
			f.Weight = incident.Grave
		}
	}
	return f
}

// sights are the instances, each with what the steps on it go by.
func (s *survey) sights(all []calls, t incident.Target, roles map[string]string, at time.Time) []actions.Sight {
	var found []machine
	addresses := map[string][]string{}
	for _, c := range all {
		if m, ok := s.at[c.spot]; ok {
			if addresses[m.at()] == nil {
				found = append(found, m)
			}
			addresses[m.at()] = append(addresses[m.at()], c.address)
		}
	}
	slices.SortFunc(found, func(x, y machine) int { return cmp.Compare(x.at(), y.at()) })
	var out []actions.Sight
	for _, m := range found {
		out = append(out, actions.Sight{
			Of: incident.OfInstance(m.at()), AsOf: at, Source: "ecs:DescribeInstances",
			Facts: facts{
				incident.FactAccountID: s.id, incident.FactNamed: or(m.name, m.id), incident.FactCallsWith: string(t.Key),
				incident.FactAddresses: list(slices.Compact(slices.Sorted(slices.Values(addresses[m.at()])))),
				incident.FactRAMRole:   or(roles[m.at()], incident.Absent), incident.FactMetadata: m.metadata,
			},
		})
	}
	return out
}
