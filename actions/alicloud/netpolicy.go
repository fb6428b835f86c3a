package alicloud

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"

	"twokey/incident"
)

// netPolicy is a key's network policy: where the key may be used from (IMS docs:
// SetAccessKeyPolicy). One that is Inactive lets everything in.
type netPolicy struct {
	Version    int
	Status     string
	Statements []netRule
}

// netRule is one statement. A public one has no Value; that of a VPC names the
// VPC, or any of them.
type netRule struct {
	Type   string
	Value  string `json:",omitempty"`
	IPList []string
}

// The types of rules, and the value that means any VPC (IMS docs:
// SetAccessKeyPolicy).
const (
	publicRule = "ClassicWhiteList"
	vpcRule    = "VPCWhiteList"
	anyVPC     = "AllowAllVPC"
)

// noNetPolicy takes a network policy away: there is no call that deletes one
// (Terraform docs: alicloud_ram_access_key_policy).
const noNetPolicy = `{"Version":1,"Status":"Inactive","Statements":[]}`

var errNetPolicy = errors.New("a network policy that cannot be read")

// parseNetPolicy reads a document strictly: what it does not know, it does not
// vouch for. A version left out is 1.
func parseNetPolicy(text string) (netPolicy, error) {
	var p netPolicy
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if d.Decode(&p) != nil || d.More() || p.Version > 1 || p.Status != incident.KeyActive && p.Status != incident.KeyInactive {
		return netPolicy{}, errNetPolicy
	}
	p.Version = 1
	for i, r := range p.Statements {
		ranges, err := r.ranges()
		if err != nil || r.Type != publicRule && r.Type != vpcRule {
			return netPolicy{}, errNetPolicy
		}
		p.Statements[i].IPList = written(ranges)
	}
	slices.SortFunc(p.Statements, func(a, b netRule) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value), slices.Compare(a.IPList, b.IPList))
	})
	return p, nil
}

// text is the one way to write the policy down.
func (p netPolicy) text() string {
	if p.Statements == nil {
		p.Statements = []netRule{} // null is refused
	}
	text, _ := json.Marshal(p) // numbers and texts: always encodes
	return string(text)
}

// netPolicyHash tells documents apart that say something different. None, and one
// that is Inactive and empty, is absent; one that cannot be read is compared as
// it stands.
func netPolicyHash(text string) string {
	p, err := parseNetPolicy(text)
	switch {
	case text == "", err == nil && p.Status == incident.KeyInactive && len(p.Statements) == 0:
		return incident.Absent
	case err == nil:
		text = p.text()
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// ranges are the addresses of a rule.
func (r netRule) ranges() ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range r.IPList {
		p, err := parseRange(text)
		if err != nil {
			return nil, errNetPolicy
		}
		out = append(out, p)
	}
	return out, nil
}

// parseRange reads an address or a range of addresses.
func parseRange(text string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(text); err == nil {
		return whole(ip), nil
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err
}

func whole(ip netip.Addr) netip.Prefix {
	ip = ip.Unmap()
	return netip.PrefixFrom(ip, ip.BitLen())
}

// written are ranges as a policy lists them: each once, sorted, an address
// without its length.
func written(ranges []netip.Prefix) []string {
	sorted := slices.Clone(ranges)
	slices.SortFunc(sorted, func(a, b netip.Prefix) int { return cmp.Or(a.Addr().Compare(b.Addr()), a.Bits()-b.Bits()) })
	var out []string
	for _, p := range slices.Compact(sorted) {
		if p.IsSingleIP() {
			out = append(out, p.Addr().String())
			continue
		}
		out = append(out, p.String())
	}
	return out
}

// lets reports whether the policy lets a caller in.
func (p netPolicy) lets(o origin) bool {
	return p.Status != incident.KeyActive || slices.ContainsFunc(p.Statements, func(r netRule) bool {
		if o.vpc == "" && r.Type != publicRule || o.vpc != "" && (r.Type != vpcRule || r.Value != o.vpc && r.Value != anyVPC) {
			return false
		}
		ranges, _ := r.ranges() // read before
		return slices.ContainsFunc(ranges, func(p netip.Prefix) bool { return p.Contains(o.ip) })
	})
}

// fences reports whether the policy keeps anybody out, and somebody in: that is
// all that may ever be sent as a fence.
func (p netPolicy) fences() bool {
	if p.Status != incident.KeyActive || len(p.Statements) == 0 {
		return false
	}
	for _, r := range p.Statements {
		ranges, err := r.ranges()
		open := r.Type == publicRule && slices.ContainsFunc(ranges, tooWide)
		if err != nil || len(ranges) == 0 || open {
			return false
		}
	}
	return true
}

// tooWide is a range of public addresses that fences nobody: wider than the widest
// that one owner has.
func tooWide(p netip.Prefix) bool {
	if p.Addr().Unmap().Is4() {
		return p.Bits() < 8
	}
	return p.Bits() < 16
}

// merged are ranges that cover the very same addresses with as few entries as can
// be: neighbours that make a whole become one. It never lets more in.
func merged(ranges []netip.Prefix) []netip.Prefix {
	sorted := slices.Clone(ranges)
	slices.SortFunc(sorted, func(a, b netip.Prefix) int { return cmp.Or(a.Addr().Compare(b.Addr()), a.Bits()-b.Bits()) })
	var out []netip.Prefix
	for _, p := range sorted {
		if n := len(out); n > 0 && out[n-1].Overlaps(p) {
			continue // a wider one came first
		}
		out = append(out, p)
		for n := len(out); n > 1 && siblings(out[n-2], out[n-1]); n = len(out) {
			out = append(out[:n-2], netip.PrefixFrom(out[n-2].Addr(), out[n-2].Bits()-1).Masked())
		}
	}
	return out
}

func siblings(a, b netip.Prefix) bool {
	if a.Bits() != b.Bits() || a.Bits() == 0 || a.Addr().BitLen() != b.Addr().BitLen() {
		return false
	}
	up := netip.PrefixFrom(a.Addr(), a.Bits()-1).Masked()
	return a != b && up.Contains(b.Addr())
}
