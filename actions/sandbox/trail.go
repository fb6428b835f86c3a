package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

var trailCalls = map[string]operation{
	"GetAccessKeyLastUsedInfo":      {needs: []string{"AccessKey"}, handle: lastUsedInfo},
	"GetAccessKeyLastUsedProducts":  {needs: []string{"AccessKey"}, handle: lastUsedProducts},
	"GetAccessKeyLastUsedIps":       {needs: []string{"AccessKey", "ServiceName"}, handle: lastUsedBy("Ips", "Ip", func(e event) string { return e.source })},
	"GetAccessKeyLastUsedEvents":    {needs: []string{"AccessKey", "ServiceName"}, handle: lastUsedBy("Events", "EventName", func(e event) string { return e.name })},
	"GetAccessKeyLastUsedResources": {needs: []string{"AccessKey", "ServiceName"}, handle: lastUsedResources},
	"LookupEvents":                  {params: []string{"StartTime", "EndTime"}, handle: lookupEvents},
}

// lastUsedInfo tells root from RAM user; a key without a record answers empty
// fields.
func lastUsedInfo(c *call) (map[string]any, *Error) {
	e, ok := c.cloud.lastUse(c.param("AccessKey"), c.now)
	if !ok {
		return map[string]any{
			"AccessKeyId": "", "AccountId": "", "AccountType": "", "OwnerId": "", "UserName": "",
			"ServiceName": "", "ServiceNameCn": "", "ServiceNameEn": "", "Source": "", "Detail": "",
		}, nil
	}
	out := c.use(e)
	out["AccessKeyId"], out["AccountId"], out["AccountType"] = e.keyID, c.cloud.account, e.accountType
	out["OwnerId"], out["UserName"] = e.ownerID, e.userName
	return out, nil
}

func (c *call) use(e event) map[string]any {
	return map[string]any{
		"ServiceName": e.service, "ServiceNameEn": e.service, "ServiceNameCn": e.service,
		"Source": "ManagementEvent", "UsedTimestamp": e.at.UnixMilli(), "Detail": c.detail(e),
	}
}

func (c *call) detail(e event) string {
	text, _ := json.Marshal(e.full(c.cloud.account)) // texts and maps of texts: always encodes
	return string(text)
}

func lastUsedProducts(c *call) (map[string]any, *Error) {
	seen, list := map[string]bool{}, []any{}
	for _, e := range c.cloud.uses(c.param("AccessKey"), c.now) {
		if !seen[e.service] {
			seen[e.service] = true
			list = append(list, c.use(e))
		}
	}
	return map[string]any{"Products": list}, nil
}

// lastUsedBy lists the newest use for each value of a field, within one service,
// in pages.
func lastUsedBy(list, name string, field func(event) string) func(*call) (map[string]any, *Error) {
	return func(c *call) (map[string]any, *Error) {
		seen, all := map[string]bool{}, []any{}
		for _, e := range c.cloud.uses(c.param("AccessKey"), c.now) {
			if e.service != c.param("ServiceName") || seen[field(e)] {
				continue
			}
			seen[field(e)] = true
			all = append(all, map[string]any{name: field(e), "Source": "ManagementEvent", "UsedTimestamp": e.at.UnixMilli(), "Detail": c.detail(e)})
		}
		return c.paged(list, all), nil
	}
}

// lastUsedResources lists the newest use of each resource within one service
// (ActionTrail docs: GetAccessKeyLastUsedResources).
func lastUsedResources(c *call) (map[string]any, *Error) {
	seen, all := map[[2]string]bool{}, []any{}
	for _, e := range c.cloud.uses(c.param("AccessKey"), c.now) {
		r := [2]string{e.resourceType, e.resource}
		if e.service != c.param("ServiceName") || e.resource == "" || seen[r] {
			continue
		}
		seen[r] = true
		all = append(all, map[string]any{
			"ResourceType": e.resourceType, "ResourceName": e.resource, "Source": "ManagementEvent", "UsedTimestamp": e.at.UnixMilli(), "Detail": "",
		})
	}
	return c.paged("Resources", all), nil
}

// paged is one page of a list; its size comes as a text.
func (c *call) paged(list string, all []any) map[string]any {
	from := clamp(c.param("NextToken"), 0, 0, len(all))
	to := min(len(all), from+clamp(c.param("PageSize"), 20, 1, 100))
	out := map[string]any{list: all[from:to]}
	if to < len(all) {
		out["NextToken"] = strconv.Itoa(to)
	}
	return out
}

const (
	lookupDays    = 7
	lookupsPerSec = 2
)

// lookupEvents reads the history of this region (ActionTrail docs: LookupEvents).
func lookupEvents(c *call) (map[string]any, *Error) {
	if c.cloud.tooManyLookups(c.now) {
		return nil, errThrottled
	}
	w, refused := c.window()
	if refused != nil {
		return nil, refused
	}
	keep, refused := c.lookupFilters()
	if refused != nil {
		return nil, refused
	}
	all := slices.DeleteFunc(c.cloud.visible(c.now), func(e event) bool {
		return e.seq > w.Newest || e.at.Before(w.Start) || e.at.After(w.End) || e.region != c.cloud.region || !keep(e)
	})
	if c.param("Direction") != "FORWARD" {
		slices.Reverse(all)
	}
	page := all[min(w.Skip, len(all)):]
	more := false
	if size := clamp(c.param("MaxResults"), 20, 1, 50); len(page) > size {
		page, more = page[:size], true
	}
	events := []any{}
	for _, e := range page {
		row := e.full(c.cloud.account)
		if c.cloud.behaviour.TrailHidesAnswers {
			delete(row, "responseElements")
		}
		events = append(events, row)
	}
	out := map[string]any{"Events": events, "StartTime": stamp(w.Start), "EndTime": stamp(w.End)}
	if more {
		w.Skip += len(page)
		out["NextToken"] = w.token()
	}
	return out, nil
}

// window is what a NextToken carries: the same question, further on. Newest keeps
// events that came later out, so that pages never shift.
type window struct {
	Asked      string
	Start, End time.Time
	Newest     int
	Skip       int
}

func (w window) token() string {
	text, _ := json.Marshal(w) // two texts, two times, two numbers: always encodes
	return base64.RawURLEncoding.EncodeToString(text)
}

func (c *call) window() (window, *Error) {
	w := window{Asked: c.asked(), Start: c.now.AddDate(0, 0, -lookupDays), End: c.now, Newest: c.cloud.seq}
	if token := c.param("NextToken"); token != "" {
		var from window
		text, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || json.Unmarshal(text, &from) != nil || from.Asked != w.Asked || from.Skip < 0 {
			return window{}, bad("InvalidNextToken", "The NextToken is not of this query.") // code not documented
		}
		return from, nil
	}
	for name, at := range map[string]*time.Time{"StartTime": &w.Start, "EndTime": &w.End} {
		if text := c.param(name); text != "" {
			var err error
			if *at, err = time.Parse(wireDate, text); err != nil {
				return window{}, bad("InvalidParameter."+name, "The time must be in UTC, YYYY-MM-DDThh:mm:ssZ.")
			}
		}
	}
	return w, nil
}

// asked is a hash of the question without the place in the answer.
func (c *call) asked() string {
	var b strings.Builder
	for _, name := range sortedKeys(c.request.params) {
		if name != "NextToken" {
			b.WriteString(strconv.Quote(name) + strconv.Quote(c.param(name)))
		}
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:8])
}

// lookupFilters are LookupAttribute.N.Key and .Value, flattened.
func (c *call) lookupFilters() (func(event) bool, *Error) {
	var keep []func(event) bool
	for n := 1; c.param("LookupAttribute."+strconv.Itoa(n)+".Key") != ""; n++ {
		prefix := "LookupAttribute." + strconv.Itoa(n)
		field, ok := lookupFields[c.param(prefix+".Key")]
		if !ok {
			return nil, bad("InvalidParameter.LookupAttribute", "The lookup attribute is not supported.")
		}
		want := c.param(prefix + ".Value")
		keep = append(keep, func(e event) bool { return field(e) == want })
	}
	return func(e event) bool {
		return !slices.ContainsFunc(keep, func(k func(event) bool) bool { return !k(e) })
	}, nil
}

var lookupFields = map[string]func(event) string{
	"EventAccessKeyId": func(e event) string { return e.keyID },
	"EventId":          func(e event) string { return e.id },
	"EventName":        func(e event) string { return e.name },
	"ServiceName":      func(e event) string { return e.service },
	"User":             func(e event) string { return e.userName },
	"ResourceType":     func(e event) string { return e.resourceType },
	"ResourceName":     func(e event) string { return e.resource },
	"SourceIpAddress":  func(e event) string { return e.source },
	"RoleName":         func(e event) string { return e.role },
	"EventRW": func(e event) string {
		if e.write {
			return "Write"
		}
		return "Read"
	},
}

// tooManyLookups counts calls of the last second. The caller holds the lock.
func (c *Cloud) tooManyLookups(now time.Time) bool {
	c.lookups = slices.DeleteFunc(c.lookups, func(at time.Time) bool { return now.Sub(at) >= time.Second })
	if len(c.lookups) >= lookupsPerSec && !c.behaviour.UnlimitedLookups {
		return true
	}
	c.lookups = append(c.lookups, now)
	return false
}
