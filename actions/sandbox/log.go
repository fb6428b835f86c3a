package sandbox

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxEvents bounds the log; the oldest go first.
const maxEvents = 20_000

// event is one call, refused or not: the calls log and ActionTrail are two
// readings of it.
type event struct {
	seq                   int
	id                    string
	at                    time.Time
	service, version      string
	name                  string
	write                 bool
	keyID                 string
	accountType, ownerID  string
	userName              string
	source, agent, region string
	vpc                   string // of a caller with a private address
	code, message         string // why it was refused
	atGate                bool   // it never reached a product
	params                map[string]string
	resourceType          string
	resource              string
	role                  string         // of a call by a role's session, or that gives one
	response              map[string]any // what was made, without secrets
}

// event describes the call as it ended. Only parameters that the operation names
// are kept: what a stranger adds is not.
func (c *call) event(op operation, refused *Error) event {
	q := c.request
	e := event{
		id: q.id, at: c.now, service: op.service, version: q.product, name: clip(q.action), write: op.write,
		keyID: clip(q.keyID), source: q.source, vpc: q.vpc, agent: clip(q.agent), region: c.cloud.region,
		params: map[string]string{},
	}
	if refused != nil {
		e.code, e.message, e.atGate = refused.Code, refused.Message, refused.atGate
	}
	switch c.caller {
	case nil:
	case c.world.root:
		e.accountType, e.ownerID, e.userName = rootAccount, c.cloud.account, "root"
	case c.sessionUser():
		e.accountType, e.ownerID, e.userName = assumedRole, c.session.principal(c.caller.id), c.session.role+":"+c.session.name
		e.role = c.session.role
	default:
		e.accountType, e.ownerID, e.userName = ramUser, c.caller.id, c.caller.name
	}
	if !e.used() {
		return e // nobody vouches for the parameters
	}
	for _, name := range slices.Concat(op.needs, op.params) {
		if v := q.params.Get(name); v != "" && len(v) <= maxBody/100 {
			e.params[name] = v
		}
	}
	e.resourceType, e.resource = mainResource(q.params)
	if refused == nil {
		e.response = c.created
	}
	if e.role == "" {
		e.role = roleName(q.params)
	}
	return e
}

// How ActionTrail calls the two kinds of owners (ActionTrail docs:
// GetAccessKeyLastUsedInfo).
const (
	rootAccount = "root-account"
	ramUser     = "ram-user"
	assumedRole = "assumed-role" // ActionTrail docs: Query ActionTrail events by assuming a RAM role
)

// sessionUser is the caller when it is a role; nobody otherwise.
func (c *call) sessionUser() *user {
	if c.session == nil {
		return nil
	}
	return c.caller
}

// roleName is the role that a call is about.
func roleName(params url.Values) string {
	if _, name, found := strings.Cut(params.Get("RoleArn"), ":role/"); found {
		return clip(name)
	}
	return clip(params.Get("RoleName"))
}

func mainResource(params url.Values) (kind, name string) {
	for _, row := range [][2]string{
		{"UserAccessKeyId", "ACS::RAM::AccessKey"},
		{"UserName", "ACS::RAM::User"},
		{"UserPrincipalName", "ACS::RAM::User"},
		{"GroupName", "ACS::RAM::Group"},
		{"RoleName", "ACS::RAM::Role"},
		{"RoleArn", "ACS::RAM::Role"},
		{"GroupName", "ACS::RAM::Group"},
		{"PolicyName", "ACS::RAM::Policy"},
		{"InstanceId", "ACS::ECS::Instance"},
	} {
		if v := params.Get(row[0]); v != "" {
			return row[1], clip(v)
		}
	}
	return "", ""
}

// record appends to the log. The caller holds the lock.
func (c *Cloud) record(e event) {
	c.seq++
	e.seq = c.seq
	if len(c.trail) >= maxEvents {
		c.trail = slices.Delete(c.trail, 0, maxEvents/10)
	}
	c.trail = append(c.trail, e)
	c.unsaved = true
}

// used reports whether ActionTrail counts the call as a use of its key: what the
// gateway refused never reached a product.
func (e event) used() bool {
	switch e.code {
	case errToken.Code, errExpired.Code, errAction.Code, errSignature.Code, errNoKey.Code, errInactive.Code, errNonce.Code, errTimestamp.Code, errThrottled.Code, errOffline.Code:
		return false
	}
	return e.keyID != "" && e.ownerID != "" && !e.atGate
}

// visible are the events ActionTrail shows now, oldest first. The caller holds the
// lock.
func (c *Cloud) visible(now time.Time) []event {
	until := now.Add(-c.behaviour.TrailLag)
	var out []event
	for _, e := range c.trail {
		refused := (e.code == errInactive.Code || e.atGate) && e.ownerID != "" && c.behaviour.TrailKeepsRefusedKeys
		if e.code == errRestricted.Code && c.behaviour.TrailHidesRestricted {
			continue
		}
		if (e.used() || refused) && !e.at.After(until) {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b event) int { return a.at.Compare(b.at) })
	return out
}

// uses are the visible uses of one key, newest first. The caller holds the lock.
func (c *Cloud) uses(keyID string, now time.Time) []event {
	out := slices.DeleteFunc(c.visible(now), func(e event) bool { return e.keyID != keyID || !e.used() })
	slices.Reverse(out)
	return out
}

func (c *Cloud) lastUse(keyID string, now time.Time) (event, bool) {
	if all := c.uses(keyID, now); len(all) > 0 {
		return all[0], true
	}
	return event{}, false
}

// full is the event in the form LookupEvents gives (ActionTrail docs: Event
// structure).
func (e event) full(account string) map[string]any {
	rw := "Read"
	if e.write {
		rw = "Write"
	}
	out := map[string]any{
		"eventId": e.id, "requestId": e.id, "eventVersion": "1", "eventType": "ApiCall", "eventCategory": "Management",
		"eventName": e.name, "eventRW": rw, "eventTime": stamp(e.at), "serviceName": e.service, "apiVersion": e.version,
		"eventSource": operation{service: e.service}.product() + ".aliyuncs.com",
		"acsRegion":   e.region, "sourceIpAddress": e.source, "userAgent": e.agent, "recipientAccountId": account,
		"userIdentity": map[string]any{
			"type": e.accountType, "accountId": account, "principalId": e.ownerID, "userName": e.userName, "accessKeyId": e.keyID,
		},
		"requestParameters": e.params,
	}
	if e.resource != "" {
		out["resourceType"], out["resourceName"] = e.resourceType, e.resource
	}
	if e.vpc != "" {
		out["vpcId"] = e.vpc
	}
	if e.response != nil {
		out["responseElements"] = e.response
	}
	if e.code != "" {
		out["errorCode"], out["errorMessage"] = e.code, e.message
	}
	return out
}

// clip keeps a stranger's words from filling the log.
func clip(text string) string {
	const longest = 128
	if len(text) > longest {
		return strconv.Itoa(len(text)) + " bytes"
	}
	return text
}
