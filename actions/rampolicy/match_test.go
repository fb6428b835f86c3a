package rampolicy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twokey/actions/rampolicy"
)

const (
	implicit = rampolicy.ImplicitDeny
	allowed  = rampolicy.Allowed
	explicit = rampolicy.ExplicitDeny
)

const (
	admin    = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	readECS  = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:Describe*","Resource":"*"}]}`
	oneECS   = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:*","Resource":"acs:ecs:*:*:instance/i-001"}]}`
	bucket   = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:*","Resource":["acs:oss:*:*:mybucket","acs:oss:*:*:mybucket/*"]}]}`
	notRAM   = `{"Version":"1","Statement":[{"Effect":"Allow","NotAction":["ram:*","ims:*"],"Resource":"*"}]}`
	notProd  = `{"Version":"1","Statement":[{"Effect":"Deny","Action":"ecs:*","NotResource":"acs:ecs:*:*:instance/i-00?"}]}`
	seedPart = `{"Version":"1","Statement":[{"Effect":"Deny","Action":["ram:CreateUser","ram:AttachPolicyToUser"],"Resource":"*"},{"Effect":"Deny","Action":["ecs:DeleteInstance","ecs:DeleteInstances"],"Resource":"*"}]}`
	fromHome = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:*","Resource":"*","Condition":{"IpAddress":{"acs:SourceIp":"203.0.113.0/24"}}}]}`
	notMFA   = `{"Version":"1","Statement":[{"Effect":"Deny","Action":"ecs:*","Resource":"*","Condition":{"Bool":{"acs:MFAPresent":"false"}}}]}`
)

func TestEvaluateFollowsTheDocuments(t *testing.T) {
	instance := func(id string) string { return "acs:ecs:cn-hangzhou:1234567890123456:instance/" + id }
	user := "acs:ram::1234567890123456:user/alice"
	for _, row := range []struct {
		name, source     string
		docs             []string
		action, resource string
		want             rampolicy.Decision
		conditional      bool
	}{
		{"nothing attached", "RAM docs: Policy evaluation process, deny by default", nil, "ecs:RunInstances", "*", implicit, false},
		{"administrator", "RAM docs: AdministratorAccess", []string{admin}, "ram:CreateUser", user, allowed, false},
		{"deny beats allow", "RAM docs: Policy evaluation process, explicit deny", []string{admin, seedPart}, "ram:CreateUser", user, explicit, false},
		{"deny beats allow, other order", "RAM docs: Policy evaluation process, explicit deny", []string{seedPart, admin}, "ram:CreateUser", user, explicit, false},
		{"quarantine leaves the rest", "seed document, step 1", []string{admin, seedPart}, "ecs:RunInstances", instance("*"), allowed, false},
		{"quarantine denies release", "seed document, step 1", []string{admin, seedPart}, "ecs:DeleteInstance", instance("i-9"), explicit, false},
		{"a deny gives nothing", "RAM docs: Policy evaluation process, deny by default", []string{seedPart}, "ecs:RunInstances", "*", implicit, false},
		{"star in action", "RAM docs: Policy elements, ecs:Describe*", []string{readECS}, "ecs:DescribeInstances", instance("i-1"), allowed, false},
		{"star covers its prefix only", "RAM docs: Policy elements, ecs:Describe*", []string{readECS}, "ecs:DeleteInstance", instance("i-1"), implicit, false},
		{"star may be empty", "RAM docs: wildcard", []string{readECS}, "ecs:Describe", "*", allowed, false},
		{"letter case of actions", "alibaba-cloud.md statement 14", []string{readECS}, "ECS:describeinstances", "*", allowed, false},
		{"deny in other case", "alibaba-cloud.md statement 14", []string{admin, strings.ReplaceAll(seedPart, "ram:CreateUser", "RAM:createuser")}, "ram:CreateUser", user, explicit, false},
		{"the resource named", "RAM docs: Policy elements, acs:ecs:*:*:instance/inst-001", []string{oneECS}, "ecs:StopInstance", instance("i-001"), allowed, false},
		{"another resource", "RAM docs: Policy elements", []string{oneECS}, "ecs:StopInstance", instance("i-002"), implicit, false},
		{"resource keeps its case", "RAM docs: Policy elements", []string{oneECS}, "ecs:StopInstance", instance("I-001"), implicit, false},
		{"bucket", "RAM docs: Policy elements, acs:oss:*:*:mybucket", []string{bucket}, "oss:ListObjects", "acs:oss:*:1:mybucket", allowed, false},
		{"object", "RAM docs: Policy elements, acs:oss:*:*:mybucket/*", []string{bucket}, "oss:GetObject", "acs:oss:*:1:mybucket/a/b:c", allowed, false},
		{"neighbour bucket", "RAM docs: Policy elements", []string{bucket}, "oss:GetObject", "acs:oss:*:1:mybucket2/a", implicit, false},
		{"a star stays in its part", "RAM docs: ARN of five parts", []string{strings.ReplaceAll(oneECS, "*:*:instance/i-001", "*:1:*")}, "ecs:StopInstance", "acs:ecs:cn:2:1:x", implicit, false},
		{"an empty part", "RAM docs: acs:ram::account:user/name", []string{strings.ReplaceAll(admin, `"Resource":"*"`, `"Resource":"acs:ram:*:1234567890123456:user/*"`)}, "ram:GetUser", user, allowed, false},
		{"NotAction allows the rest", "RAM docs: Policy structure and syntax", []string{notRAM}, "ecs:RunInstances", "*", allowed, false},
		{"NotAction leaves its own out", "RAM docs: Policy structure and syntax", []string{notRAM}, "ram:CreateUser", user, implicit, false},
		{"NotResource spares its own", "RAM docs: (Resource | NotResource)", []string{admin, notProd}, "ecs:StopInstance", instance("i-001"), allowed, false},
		{"NotResource denies the rest", "RAM docs: (Resource | NotResource)", []string{admin, notProd}, "ecs:StopInstance", instance("i-0012"), explicit, false},
		{"conditional allow may apply", "our rule: a condition may hold", []string{fromHome}, "ecs:RunInstances", "*", allowed, true},
		{"conditional deny may apply", "our rule: a condition may hold", []string{admin, notMFA}, "ecs:RunInstances", "*", explicit, true},
		{"a sure allow beats a conditional one", "our rule: certainty first", []string{fromHome, admin}, "ecs:RunInstances", "*", allowed, false},
		{"a sure deny beats a conditional one", "our rule: certainty first", []string{notMFA, seedPart}, "ecs:DeleteInstance", "*", explicit, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			var docs []rampolicy.Document
			for _, d := range row.docs {
				docs = append(docs, parse(t, d))
			}
			got := rampolicy.Evaluate(docs, row.action, row.resource)
			if got.Decision != row.want || got.Conditional != row.conditional {
				t.Errorf("got %v conditional %v, want %v %v (%s)", got.Decision, got.Conditional, row.want, row.conditional, row.source)
			}
		})
	}
}

func TestTheVerdictNamesTheDocument(t *testing.T) {
	docs := []rampolicy.Document{parse(t, readECS), parse(t, seedPart)}
	for action, want := range map[string]int{"ecs:DescribeRegions": 0, "ecs:DeleteInstance": 1, "oss:GetObject": -1} {
		if got := rampolicy.Evaluate(docs, action, "*").Document; got != want {
			t.Errorf("%s: document %d, want %d", action, got, want)
		}
	}
}

func TestDeniesForeseesWhatAQuarantineBreaks(t *testing.T) {
	used := []string{"ecs:DeleteInstance", "oss:GetObject", "ram:CreateUser", "ecs:DescribeInstances"}
	if diff := cmp.Diff([]string{"ecs:DeleteInstance", "ram:CreateUser"}, rampolicy.Denies(parse(t, seedPart), used)); diff != "" {
		t.Error(diff)
	}
	for name, doc := range map[string]string{
		"condition": notMFA, "other resource": strings.Replace(oneECS, "Allow", "Deny", 1),
	} {
		if got := rampolicy.Denies(parse(t, doc), used); len(got) != 2 {
			t.Errorf("%s: %v: a deny that may not apply must still be foreseen", name, got)
		}
	}
	if got := rampolicy.Denies(parse(t, admin), used); got != nil {
		t.Errorf("an Allow denies nothing: %v", got)
	}
}

func TestDenyAlwaysWins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		action := rapid.StringMatching(`[a-z]{2,5}:[A-Za-z]{1,12}`).Draw(t, "action")
		var docs []rampolicy.Document
		for range rapid.IntRange(0, 4).Draw(t, "others") {
			docs = append(docs, document(rampolicy.Allow, rapid.SampledFrom([]string{"*", action, "x:*"}).Draw(t, "allow")))
		}
		at := rapid.IntRange(0, len(docs)).Draw(t, "at")
		deny := document(rampolicy.Deny, rapid.SampledFrom([]string{action, strings.ToUpper(action), action[:3] + "*", "*"}).Draw(t, "deny"))
		docs = append(docs[:at:at], append([]rampolicy.Document{deny}, docs[at:]...)...)
		if got := rampolicy.Evaluate(docs, action, "*").Decision; got != explicit {
			t.Fatalf("%v among %d documents", got, len(docs))
		}
	})
}

// A matcher that backtracks would need ages here and meet the test's own limit.
func TestAHostilePatternEnds(t *testing.T) {
	hostile := document(rampolicy.Allow, strings.Repeat("*a", 500)+"b")
	if hostile.Statements[0].MatchesAction(strings.Repeat("a", 2000)) {
		t.Error("matched")
	}
}

func document(e rampolicy.Effect, action string) rampolicy.Document {
	return rampolicy.Document{Version: "1", Statements: []rampolicy.Statement{{Effect: e, Actions: []string{action}, Resources: []string{"*"}}}}
}

func TestLintWantsAPolicyThatOnlyTakesAway(t *testing.T) {
	one := func(body string) string { return `{"Version":"1","Statement":[{` + body + `}]}` }
	for _, row := range []struct {
		name, text string
		quota      int
		want       []rampolicy.Rule
	}{
		{"fit", seedPart, 2048, nil},
		{"allow", one(`"Effect":"Allow","Action":"ecs:*","Resource":"*"`), 0, []rampolicy.Rule{rampolicy.RuleAllow}},
		{"not action", one(`"Effect":"Deny","NotAction":"ecs:*","Resource":"*"`), 0, []rampolicy.Rule{rampolicy.RuleNotAction}},
		{"everything", one(`"Effect":"Deny","Action":"*","Resource":"*"`), 0, []rampolicy.Rule{rampolicy.RuleShape}},
		{"no service", one(`"Effect":"Deny","Action":"CreateUser","Resource":"*"`), 0, []rampolicy.Rule{rampolicy.RuleShape}},
		{"service in capitals", one(`"Effect":"Deny","Action":"RAM:CreateUser","Resource":"*"`), 0, []rampolicy.Rule{rampolicy.RuleShape}},
		{"twice", one(`"Effect":"Deny","Action":["a:B","a:b"],"Resource":"*"`), 0, []rampolicy.Rule{rampolicy.RuleDuplicate}},
		{"one bucket", one(`"Effect":"Deny","Action":"oss:*","Resource":"acs:oss:*:*:b"`), 0, []rampolicy.Rule{rampolicy.RuleResource}},
		{"condition", one(`"Effect":"Deny","Action":"oss:*","Resource":"*","Condition":{"Bool":{"acs:MFAPresent":"false"}}`), 0, []rampolicy.Rule{rampolicy.RuleCondition}},
		{"too long", seedPart, 100, []rampolicy.Rule{rampolicy.RuleSize}},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got []rampolicy.Rule
			for _, p := range rampolicy.Lint(parse(t, row.text), row.quota) {
				got = append(got, p.Rule)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := rampolicy.Lint(rampolicy.Document{}, 0); len(got) != 1 || got[0].Rule != rampolicy.RuleEmpty {
		t.Errorf("the zero document: %v", got)
	}
}

// Alibaba Cloud's document on leaks, in Indonesian, translates the word Deny in all
// six statements. Such a policy protects nobody: it cannot be made.
func TestLintRefusesATranslatedEffectAndSaysWhy(t *testing.T) {
	text := strings.ReplaceAll(seedPart, "Deny", "Tolak")
	problems := rampolicy.LintText([]byte(text), 0)
	if len(problems) != 1 || problems[0].Rule != rampolicy.RuleEffect {
		t.Fatalf("%v", problems)
	}
	byHand := rampolicy.Lint(document("Tolak", "ecs:*"), 0)
	if len(byHand) != 1 || byHand[0].Rule != rampolicy.RuleEffect {
		t.Fatalf("%v", byHand)
	}
	for _, p := range append(problems, byHand...) {
		if said := p.String(); !strings.Contains(said, "Tolak") || !strings.Contains(said, "never translated") {
			t.Errorf("%q does not say why", said)
		}
	}
	if got := rampolicy.LintText([]byte("{"), 0); len(got) != 1 || got[0].Rule != rampolicy.RuleText {
		t.Errorf("%v", got)
	}
	if got := rampolicy.LintText([]byte(seedPart), 2048); got != nil {
		t.Errorf("the English text: %v", got)
	}
}

func TestLintCountsTheQuotaInBytesOfTheCanonicalForm(t *testing.T) {
	doc := parse(t, indent(t, seedPart))
	size := len(doc.Canonical())
	if got := rampolicy.Lint(doc, size); got != nil {
		t.Errorf("exactly the quota is fit: %v", got)
	}
	if got := rampolicy.Lint(doc, size-1); len(got) != 1 || got[0].Rule != rampolicy.RuleSize {
		t.Errorf("one byte over: %v", got)
	}
}

func indent(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.MarshalIndent(v, "", "    ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
