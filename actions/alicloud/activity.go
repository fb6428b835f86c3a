package alicloud

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"twokey/actions"
	"twokey/incident"
)

// How long a look into the trail may hold up what comes after it, and how many
// suspicious calls and addresses a fact lists.
const (
	lookBudget  = 3 * time.Second
	maxSuspects = 20
	maxIPs      = 40
)

// Activity asks the audit trail what the key and its user did since the first sign
// of the leak, and judges it by what was known before. It reads on from where it
// stopped the last time; what there was no time for is read the next time, and
// until then abuse is not denied.
func (a *Account) Activity(ctx context.Context, t incident.Target, sign time.Time) ([]actions.Sight, error) {
	if blank(string(t.Key)) || blank(t.User) || blank(t.UserID) {
		return nil, noTarget(lookupOp)
	}
	if watchPace(ctx) == glancing { // other incidents wait behind this one
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, lookBudget)
		defer cancel()
	}
	at := a.now()
	v, err := a.judge(ctx, t, sign)
	f := v.facts()
	if busy(err) { // what was known stays known: the next look goes on
		err = nil
		if f[incident.FactAbuse] != incident.Yes {
			f = facts{}
		}
	}
	if len(f) == 0 {
		return nil, err
	}
	judged := actions.Sight{Of: incident.OfKey(t.Key), Facts: f, AsOf: at.Add(-searchLag), Source: lookupOp}
	return append([]actions.Sight{judged}, a.byTheWay(ctx, t, &v, at)...), err
}

// verdict is what the key and its user did since the first sign, judged.
type verdict struct {
	grounds
	calls   []judged
	made    []event
	whole   bool // nothing is missing
	passed  int  // calls of the key alone
	refused int
	fresh   []string // addresses not seen before, those of scanners included
}

// judged is what was done so often, and what it is taken for.
type judged struct {
	tally
	fresh     bool // the address was not seen before
	sensitive bool
	routine   bool // done from this address before the leak too
	probe     bool // a scanner that tried the key
}

// suspicious calls are those that make it theft.
func (j judged) suspicious() bool {
	return !j.routine && (j.sensitive || j.fresh && j.write)
}

// judge reads what there is and judges it. Beside an error it judges what could be
// read.
func (a *Account) judge(ctx context.Context, t incident.Target, sign time.Time) (verdict, error) {
	var v verdict
	var seen told
	since := sign.UTC().Truncate(time.Second)
	if edge := a.now().Add(-window).UTC().Truncate(24 * time.Hour); since.Before(edge) {
		since = edge // the trail has forgotten more
	}
	err := together(
		func() (err error) { v.grounds, err = a.groundsOf(ctx, t, sign); return err },
		func() (err error) { seen, err = a.recallAll(ctx, string(t.Key), t.User, since); return err },
	)
	v.made, v.whole = seen.made, seen.whole && v.read
	v.weigh(seen.tallies, t.Key, sign)
	return v, err
}

func (v *verdict) weigh(tallies []tally, key incident.KeyID, sign time.Time) {
	scanners := v.scanners(tallies, sign)
	for _, t := range tallies {
		j := judged{
			tally: t, sensitive: isSensitive(t.action), routine: v.routine[callFrom{t.action, t.address}],
			fresh: t.address != "" && !v.ips[t.address], probe: scanners[t.address],
		}
		if !v.read {
			j.fresh = false // nobody knows what was there before
		}
		v.calls = append(v.calls, j)
		if j.fresh && !slices.Contains(v.fresh, t.address) {
			v.fresh = append(v.fresh, t.address)
		}
		if t.key == string(key) {
			if t.code == "" {
				v.passed += t.n
			} else {
				v.refused += t.n
			}
		}
		if t.code == "" && v.ips[t.address] {
			v.own = later(v.own, t.last)
		}
		if t.service != "" && t.key == string(key) {
			v.services = append(v.services, t.service)
		}
	}
}

// scanners are the addresses from which nothing came but a look or two at about
// the time of the alert.
func (v *verdict) scanners(tallies []tally, sign time.Time) map[string]bool {
	calls, out := map[string]int{}, map[string]bool{}
	for _, t := range tallies {
		if _, judged := out[t.address]; !judged {
			out[t.address] = t.address != "" && !v.ips[t.address]
		}
		calls[t.address] += t.n
		near := t.first.Sub(sign).Abs() <= probeWindow && t.last.Sub(sign).Abs() <= probeWindow
		out[t.address] = out[t.address] && probes[t.action] && !t.write && near && calls[t.address] <= probeCalls
	}
	return out
}

// suspects are the calls that make it theft, those that hurt most first, as many as
// a fact lists.
func (v *verdict) suspects() []incident.Suspect {
	var bad []judged
	for _, j := range v.calls {
		if j.suspicious() {
			bad = append(bad, j)
		}
	}
	slices.SortStableFunc(bad, func(x, y judged) int {
		return cmp.Or(boolOrder(x.sensitive, y.sensitive), boolOrder(x.code == "", y.code == ""), cmp.Compare(x.action, y.action), cmp.Compare(x.address, y.address))
	})
	var out []incident.Suspect
	for _, j := range bad {
		if s := (incident.Suspect{Operation: j.action, From: or(j.address, serviceItself)}); !slices.Contains(out, s) && len(out) < maxSuspects {
			out = append(out, s)
		}
	}
	return out
}

// serviceItself stands where an address would, when a cloud service made the call.
const serviceItself = "internal"

// boolOrder puts true first.
func boolOrder(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return -1
	}
	return 1
}

func (v *verdict) abuse() string {
	switch {
	case slices.ContainsFunc(v.calls, judged.suspicious):
		return incident.Yes
	case v.whole:
		return incident.No
	}
	return incident.Unknown
}

func (v *verdict) facts() facts {
	f := facts{incident.FactAbuse: v.abuse()}
	var suspects []string
	for _, s := range v.suspects() {
		suspects = append(suspects, s.String())
	}
	known := make([]string, 0, len(v.ips))
	for ip := range v.ips {
		known = append(known, ip)
	}
	if v.read {
		put(f, incident.FactKnownIPs, bounded(known))
		f[incident.FactNewIPs] = bounded(v.fresh)
		put(f, incident.FactServices, bounded(v.services))
		put(f, incident.FactOwnUse, moment(v.own))
	}
	if v.whole || len(suspects) > 0 {
		f[incident.FactSuspects] = list(suspects)
	}
	if v.whole || v.passed+v.refused > 0 {
		f[incident.FactPassed], f[incident.FactRefused] = strconv.Itoa(v.passed), strconv.Itoa(v.refused)
	}
	return f
}

// bounded is a list as facts keep them, cut to what a card can hold.
func bounded(values []string) string {
	slices.Sort(values)
	values = slices.Compact(values)
	return list(values[:min(len(values), maxIPs)])
}
