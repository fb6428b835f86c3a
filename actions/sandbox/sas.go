package sandbox

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Security Center's view of leaked keys. Its permissions have two prefixes, by
// age (Security Center docs: DescribeAccesskeyLeakList, DescribeAccessKeyLeakDetail).
var sasCalls = map[string]operation{
	"DescribeAccesskeyLeakList": {
		action: "yundun-aegis:DescribeAccesskeyLeakList", needs: []string{"CurrentPage", "PageSize"}, params: []string{"Query", "Status"},
		handle: listLeaks,
	},
	"DescribeAccessKeyLeakDetail": {action: "yundun-sas:DescribeAccessKeyLeakDetail", needs: []string{"Id"}, handle: leakDetail},
	"ModifyAccessKeyLeakDeal": {
		action: "yundun-sas:ModifyAccessKeyLeakDeal", write: true, needs: []string{"Type"}, params: []string{"Id", "IdList.1", "Remark"},
		handle: dealWithLeak,
	},
}

// leak is one AccessKey that Security Center found somewhere.
type leak struct {
	id                   int
	key, userType        string
	deal                 string // DealType; empty: pending
	dealt, found         time.Time
	remark               string
	url, repo, file, hub string
	source               string
	code                 Secret // the text around the key, with its secret
}

// FoundLeak is what Security Center found.
type FoundLeak struct {
	Key                         Key // with its secret, which stands in the detail's Code
	Root                        bool
	At                          time.Time // zero: now
	URL, Repo, File, GithubUser string
}

// AddLeak lets Security Center find a key and returns the id of the leak. The
// detail quotes the file, secret and all, as the real one does.
func (c *Cloud) AddLeak(l FoundLeak) (id int, err error) {
	err = c.seed(func(w *world, now time.Time) error {
		kind := "ram"
		if l.Root {
			kind = "master"
		}
		at := l.At
		if at.IsZero() {
			at = now
		}
		id = 389_000 + len(w.leaks) + 1
		w.leaks = append(w.leaks, &leak{
			id: id, key: l.Key.ID, userType: kind, found: at, url: l.URL, repo: l.Repo, file: l.File, hub: l.GithubUser, source: "GitHub",
			code: Secret("access_key_id=" + l.Key.ID + "\naccess_key_secret=" + string(l.Key.Secret) + "\n"),
		})
		return nil
	})
	return id, err
}

func (l *leak) status() string {
	if l.deal == "" {
		return "pending"
	}
	return "dealed"
}

func listLeaks(c *call) (map[string]any, *Error) {
	pending := 0
	var found []*leak
	for _, l := range c.world.leaks {
		if l.deal == "" {
			pending++
		}
		since, _ := strconv.ParseInt(c.param("StartTs"), 10, 64)
		if (c.param("Query") == "" || c.param("Query") == l.key) && (c.param("Status") == "" || c.param("Status") == l.status()) &&
			l.found.UnixMilli() >= since {
			found = append(found, l)
		}
	}
	slices.Reverse(found) // newest first
	size := clamp(c.param("PageSize"), 20, 1, 100)
	page := clamp(c.param("CurrentPage"), 1, 1, 1_000_000)
	list := []any{}
	for _, l := range found[min((page-1)*size, len(found)):min(page*size, len(found))] {
		list = append(list, map[string]any{
			"Id": l.id, "AccesskeyId": l.key, "AliUserName": c.cloud.account, "UserType": l.userType, "Type": "AccessKey", "Asset": "Cloud platform",
			"Status": l.status(), "DealType": or(l.deal, "pending"), "DealTime": sasTime(l.dealt), "GmtModified": l.found.UnixMilli(), "Url": l.url,
		})
	}
	return map[string]any{
		"AccessKeyLeakList": list, "AkLeakCount": pending, "CurrentPage": page, "PageSize": size, "TotalCount": len(found),
		"GmtLast": c.now.UnixMilli(),
	}, nil
}

func leakDetail(c *call) (map[string]any, *Error) {
	l := c.leak(c.param("Id"))
	if l == nil {
		return nil, errNoLeak
	}
	listed := "no"
	if l.deal == whitelisted {
		listed = "yes"
	}
	return map[string]any{
		"AccesskeyId": l.key, "Asset": "Cloud platform", "Code": string(l.code), "DealTime": sasTime(l.dealt), "DealType": or(l.deal, "pending"),
		"GithubFileName": l.file, "GithubFileUrl": l.url, "GithubRepoName": l.repo, "GithubUser": l.hub, "GmtCreate": sasTime(l.found),
		"GmtModified": sasTime(l.found), "Remark": l.remark, "Source": l.source, "TokenValid": 0, "Type": "AccessKey", "WhitelistStatus": listed,
	}, nil
}

// The ways to deal with a leak (Security Center docs: ModifyAccessKeyLeakDeal).
const whitelisted = "add-whitelist"

func dealings() []string { return []string{"manual", "disable", whitelisted} }

// dealWithLeak marks all leaks that are named, or none.
func dealWithLeak(c *call) (map[string]any, *Error) {
	ids := []string{c.param("Id")}
	for n := 1; c.param("IdList."+strconv.Itoa(n)) != ""; n++ {
		ids = append(ids, c.param("IdList."+strconv.Itoa(n)))
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" })
	var all []*leak
	for _, id := range ids {
		if l := c.leak(id); l != nil {
			all = append(all, l)
		}
	}
	switch {
	case !slices.Contains(dealings(), c.param("Type")):
		return nil, bad("InvalidParameter.Type", "The type is not valid.") // code not documented
	case len(ids) == 0:
		return nil, missing("Id")
	case len(all) < len(ids):
		return nil, errNoLeak
	}
	for _, l := range all {
		l.deal, l.dealt, l.remark = c.param("Type"), c.now, c.param("Remark")
	}
	return nil, nil
}

func (c *call) leak(id string) *leak {
	for _, l := range c.world.leaks {
		if strconv.Itoa(l.id) == id {
			return l
		}
	}
	return nil
}

var errNoLeak = bad("DataNotExists", "The data does not exist.") // code not documented

// sasTime is a time as Security Center writes it, in Beijing.
func sasTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strings.Replace(t.In(billingZone).Format(time.DateTime), "T", " ", 1)
}

// savedLeak is what a file keeps of one; the secret in it opens nothing but the
// pretend account.
type savedLeak struct {
	ID                           int
	Key, UserType                string
	Deal                         string    `json:",omitempty"`
	Dealt                        time.Time `json:",omitzero"`
	Found                        time.Time `json:",omitzero"`
	Remark                       string    `json:",omitempty"`
	URL, Repo, File, Hub, Source string    `json:",omitempty"`
	Code                         string    `json:",omitempty"`
}

func (l *leak) saved() savedLeak {
	return savedLeak{l.id, l.key, l.userType, l.deal, l.dealt, l.found, l.remark, l.url, l.repo, l.file, l.hub, l.source, string(l.code)}
}

func (s savedLeak) leak() *leak {
	return &leak{
		id: s.ID, key: s.Key, userType: s.UserType, deal: s.Deal, dealt: s.Dealt, found: s.Found, remark: s.Remark, url: s.URL, repo: s.Repo,
		file: s.File, hub: s.Hub, source: s.Source, code: Secret(s.Code),
	}
}
