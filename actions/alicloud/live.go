package alicloud

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"twokey/actions"
	"twokey/actions/rampolicy"
	"twokey/incident"
)

// Belief is one thing that this program takes for granted, as it was found in the
// account at hand.
type Belief struct {
	What   string // "a user has 2 keys at most"
	Holds  string // [incident.Yes], [incident.No] or [incident.Unknown]
	Found  string // what was seen, or why it could not be told
	Source string // the API: "ims:GetAccountSummary"
}

// Live reads what it can of what this program takes for granted (docs/verified.md)
// in the account. It never writes. Receivers are KMS instances that new keys are
// handed over through. Beliefs come in a fixed order; a read that fails makes its
// beliefs unknown and stops nothing.
func (a *Account) Live(ctx context.Context, receivers []string) []Belief {
	questions := []func(context.Context) []Belief{
		a.liveIdentity, a.liveQuotas, a.liveQuarantine, a.liveBin, a.liveTrail, a.liveRegions, a.liveLeaks, a.liveBills,
	}
	for _, id := range receivers {
		questions = append(questions, func(ctx context.Context) []Belief { return a.liveReceiver(ctx, id) })
	}
	found := make([][]Belief, len(questions))
	var wg sync.WaitGroup
	for i, ask := range questions {
		wg.Go(func() { found[i] = ask(ctx) })
	}
	wg.Wait()
	return slices.Concat(found...)
}

// untold is a belief that nothing could be learned about.
func untold(what, source string, err error) Belief {
	return Belief{What: what, Holds: incident.Unknown, Found: or(actions.Code(err), "no answer"), Source: source}
}

func believed(what, source string, holds bool, found string) Belief {
	b := Belief{What: what, Holds: incident.No, Found: found, Source: source}
	if holds {
		b.Holds = incident.Yes
	}
	return b
}

// liveIdentity: who the bot is, and that a key's user is found by the key.
func (a *Account) liveIdentity(ctx context.Context) []Belief {
	const who, by = "the credentials say who the bot is", "a key's user is found by the key alone"
	own, err := a.self(ctx)
	if err != nil {
		return []Belief{untold(who, "sts:GetCallerIdentity", err)}
	}
	out := []Belief{believed(who, "sts:GetCallerIdentity", true, own.arn)}
	key := own.lasting()
	if key == "" {
		return append(out, Belief{What: by, Holds: incident.Unknown, Found: "the bot has no key of its own to ask about", Source: "ims:GetUser"})
	}
	u, err := a.userOfKey(ctx, key)
	if err != nil {
		return append(out, untold(by, "ims:GetUser", err))
	}
	return append(out, believed(by, "ims:GetUser", own.users[u.id] || a.base != "", "user "+u.name))
}

// liveQuotas: the limits that the code has in it.
func (a *Account) liveQuotas(ctx context.Context) []Belief {
	const source = "ims:GetAccountSummary"
	two, fits, room := fmt.Sprintf("a user has %d keys at most", keysPerUser), fmt.Sprintf("a policy may have %d bytes", MaxPolicy), "users have room for the quarantine policy"
	var out struct {
		SummaryMap struct{ AccessKeysPerUserQuota, PolicySizeQuota, AttachedPoliciesPerUserQuota int }
	}
	if err := a.ims(ctx, look(source), "GetAccountSummary", nil, &out); err != nil {
		return []Belief{untold(two, source, err), untold(fits, source, err), untold(room, source, err)}
	}
	q := out.SummaryMap
	number := func(what string, n int, holds bool) Belief {
		if n == 0 {
			return Belief{What: what, Holds: incident.Unknown, Found: "the answer does not say", Source: source}
		}
		return believed(what, source, holds, strconv.Itoa(n))
	}
	return []Belief{
		number(two, q.AccessKeysPerUserQuota, q.AccessKeysPerUserQuota == keysPerUser),
		number(fits, q.PolicySizeQuota, q.PolicySizeQuota >= MaxPolicy),
		number(room, q.AttachedPoliciesPerUserQuota, q.AttachedPoliciesPerUserQuota > 1),
	}
}

// liveQuarantine: the policies are there, under their names, with our content.
func (a *Account) liveQuarantine(ctx context.Context) []Belief {
	q := a.quarantine
	out := []Belief{a.livePolicy(ctx, "the quarantine policy", q.name, q.doc)}
	if q.hard != q.name {
		out = append(out, a.livePolicy(ctx, "the policy of the quarantine group,", q.hard, q.harder))
	}
	return out
}

func (a *Account) livePolicy(ctx context.Context, which, name string, doc rampolicy.Document) Belief {
	const source = "ram:GetPolicy"
	what := which + " " + name + " is there and says what ours says"
	hash, err := a.storedHash(ctx, name)
	switch {
	case err != nil:
		return untold(what, source, err)
	case hash == incident.Absent:
		return believed(what, source, false, "there is none: twokey policy terraform, or cli, makes it")
	case hash != doc.Hash():
		return believed(what, source, false, "it has another content, so it is never attached: compare it with what  twokey policy  prints")
	}
	return believed(what, source, true, "the same, hash "+hash[:min(16, len(hash))])
}

// liveBin: the recycle bin answers, and a key that is not there is absent in the
// way we know.
func (a *Account) liveBin(ctx context.Context) []Belief {
	const what, source = "the recycle bin of keys can be read", "ims:GetAccessKeyInfoInRecycleBin"
	_, err := a.keyInBin(ctx, incident.KeyID(a.nobody().key))
	switch {
	case absent(err):
		return []Belief{believed(what, source, true, actions.Code(err))}
	case err == nil:
		return []Belief{believed(what, source, false, "it has a key that nobody has")}
	}
	return []Belief{untold(what, source, err)}
}

// liveTrail: RAM's events are kept where we look for them, and how late they come.
func (a *Account) liveTrail(ctx context.Context) []Belief {
	const source = "actiontrail:LookupEvents"
	where := "RAM's events are kept in " + a.trailRegions()[0]
	const late = "events come within minutes"
	since := a.now().Add(-7 * 24 * time.Hour)
	events, _, err := a.search(ctx, a.trailRegions()[0], "ServiceName", "Ram", since, time.Time{}, 1)
	if err != nil {
		return []Belief{untold(where, source, err), untold(late, source, err)}
	}
	out := []Belief{{What: where, Holds: incident.Unknown, Found: "none in seven days: nobody may have called", Source: source}}
	if len(events) > 0 {
		out[0] = believed(where, source, true, "the newest is of "+date(events[0].EventTime).Format(time.RFC3339))
	}
	return append(out, a.liveLag(ctx, late, source))
}

// liveLag looks for the newest event of the bot's own calls, which it makes all
// the time: that is how far the trail is behind at the most.
func (a *Account) liveLag(ctx context.Context, what, source string) Belief {
	own, err := a.self(ctx)
	if err != nil {
		return untold(what, source, err)
	}
	now := a.now()
	for _, key := range own.sorted() {
		events, _, err := a.search(ctx, a.trailRegions()[0], "EventAccessKeyId", string(key), now.Add(-24*time.Hour), time.Time{}, 1)
		if err != nil {
			return untold(what, source, err)
		}
		if len(events) == 0 {
			continue
		}
		behind := now.Sub(date(events[0].EventTime)).Truncate(time.Second)
		found := "the newest call of the bot in the trail was " + behind.String() + " ago; the trail is not further behind"
		if behind <= minutes {
			return believed(what, source, true, found)
		}
		return Belief{What: what, Holds: incident.Unknown, Found: found + ", and the bot may have been silent", Source: source}
	}
	return Belief{What: what, Holds: incident.Unknown, Found: "no call of the bot in the trail yet: ask again in an hour", Source: source}
}

// minutes is how late events may be and still have come within minutes.
const minutes = 15 * time.Minute

// liveRegions: the configured regions are regions.
func (a *Account) liveRegions(ctx context.Context) []Belief {
	const source = "ecs:DescribeRegions"
	what := "the account has the regions " + strings.Join(a.regions, ", ")
	var out struct {
		Regions struct {
			Region []struct{ RegionId string } //nolint:revive // as it travels
		}
	}
	p := a.ecsProduct()
	err := a.call(ctx, look(source), p.at, p.version, "DescribeRegions", nil, &out)
	if err != nil || len(out.Regions.Region) == 0 {
		return []Belief{untold(what, source, err)}
	}
	var lacking []string
	for _, r := range a.regions {
		if !slices.ContainsFunc(out.Regions.Region, func(x struct{ RegionId string }) bool { return x.RegionId == r }) { //nolint:revive // as it travels
			lacking = append(lacking, r)
		}
	}
	if len(lacking) > 0 {
		return []Belief{believed(what, source, false, "not "+strings.Join(lacking, ", "))}
	}
	return []Belief{believed(what, source, true, fmt.Sprintf("among %d", len(out.Regions.Region)))}
}

// liveLeaks: Security Center answers. Of the answer nothing but the number is
// read: details of a leak hold the secret.
func (a *Account) liveLeaks(ctx context.Context) []Belief {
	const what, source = "Security Center tells which leaks it knows", "yundun-sas:DescribeAccesskeyLeakList"
	var out struct{ TotalCount int }
	p := a.sasProduct()
	if err := a.call(ctx, look(source), p.at, p.version, "DescribeAccesskeyLeakList", params{"CurrentPage": "1", "PageSize": "1"}, &out); err != nil {
		return []Belief{untold(what, source, err)}
	}
	return []Belief{believed(what, source, true, strconv.Itoa(out.TotalCount)+" leaks")}
}

// liveBills: the bills can be read. BSS refuses with 200 too (BSS docs:
// QueryAccountBill).
func (a *Account) liveBills(ctx context.Context) []Belief {
	const what, source = "the bills can be read", "bss:QueryAccountBill"
	var out struct {
		Success bool
		Code    string
	}
	p := a.bssProduct()
	err := a.call(ctx, look(source), p.at, p.version, "QueryAccountBill", params{
		"BillingCycle": a.now().UTC().Format("2006-01"), "PageNum": "1", "PageSize": "1",
	}, &out)
	switch {
	case err != nil:
		return []Belief{untold(what, source, err)}
	case !out.Success:
		return []Belief{believed(what, source, false, or(word(out.Code), "refused"))}
	}
	return []Belief{believed(what, source, true, "they answer")}
}

// liveReceiver: the KMS instance that secrets are handed over through is there
// (KMS docs: GetKmsInstance).
func (a *Account) liveReceiver(ctx context.Context, id string) []Belief {
	const source = "kms:GetKmsInstance"
	what := "the KMS instance " + id + " is there to hand keys over through"
	var out struct {
		KmsInstance struct{ InstanceId, Status string } //nolint:revive // as they travel
	}
	p := a.kmsProduct()
	if err := a.call(ctx, look(source), p.at, p.version, "GetKmsInstance", params{"KmsInstanceId": id}, &out); err != nil {
		return []Belief{untold(what, source, err)}
	}
	return []Belief{believed(what, source, out.KmsInstance.InstanceId == id, or(word(out.KmsInstance.Status), "it answers"))}
}
