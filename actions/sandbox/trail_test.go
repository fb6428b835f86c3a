package sandbox_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	ramsdk "github.com/alibabacloud-go/ram-20150501/v2/client"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/google/go-cmp/cmp"

	"twokey/actions/sandbox"
)

type lastUse struct {
	AccessKeyId, AccountId, AccountType, OwnerId, UserName, ServiceName string
	UsedTimestamp                                                       int64
}

func (s *stage) lastUse(t *testing.T, id string) lastUse {
	t.Helper()
	got, err := s.call(t, s.bot, trail, "GetAccessKeyLastUsedInfo", map[string]any{"AccessKey": id})
	ok(t, err)
	return read[lastUse](t, got)
}

func TestStatement20LastUseTellsRootFromUser(t *testing.T) {
	s := start(t)
	root := must[sandbox.Key](t)(s.AddRootKey())
	if diff := cmp.Diff(lastUse{}, s.lastUse(t, root.ID)); diff != "" {
		t.Errorf("a key never used: %s", diff)
	}
	for _, k := range []sandbox.Key{root, s.alice} {
		_, err := s.call(t, k, sts, "GetCallerIdentity", nil)
		ok(t, err)
	}
	at := s.clock.now().UnixMilli()
	want := lastUse{root.ID, s.Account(), "root-account", s.Account(), "root", "Sts", at}
	if diff := cmp.Diff(want, s.lastUse(t, root.ID)); diff != "" {
		t.Error(diff)
	}
	want = lastUse{s.alice.ID, s.Account(), "ram-user", s.id, "alice", "Sts", at}
	if diff := cmp.Diff(want, s.lastUse(t, s.alice.ID)); diff != "" {
		t.Error(diff)
	}
}

func TestAPastUseOfARootKeyIsRoots(t *testing.T) {
	s := start(t)
	root := must[sandbox.Key](t)(s.AddRootKey())
	ok(t, s.RecordUse(root.ID, sandbox.Use{Service: "Ecs", Event: "RunInstances", Write: true}))
	if got := s.lastUse(t, root.ID); got.AccountType != "root-account" || got.UserName != "root" || got.OwnerId != s.Account() {
		t.Errorf("%+v", got)
	}
}

func TestStatement20LastUseStandsStillForAnHour(t *testing.T) {
	s := start(t)
	s.SetBehaviour(sandbox.Behaviour{TrailLag: time.Hour})
	_, err := s.call(t, s.alice, sts, "GetCallerIdentity", nil)
	ok(t, err)
	s.clock.advance(time.Hour - time.Second)
	if s.lastUse(t, s.alice.ID) != (lastUse{}) {
		t.Error("known too early")
	}
	s.clock.advance(time.Second)
	if s.lastUse(t, s.alice.ID).UserName != "alice" {
		t.Error("not known after an hour")
	}
}

func TestLastUsedComesFromRAMAndIMSToo(t *testing.T) {
	s := start(t)
	ask := func() string {
		got, err := s.ram(t, s.bot).GetAccessKeyLastUsed(&ramsdk.GetAccessKeyLastUsedRequest{UserName: new("alice"), UserAccessKeyId: new(s.alice.ID)})
		ok(t, err)
		return tea.StringValue(got.Body.AccessKeyLastUsed.LastUsedDate)
	}
	if got := ask(); got != "" {
		t.Errorf("never used, yet %q", got)
	}
	at := s.clock.now().Add(-48 * time.Hour)
	ok(t, s.RecordUse(s.alice.ID, sandbox.Use{At: at, Service: "Oss", Event: "GetObject", Source: "203.0.113.7"}))
	if got := ask(); got != "2026-11-19T02:50:00Z" {
		t.Errorf("%q", got)
	}
	got, err := s.call(t, s.bot, ims, "GetAccessKeyLastUsed", map[string]any{"UserPrincipalName": upn, "UserAccessKeyId": s.alice.ID})
	ok(t, err)
	type used struct {
		AccessKeyLastUsed struct{ ServiceName string }
	}
	if name := read[used](t, got).AccessKeyLastUsed.ServiceName; name != "Oss" {
		t.Errorf("%q", name)
	}
}

func TestACallTheGatewayRefusedIsNoUse(t *testing.T) {
	s := start(t)
	s.setStatus(t, "alice", s.alice.ID, sandbox.Inactive)
	_, err := s.call(t, s.alice, sts, "GetCallerIdentity", nil)
	refused(t, err, 400, "InvalidAccessKeyId.Inactive")
	if s.lastUse(t, s.alice.ID) != (lastUse{}) {
		t.Error("a refused call moved the last use")
	}
	events := func() int { return len(s.lookup(t, map[string]any{"EventAccessKeyId": s.alice.ID}, nil).Events) }
	if n := events(); n != 0 {
		t.Errorf("%d events", n)
	}
	s.SetBehaviour(sandbox.Behaviour{TrailKeepsRefusedKeys: true})
	if n := events(); n != 1 || s.lastUse(t, s.alice.ID) != (lastUse{}) {
		t.Errorf("%d events", n)
	}
}

func TestProductsAndAddressesOfAKey(t *testing.T) {
	s := start(t)
	for n, u := range []sandbox.Use{
		{Service: "Oss", Event: "GetObject", Source: "203.0.113.7"},
		{Service: "Oss", Event: "PutObject", Source: "203.0.113.8"},
		{Service: "Oss", Event: "GetObject", Source: "203.0.113.7"},
		{Service: "Ecs", Event: "RunInstances", Source: "198.51.100.66", Write: true},
	} {
		u.At = s.clock.now().Add(time.Duration(n-9) * time.Hour)
		ok(t, s.RecordUse(s.alice.ID, u))
	}
	got, err := s.call(t, s.bot, trail, "GetAccessKeyLastUsedProducts", map[string]any{"AccessKey": s.alice.ID})
	ok(t, err)
	type products struct {
		Products []struct{ ServiceName string }
	}
	if list := read[products](t, got).Products; len(list) != 2 || list[0].ServiceName != "Ecs" || list[1].ServiceName != "Oss" {
		t.Errorf("%s", got)
	}
	var ips []string
	token := ""
	for {
		got, err := s.call(t, s.bot, trail, "GetAccessKeyLastUsedIps", map[string]any{"AccessKey": s.alice.ID, "ServiceName": "Oss", "PageSize": "1", "NextToken": token})
		ok(t, err)
		page := read[struct {
			Ips       []struct{ Ip string }
			NextToken string
		}](t, got)
		for _, row := range page.Ips {
			ips = append(ips, row.Ip)
		}
		if token = page.NextToken; token == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"203.0.113.7", "203.0.113.8"}, ips); diff != "" {
		t.Error(diff)
	}
	_, err = s.call(t, s.bot, trail, "GetAccessKeyLastUsedIps", map[string]any{"AccessKey": s.alice.ID})
	refused(t, err, 400, "MissingParameter")
}

type lookup struct {
	Events []struct {
		EventName, EventRW, EventTime, SourceIpAddress, ErrorCode string
		UserIdentity                                              struct{ AccessKeyId, UserName, Type string }
	}
	NextToken, StartTime, EndTime string
}

func (s *stage) lookup(t *testing.T, filters, more map[string]any) lookup {
	t.Helper()
	s.clock.advance(time.Second) // no more than two a second
	got, err := s.call(t, s.bot, trail, "LookupEvents", question(filters, more))
	ok(t, err)
	return read[lookup](t, got)
}

func question(filters, more map[string]any) map[string]any {
	params := map[string]any{}
	var list []any
	for key, value := range filters {
		list = append(list, map[string]any{"Key": key, "Value": value})
	}
	if list != nil {
		params["LookupAttribute"] = list // the SDK flattens it to LookupAttribute.1.Key
	}
	maps.Copy(params, more)
	return params
}

func TestStatement22EventsOfTheLastSevenDays(t *testing.T) {
	s := start(t)
	now := s.clock.now()
	for _, at := range []time.Time{now.AddDate(0, 0, -8), now.AddDate(0, 0, -6), now.Add(-time.Hour)} {
		ok(t, s.RecordUse(s.alice.ID, sandbox.Use{At: at, Service: "Ecs", Event: "RunInstances", Source: "198.51.100.66", Write: true}))
	}
	filter := map[string]any{"EventAccessKeyId": s.alice.ID}
	got := s.lookup(t, filter, nil)
	if len(got.Events) != 2 || got.Events[0].EventTime != "2026-11-21T01:50:00Z" || got.StartTime != "2026-11-14T02:50:01Z" {
		t.Errorf("%+v", got)
	}
	if e := got.Events[0]; e.EventRW != "Write" || e.SourceIpAddress != "198.51.100.66" || e.UserIdentity.AccessKeyId != s.alice.ID || e.UserIdentity.Type != "ram-user" {
		t.Errorf("%+v", e)
	}
	forward := s.lookup(t, filter, map[string]any{"Direction": "FORWARD", "StartTime": "2026-11-01T00:00:00Z", "EndTime": "2026-11-16T00:00:00Z"})
	if len(forward.Events) != 2 || !strings.HasPrefix(forward.Events[0].EventTime, "2026-11-13") {
		t.Errorf("%+v", forward)
	}
	both := s.lookup(t, map[string]any{"EventAccessKeyId": s.alice.ID, "EventRW": "Read"}, nil)
	if len(both.Events) != 0 {
		t.Errorf("%+v", both)
	}
	_, err := s.call(t, s.bot, trail, "LookupEvents", question(map[string]any{"Color": "red"}, nil))
	refused(t, err, 400, "InvalidParameter.LookupAttribute")
}

func TestStatement22PagesHoldStill(t *testing.T) {
	s := start(t)
	filter := map[string]any{"EventAccessKeyId": s.alice.ID}
	for n := range 120 {
		ok(t, s.RecordUse(s.alice.ID, sandbox.Use{At: s.clock.now().Add(time.Duration(n-200) * time.Second), Service: "Ecs", Event: "DescribeInstances"}))
	}
	var times []string
	more := map[string]any{"MaxResults": "500"}
	for page := 0; ; page++ {
		got := s.lookup(t, filter, more)
		if len(got.Events) > 50 {
			t.Fatalf("%d in a page", len(got.Events))
		}
		for _, e := range got.Events {
			times = append(times, e.EventTime)
		}
		if got.NextToken == "" {
			break
		}
		more["NextToken"] = got.NextToken
		ok(t, s.RecordUse(s.alice.ID, sandbox.Use{Service: "Ecs", Event: "DescribeInstances"})) // the attacker goes on
	}
	distinct := map[string]bool{}
	for _, at := range times {
		distinct[at] = true
	}
	if len(times) != 120 || len(distinct) != 120 {
		t.Errorf("%d events, %d distinct", len(times), len(distinct))
	}
	s.clock.advance(time.Second)
	_, err := s.call(t, s.bot, trail, "LookupEvents", question(nil, more)) // another question, the old token
	refused(t, err, 400, "InvalidNextToken")
}

func TestStatement22TwoLookupsASecond(t *testing.T) {
	s := start(t)
	ask := func() error { _, err := s.call(t, s.bot, trail, "LookupEvents", nil); return err }
	ok(t, ask())
	ok(t, ask())
	refused(t, ask(), 400, "Throttling.User")
	s.clock.advance(time.Second)
	ok(t, ask())
	s.SetBehaviour(sandbox.Behaviour{UnlimitedLookups: true})
	for range 3 {
		ok(t, ask())
	}
}
