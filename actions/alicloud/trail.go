package alicloud

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"regexp"
	"time"

	"twokey/incident"
)

const trailVersion = "2020-07-06"

// trailLag is how far ActionTrail's last-used data may be behind (ActionTrail
// docs: AccessKey pair audit): what it says is so of an hour ago.
const trailLag = time.Hour

// lastUse is the newest use of a key that ActionTrail knows.
type lastUse struct {
	root      bool
	accountID string
	ownerID   string
	userName  string
	service   string
	at        time.Time
	ip        string
	known     bool // there is a record at all

	// restricted: Alibaba Cloud's restrictive protection stopped it. No API tells
	// whether that is on; it keeps a key from a few operations, is no containment,
	// and that it stopped nothing proves nothing.
	restricted bool
}

// lastUse asks for the newest use of a key, and thereby whose it is (ActionTrail
// docs: GetAccessKeyLastUsedInfo). It knows 400 days; a key never used has no
// record.
func (a *Account) lastUse(ctx context.Context, key incident.KeyID) (lastUse, error) {
	var out struct {
		AccountType, AccountId, OwnerId, UserName, ServiceName, Detail string //nolint:revive // as they travel
		UsedTimestamp                                                  int64
	}
	err := a.trail(ctx, look("actiontrail:GetAccessKeyLastUsedInfo"), a.regions[0], "GetAccessKeyLastUsedInfo", params{"AccessKey": string(key)}, &out)
	if err != nil || out.AccountType == "" {
		return lastUse{}, err
	}
	u := lastUse{
		root: out.AccountType == "root-account", accountID: out.AccountId, ownerID: out.OwnerId, userName: out.UserName,
		service: word(out.ServiceName), ip: sourceOf(out.Detail), known: true,
		restricted: eventIn(out.Detail).restricted(),
	}
	if out.UsedTimestamp > 0 {
		u.at = time.UnixMilli(out.UsedTimestamp).UTC()
	}
	return u, nil
}

// wordShape is what a service or event is called. Anything else is some text from
// outside, and is left out.
var wordShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]{0,63}$`)

func word(text string) string {
	if wordShape.MatchString(text) {
		return text
	}
	return ""
}

// sourceOf is the address in an event. Calls that a cloud service makes have its
// name there instead.
func sourceOf(detail string) string {
	var event struct {
		SourceIPAddress string `json:"sourceIpAddress"`
	}
	if json.Unmarshal([]byte(detail), &event) != nil {
		return ""
	}
	return addressIn(event.SourceIPAddress)
}

// eventIn is the event in a Detail, as far as it can be read.
func eventIn(detail string) event {
	var e event
	if json.Unmarshal([]byte(detail), &e) != nil {
		return event{}
	}
	return e
}

// dated is a service or an operation with its newest use.
type dated struct {
	name string
	at   time.Time
}

// services are those that a key was used with (ActionTrail docs:
// GetAccessKeyLastUsedProducts).
func (a *Account) services(ctx context.Context, key incident.KeyID) ([]dated, error) {
	var out struct {
		Products []struct {
			ServiceName   string
			UsedTimestamp int64
		}
	}
	o := look("actiontrail:GetAccessKeyLastUsedProducts")
	o.once = true // only for a prediction; the step itself must not wait for it
	if err := a.trail(ctx, o, a.regions[0], "GetAccessKeyLastUsedProducts", params{"AccessKey": string(key)}, &out); err != nil {
		return nil, err
	}
	var list []dated
	for _, p := range out.Products {
		if w := word(p.ServiceName); w != "" {
			list = append(list, dated{w, time.UnixMilli(p.UsedTimestamp)})
		}
	}
	return list, nil
}

// operations are those that a key was used for in one service, in 400 days
// (ActionTrail docs: GetAccessKeyLastUsedEvents).
func (a *Account) operations(ctx context.Context, key incident.KeyID, service string) ([]dated, error) {
	var list []dated
	p := params{"AccessKey": string(key), "ServiceName": service, "PageSize": "100"}
	for range maxPages {
		var out struct {
			Events []struct {
				EventName     string
				UsedTimestamp int64
			}
			NextToken string
		}
		if err := a.trail(ctx, look("actiontrail:GetAccessKeyLastUsedEvents"), a.regions[0], "GetAccessKeyLastUsedEvents", p, &out); err != nil {
			return nil, err
		}
		for _, e := range out.Events {
			if w := word(e.EventName); w != "" {
				list = append(list, dated{w, time.UnixMilli(e.UsedTimestamp)})
			}
		}
		if out.NextToken == "" {
			return list, nil
		}
		p["NextToken"] = out.NextToken
	}
	return nil, errTooMany
}

// addressIn is an address as it is compared; empty if the text is none.
func addressIn(text string) string {
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return ""
	}
	return ip.Unmap().WithZone("").String()
}

const lookupOp = "actiontrail:LookupEvents"

// search reads events of one region, newest first, up to so many pages; a zero
// until is now. It also says whether that was all (ActionTrail docs: LookupEvents).
func (a *Account) search(ctx context.Context, region, attribute, value string, since, until time.Time, pages int) (found []event, all bool, err error) {
	return a.searchAt(ctx, searching, topic{region: region, attribute: attribute, value: value}, since, until, pages)
}

func (a *Account) searchAt(ctx context.Context, p pace, t topic, since, until time.Time, pages int) (found []event, all bool, err error) {
	o := look(lookupOp)
	o.pace = p
	if until.IsZero() {
		until = a.now().Add(time.Second) // whole seconds travel: this one counts
	}
	asked := params{
		"LookupAttribute.1.Key": t.attribute, "LookupAttribute.1.Value": t.value, "Direction": "BACKWARD", "MaxResults": "50",
		"StartTime": since.UTC().Format(trailTime), "EndTime": until.UTC().Format(trailTime),
	}
	for range pages {
		var out struct {
			Events    []event
			NextToken string
		}
		if err := a.trail(ctx, o, t.region, "LookupEvents", asked, &out); err != nil {
			return found, false, err
		}
		found = append(found, out.Events...)
		if out.NextToken == "" {
			return found, true, nil
		}
		asked["NextToken"] = out.NextToken
	}
	return found, false, nil
}

const trailTime = "2006-01-02T15:04:05Z"

// addressesOf are those that a key was used from in one service, in 400 days, each
// with its newest use (ActionTrail docs: GetAccessKeyLastUsedIps).
func (a *Account) addressesOf(ctx context.Context, key incident.KeyID, service string) ([]dated, error) {
	var list []dated
	asked := params{"AccessKey": string(key), "ServiceName": service, "PageSize": "100"}
	for range maxPages {
		var out struct {
			Ips []struct {
				Ip            string //nolint:revive // as it travels
				UsedTimestamp int64
			}
			NextToken string
		}
		if err := a.trail(ctx, look("actiontrail:GetAccessKeyLastUsedIps"), a.regions[0], "GetAccessKeyLastUsedIps", asked, &out); err != nil {
			return nil, err
		}
		for _, row := range out.Ips {
			if ip := addressIn(row.Ip); ip != "" {
				list = append(list, dated{ip, time.UnixMilli(row.UsedTimestamp)})
			}
		}
		if out.NextToken == "" {
			return list, nil
		}
		asked["NextToken"] = out.NextToken
	}
	return list, errTooMany
}

// maxPages bounds what is read of one list.
const maxPages = 20

var errTooMany = errors.New("too many pages")

func (a *Account) trail(ctx context.Context, o operation, region, action string, p params, out any) error {
	return a.call(ctx, o, a.endpoints.trail[region], trailVersion, action, p, out)
}

// trailRegions are the regions whose trails differ: one, if one address answers
// for all.
func (a *Account) trailRegions() []string {
	var out []string
	for _, r := range a.regions {
		if _, ok := a.endpoints.trail[r]; ok {
			out = append(out, r)
		}
	}
	return out
}
