package alicloud

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"twokey/actions"
	"twokey/incident"
)

const sasVersion = "2018-12-03"

// What Security Center says of a leak (Security Center docs:
// DescribeAccesskeyLeakList).
const (
	leakPending = "pending"
	leakDealed  = "dealed"
)

// leakPage is how many leaks one call returns at the most.
const leakPage = 100

// Leak is one AccessKey that Security Center found somewhere. What quotes the place
// with the secret in it, the detail's Code, is never read.
type Leak struct {
	ID       int64
	Key      string // as it was found: not checked
	Root     bool   // it is the account's own
	Pending  bool   // nobody has dealt with it
	Deal     string // how somebody did: manual, disable, add-whitelist
	Detected time.Time

	URL, Repo, File, Author string // of the place; empty if it is not told
	Source                  string // "GitHub"
}

type leakRow struct {
	Id                                      int64  //nolint:revive // as it travels
	AccesskeyId, UserType, Status, DealType string //nolint:revive // as they travel
	Url                                     string //nolint:revive // as it travels
	GmtModified                             int64  // milliseconds since 1970
}

func (r leakRow) leak() Leak {
	l := Leak{ID: r.Id, Key: r.AccesskeyId, Root: r.UserType == "master", Pending: r.Status == leakPending, Deal: r.DealType, URL: r.Url}
	if r.GmtModified > 0 {
		l.Detected = time.UnixMilli(r.GmtModified).UTC()
	}
	return l
}

// Leaks are those that nobody has dealt with, newest first, found since a moment; a
// zero one is ever. Each comes with the place if the account may be asked for it:
// the ids of leaks that known has are left without. An account that is not
// permitted to ask is an [actions.Error] that names what it lacks.
func (a *Account) Leaks(ctx context.Context, since time.Time, known func(id int64) bool) ([]Leak, error) {
	p := params{"Status": leakPending}
	if !since.IsZero() {
		p["StartTs"] = strconv.FormatInt(since.UnixMilli(), 10)
	}
	all, err := a.listLeaks(ctx, p)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if known != nil && known(all[i].ID) {
			continue
		}
		if err := a.locateLeak(ctx, &all[i]); actions.Transient(err) {
			return nil, err // else the place is not told: the leak is
		}
	}
	return all, nil
}

// leaksOf are all leaks of one key, whatever was done about them. The filter is
// exact (Security Center docs: DescribeAccesskeyLeakList).
func (a *Account) leaksOf(ctx context.Context, key incident.KeyID) ([]Leak, error) {
	found, err := a.listLeaks(ctx, params{"Query": string(key)})
	return slices.DeleteFunc(found, func(l Leak) bool { return l.Key != string(key) }), err
}

func (a *Account) listLeaks(ctx context.Context, filter params) ([]Leak, error) {
	var found []Leak
	for page := 1; page <= maxPages; page++ {
		p := params{"CurrentPage": strconv.Itoa(page), "PageSize": strconv.Itoa(leakPage)}
		maps.Copy(p, filter)
		var out struct {
			AccessKeyLeakList []leakRow
			TotalCount        int
		}
		err := a.call(ctx, look("yundun-aegis:DescribeAccesskeyLeakList"), a.endpoints.sas, sasVersion, "DescribeAccesskeyLeakList", p, &out)
		if err != nil {
			return nil, err
		}
		for _, r := range out.AccessKeyLeakList {
			found = append(found, r.leak())
		}
		if len(found) >= out.TotalCount || len(out.AccessKeyLeakList) == 0 {
			return found, nil
		}
	}
	return found, nil // two thousand are enough to begin with; what is dealt with leaves the list
}

// locateLeak adds the place (Security Center docs: DescribeAccessKeyLeakDetail). The
// answer's Code has no field here, so it is dropped as it is decoded.
func (a *Account) locateLeak(ctx context.Context, l *Leak) error {
	var out struct{ GithubFileUrl, GithubRepoName, GithubUser, GithubFileName, Source string } //nolint:revive // as they travel
	err := a.call(ctx, look("yundun-sas:DescribeAccessKeyLeakDetail"), a.endpoints.sas, sasVersion, "DescribeAccessKeyLeakDetail",
		params{"Id": strconv.FormatInt(l.ID, 10)}, &out)
	if err != nil {
		return err
	}
	l.URL, l.Repo, l.File, l.Author, l.Source = or(out.GithubFileUrl, l.URL), out.GithubRepoName, out.GithubFileName, out.GithubUser, out.Source
	return nil
}

// seeReported looks at what Security Center says of the leak. An account that may
// not ask, or has none, says nothing.
func (a *Account) seeReported(ctx context.Context, t incident.Target) ([]actions.Sight, error) {
	at := a.now()
	found, err := a.leaksOf(ctx, t.Key)
	switch {
	case actions.Transient(err):
		return nil, err
	case err != nil:
		return nil, nil //nolint:nilerr // the step on it says what is missing, when somebody wants it
	}
	return []actions.Sight{{
		Of: incident.OfKey(t.Key), AsOf: at, Source: "sas:DescribeAccesskeyLeakList", Facts: facts{incident.FactReported: reported(found)},
	}}, nil
}

// reported is one word for all leaks of a key: pending as long as one is.
func reported(found []Leak) string {
	switch {
	case len(found) == 0:
		return incident.Absent
	case slices.ContainsFunc(found, func(l Leak) bool { return l.Pending }):
		return leakPending
	}
	return leakDealed
}

func (a *Account) leakSteps() []actions.Action {
	return []actions.Action{
		leakDeal{step{a, incident.StepMarkHandled}, "manual"}, leakDeal{step{a, incident.StepWhitelist}, "add-whitelist"},
	}
}

// leakTraits are those of the steps on what Security Center found. Nothing takes
// them back.
var leakTraits = map[string]trait{
	incident.StepMarkHandled: {writes: map[string]resources{"yundun-sas:ModifyAccessKeyLeakDeal": onAll}},
	incident.StepWhitelist:   {writes: map[string]resources{"yundun-sas:ModifyAccessKeyLeakDeal": onAll}},
}

// leakDeal says in Security Center what was done about a leak: dealt with by hand,
// or no leak at all, and then it alarms no more. It disables nothing: that is
// key.disable's business, which reads back.
type leakDeal struct {
	step
	deal string
}

var _ actions.Action = leakDeal{}

// paramLeaks is the plan's parameter with the ids of the leaks, sorted.
const paramLeaks = "leaks"

// Plan names each pending leak of the key.
func (s leakDeal) Plan(ctx context.Context, t incident.Target, _ map[string]string) (incident.Plan, error) {
	if err := s.mayTouch(ctx, s.name, t); err != nil {
		return incident.Plan{}, err
	}
	found, err := s.leaksOf(ctx, t.Key)
	if err != nil {
		return incident.Plan{}, err
	}
	ids := pendingIDs(found)
	if len(ids) == 0 {
		return incident.Plan{}, nothingToDo(s.name)
	}
	p := s.plan(t, t.User)
	p.Params = map[string]string{paramLeaks: list(ids)}
	p.Guarded = []incident.Fact{
		{Of: incident.OfKey(t.Key), Name: incident.FactAccountID, Value: s.id},
		{Of: incident.OfKey(t.Key), Name: incident.FactReported, Value: leakPending},
	}
	return p, nil
}

func pendingIDs(found []Leak) []string {
	var ids []string
	for _, l := range found {
		if l.Pending {
			ids = append(ids, strconv.FormatInt(l.ID, 10))
		}
	}
	return ids
}

// Run deals with those leaks of the plan that are pending still: somebody may have
// dealt with one in the console, in another way.
func (s leakDeal) Run(ctx context.Context, p incident.Plan) (actions.Outcome, error) {
	if err := s.mayRun(ctx, p); err != nil {
		return actions.Outcome{}, err
	}
	found, err := s.leaksOf(ctx, p.Target.Key)
	if err != nil {
		return actions.Outcome{}, err
	}
	pending := pendingIDs(found)
	call := params{"Type": s.deal, "Remark": "twokey"}
	n := 0
	for _, id := range leakIDs(p) {
		if slices.Contains(pending, id) {
			n++
			call["IdList."+strconv.Itoa(n)] = id
		}
	}
	if n == 0 {
		return actions.Outcome{}, nil
	}
	var none struct{}
	return actions.Outcome{}, s.call(ctx, write("yundun-sas:ModifyAccessKeyLeakDeal"), s.endpoints.sas, sasVersion, "ModifyAccessKeyLeakDeal", call, &none)
}

func leakIDs(p incident.Plan) []string {
	return slices.DeleteFunc(strings.Split(p.Params[paramLeaks], ","), func(id string) bool { return id == "" })
}

// Verify is true when none of the plan's leaks is pending.
func (s leakDeal) Verify(ctx context.Context, p incident.Plan) (bool, error) {
	if err := s.may(ctx, p); err != nil {
		return false, err
	}
	found, err := s.leaksOf(ctx, p.Target.Key)
	if err != nil {
		return false, err
	}
	pending := pendingIDs(found)
	return !slices.ContainsFunc(leakIDs(p), func(id string) bool { return slices.Contains(pending, id) }), nil
}
