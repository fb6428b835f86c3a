package alicloud

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"twokey/incident"
)

func drawOrigin(t *rapid.T) origin {
	ip := netip.AddrFrom4([4]byte{198, 51, byte(rapid.IntRange(100, 101).Draw(t, "net")), byte(rapid.IntRange(0, 40).Draw(t, "host"))})
	o := origin{ip: ip}
	if vpc := rapid.IntRange(0, 12).Draw(t, "vpc"); vpc > 2 {
		o = origin{netip.AddrFrom4([4]byte{172, 16, 0, byte(vpc)}), "vpc-" + string(rune('a'+vpc))}
	}
	return o
}

// Whatever is known: the fence stays within the limits, lets in nobody who was not
// there before or configured, and says of everybody else that they are cut off.
func TestAFenceAdmitsOnlyWhoIsKnownAndFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var known []used
		for range rapid.IntRange(0, 60).Draw(t, "n") {
			known = append(known, used{drawOrigin(t), time.Time{}})
		}
		f := fence{ranges: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}, vpcs: []string{"vpc-z"}}
		most := limits{rules: rapid.IntRange(2, 8).Draw(t, "rules"), addresses: rapid.IntRange(3, 20).Draw(t, "addresses")}
		p := f.around(known, most)
		n := 0
		for _, r := range p.Statements {
			n += len(r.IPList)
		}
		if len(p.Statements) > most.rules || n > most.addresses || !p.fences() {
			t.Fatalf("%d rules with %d addresses, limits %+v", len(p.Statements), n, most)
		}
		for range 200 {
			o := drawOrigin(t)
			if p.lets(o) && !has(known, o) {
				t.Fatalf("%v gets in", o)
			}
		}
		if again, err := parseNetPolicy(p.text()); err != nil || again.text() != p.text() || netPolicyHash(p.text()) == incident.Absent {
			t.Fatalf("%v: %s", err, p.text())
		}
		if !p.lets(origin{ip: netip.MustParseAddr("203.0.113.9")}) || !p.lets(origin{netip.MustParseAddr("10.9.8.7"), "vpc-z"}) {
			t.Fatal("what is configured does not get in")
		}
	})
}

func TestMergingCoversTheSameAddresses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ranges []netip.Prefix
		for range rapid.IntRange(0, 30).Draw(t, "n") {
			ip := netip.AddrFrom4([4]byte{198, 51, 100, byte(rapid.IntRange(0, 255).Draw(t, "host"))})
			ranges = append(ranges, netip.PrefixFrom(ip, rapid.IntRange(28, 32).Draw(t, "bits")).Masked())
		}
		out := merged(ranges)
		in := func(list []netip.Prefix, ip netip.Addr) bool {
			return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(ip) })
		}
		for host := range 256 {
			ip := netip.AddrFrom4([4]byte{198, 51, 100, byte(host)})
			if in(ranges, ip) != in(out, ip) {
				t.Fatalf("%v: %v became %v", ip, ranges, out)
			}
		}
		if len(out) > len(ranges) {
			t.Fatalf("%d entries became %d", len(ranges), len(out))
		}
	})
}

func FuzzNetPolicy(f *testing.F) {
	f.Add(`{"Version":1,"Status":"Active","Statements":[{"Type":"ClassicWhiteList","IPList":["203.0.113.1","2001:db8::/32"]}]}`)
	f.Add(noNetPolicy)
	f.Add(`{"Status":"Active","Statements":[{"Type":"VPCWhiteList","Value":"AllowAllVPC","IPList":["::/0","0.0.0.0/0"]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseNetPolicy(text)
		if err != nil {
			return
		}
		again, err := parseNetPolicy(p.text())
		if err != nil || again.text() != p.text() || netPolicyHash(text) != netPolicyHash(p.text()) {
			t.Fatalf("%v\n%s\n%s", err, p.text(), again.text())
		}
		p.lets(origin{ip: netip.MustParseAddr("203.0.113.1")})
		p.fences()
	})
}
