package alicloud_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twokey/actions/alicloud"
	"twokey/actions/rampolicy"
	"twokey/incident"
)

const somewhere = "1234567890123456"

func least(t *testing.T, steps []string, s alicloud.Scope) rampolicy.Document {
	t.Helper()
	s.AccountID = somewhere
	return got(alicloud.LeastPolicy(steps, s))(t)
}

// may is what documents decide together.
func may(action, resource string, docs ...rampolicy.Document) rampolicy.Decision {
	return rampolicy.Evaluate(docs, action, resource).Decision
}

func TestSwitchedOnAreTheNamedStepsAndTheirUndo(t *testing.T) {
	named := []string{incident.StepKeyDisable, "manual.call_the_owner", incident.StepPolicyQuarantine, "no.such"}
	want := []string{incident.StepKeyDisable, incident.StepKeyEnable, incident.StepPolicyDetach, incident.StepPolicyQuarantine}
	if diff := cmp.Diff(want, alicloud.SwitchedOn(named)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if on := alicloud.SwitchedOn(nil); len(on) != 0 {
		t.Error(on)
	}
}

func TestMakingThePolicyIsAnOptInThatIsNamed(t *testing.T) {
	const policy = "acs:ram::" + somewhere + ":policy/twokey-quarantine"
	admin := rampolicy.Document{Version: "1", Statements: []rampolicy.Statement{{Effect: rampolicy.Allow, Actions: []string{"*"}, Resources: []string{"*"}}}}
	steps := []string{incident.StepPolicyQuarantine}
	without := least(t, steps, alicloud.Scope{})
	if d := may("ram:CreatePolicy", policy, without, admin); d != rampolicy.ExplicitDeny {
		t.Errorf("by default: %v", d)
	}
	with := least(t, steps, alicloud.Scope{Create: true})
	if d := may("ram:CreatePolicy", policy, with); d != rampolicy.Allowed {
		t.Errorf("opted in: %v", d)
	}
	if d := may("ram:CreatePolicy", strings.Replace(policy, "quarantine", "other", 1), with); d == rampolicy.Allowed {
		t.Error("it may make any policy")
	}
	if paths := alicloud.Escalates(steps, alicloud.Scope{}); len(paths) != 0 {
		t.Errorf("by default: %v", paths)
	}
	if paths := alicloud.Escalates(steps, alicloud.Scope{Create: true}); !slices.Contains(paths, "ram:CreatePolicy") {
		t.Errorf("opted in: %v", paths)
	}
	if doc := least(t, every, alicloud.Scope{GiveBack: true}); may("ram:CreatePolicy", policy, doc) != rampolicy.ExplicitDeny {
		t.Error("giving back is no leave to make policies")
	}
	if paths := alicloud.Escalates([]string{incident.StepKeyDisable}, alicloud.Scope{Create: true}); len(paths) != 0 {
		t.Errorf("without the step: %v", paths)
	}
}

func TestNobodyButTheQuarantineCanBeAttached(t *testing.T) {
	for _, create := range []bool{false, true} {
		doc := least(t, every, alicloud.Scope{Create: create})
		for _, policy := range []string{"acs:ram::system:policy/AdministratorAccess", "acs:ram::" + somewhere + ":policy/somebodys"} {
			for _, action := range []string{"ram:AttachPolicyToUser", "ram:AttachPolicyToRole", "ram:AttachPolicyToGroup"} {
				if d := may(action, policy, doc); d == rampolicy.Allowed {
					t.Errorf("%s %s is allowed (create %v)", action, policy, create)
				}
			}
		}
	}
}

func TestAnObserversPolicyOnlyLooks(t *testing.T) {
	for _, s := range least(t, every, alicloud.Scope{Looks: true, Create: true}).Statements {
		if s.Effect != rampolicy.Allow {
			continue
		}
		for _, action := range s.Actions {
			_, name, _ := strings.Cut(action, ":")
			if !slices.ContainsFunc([]string{"Get", "List", "Lookup", "Describe", "Query", "Generate"}, func(verb string) bool { return strings.HasPrefix(name, verb) }) {
				t.Errorf("an observer may %s", action)
			}
		}
	}
}

func TestTheBotMaySeeItselfAndNotChangeItself(t *testing.T) {
	for _, own := range []string{"acs:ram::" + somewhere + ":role/twokey", "acs:ram::" + somewhere + ":user/twokey"} {
		doc := least(t, every, alicloud.Scope{Own: own, Create: true})
		for _, action := range []string{"ram:UpdateAccessKey", "ram:CreateAccessKey", "ram:AttachPolicyToUser", "ram:AttachPolicyToRole", "ram:DetachPolicyFromUser", "ram:UpdateRole", "ram:DeleteUser", "ram:PassRole"} {
			for _, as := range []string{own, strings.Replace(own, "::", ":*:", 1)} {
				if d := may(action, as, doc); d != rampolicy.ExplicitDeny {
					t.Errorf("%s on %s: %v", action, as, d)
				}
			}
		}
		if d := may("ram:ListAccessKeys", own, doc); d != rampolicy.Allowed {
			t.Errorf("looking at itself: %v", d)
		}
	}
}

func TestTheWholePolicyFitsIntoTwoAndSaysTheSame(t *testing.T) {
	whole := least(t, every, alicloud.Scope{Own: "acs:ram::" + somewhere + ":role/twokey", Create: true})
	parts := got(alicloud.Fit(whole, alicloud.MaxPolicy))(t)
	if len(parts) > 2 {
		t.Errorf("%d documents", len(parts))
	}
	for _, limit := range []int{1200, 2048, alicloud.MaxPolicy} {
		if parts, err := alicloud.Fit(whole, limit); err == nil {
			same(t, whole, parts, limit)
		}
	}
	if _, err := alicloud.Fit(whole, 100); !errors.Is(err, alicloud.ErrConfig) {
		t.Errorf("a limit that holds no statement: %v", err)
	}
}

func same(t rapid.TB, whole rampolicy.Document, parts []rampolicy.Document, limit int) {
	t.Helper()
	var all []rampolicy.Statement
	for _, p := range parts {
		if n := len(p.Canonical()); n > limit || p.Version != whole.Version || len(p.Statements) == 0 {
			t.Errorf("a part of %d bytes with %d statements, limit %d", n, len(p.Statements), limit)
		}
		if _, err := rampolicy.Parse(p.Canonical()); err != nil {
			t.Error(err)
		}
		all = append(all, p.Statements...)
	}
	if diff := cmp.Diff(whole.Statements, all); diff != "" {
		t.Errorf("(-whole +parts):\n%s", diff)
	}
}

func TestAnyDocumentIsSplitWithoutLoss(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		doc := rampolicy.Document{Version: "1"}
		for range rapid.IntRange(1, 12).Draw(t, "statements") {
			actions := rapid.SliceOfNDistinct(rapid.StringMatching(`ram:[A-Z][a-z]{2,12}`), 1, 9, rapid.ID).Draw(t, "actions")
			doc.Statements = append(doc.Statements, rampolicy.Statement{
				Effect:  rapid.SampledFrom([]rampolicy.Effect{rampolicy.Allow, rampolicy.Deny}).Draw(t, "effect"),
				Actions: actions, Resources: []string{"*"},
			})
		}
		limit := rapid.IntRange(300, 3000).Draw(t, "limit")
		parts, err := alicloud.Fit(doc, limit)
		if err != nil {
			t.Fatal(err)
		}
		same(t, doc, parts, limit)
	})
}
