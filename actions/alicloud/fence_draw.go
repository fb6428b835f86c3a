package alicloud

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"

	"twokey/incident"
)

// Fence says where a fenced key may still be used from, beside where it was.
type Fence struct {
	Ranges []string // public addresses and ranges of the account's owner
	VPCs   []string // ids of VPCs, whole
}

// fence is a [Fence] that was read.
type fence struct {
	ranges []netip.Prefix
	vpcs   []string
}

var vpcShape = regexp.MustCompile(`^vpc-[a-z0-9]{1,64}$`)

// Check refuses what cannot work with an error that wraps [ErrConfig]: ranges that
// are none or would let almost everybody in, and more than a network policy holds.
func (f Fence) Check() error {
	_, err := f.read()
	return err
}

// read refuses what cannot be sent, and ranges that would let everybody in.
func (f Fence) read() (fence, error) {
	var out fence
	for _, text := range f.Ranges {
		p, err := parseRange(text)
		switch {
		case err != nil:
			return fence{}, fmt.Errorf("%w: the fence's %q is neither an address nor a range of addresses", ErrConfig, text)
		case tooWide(p):
			return fence{}, fmt.Errorf("%w: the fence's %s would let almost everybody in", ErrConfig, p)
		}
		out.ranges = append(out.ranges, p)
	}
	for _, vpc := range f.VPCs {
		if !vpcShape.MatchString(vpc) {
			return fence{}, fmt.Errorf("%w: the fence's %q is not the id of a VPC", ErrConfig, vpc)
		}
		out.vpcs = append(out.vpcs, vpc)
	}
	if n := len(out.ranges) + 2*len(out.vpcs); n > leastFence.addresses || len(out.vpcs)+1 > leastFence.rules {
		return fence{}, fmt.Errorf("%w: the fence has more ranges or VPCs than a network policy holds", ErrConfig)
	}
	out.ranges = merged(out.ranges)
	return out, nil
}

// everywhere is every address in a VPC (IMS docs: SetAccessKeyPolicy).
func everywhere() []string { return []string{"0.0.0.0/0", "::/0"} }

// around draws the fence: what is configured, and of the known origins, newest
// first, as many as fit. It admits no address that was neither used nor
// configured.
func (f fence) around(known []used, most limits) netPolicy {
	d := drawing{fence: f, most: most, public: slices.Clone(f.ranges), private: map[string][]netip.Prefix{}}
	for _, u := range known {
		d.admit(u.origin)
	}
	return d.policy()
}

// drawing is a fence while it is drawn.
type drawing struct {
	fence
	most    limits
	public  []netip.Prefix
	private map[string][]netip.Prefix // by VPC
}

// admit lets an origin in if the policy still holds it. Neighbours are put
// together only when there is no room without that.
func (d *drawing) admit(o origin) {
	list := d.public
	switch {
	case o.vpc == "" && o.inside(), slices.Contains(d.vpcs, o.vpc):
		return // no rule can name it; or its VPC is let in whole
	case o.vpc != "":
		list = d.private[o.vpc]
	}
	if slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(o.ip) }) {
		return
	}
	longer := append(slices.Clone(list), whole(o.ip))
	if d.fits(o.vpc, longer) {
		d.set(o.vpc, longer)
	} else if shorter := merged(longer); d.fits(o.vpc, shorter) {
		d.set(o.vpc, shorter)
	}
}

func (d *drawing) set(vpc string, list []netip.Prefix) {
	if vpc == "" {
		d.public = list
		return
	}
	d.private[vpc] = list
}

// fits reports whether the policy is within the account's limits with another list
// for one VPC, or for public addresses.
func (d *drawing) fits(vpc string, list []netip.Prefix) bool {
	rules, addresses := len(d.vpcs), 2*len(d.vpcs)
	count := func(n int) {
		if n > 0 {
			rules++
			addresses += n
		}
	}
	public := d.public
	if vpc == "" {
		public = list
	}
	count(len(public))
	for other, had := range d.private {
		if other != vpc {
			count(len(had))
		}
	}
	if vpc != "" {
		count(len(list))
	}
	return rules <= d.most.rules && addresses <= d.most.addresses
}

func (d *drawing) policy() netPolicy {
	p := netPolicy{Version: 1, Status: incident.KeyActive}
	if len(d.public) > 0 {
		p.Statements = append(p.Statements, netRule{Type: publicRule, IPList: written(d.public)})
	}
	vpcs := slices.Clone(d.vpcs)
	for vpc := range d.private {
		vpcs = append(vpcs, vpc)
	}
	slices.Sort(vpcs)
	for _, vpc := range slices.Compact(vpcs) {
		list := everywhere()
		if addresses, known := d.private[vpc]; known {
			list = written(addresses)
		}
		p.Statements = append(p.Statements, netRule{Type: vpcRule, Value: vpc, IPList: list})
	}
	return p
}
