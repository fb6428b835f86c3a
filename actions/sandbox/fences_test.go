package sandbox_test

import (
	"fmt"
	"strings"
	"testing"

	"twokey/actions/sandbox"
)

const none = `{"Version":1,"Status":"Inactive","Statements":[]}`

func rule(body string) string { return `{"Version":1,"Status":"Active","Statements":[` + body + `]}` }

func public(addresses ...string) string {
	return `{"Type":"ClassicWhiteList","IPList":["` + strings.Join(addresses, `","`) + `"]}`
}

func inVPC(vpc string, addresses ...string) string {
	return `{"Type":"VPCWhiteList","Value":"` + vpc + `","IPList":["` + strings.Join(addresses, `","`) + `"]}`
}

func (s *stage) setFence(t *testing.T, text string) error {
	t.Helper()
	_, err := s.call(t, s.bot, ims, "SetAccessKeyPolicy", map[string]any{
		"UserPrincipalName": upn, "UserAccessKeyId": s.alice.ID, "AccessKeyPolicy": text,
	})
	return err
}

func (s *stage) getFence(t *testing.T) (string, error) {
	t.Helper()
	got, err := s.call(t, s.bot, ims, "GetAccessKeyPolicy", map[string]any{"UserPrincipalName": upn, "UserAccessKeyId": s.alice.ID})
	if err != nil {
		return "", err
	}
	return read[struct{ AccessKeyPolicy string }](t, got).AccessKeyPolicy, nil
}

func TestStatement17TheNetworkPolicyComesBackAsGiven(t *testing.T) {
	s := start(t)
	_, err := s.getFence(t)
	refused(t, err, 404, "EntityNotExist.AccessKeyPolicy")
	text := `{"Status":"Active", "Statements":[` + public("203.0.113.1", "2001:db8::1", "198.51.100.0/24") + `]}` // Version may be left out
	ok(t, s.setFence(t, text))
	if got := must[string](t)(s.getFence(t)); got != text {
		t.Errorf("got %s", got)
	}
	ok(t, s.setFence(t, none))
	_, err = s.getFence(t)
	refused(t, err, 404, "EntityNotExist.AccessKeyPolicy")
	s.SetBehaviour(sandbox.Behaviour{EmptyFenceStays: true})
	if got := must[string](t)(s.getFence(t)); got != none {
		t.Errorf("got %s", got)
	}
	_, err = s.call(t, s.bot, ims, "GetAccessKeyPolicy", map[string]any{"UserPrincipalName": upn, "UserAccessKeyId": s.bot.ID})
	refused(t, err, 404, "EntityNotExist.User.AccessKey")
}

func TestStatement17ANetworkPolicyIsReadStrictly(t *testing.T) {
	s := start(t)
	many := make([]string, 51)
	for i := range many {
		many[i] = fmt.Sprintf("203.0.113.%d", i)
	}
	for _, row := range []struct {
		text string
		code string
	}{
		{`{`, "InvalidParameter.AccessKeyPolicy"},
		{rule(public("203.0.113.1")) + "{}", "InvalidParameter.AccessKeyPolicy"},
		{strings.Replace(none, "1", "2", 1), "InvalidParameter.AccessKeyPolicy"},
		{strings.Replace(none, "Inactive", "Off", 1), "InvalidParameter.AccessKeyPolicy"},
		{strings.Replace(none, "[]", "null", 1), "InvalidParameter.AccessKeyPolicy"},
		{rule(""), "InvalidParameter.AccessKeyPolicy"},
		{rule(`{"Type":"ClassicWhiteList","IPList":[]}`), "InvalidParameter.AccessKeyPolicy"},
		{rule(public("somewhere")), "InvalidParameter.AccessKeyPolicy"},
		{rule(strings.Replace(public("203.0.113.1"), "Classic", "Other", 1)), "InvalidParameter.AccessKeyPolicy"},
		{rule(inVPC("network", "10.0.0.0/8")), "InvalidParameter.AccessKeyPolicy"},
		{rule(strings.Repeat(public("203.0.113.1")+",", 8) + public("203.0.113.1")), "LimitExceeded.AccessKeyPolicy.Statement"},
		{rule(public(many...)), "LimitExceeded.AccessKeyPolicy.IPItem"},
	} {
		err := s.setFence(t, row.text)
		status := 400
		if strings.HasPrefix(row.code, "Limit") {
			status = 409
		}
		refused(t, err, status, row.code)
	}
	s.SetBehaviour(sandbox.Behaviour{AcceptEmptyFence: true})
	ok(t, s.setFence(t, rule("")))
	if code := s.from(t, "203.0.113.1"); code != "Forbidden.AccessKeyPolicy" { // nobody gets in
		t.Errorf("refused with %q", code)
	}
}

// from makes a call with alice's key from an address, and returns why it was
// refused.
func (s *stage) from(t *testing.T, source string) (code string) {
	t.Helper()
	a := must[*sandbox.Attacker](t)(sandbox.NewAttacker(s.URL(), s.alice, source, []sandbox.Move{{Version: sts, Action: "GetCallerIdentity"}}))
	return must[sandbox.Result](t)(a.Step(t.Context())).Code
}

func TestStatement17TheFenceHoldsByTheSourceOfEachCall(t *testing.T) {
	s := start(t)
	ok(t, s.setFence(t, rule(public("203.0.113.0/24", "2001:db8::/32")+","+inVPC("vpc-a", "172.16.0.0/16")+","+inVPC("AllowAllVPC", "10.0.0.1"))))
	for source, in := range map[string]bool{
		"203.0.113.9": true, "2001:db8::7": true, "198.51.100.1": false,
		"172.16.3.4@vpc-a": true, "172.17.0.1@vpc-a": false, "172.16.3.4@vpc-b": false, "172.16.3.4": false,
		"10.0.0.1@vpc-b": true, "203.0.113.9@vpc-a": false,
	} {
		if code := s.from(t, source); (code == "") != in {
			t.Errorf("%s: %q, want in=%v", source, code, in)
		}
	}
	s.SetBehaviour(sandbox.Behaviour{FencedCode: "Forbidden"})
	if code := s.from(t, "198.51.100.1"); code != "Forbidden" {
		t.Errorf("refused with %q", code)
	}
	other := must[sandbox.Key](t)(s.AddKey("alice"))
	_, err := s.call(t, other, sts, "GetCallerIdentity", nil)
	ok(t, err) // a fence is of one key
	ok(t, s.setFence(t, none))
	if code := s.from(t, "198.51.100.1"); code != "" {
		t.Errorf("refused with %q", code)
	}
}

func TestWhatAFenceStopsIsNoUse(t *testing.T) {
	for _, kept := range []bool{false, true} {
		s := start(t)
		s.SetBehaviour(sandbox.Behaviour{TrailKeepsRefusedKeys: kept})
		ok(t, s.setFence(t, rule(public("203.0.113.9"))))
		if code := s.from(t, "198.51.100.1"); code != "Forbidden.AccessKeyPolicy" {
			t.Errorf("refused with %q", code)
		}
		if s.lastUse(t, s.alice.ID) != (lastUse{}) {
			t.Error("it counts as use")
		}
		got := must[answer](t)(s.call(t, s.bot, trail, "LookupEvents", map[string]any{
			"LookupAttribute": []any{map[string]any{"Key": "EventAccessKeyId", "Value": s.alice.ID}},
		}))
		if found := strings.Contains(string(got), "Forbidden.AccessKeyPolicy"); found != kept {
			t.Errorf("in the trail: %v, want %v", found, kept)
		}
	}
}

func TestRestrictiveProtectionIsNoContainment(t *testing.T) {
	s := start(t)
	ok(t, s.SetPolicies("alice", admin))
	ok(t, s.SetRestricted(s.alice.ID, true))
	_, err := s.call(t, s.alice, ram, "CreateUser", map[string]any{"UserName": "x"})
	refused(t, err, 403, "Forbidden")
	_, err = s.call(t, s.alice, ecs, "RunInstances", nil)
	refused(t, err, 403, "Forbidden")
	_, err = s.call(t, s.alice, ecs, "DescribeInstances", nil)
	ok(t, err)
	look := func() string {
		return string(must[answer](t)(s.call(t, s.bot, trail, "LookupEvents", map[string]any{
			"LookupAttribute": []any{map[string]any{"Key": "EventAccessKeyId", "Value": s.alice.ID}},
		})))
	}
	if !strings.Contains(look(), "There is a risk of leakage of this AccessKey.") {
		t.Error("the trail does not say so")
	}
	s.SetBehaviour(sandbox.Behaviour{TrailHidesRestricted: true, UnlimitedLookups: true})
	if strings.Contains(look(), "There is a risk") {
		t.Error("the trail says so")
	}
}
