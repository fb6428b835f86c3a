package alicloud_test

import (
	"strings"
	"testing"

	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/incident"
)

// beliefs are what Live says, by how their texts begin.
func (s *stage) beliefs(a *alicloud.Account) func(prefix string) alicloud.Belief {
	s.Helper()
	all := a.Live(s.Context(), []string{"kst-1"})
	return func(prefix string) alicloud.Belief {
		s.Helper()
		for _, b := range all {
			if strings.HasPrefix(b.What, prefix) {
				return b
			}
		}
		s.Fatalf("nothing begins with %q in %v", prefix, all)
		return alicloud.Belief{}
	}
}

func TestLiveTellsWhatHoldsInTheAccount(t *testing.T) {
	s := newStage(t)
	must(t, s.cloud.SetPolicies(botName, sandbox.PolicyRef{Type: sandbox.System, Name: "AdministratorAccess"}))
	s.do(incident.StepPolicyQuarantine)
	before := s.writes()
	account := s.as(s.bot, everywhere(s))
	belief := s.beliefs(account)
	for prefix, found := range map[string]string{
		"the credentials say": "user/" + botName, "a key's user is found": botName, "a user has 2 keys": "2",
		"a policy may have 6144": "6144", "the quarantine policy": "the same", "the recycle bin": "EntityNotExist",
		"RAM's events": "the newest is of", "events come within": "the newest call of the bot",
	} {
		if b := belief(prefix); b.Holds != incident.Yes || !strings.Contains(b.Found, found) || b.Source == "" {
			t.Errorf("%+v", b)
		}
	}
	if n := s.writes() - before; n != 0 {
		t.Errorf("%d writes", n)
	}
}

func TestLiveSaysNoAndSaysThatItCannotTell(t *testing.T) {
	s := stageOn(t, sandbox.Options{Quotas: sandbox.Quotas{KeysPerUser: 3, PolicySize: 2048}})
	must(t, s.cloud.SetPolicies(botName, sandbox.PolicyRef{Type: sandbox.System, Name: "AdministratorAccess"}))
	account := s.as(s.bot, everywhere(s))
	belief := s.beliefs(account)
	for _, prefix := range []string{"a user has 2 keys", "a policy may have", "the quarantine policy"} {
		if b := belief(prefix); b.Holds != incident.No {
			t.Errorf("%+v", b)
		}
	}
	must(t, s.cloud.AddPolicy(policyName, `{"Version":"1","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`))
	if b := s.beliefs(account)("the quarantine policy"); b.Holds != incident.No || !strings.Contains(b.Found, "another content") {
		t.Errorf("%+v", b)
	}
	defer s.cloud.Inject(sandbox.Fault{Kind: sandbox.ServerError})()
	belief = s.beliefs(s.as(s.bot, everywhere(s)))
	for _, prefix := range []string{"the credentials", "a user has", "the quarantine", "the recycle", "RAM's events", "Security Center", "the bills", "the KMS"} {
		if b := belief(prefix); b.Holds != incident.Unknown || b.Found == "" {
			t.Errorf("%+v", b)
		}
	}
}
