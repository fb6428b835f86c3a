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

// auditSteps look at what was done with the key ("Solutions to AccessKey pair
// leaks", step 3).
func (a *Account) auditSteps() []actions.Action {
	return []actions.Action{
		lookStep{step{a, incident.StepAuditEvents}, a.auditEvents},
		lookStep{step{a, incident.StepAuditDescendants}, a.auditDescendants},
		lookStep{step{a, incident.StepAuditIdentities}, a.auditIdentities},
	}
}

// auditTraits are those of the steps that look at what was done.
var auditTraits = map[string]trait{
	incident.StepAuditEvents:      {reads: []string{getLogsOp}},
	incident.StepAuditDescendants: {reads: []string{"ram:GetRole", "ram:ListRoles", "ram:GetUserInRecycleBin"}},
	incident.StepAuditIdentities:  {reads: []string{"ram:GenerateCredentialReport", "ram:GetCredentialReport"}},
}

// What a look could not see; the words are in the catalogs, as "blind.<name>" with underscores.
const (
	blindOSS     = "oss data events"
	blindSLS     = "sls data events"
	blindTrail   = "rest of the trail"    // the trail had no time for all of it, or too much
	blindBefore  = "before the leak"      // what came before the leak
	blindOld     = "older than the trail" // the leak is older than the trail
	blindLogs    = "rest of the logs"
	blindReport  = "credential report"
	blindNames   = "some names"
	blindAddress = "other callers"
)

// auditTarget is whom a plan looks at, and since when.
func auditTarget(p incident.Plan) (t incident.Target, sign time.Time, err error) {
	q, err := asking(p.Step, p.Target.Key, p.Params)
	if err != nil {
		return t, sign, err
	}
	t = p.Target
	if t.User == "" {
		t.User = "root" // as the trail calls it (ActionTrail docs: GetAccessKeyLastUsedInfo)
	}
	return t, q.until, nil
}

// auditEvents lists what the key and its user did since the leak's first sign,
// by address and operation.
func (a *Account) auditEvents(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	t, sign, err := auditTarget(p)
	if err != nil {
		return actions.Outcome{}, err
	}
	at := a.now()
	v, err := a.judge(ctx, t, sign)
	if v.fails(err) {
		return actions.Outcome{}, err
	}
	out := actions.Outcome{
		Sights: []actions.Sight{{Of: incident.OfKey(t.Key), Facts: v.facts(), AsOf: at.Add(-searchLag), Source: lookupOp}},
		Findings: incident.Findings{
			Items: v.findings(t.Key), AsOf: at.Add(-searchLag), Blind: a.blindTo(&v, sign),
			From: []string{lookupOp, "actiontrail:GetAccessKeyLastUsedIps"},
		},
	}
	if len(a.logs.stores) > 0 {
		err = a.addLogs(ctx, t.Key, sign, &v, &out.Findings)
	}
	out.Findings.Sort()
	return out, err
}

// fails reports that an error leaves nothing worth telling. One that says only that
// there was no time does not, if something was read.
func (v *verdict) fails(err error) bool { return err != nil && (!busy(err) || len(v.calls) == 0) }

// blindTo is what a look into the trail did not see.
func (a *Account) blindTo(v *verdict, sign time.Time) []string {
	var blind []string
	for _, row := range []struct {
		is   bool
		name string
	}{
		{!a.logs.has(kindOSS), blindOSS},
		{!a.logs.has(kindSLS), blindSLS},
		{!v.whole, blindTrail},
		{!v.read, blindBefore},
		{beyond(a.now(), sign) && !sign.IsZero(), blindOld},
	} {
		if row.is {
			blind = append(blind, row.name)
		}
	}
	return blind
}

// findings are the calls, those of each address together with what they are taken
// for.
func (v *verdict) findings(key incident.KeyID) []incident.Finding {
	var out []incident.Finding
	addresses := map[string]*incident.Finding{}
	counts := map[string]int{}
	for _, j := range v.calls {
		out = append(out, j.finding(key))
		if !j.fresh || j.probe {
			continue
		}
		counts[j.address] += j.n
		f := addresses[j.address]
		if f == nil {
			f = &incident.Finding{Kind: "address", Weight: incident.Notable, At: j.first}
			addresses[j.address] = f
		}
		f.At = earlier(f.At, j.first)
		if j.suspicious() {
			f.Weight = incident.Grave
		}
	}
	for ip, f := range addresses {
		f.Values = map[string]string{"ip": ip, "n": strconv.Itoa(counts[ip])}
		out = append(out, *f)
	}
	slices.SortFunc(out, func(x, y incident.Finding) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Values["operation"], y.Values["operation"]), cmp.Compare(x.Values["ip"], y.Values["ip"]))
	})
	return out
}

// finding is one operation from one address.
func (j judged) finding(key incident.KeyID) incident.Finding {
	f := incident.Finding{
		Kind: "call", At: j.last,
		Values: map[string]string{"operation": j.action, "ip": or(j.address, serviceItself), "n": strconv.Itoa(j.n)},
	}
	switch {
	case j.probe:
		f.Kind = "probe"
	case j.suspicious():
		f.Weight = incident.Grave
	case j.fresh:
		f.Weight = incident.Notable
	}
	switch {
	case j.code != "" && !j.probe:
		f.Kind, f.Values["code"] = "call_refused", j.code
	case j.key != string(key) && !j.probe:
		f.Kind, f.Values["by"] = "call_by", or(j.key, consoleItself)
	}
	return f
}

// consoleItself stands where a key would, when the user called from the console.
const consoleItself = "console"
