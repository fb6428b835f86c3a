package alicloud

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"twokey/actions"
	"twokey/incident"
)

// How many suspicious addresses are asked for, and after how many days a key counts
// as unused or old (RAM docs: Security check).
const (
	maxStrangers = 5
	unusedAfter  = 90 * 24 * time.Hour
)

// auditIdentities looks for other identities in the thief's hands, and for those
// that would be easy prey: who else called from the suspicious addresses, and what
// the account's credential report says.
func (a *Account) auditIdentities(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	t, sign, err := auditTarget(p)
	if err != nil {
		return actions.Outcome{}, err
	}
	at := a.now()
	v, err := a.judge(ctx, t, sign)
	if err != nil && !busy(err) {
		return actions.Outcome{}, err
	}
	out := actions.Outcome{Findings: incident.Findings{AsOf: at.Add(-searchLag), From: []string{lookupOp, "ims:GetCredentialReport"}}}
	if !v.whole {
		out.Findings.Blind = append(out.Findings.Blind, blindTrail)
	}
	others, err := a.othersFrom(ctx, v.strangers(), t, sign)
	if err != nil {
		out.Findings.Blind = append(out.Findings.Blind, blindAddress)
		if !busy(err) {
			return out, err
		}
	}
	out.Findings.Items = append(out.Findings.Items, others...)
	rows, made, err := a.credentialReport(ctx)
	if err != nil && !actions.Transient(err) {
		return out, err
	}
	if err != nil {
		out.Findings.Blind = append(out.Findings.Blind, blindReport)
	}
	for _, c := range rows {
		out.Findings.Items = append(out.Findings.Items, c.findings(at)...)
	}
	if !made.IsZero() {
		out.Findings.AsOf = earlier(out.Findings.AsOf, made)
	}
	out.Findings.Sort()
	return out, nil
}

// strangers are the addresses that suspicious calls came from.
func (v *verdict) strangers() []string {
	var out []string
	for _, j := range v.calls {
		if j.suspicious() && j.fresh {
			out = append(out, j.address)
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return out[:min(len(out), maxStrangers)]
}

// othersFrom finds who else called from an address since the leak.
func (a *Account) othersFrom(ctx context.Context, addresses []string, t incident.Target, sign time.Time) ([]incident.Finding, error) {
	type who struct{ name, key, ip string }
	seen := map[who]*incident.Finding{}
	var order []who
	for _, ip := range addresses {
		for _, region := range a.trailRegions() {
			events, _, err := a.searchAt(ctx, watching, topic{region: region, attribute: "SourceIpAddress", value: ip}, sign, time.Time{}, 1)
			if err != nil {
				return nil, err
			}
			for _, e := range events {
				by := e.UserIdentity
				if by.AccessKeyId == string(t.Key) || by.AccessKeyId == "" && by.UserName == t.User {
					continue
				}
				w := who{by.UserName, by.AccessKeyId, ip}
				if seen[w] == nil {
					order = append(order, w)
					seen[w] = &incident.Finding{Kind: "other_identity", Weight: incident.Grave, Values: map[string]string{
						"name": or(by.UserName, by.PrincipalId), "key": or(by.AccessKeyId, consoleItself), "ip": ip, "n": "0",
					}}
				}
				f := seen[w]
				n, _ := strconv.Atoi(f.Values["n"]) // written here
				f.Values["n"], f.At = strconv.Itoa(n+1), later(f.At, date(e.EventTime))
			}
		}
	}
	out := make([]incident.Finding, len(order))
	for i, w := range order {
		out[i] = *seen[w]
	}
	return out, nil
}

// findings are what a row of the credential report shows that ought to change.
func (c credential) findings(now time.Time) []incident.Finding {
	var out []incident.Finding
	add := func(kind string, w incident.Weight, more map[string]string) {
		values := map[string]string{"name": c.user}
		maps.Copy(values, more)
		out = append(out, incident.Finding{Kind: kind, Weight: w, Values: values})
	}
	active := slices.DeleteFunc(slices.Clone(c.keys), func(k reportedKey) bool { return !k.active })
	if c.user == rootRow {
		if len(active) > 0 {
			add("root_keys", incident.Notable, map[string]string{"n": strconv.Itoa(len(active))})
		}
		if !c.mfa {
			add("root_no_mfa", incident.Notable, nil)
		}
		return out
	}
	if c.console && !c.mfa {
		add("no_mfa", incident.Notable, nil)
	}
	for _, k := range active {
		switch {
		case k.used.IsZero() && now.Sub(k.rotated) > unusedAfter:
			add("unused_key", incident.Notable, map[string]string{"days": days(now.Sub(k.rotated))})
		case !k.used.IsZero() && now.Sub(k.used) > unusedAfter:
			add("idle_key", incident.Notable, map[string]string{"days": days(now.Sub(k.used))})
		case !k.rotated.IsZero() && now.Sub(k.rotated) > unusedAfter:
			add("old_key", incident.Known, map[string]string{"days": days(now.Sub(k.rotated))})
		}
	}
	return out
}

func days(d time.Duration) string { return strconv.Itoa(int(d / (24 * time.Hour))) }
