package sandbox

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// imsFences are the calls on a key's network policy; only IMS has them (IMS docs:
// SetAccessKeyPolicy, GetAccessKeyPolicy).
var imsFences = map[string]operation{
	"GetAccessKeyPolicy": {needs: []string{"UserAccessKeyId"}, params: []string{"UserPrincipalName"}, resources: userResource, handle: getFence},
	"SetAccessKeyPolicy": {
		write: true, needs: []string{"UserAccessKeyId", "AccessKeyPolicy"}, params: []string{"UserPrincipalName"},
		resources: userResource, handle: setFence,
	},
}

// fence is a key's network policy: where it may be used from.
type fence struct {
	Version    int
	Status     string
	Statements []fenceRule
}

type fenceRule struct {
	Type   string
	Value  string `json:",omitempty"`
	IPList []string
}

// The two types of rules.
const (
	publicRule = "ClassicWhiteList"
	vpcRule    = "VPCWhiteList"
	anyVPC     = "AllowAllVPC"
)

// getFence gives the text back as it was set. A policy that is Inactive and empty
// is none (Terraform docs: alicloud_ram_access_key_policy).
func getFence(c *call) (map[string]any, *Error) {
	_, k, refused := c.userKey()
	switch {
	case refused != nil:
		return nil, refused
	case k.fence == "", k.fences().none() && !c.cloud.behaviour.EmptyFenceStays:
		return nil, absent("AccessKeyPolicy")
	}
	return map[string]any{"AccessKeyId": k.id, "AccessKeyPolicy": k.fence}, nil
}

func setFence(c *call) (map[string]any, *Error) {
	_, k, refused := c.userKey()
	if refused != nil {
		return nil, refused
	}
	text := c.param("AccessKeyPolicy")
	f, refused := c.readFence(text)
	if refused != nil {
		return nil, refused
	}
	if f.none() {
		text = noFence
	}
	k.fence, k.updated = text, c.now
	return map[string]any{"AccessKeyId": k.id, "AccessKeyPolicy": text}, nil
}

// noFence takes a network policy away; there is no call that deletes one.
const noFence = `{"Version":1,"Status":"Inactive","Statements":[]}`

func (f fence) none() bool { return f.Status == Inactive && len(f.Statements) == 0 }

var vpcShape = regexp.MustCompile(`^vpc-[a-z0-9]+$`)

// readFence reads a network policy strictly. Its error codes are in no document.
func (c *call) readFence(text string) (fence, *Error) {
	var f fence
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if d.Decode(&f) != nil || d.More() {
		return f, badFence("The policy is not one JSON object of the known form.")
	}
	items := 0
	for _, r := range f.Statements {
		items += len(r.IPList)
		if refused := r.check(); refused != nil {
			return f, refused
		}
	}
	switch {
	case f.Version != 0 && f.Version != 1:
		return f, badFence("The version is not 1.")
	case f.Status != Active && f.Status != Inactive:
		return f, badFence("The status must be Active or Inactive.")
	case f.Statements == nil:
		return f, badFence("The statements must not be null.")
	case len(f.Statements) > c.cloud.quotas.RulesPerFence:
		return f, limit("AccessKeyPolicy.Statement")
	case items > c.cloud.quotas.AddressesPerFence:
		return f, limit("AccessKeyPolicy.IPItem")
	case f.Status == Active && len(f.Statements) == 0 && !c.cloud.behaviour.AcceptEmptyFence:
		return f, badFence("An active policy needs a statement.")
	}
	return f, nil
}

func (r fenceRule) check() *Error {
	switch {
	case len(r.IPList) == 0:
		return badFence("A statement needs addresses.")
	case r.Type == publicRule && r.Value != "":
		return badFence("A public statement has no value.")
	case r.Type == vpcRule && r.Value != anyVPC && !vpcShape.MatchString(r.Value):
		return badFence("A VPC statement needs the id of a VPC.")
	case r.Type != publicRule && r.Type != vpcRule:
		return badFence("The type of a statement is not known.")
	}
	for _, text := range r.IPList {
		if _, ok := asRange(text); !ok {
			return badFence("An address cannot be read.")
		}
	}
	return nil
}

func badFence(why string) *Error { return bad("InvalidParameter.AccessKeyPolicy", why) }

func asRange(text string) (netip.Prefix, bool) {
	if ip, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(ip, ip.BitLen()), true
	}
	p, err := netip.ParsePrefix(text)
	return p, err == nil
}

// fences is the key's policy; one that nobody set lets everything in.
func (k *key) fences() fence {
	var f fence
	_ = json.Unmarshal([]byte(k.fence), &f) // it was read strictly when it was set
	return f
}

// lets reports whether the policy lets a caller in: by its public address, or by
// its private one in a VPC.
func (f fence) lets(source, vpc string) bool {
	if f.Status != Active {
		return true
	}
	ip, err := netip.ParseAddr(source)
	if err != nil {
		return true // a call that a cloud service makes
	}
	return slices.ContainsFunc(f.Statements, func(r fenceRule) bool {
		if vpc == "" && r.Type != publicRule || vpc != "" && (r.Type != vpcRule || r.Value != vpc && r.Value != anyVPC) {
			return false
		}
		return slices.ContainsFunc(r.IPList, func(text string) bool {
			p, _ := asRange(text)
			return p.Contains(ip)
		})
	})
}

// where are the addresses that the policy lets in; empty: any.
func (f fence) where() string {
	if f.Status != Active {
		return ""
	}
	var all []string
	for _, r := range f.Statements {
		list := strings.Join(r.IPList, ", ")
		if r.Type == vpcRule {
			list = r.Value + ": " + list
		}
		all = append(all, list)
	}
	return strings.Join(all, "; ")
}

// shutOut refuses a call from where the key may not be used, and a call that
// Alibaba Cloud's restrictive protection stops.
func (c *Cloud) shutOut(k *key, q *request) *Error {
	switch {
	case !k.fences().lets(q.source, q.vpc):
		return &Error{
			Status: http.StatusForbidden, Code: or(c.behaviour.FencedCode, "Forbidden.AccessKeyPolicy"), // code not documented
			Message: "The source of the request is not in the network policy of the AccessKey.", atGate: true,
		}
	case k.restricted && restricts(q):
		return errRestricted
	}
	return nil
}

// errRestricted is the answer of restrictive protection (RAM docs: Restrictive
// protection of leaked AccessKey pairs). No API tells whether it is on.
var errRestricted = &Error{Status: http.StatusForbidden, Code: "Forbidden", Message: "There is a risk of leakage of this AccessKey."}

// restricts reports whether restrictive protection stops the call: RAM and IMS
// whole, and of ECS what spends and destroys. Reading goes on: it is no
// containment.
func restricts(q *request) bool {
	switch q.product {
	case ram, ims:
		return true
	case ecs:
		return slices.ContainsFunc([]string{"Run", "Create", "Start", "Delete", "Invoke"}, func(verb string) bool {
			return strings.HasPrefix(q.action, verb)
		})
	}
	return false
}

// SetFence gives a key a network policy, as somebody in the console would; empty
// takes it away.
func (c *Cloud) SetFence(keyID, document string) error {
	return c.seedKeyOf(keyID, func(k *key) { k.fence = document })
}

// SetRestricted turns Alibaba Cloud's restrictive protection of a key on or off.
func (c *Cloud) SetRestricted(keyID string, on bool) error {
	return c.seedKeyOf(keyID, func(k *key) { k.restricted = on })
}
