package sandbox_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/actions/sandbox"
)

const thief = "198.51.100.66"

// round plays a script once and says how each step ended.
func round(t *testing.T, a *sandbox.Attacker, steps int) []string {
	t.Helper()
	var out []string
	for range steps {
		got, err := a.Step(t.Context())
		ok(t, err)
		if got.Allowed != (got.Code == "") {
			t.Errorf("%+v", got)
		}
		out = append(out, strings.TrimSpace(got.Action+" "+got.Code))
	}
	return out
}

func TestTheThiefWorksUntilContained(t *testing.T) {
	s := start(t)
	ok(t, s.SetPolicies("alice", admin))
	a := must[*sandbox.Attacker](t)(sandbox.NewAttacker(s.URL(), s.alice, thief, sandbox.Theft()))
	steps := len(sandbox.Theft())
	free := []string{"GetCallerIdentity", "DescribeInstances", "RunInstances", "CreateUser", "AttachPolicyToUser", "DeleteInstance"}
	if diff := cmp.Diff(free, round(t, a, steps)); diff != "" {
		t.Error(diff)
	}
	ok(t, s.createPolicy(t, "q", deny)) // denies CreateUser and DeleteInstance
	ok(t, s.attach(t, "Custom", "q"))
	quarantined := []string{
		"GetCallerIdentity", "DescribeInstances", "RunInstances", "CreateUser NoPermission",
		"AttachPolicyToUser EntityNotExist.User", "DeleteInstance NoPermission",
	}
	if diff := cmp.Diff(quarantined, round(t, a, steps)); diff != "" {
		t.Error(diff)
	}
	s.setStatus(t, "alice", s.alice.ID, sandbox.Inactive)
	for _, got := range round(t, a, steps) {
		if !strings.HasSuffix(got, " InvalidAccessKeyId.Inactive") {
			t.Errorf("after the key was disabled: %s", got)
		}
	}
	for _, call := range s.Snapshot().Calls[:steps] {
		if call.Source != thief || call.KeyID != s.alice.ID || call.User != "alice" || call.Allowed {
			t.Errorf("%+v", call)
		}
	}
}

func TestTheOwnerKeepsWorkingInQuarantine(t *testing.T) {
	s := start(t)
	ok(t, s.AddPolicy("q", deny))
	ok(t, s.SetPolicies("alice", sandbox.PolicyRef{Type: sandbox.System, Name: "AliyunECSFullAccess"}, sandbox.PolicyRef{Type: sandbox.Custom, Name: "q"}))
	owner := must[*sandbox.Attacker](t)(sandbox.NewAttacker(s.URL(), s.alice, "203.0.113.7", sandbox.Workload()))
	if diff := cmp.Diff([]string{"DescribeInstances", "DescribeInstances"}, round(t, owner, 2)); diff != "" {
		t.Error(diff)
	}
}

func TestAnAttackerStaysOnLoopbackAndKeepsItsSecret(t *testing.T) {
	s := start(t)
	for _, endpoint := range []string{"https://ram.aliyuncs.com", "http://ram.aliyuncs.com:80", "http://192.0.2.1:80", "", "127.0.0.1:1"} {
		if _, err := sandbox.NewAttacker(endpoint, s.alice, thief, sandbox.Theft()); !errors.Is(err, sandbox.ErrEndpoint) {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
	a := must[*sandbox.Attacker](t)(sandbox.NewAttacker(s.URL(), s.alice, thief, []sandbox.Move{{Version: ram, Action: "CreateUser", Params: map[string]string{"UserName": "planted-text"}}}))
	ok(t, s.Close())
	_, err := a.Step(t.Context())
	if err == nil || strings.Contains(err.Error(), "planted-text") || strings.Contains(fmt.Sprintf("%+v", err), string(s.alice.Secret)) {
		t.Errorf("%v", err)
	}
}
