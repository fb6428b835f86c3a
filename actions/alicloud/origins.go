package alicloud

import (
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"time"

	"twokey/incident"
)

// origin is where a call came from: a public address, or a private one in a VPC.
type origin struct {
	ip  netip.Addr
	vpc string
}

// originOf reads an event's source. A call that a cloud service makes has the
// service's name there: that is no origin, and comes back as name.
func originOf(address, vpc string) (o origin, name string, ok bool) {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return origin{}, host(address), false
	}
	if !vpcShape.MatchString(vpc) {
		vpc = ""
	}
	return origin{ip.Unmap(), vpc}, "", true
}

// inside reports whether an address is one that no public rule can name: it means
// something only within some network.
func (o origin) inside() bool {
	return o.vpc != "" || o.ip.IsPrivate() || !o.ip.IsGlobalUnicast() || shared.Contains(o.ip)
}

// shared are addresses that Alibaba Cloud uses between its own networks (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// used is an origin with its newest use.
type used struct {
	origin
	at time.Time
}

// origins are where a key was used from. Known ones count as its owner's, newest
// first; fresh ones were seen only after the moment asked for. Services are the
// names of cloud services that called with the key. Since is from when on nothing
// is missing; zero when the trail did not answer.
type origins struct {
	known, fresh []used
	services     []string
	since        time.Time
}

// origins asks the trail twice: LookupEvents has every call since some moment,
// GetAccessKeyLastUsedIps the newest of each address in 400 days.
func (a *Account) origins(ctx context.Context, q question) origins {
	before := a.history(ctx, q)
	out := origins{since: before.whole}
	for _, u := range before.origins {
		out.add(&out.known, u)
	}
	out.services = append(out.services, before.callers...)
	late, names, err := a.lastOrigins(ctx, q)
	for _, u := range late {
		switch {
		case q.counts(u.at):
			out.add(&out.known, u)
		case !has(out.known, u.origin):
			out.add(&out.fresh, u)
		}
	}
	out.services = append(out.services, names...)
	slices.Sort(out.services)
	out.services = slices.Compact(out.services)
	if asked := a.asked(); err == nil && out.since.After(asked) && len(out.fresh) == 0 {
		out.since = asked // every address of 400 days was used before, or not at all since
	}
	newestFirst := func(x, y used) int { return y.at.Compare(x.at) }
	slices.SortStableFunc(out.known, newestFirst)
	slices.SortStableFunc(out.fresh, newestFirst)
	return out
}

// add keeps the newest use of each origin.
func (*origins) add(list *[]used, u used) {
	for i, old := range *list {
		if old.origin == u.origin {
			if u.at.After(old.at) {
				(*list)[i] = u
			}
			return
		}
	}
	*list = append(*list, u)
}

func has(list []used, o origin) bool {
	return slices.ContainsFunc(list, func(u used) bool { return u.origin == o })
}

// lastOrigins are the addresses that the key was used from, in every service it
// was used with.
func (a *Account) lastOrigins(ctx context.Context, q question) (found []used, names []string, err error) {
	services, err := a.services(ctx, q.key)
	if err != nil {
		return nil, nil, err
	}
	lists := make([][]seenFrom, len(services))
	looks := make([]func() error, len(services))
	for i, s := range services {
		looks[i] = func() (err error) {
			lists[i], err = a.lastAddresses(ctx, q.key, s.name)
			return err
		}
	}
	err = together(looks...)
	for _, list := range lists {
		for _, f := range list {
			o, name, ok := originOf(f.address, f.vpc)
			switch {
			case ok:
				found = append(found, used{o, f.at})
			case name != "":
				names = append(names, name)
			}
		}
	}
	return found, names, err
}

// seenFrom is one address as the trail has it.
type seenFrom struct {
	address, vpc string
	at           time.Time
}

// lastAddresses are those a key was used from in one service, with the newest use of
// each, in 400 days (ActionTrail docs: GetAccessKeyLastUsedIps).
func (a *Account) lastAddresses(ctx context.Context, key incident.KeyID, service string) ([]seenFrom, error) {
	var list []seenFrom
	p := params{"AccessKey": string(key), "ServiceName": service, "PageSize": "100"}
	for range maxPages {
		var out struct {
			Ips []struct { //nolint:revive // as they travel
				Ip, Detail    string
				UsedTimestamp int64
			}
			NextToken string
		}
		if err := a.trail(ctx, look("actiontrail:GetAccessKeyLastUsedIps"), a.regions[0], "GetAccessKeyLastUsedIps", p, &out); err != nil {
			return list, err
		}
		for _, i := range out.Ips {
			list = append(list, seenFrom{i.Ip, vpcOf(i.Detail), time.UnixMilli(i.UsedTimestamp).UTC()})
		}
		if out.NextToken == "" {
			return list, nil
		}
		p["NextToken"] = out.NextToken
	}
	return list, errTooMany
}

// vpcOf is the VPC in an event; empty for calls from the internet (ActionTrail
// docs: Event structure).
func vpcOf(detail string) string {
	var event struct {
		VPC string `json:"vpcId"`
	}
	if json.Unmarshal([]byte(detail), &event) != nil {
		return ""
	}
	return event.VPC
}

// host is the name of a cloud service as events have it: "ecs.aliyuncs.com".
// Anything else is some text from outside.
func host(text string) string {
	if name := word(text); strings.Contains(name, ".") {
		return name
	}
	return ""
}
