package view_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/view"
	"twokey/incident"
)

// A story builds real histories: every record is decided, sealed and folded.
type story struct {
	t       *testing.T
	rules   incident.Rules
	state   incident.State
	records []incident.Record
	at      time.Time
	texts   map[incident.Words]string
	behind  []bot.Behind
}

const (
	ana  incident.Person = "ana"
	bo   incident.Person = "bo"
	chen incident.Person = "chen"
	eve  incident.Person = "eve"
)

// leaked is built at test time, so that no scanner takes this file for a leak.
func leaked() incident.KeyID { return incident.KeyID("LTAI" + strings.Repeat("5tJ3", 5)) }

func newStory(t *testing.T) *story {
	t.Helper()
	return &story{
		t: t, rules: rules(), texts: make(map[incident.Words]string),
		at: time.Date(2026, 11, 21, 2, 53, 50, 0, time.UTC),
	}
}

func rules() incident.Rules {
	both := []incident.Role{incident.Responder, incident.Approver}
	active := incident.Conditions{"owner": {incident.OwnerRAM}, "status": {incident.KeyActive}}
	inactive := incident.Conditions{"owner": {incident.OwnerRAM}, "status": {incident.KeyInactive, incident.KeyInBin}}
	return incident.Rules{
		Members: []incident.Member{
			{ID: ana, Roles: both},
			{ID: bo, Roles: both},
			{ID: chen, Roles: both},
			{ID: eve, Roles: []incident.Role{incident.Responder}},
		},
		RequesterCounts: true,
		ReasonFrom:      incident.Destructive,
		Automation: incident.Automation{
			Sources: []string{"scans"}, Cap: 3, History: 14 * 24 * time.Hour,
			Rules: []incident.AutoRule{{
				When: incident.Conditions{"abuse": {incident.Any}, "owner": {incident.OwnerRAM}},
				Do:   []string{incident.StepKeyFence, incident.StepPolicyQuarantine},
			}},
		},
		Playbook: incident.Playbook{
			Name: "test", SecondLook: time.Hour,
			Rows: []incident.Row{
				{Name: "live", When: active, Steps: []incident.PlayStep{
					{Step: "key.disable"},
					{Step: "policy.quarantine"},
					{Step: "key.fence"},
					{Step: "audit.descendants", After: []string{"key.disable"}},
					{Step: "key.delete", After: []string{"key.disable"}},
					{Step: "policy.detach", After: []string{"key.delete"}},
				}},
				{Name: "contained", When: inactive, Steps: []incident.PlayStep{
					{Step: "key.disable"},
					{Step: "key.create", Needs: incident.Conditions{"rotatable": {incident.Yes}}},
					{Step: "audit.descendants"},
					{Step: "fees.check", Guided: true},
					{Step: "key.delete", After: []string{"key.disable"}},
					{Step: "policy.detach", After: []string{"key.delete"}},
				}},
				{Name: "root", When: incident.Conditions{"owner": {incident.OwnerRoot}}, Steps: []incident.PlayStep{
					{Step: "root.disable_key", Guided: true},
					{Step: "root.mfa", Guided: true},
					{Step: "root.delete_key", Guided: true, After: []string{"root.disable_key"}},
				}},
			},
		},
	}
}

// wait lets time pass.
func (s *story) wait(d time.Duration) *story { s.at = s.at.Add(d); return s }

// do gives a command that must be accepted.
func (s *story) do(by incident.Person, c incident.Command) *story {
	s.t.Helper()
	events, err := s.rules.Decide(s.state, by, s.at, c)
	if err != nil {
		s.t.Fatalf("%s gives %T: %v", by, c, err)
	}
	return s.write(by, events...)
}

// write appends events as they are.
func (s *story) write(by incident.Person, events ...incident.Event) *story {
	s.t.Helper()
	records := incident.Chain{}.Seal(s.state, "inc-7", by, s.at, events)
	s.records = append(s.records, records...)
	s.state = incident.Fold(s.records)
	return s
}

func (s *story) text(text string) incident.Words {
	w := incident.Words("words-" + text)
	s.texts[w] = text
	return w
}

func (s *story) alert(key incident.KeyID, text incident.AlertText) incident.Alert {
	s.t.Helper()
	raw, err := json.Marshal(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return incident.Alert{
		Source: "hook", Type: "gitleaks", Kind: incident.KindOpen, KeyID: key, Public: incident.Yes,
		Details: s.text(string(raw)), DetectedAt: s.at.Add(-20 * time.Second), ReceivedAt: s.at,
	}
}

var place = incident.AlertText{Places: []incident.Place{{
	Repo: "acme/web", Path: "deploy/.env", Line: 12, Commit: "3a9005e0c1d2", URL: "https://git.example/acme/web",
}}}

// opened is one second after the alert.
func opened(t *testing.T) *story {
	s := newStory(t)
	return s.do(incident.Bot, incident.Open{Alert: s.alert(leaked(), place)}).wait(time.Second)
}

// sees writes down what a look showed of the leaked key.
func (s *story) sees(facts map[incident.FactName]string) *story {
	return s.do(incident.Bot, incident.Observe{
		Of: incident.OfKey(leaked()), Facts: facts, AsOf: s.at.Add(-3 * time.Minute), Source: "ims:GetUser",
	})
}

// owned is a look-up that found a RAM user of ours, still being used.
func (s *story) owned() *story {
	return s.sees(map[incident.FactName]string{
		incident.FactOwner: incident.OwnerRAM, incident.FactAccount: "prod", incident.FactAccountID: "1234567890123456",
		incident.FactUser: "ci-deploy", incident.FactUserID: "201912345678", incident.FactStatus: incident.KeyActive,
		incident.FactLastUsed: "2026-11-21T02:49:50Z", incident.FactLastIP: "203.0.113.7",
		incident.FactLastService: "Oss", incident.FactAbuse: incident.Yes,
	})
}

// plan is what an action would plan for a step, with the key as last seen.
func (s *story) plan(step, undo string) incident.Plan {
	key, user := incident.OfKey(leaked()), incident.OfUser("201912345678")
	p := incident.Plan{
		Step: step, Target: s.state.Target(), Undo: undo,
		Guarded: []incident.Fact{{Of: key, Name: incident.FactStatus, Value: s.state.KeyFact(incident.FactStatus)}},
		Shown:   []incident.Fact{{Of: key, Name: incident.FactLastIP, Value: "203.0.113.7"}},
		Impact:  incident.Impact{Since: s.at.Add(-15 * 24 * time.Hour), Blind: []string{"oss data events"}},
	}
	if step == incident.StepKeyDisable {
		p.Impact.Breaks = []string{"ecs:DescribeInstances", "oss:PutObject"}
	}
	if step == incident.StepPolicyDetach {
		p.Guarded = []incident.Fact{{Of: user, Name: incident.FactKeys, Value: ""}}
	}
	return p
}

// offered is three seconds after the alert: looked up, with the first offers.
func offered(t *testing.T) *story {
	s := opened(t).wait(2 * time.Second).owned()
	s.do(incident.Bot, incident.Propose{Plan: s.plan("key.disable", "key.enable")})
	s.do(incident.Bot, incident.Propose{Plan: s.plan("policy.quarantine", "policy.detach")})
	fence := s.plan("key.fence", "key.unfence")
	of := incident.OfKey(fence.Target.Key)
	fence.Shown = []incident.Fact{
		{Of: of, Name: incident.FactKnownIPs, Value: "203.0.113.7,203.0.113.8,203.0.113.9"},
		{Of: of, Name: incident.FactNewIPs, Value: "198.51.100.66"},
	}
	return s.do(incident.Bot, incident.Propose{Plan: fence})
}

func (s *story) approve(by incident.Person, number int) *story {
	s.t.Helper()
	p, _ := s.state.Proposal(number)
	return s.do(by, incident.Approve{Number: number, Digest: p.Digest, Platform: "console", Reason: s.text("the deploy key is public")})
}

// running is after two votes on disabling, with the step begun.
func running(t *testing.T) *story {
	s := offered(t).wait(17*time.Second).approve(ana, 1).wait(30*time.Second).approve(bo, 1)
	return s.do(incident.Bot, incident.Start{Number: 1}).wait(2 * time.Second)
}

// contained is after the key was seen disabled.
func contained(t *testing.T) *story {
	s := running(t)
	s.do(incident.Bot, incident.Finish{Number: 1, Outcome: incident.Confirmed})
	return s.sees(map[incident.FactName]string{incident.FactStatus: incident.KeyInactive})
}

func (s *story) scene(lang string) bot.Scene {
	return bot.Scene{
		State: s.state, Rules: s.rules, Lang: lang, Now: s.at, Texts: s.texts, Site: "china", Behind: s.behind,
		Names:  map[incident.Person]string{ana: "Ana", bo: "Bo", chen: "Chen", eve: "Eve"},
		Owners: map[incident.RAMUser]incident.Person{{Account: "prod", User: "ci-deploy"}: ana},
	}
}

func words(t *testing.T) *view.View {
	t.Helper()
	v, err := view.New()
	if err != nil {
		t.Fatal(err)
	}
	return v
}
