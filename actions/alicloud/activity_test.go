package alicloud_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/actions"
	"twokey/actions/alicloud"
	"twokey/actions/sandbox"
	"twokey/incident"
)

const (
	home  = "203.0.113.7"
	thief = "198.51.100.66"
	ecs   = "2014-05-26"
	ram   = "2015-05-01"
	sts   = "2015-04-01"
	day   = 24 * time.Hour
)

// theft is a stage a minute after the first sign of the leak, with a trail that
// has no lag.
type theft struct {
	*stage
	clock *clock
	sign  time.Time
}

func newTheft(t *testing.T, change ...func(*alicloud.Config)) *theft {
	t.Helper()
	c := newClock()
	s := &theft{stage: newStageAt(t, c, change...), clock: c, sign: c.now()}
	c.advance(time.Minute)
	return s
}

// past is a use of the leaked key so long before the first sign; after it, if that
// is negative.
func (s *theft) past(ago time.Duration, service, event, source string, write bool) {
	s.Helper()
	must(s.T, s.cloud.RecordUse(s.key.ID, sandbox.Use{At: s.sign.Add(-ago), Service: service, Event: event, Source: source, Write: write}))
}

// plays lets somebody with a key make these calls.
func (s *theft) plays(k sandbox.Key, source string, script ...sandbox.Move) {
	s.Helper()
	a := got(sandbox.NewAttacker(s.cloud.URL(), k, source, script))(s.T)
	for range script {
		_ = got(a.Step(s.Context()))(s.T)
	}
}

// unhurried looks have time for their turns.
func unhurried(t *testing.T) context.Context {
	t.Helper()
	return actions.With(t.Context(), actions.Following)
}

func (s *theft) activity() map[incident.FactName]string {
	s.Helper()
	sights := got(s.account.Activity(unhurried(s.T), s.target, s.sign))(s.T)
	if len(sights) == 0 || sights[0].Of != incident.OfKey(s.target.Key) || !sights[0].AsOf.Before(s.clock.now()) {
		s.Fatalf("%+v", sights)
	}
	return sights[0].Facts
}

func (s *theft) wants(want map[incident.FactName]string) {
	s.Helper()
	facts := s.activity()
	seen := map[incident.FactName]string{}
	for name := range want {
		seen[name] = facts[name]
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		s.Fatalf("(-want +got):\n%s\nall: %v", diff, facts)
	}
}

var run = sandbox.Move{Version: ecs, Action: "RunInstances", Params: map[string]string{"Amount": "1"}}

func TestADeadKeyThatAThiefUsesTodayIsAbused(t *testing.T) {
	s := newTheft(t)
	s.past(200*day, "Ecs", "DescribeInstances", home, false)
	s.plays(s.key, thief, run)
	s.wants(map[incident.FactName]string{
		incident.FactAbuse: incident.Yes, incident.FactSuspects: "ecs:RunInstances@" + thief,
		incident.FactKnownIPs: home, incident.FactNewIPs: thief, incident.FactPassed: "1", incident.FactRefused: "0",
		incident.FactOwnUse: s.sign.Add(-200 * day).Format(time.RFC3339), incident.FactServices: "Ecs",
	})
}

func TestWhatItsOwnerDoesIsNoAbuse(t *testing.T) {
	s := newTheft(t)
	s.past(10*day, "Ecs", "RunInstances", home, true)
	s.past(2*day, "Ecs", "DescribeInstances", home, false)
	s.plays(s.key, home, run, sandbox.Move{Version: ecs, Action: "DescribeInstances"})
	s.wants(map[incident.FactName]string{
		incident.FactAbuse: incident.No, incident.FactSuspects: "", incident.FactNewIPs: "", incident.FactPassed: "2",
		incident.FactOwnUse: s.clock.now().Format(time.RFC3339),
	})
	s.clock.advance(5 * time.Minute)
	s.plays(s.key, home, sandbox.Move{Version: ram, Action: "CreateUser", Params: map[string]string{"UserName": "x"}})
	s.wants(map[incident.FactName]string{ // sensitive, and never done before
		incident.FactAbuse: incident.Yes, incident.FactSuspects: "ram:CreateUser@" + home, incident.FactPassed: "3",
	})
}

func TestReadsFromANewAddressAreSeenAndNoAbuse(t *testing.T) {
	s := newTheft(t)
	s.past(2*day, "Ecs", "DescribeInstances", home, false)
	for range 5 {
		s.plays(s.key, thief, sandbox.Move{Version: ecs, Action: "DescribeInstances"})
	}
	s.wants(map[incident.FactName]string{incident.FactAbuse: incident.No, incident.FactNewIPs: thief, incident.FactSuspects: ""})
	s.wantLines(s.look(incident.StepAuditEvents).Findings, []string{ // too many for a scanner
		"!call operation=ecs:DescribeInstances ip=" + thief + " n=5", "!address ip=" + thief + " n=5",
	})
}

func TestWhoReadsOnceLongAfterTheAlertIsNoScanner(t *testing.T) {
	s := newTheft(t)
	s.clock.advance(time.Hour)
	s.plays(s.key, thief, sandbox.Move{Version: sts, Action: "GetCallerIdentity"})
	s.wantLines(s.look(incident.StepAuditEvents).Findings, []string{
		"!call operation=sts:GetCallerIdentity ip=" + thief + " n=1", "!address ip=" + thief + " n=1",
	})
}

func TestAScannerIsNeitherThiefNorOwner(t *testing.T) {
	s := newTheft(t)
	s.past(5*time.Minute, "Sts", "GetCallerIdentity", "192.0.2.9", false) // right before somebody noticed
	s.plays(s.key, thief, sandbox.Move{Version: sts, Action: "GetCallerIdentity"})
	s.wants(map[incident.FactName]string{
		incident.FactAbuse: incident.No, incident.FactKnownIPs: "", incident.FactNewIPs: thief, incident.FactSuspects: "", incident.FactOwnUse: "",
	})
	out := got(s.step(incident.StepAuditEvents).Run(t.Context(), s.planAt(incident.StepAuditEvents)))(t)
	if len(out.Findings.Items) != 1 || out.Findings.Items[0].Kind != "probe" || out.Findings.Items[0].Weight != incident.Known {
		t.Errorf("%+v", out.Findings.Items)
	}
	s.clock.advance(time.Hour)
	s.plays(s.key, thief, sandbox.Move{Version: ecs, Action: "DeleteInstance", Params: map[string]string{"InstanceId": "i-none"}})
	s.wants(map[incident.FactName]string{ // who comes back was no scanner; that it was refused does not make it better
		incident.FactAbuse: incident.Yes, incident.FactSuspects: "ecs:DeleteInstance@" + thief, incident.FactRefused: "1",
	})
}

func TestTheUsersOtherWaysInCountToo(t *testing.T) {
	s := newTheft(t)
	other := got(s.cloud.AddKey(userName))(t)
	s.plays(other, thief, run)
	s.wants(map[incident.FactName]string{
		incident.FactAbuse: incident.Yes, incident.FactSuspects: "ecs:RunInstances@" + thief, incident.FactPassed: "0",
	})
}

func TestCallsWithADisabledKeyAreCountedIfTheTrailKeepsThem(t *testing.T) {
	for keeps, refused := range map[bool]string{true: "2", false: "0"} {
		s := newTheft(t)
		s.cloud.SetBehaviour(sandbox.Behaviour{UnlimitedLookups: true, TrailKeepsRefusedKeys: keeps})
		s.do(incident.StepKeyDisable)
		s.plays(s.key, thief, run, run)
		s.wants(map[incident.FactName]string{incident.FactPassed: "0", incident.FactRefused: refused})
	}
}

func TestWithoutATrailNobodyKnows(t *testing.T) {
	s := newTheft(t)
	s.cloud.Inject(sandbox.Fault{Kind: sandbox.Unavailable, Product: "actiontrail"})
	sights, err := s.account.Activity(unhurried(t), s.target, s.sign)
	s.wantError(err, "ServiceUnavailable")
	if want := map[incident.FactName]string{incident.FactAbuse: incident.Unknown}; len(sights) != 1 || cmp.Diff(want, sights[0].Facts) != "" {
		t.Fatalf("%+v", sights)
	}
	s.cloud.ClearFaults()
	s.wants(map[incident.FactName]string{incident.FactAbuse: incident.No})
}

func TestWhatIsNotKnownOfBeforeMakesNobodyAThief(t *testing.T) {
	s := newTheft(t)
	s.past(2*day, "Ecs", "StopInvocation", home, true)
	s.plays(s.key, home, sandbox.Move{Version: ecs, Action: "DescribeInstances"})
	s.past(-time.Second, "Ecs", "ModifyTag", thief, true)
	s.cloud.Inject(sandbox.Fault{Kind: sandbox.Unavailable, Action: "GetAccessKeyLastUsedProducts"})
	sights, err := s.account.Activity(unhurried(t), s.target, s.sign)
	s.wantError(err, "ServiceUnavailable")
	if f := sights[0].Facts; f[incident.FactAbuse] != incident.Unknown || f[incident.FactNewIPs] != "" {
		t.Fatalf("%v", f)
	}
}

func TestLookingAgainReadsOnlyWhatCame(t *testing.T) {
	s := newTheft(t)
	s.cloud.SetBehaviour(sandbox.Behaviour{UnlimitedLookups: true})
	for range 150 { // three pages
		s.past(-time.Second, "Ecs", "DescribeInstances", home, false)
	}
	s.wants(map[incident.FactName]string{incident.FactPassed: "150"})
	s.clock.advance(2 * time.Hour) // what came before the leak is settled
	_ = s.activity()
	before := s.cloud.Calls("LookupEvents")
	for range 3 {
		s.clock.advance(5 * time.Minute)
		s.plays(s.key, thief, run)
		s.past(-s.clock.now().Add(-8*time.Minute).Sub(s.sign), "Ecs", "Late", home, false) // comes into the trail late
		_ = s.activity()
	}
	if n := s.cloud.Calls("LookupEvents") - before; n != 6 {
		t.Errorf("%d lookups for three looks at a key and its user", n)
	}
	s.wants(map[incident.FactName]string{incident.FactPassed: "156", incident.FactAbuse: incident.Yes})
	if n := s.cloud.Calls("LookupEvents") - before; n != 6 {
		t.Errorf("%d lookups: what was asked a moment ago is not asked again", n)
	}
}

func TestAFirstLookAtOneKeySeesAll(t *testing.T) {
	s := newTheft(t)
	_ = s.planAt(incident.StepPolicyQuarantine) // which asked what came before
	f := got(s.account.Activity(t.Context(), s.target, s.sign))(t)[0].Facts
	if f[incident.FactAbuse] != incident.No {
		t.Errorf("%v", f)
	}
}

// A crowd of alerts must not wait for looks at each of them, one after the other.
func TestAFirstLookInACrowdPassesBy(t *testing.T) {
	s := newTheft(t)
	for range 8 {
		s.target.User = "u" + s.target.User // another question to the trail each time
		for _, sight := range got(s.account.Activity(t.Context(), s.target, s.sign))(t) {
			if sight.Facts[incident.FactAbuse] != incident.No { // who had no turn says nothing, and takes nothing back
				t.Fatalf("%+v", sight)
			}
		}
	}
	if n := s.cloud.Calls("LookupEvents"); n < 2 || n > 4 { // the key's past, and the turns that are at hand
		t.Errorf("%d lookups", n)
	}
}

// planAt is a plan of a look as the bot asks for one.
func (s *theft) planAt(step string) incident.Plan {
	s.Helper()
	return got(s.step(step).Plan(s.Context(), s.target, map[string]string{"known_before": s.sign.Format(time.RFC3339)}))(s.T)
}
