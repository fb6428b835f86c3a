package alicloud

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"time"
)

// ErrConfig says that an account's configuration cannot work; the text around it
// says what.
var ErrConfig = errors.New("account configuration")

// The two sites of Alibaba Cloud. They differ in where global events are kept.
const (
	SiteChina         = "china"
	SiteInternational = "international"
)

// Config is one account as an operator describes it.
type Config struct {
	Name        string // how people call it
	ID          string // sixteen digits
	Site        string // SiteChina (default) or SiteInternational
	Regions     []string
	Credentials Credentials
	Endpoints   map[string]string // product ("ram", "ims", "sts", "actiontrail") to host or URL; http:// only on loopback
	Observe     bool              // look and plan, never write
	Quarantine  Quarantine
	Fence       Fence
	Logs        Logs
	Receivers   map[string]Receiver // of a RAM user's new key, by user name; who has none gets no new key

	ProtectedRoles []string // names of roles that no step touches

	Now           func() time.Time                           // nil: time.Now
	Sleep         func(context.Context, time.Duration) error // waits before another try; nil: really waits. It returns the context's error
	HTTPTransport http.RoundTripper                          // nil: one of its own, which honours HTTPS_PROXY
}

// Quarantine says which policy takes power from a leaked identity, and what it is
// called in the account.
type Quarantine struct {
	Profile string // "seed" (default) or "hardened"
	Policy  string // default [DefaultQuarantine]

	// A user that has no room for one more policy is put into a group instead. Its
	// policy is always of the hardened profile: the seed lets its prisoner leave.
	Group    string // default [DefaultQuarantine]
	Hardened string // name of the group's policy; default [DefaultHardened]

	// Create lets the bot make policies and group if the account has none. Whoever
	// may do that may make anybody an administrator; leave it off, and make them
	// beforehand.
	Create bool
}

// DefaultQuarantine is the quarantine policy's name when none is configured.
const DefaultQuarantine = "twokey-quarantine"

// DefaultHardened is the name of the quarantine group's policy when none is
// configured.
const DefaultHardened = DefaultQuarantine + "-hardened"

var (
	accountID  = regexp.MustCompile(`^[0-9]{16}$`)
	regionName = regexp.MustCompile(`^[a-z]{2}-[a-z0-9-]{2,40}$`)
	policyName = regexp.MustCompile(`^[a-zA-Z0-9-]{1,128}$`) // RAM docs: CreatePolicy
	groupName  = regexp.MustCompile(`^[a-zA-Z0-9.-]{1,64}$`) // RAM docs: CreateGroup
)

// complete fills in the defaults and refuses what cannot work.
func (c Config) complete() (Config, error) {
	c.Site = or(c.Site, SiteChina)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	switch {
	case c.Name == "":
		return c, fmt.Errorf("%w: no name", ErrConfig)
	case !accountID.MatchString(c.ID):
		return c, fmt.Errorf("%w: the id is not sixteen digits", ErrConfig)
	case c.Site != SiteChina && c.Site != SiteInternational:
		return c, fmt.Errorf("%w: site is neither %s nor %s", ErrConfig, SiteChina, SiteInternational)
	}
	var err error
	if c.Quarantine, err = c.Quarantine.complete(); err != nil {
		return c, err
	}
	for _, r := range c.Regions {
		if !regionName.MatchString(r) {
			return c, fmt.Errorf("%w: %q is not a region", ErrConfig, r)
		}
	}
	// RAM is a global service: its events are kept in the site's first region.
	if home := homeRegion(c.Site); !slices.Contains(c.Regions, home) {
		c.Regions = append([]string{home}, c.Regions...)
	}
	return c, nil
}

// complete fills in the names.
func (q Quarantine) complete() (Quarantine, error) {
	q.Policy = or(q.Policy, DefaultQuarantine)
	q.Group = or(q.Group, DefaultQuarantine)
	q.Hardened = or(q.Hardened, DefaultHardened)
	switch {
	case !policyName.MatchString(q.Policy) || !policyName.MatchString(q.Hardened):
		return q, fmt.Errorf("%w: the quarantine policy's name is not one that RAM takes", ErrConfig)
	case !groupName.MatchString(q.Group):
		return q, fmt.Errorf("%w: the quarantine group's name is not one that RAM takes", ErrConfig)
	case q.Policy == q.Hardened && q.Profile != ProfileHardened:
		return q, fmt.Errorf("%w: two quarantine policies have one name", ErrConfig)
	}
	return q, nil
}

func homeRegion(site string) string {
	if site == SiteInternational {
		return "ap-southeast-1"
	}
	return "cn-hangzhou"
}

// endpoint is where a product listens.
type endpoint struct{ protocol, host string }

// endpoints are those of the products, and of ActionTrail by region.
type endpoints struct {
	ram, ims, sts, sas, bss endpoint
	trail, ecs, kms, sls    map[string]endpoint // by region
}

// endpoints are Alibaba Cloud's own, unless the configuration names others. RAM
// and IMS have one for the whole world (RAM docs: Endpoints); Security Center and
// BSS have one for each site. Of SLS it is the host below which projects have
// theirs.
func (c Config) endpoints() (endpoints, error) {
	out := endpoints{
		ram: endpoint{"https", "ram.aliyuncs.com"}, ims: endpoint{"https", "ims.aliyuncs.com"},
		sts: endpoint{"https", "sts.aliyuncs.com"},
		sas: endpoint{"https", "tds.cn-shanghai.aliyuncs.com"}, bss: endpoint{"https", "business.aliyuncs.com"},
		trail: map[string]endpoint{}, ecs: map[string]endpoint{}, kms: map[string]endpoint{}, sls: map[string]endpoint{},
	}
	if c.Site == SiteInternational {
		out.sas, out.bss = endpoint{"https", "tds.ap-southeast-1.aliyuncs.com"}, endpoint{"https", "business.ap-southeast-1.aliyuncs.com"}
	}
	for _, r := range c.Regions {
		out.trail[r] = endpoint{"https", "actiontrail." + r + ".aliyuncs.com"}
		out.ecs[r] = endpoint{"https", "ecs." + r + ".aliyuncs.com"}
		out.kms[r] = endpoint{"https", "kms." + r + ".aliyuncs.com"}
		out.sls[r] = endpoint{"https", r + ".log.aliyuncs.com"}
	}
	for product, given := range c.Endpoints {
		if given == "" {
			continue
		}
		e, err := parseEndpoint(given)
		if err != nil {
			return endpoints{}, fmt.Errorf("%w: endpoint of %s: %w", ErrConfig, product, err)
		}
		switch product {
		case "ram":
			out.ram = e
		case "ims":
			out.ims = e
		case "sts":
			out.sts = e
		case "sas":
			out.sas = e
		case "bss":
			out.bss = e
		case "actiontrail":
			out.trail = map[string]endpoint{c.Regions[0]: e} // one address answers for all regions
		case "ecs":
			out.ecs = each(c.Regions, e) // instances of a region are asked for there
		case "kms":
			out.kms = each(c.Regions, e)
		case "sls":
			out.sls = each(c.Regions, e)
		default:
			return endpoints{}, fmt.Errorf("%w: no product %q", ErrConfig, product)
		}
	}
	return out, nil
}

func each(regions []string, e endpoint) map[string]endpoint {
	out := make(map[string]endpoint, len(regions))
	for _, r := range regions {
		out[r] = e
	}
	return out
}

var (
	errNotHost = errors.New("neither a host nor a URL without path")
	errPlain   = errors.New("http:// is for loopback only")
)

func parseEndpoint(text string) (endpoint, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" { // a bare host
		u, err = url.Parse("https://" + text)
	}
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/":
		return endpoint{}, errNotHost // never the text: it may hold a password
	case u.Scheme == "http" && !loopback(u.Host):
		return endpoint{}, errPlain
	case u.Scheme != "http" && u.Scheme != "https":
		return endpoint{}, errNotHost
	}
	return endpoint{u.Scheme, u.Host}, nil
}

func loopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// sleep waits, or returns early with the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func or(given, otherwise string) string {
	if given != "" {
		return given
	}
	return otherwise
}
