package alicloud_test

import (
	"testing"
	"time"

	"twokey/actions/sandbox"
	"twokey/incident"
)

// Triage is the owner and the evidence: about twenty calls at the most, whatever
// else the account's tools do.
func TestTriageTakesFewCalls(t *testing.T) {
	s := newStage(t)
	must(t, s.cloud.SetLogin(userName, &sandbox.Login{}))
	for _, group := range []string{"deployers", "readers"} {
		must(t, s.cloud.AddGroup(group, sandbox.PolicyRef{Type: sandbox.System, Name: "AliyunOSSFullAccess"}))
		must(t, s.cloud.Join(userName, group))
	}
	s.uses(time.Now().Add(-time.Hour), ownersIP)
	must(t, s.account.Check(t.Context()))
	s.do(incident.StepPolicyQuarantine)
	s.account = s.as(s.bot) // which remembers nothing
	before := s.calls()
	_ = got(s.account.Owner(t.Context(), s.target.Key))(t)
	_ = got(s.account.Evidence(t.Context(), s.target, time.Now()))(t)
	if n := s.calls() - before; n > 20 {
		t.Fatalf("%d calls", n)
	} else {
		t.Logf("%d calls", n)
	}
}

// calls are all that the cloud got.
func (s *stage) calls() (n int) {
	for _, action := range []string{
		"GetCallerIdentity", "GetUser", "ListAccessKeys", "ListAccessKeysInRecycleBin", "GetAccessKeyInfoInRecycleBin",
		"GetAccessKeyLastUsedInfo", "GetAccessKeyLastUsedProducts", "GetAccessKeyLastUsedIps", "GetAccessKeyLastUsedEvents",
		"GetAccessKeyLastUsedResources", "LookupEvents", "ListPoliciesForUser", "ListGroupsForUser", "ListPoliciesForGroup",
		"GetPolicy", "GetLoginProfile", "GetUserMFAInfo", "GetAccessKeyPolicy", "GetAccountSummary", "DescribeAccesskeyLeakList",
	} {
		n += s.cloud.Calls(action)
	}
	return n
}

func TestEvidenceSaysWhoNeedsMFAAndWhetherTheKeyIsFenced(t *testing.T) {
	s := newStage(t)
	must(t, s.cloud.SetLogin(userName, &sandbox.Login{MFARequired: true}))
	must(t, s.cloud.SetMFA(userName, true))
	s.do(incident.StepKeyFence)
	sights := got(s.account.Evidence(t.Context(), s.target, time.Now()))(t)
	user, key := seen(sights, incident.OfUser(s.userID)), seen(sights, incident.OfKey(s.target.Key))
	if user[incident.FactMFA] != incident.Yes || user[incident.FactMFAForced] != incident.Yes || len(key[incident.FactFence]) != 64 {
		t.Fatalf("user %v, key %v", user, key)
	}
	must(t, s.cloud.SetFence(s.key.ID, `{"Version":1,"Status":"Inactive","Statements":[{"Type":"ClassicWhiteList","IPList":["203.0.113.7"]}]}`))
	if f := seen(got(s.account.Evidence(t.Context(), s.target, time.Now()))(t), incident.OfKey(s.target.Key)); f[incident.FactFence] != incident.Absent {
		t.Fatalf("a fence that is switched off is %q", f[incident.FactFence])
	}
}

// No API tells whether restrictive protection is on: it shows when it stops a call,
// and silence proves nothing.
func TestRestrictiveProtectionIsSeenAtWorkOnly(t *testing.T) {
	for _, hidden := range []bool{false, true} {
		s := newStage(t)
		s.cloud.SetBehaviour(sandbox.Behaviour{UnlimitedLookups: true, TrailHidesRestricted: hidden})
		must(t, s.cloud.SetRestricted(s.key.ID, true))
		look := func() string {
			return seen(got(s.account.Evidence(t.Context(), s.target, time.Now()))(t), incident.OfKey(s.target.Key))[incident.FactGuarded]
		}
		if look() != "" {
			t.Fatal("seen before it did anything")
		}
		if r := got(s.thief(createUser()).Step(t.Context()))(t); r.Code != "Forbidden" {
			t.Fatalf("%+v", r)
		}
		want := incident.Yes
		if hidden {
			want = ""
		}
		if got := look(); got != want {
			t.Fatalf("restricted is %q with hidden=%v", got, hidden)
		}
	}
}

func TestARefusalForAnotherReasonIsNoProtection(t *testing.T) {
	s := newStage(t)
	must(t, s.cloud.SetPolicies(userName))
	if r := got(s.thief(createUser()).Step(t.Context()))(t); r.Code != "NoPermission" {
		t.Fatalf("%+v", r)
	}
	f := seen(got(s.account.Evidence(t.Context(), s.target, time.Now()))(t), incident.OfKey(s.target.Key))
	if v, ok := f[incident.FactGuarded]; ok {
		t.Fatalf("restricted is %q", v)
	}
}

// Each look stands alone: a permission that is missing for one costs that one.
func TestAMissingPermissionStopsNoOtherLook(t *testing.T) {
	whole := func(s *stage) (n int) {
		sights, _ := s.account.Evidence(t.Context(), s.target, time.Now())
		for _, sight := range sights {
			n += len(sight.Facts)
		}
		return n
	}
	s := newStage(t)
	s.uses(time.Now().Add(-time.Hour), ownersIP)
	all := whole(s)
	for action, costs := range map[string]int{
		"GetLoginProfile": 2, "GetUserMFAInfo": 1, "GetAccessKeyPolicy": 1, "GetAccountSummary": 1, "ListPoliciesForUser": 3,
		"ListGroupsForUser": 3, "GetAccessKeyLastUsedInfo": 3, "ListAccessKeysInRecycleBin": 1,
	} {
		s := newStage(t)
		s.uses(time.Now().Add(-time.Hour), ownersIP)
		must(t, s.cloud.AddPolicy("twokey-deny", `{"Version":"1","Statement":[{"Effect":"Deny","Action":["ram:`+action+`","actiontrail:`+action+`"],"Resource":"*"}]}`))
		must(t, s.cloud.SetPolicies(botName, sandbox.PolicyRef{Type: sandbox.Custom, Name: "twokey-least"}, sandbox.PolicyRef{Type: sandbox.Custom, Name: "twokey-deny"}))
		_, err := s.account.Evidence(t.Context(), s.target, time.Now())
		s.wantError(err, "NoPermission")
		if n := all - whole(s); n != costs {
			t.Errorf("without %s %d facts are missing, want %d", action, n, costs)
		}
	}
}
