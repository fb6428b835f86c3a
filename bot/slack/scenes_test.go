package slack_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"twokey/bot"
	"twokey/incident"
)

// A tale is one incident, decided and sealed as the bot does it, at a time of its own:
// what is drawn from it is the same at each run.
type tale struct {
	t       *testing.T
	rules   incident.Rules
	state   incident.State
	records []incident.Record
	at      time.Time
	texts   map[incident.Words]string
}

const (
	ana  incident.Person = "ana"
	bo   incident.Person = "bo"
	chen incident.Person = "chen"
)

// keyID is made at test time, so that no scanner takes this file for a leak.
func keyID() incident.KeyID { return incident.KeyID("LTAI" + strings.Repeat("5tJ3", 5)) }

// moments are those in which people look at the card.
var moments = map[string]func(*testing.T, string) *tale{
	"1-second-after":      told,
	"3-seconds-after":     offered,
	"waiting-second-vote": waiting,
	"done":                done,
	"not-confirmed": func(t *testing.T, repo string) *tale {
		return running(t, repo).do(incident.Bot, incident.Finish{Number: 1, Outcome: incident.NotConfirmed, Code: "Throttling.User"})
	},
}

// told is one second after the alert about a key in a repository.
func told(t *testing.T, repo string) *tale {
	s := &tale{t: t, rules: tellingRules(), texts: map[incident.Words]string{}, at: time.Date(2026, 11, 21, 2, 53, 50, 0, time.UTC)}
	text, err := json.Marshal(incident.AlertText{Places: []incident.Place{{
		Repo: repo, Path: "deploy/.env", Line: 12, Commit: "3a9005e0c1d2", URL: "https://git.example/acme/web",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return s.do(incident.Bot, incident.Open{Alert: incident.Alert{
		Source: "hook", Type: "gitleaks", Kind: incident.KindOpen, KeyID: keyID(), Public: incident.Yes,
		Details: s.text(string(text)), DetectedAt: s.at.Add(-20 * time.Second), ReceivedAt: s.at,
	}}).wait(time.Second)
}

func tellingRules() incident.Rules {
	both := []incident.Role{incident.Responder, incident.Approver}
	steps := []incident.PlayStep{{Step: incident.StepKeyDisable}, {Step: incident.StepPolicyQuarantine}, {Step: incident.StepKeyFence}, {Step: incident.StepKeyDelete, After: []string{incident.StepKeyDisable}}}
	return incident.Rules{
		Members:         []incident.Member{{ID: ana, Roles: both}, {ID: bo, Roles: both}, {ID: chen, Roles: both}},
		RequesterCounts: true, ReasonFrom: incident.Destructive,
		Playbook: incident.Playbook{Name: "test", SecondLook: time.Hour, Rows: []incident.Row{
			{Name: "live", When: incident.Conditions{"owner": {incident.OwnerRAM}}, Steps: steps},
		}},
	}
}

func offered(t *testing.T, repo string) *tale {
	s := told(t, repo).wait(2 * time.Second).sees(map[incident.FactName]string{
		incident.FactOwner: incident.OwnerRAM, incident.FactAccount: "prod", incident.FactAccountID: "1234567890123456",
		incident.FactUser: "ci-deploy", incident.FactUserID: "201912345678", incident.FactStatus: incident.KeyActive,
		incident.FactLastUsed: "2026-11-21T02:49:50Z", incident.FactLastIP: "203.0.113.7", incident.FactLastService: "Oss",
		incident.FactAbuse: incident.Yes, incident.FactSuspects: "ecs:RunInstances@198.51.100.66", incident.FactNewIPs: "198.51.100.66",
	})
	s.do(incident.Bot, incident.Propose{Plan: s.plan(incident.StepKeyDisable, incident.StepKeyEnable)})
	s.do(incident.Bot, incident.Propose{Plan: s.plan(incident.StepPolicyQuarantine, incident.StepPolicyDetach)})
	return s.do(incident.Bot, incident.Propose{Plan: s.plan(incident.StepKeyFence, incident.StepKeyUnfence)})
}

func waiting(t *testing.T, repo string) *tale {
	return offered(t, repo).wait(17*time.Second).approve(ana, 1).wait(time.Second)
}

func running(t *testing.T, repo string) *tale {
	s := waiting(t, repo).wait(29*time.Second).approve(bo, 1)
	return s.do(incident.Bot, incident.Start{Number: 1}).wait(2 * time.Second)
}

func done(t *testing.T, repo string) *tale {
	s := running(t, repo)
	s.do(incident.Bot, incident.Finish{Number: 1, Outcome: incident.Confirmed})
	return s.sees(map[incident.FactName]string{incident.FactStatus: incident.KeyInactive})
}

func (s *tale) plan(step, undo string) incident.Plan {
	key := incident.OfKey(keyID())
	return incident.Plan{
		Step: step, Target: s.state.Target(), Undo: undo,
		Guarded: []incident.Fact{{Of: key, Name: incident.FactStatus, Value: s.state.KeyFact(incident.FactStatus)}},
		Shown:   []incident.Fact{{Of: key, Name: incident.FactLastIP, Value: "203.0.113.7"}},
		Impact:  incident.Impact{Since: s.at.Add(-15 * 24 * time.Hour), Breaks: []string{"oss:PutObject"}, Blind: []string{"oss data events"}},
	}
}

func (s *tale) wait(d time.Duration) *tale { s.at = s.at.Add(d); return s }

func (s *tale) do(by incident.Person, c incident.Command) *tale {
	s.t.Helper()
	events, err := s.rules.Decide(s.state, by, s.at, c)
	if err != nil {
		s.t.Fatalf("%s gives %T: %v", by, c, err)
	}
	s.records = append(s.records, incident.Chain{}.Seal(s.state, "inc-7", by, s.at, events)...)
	s.state = incident.Fold(s.records)
	return s
}

func (s *tale) sees(facts map[incident.FactName]string) *tale {
	return s.do(incident.Bot, incident.Observe{Of: incident.OfKey(keyID()), Facts: facts, AsOf: s.at.Add(-3 * time.Minute), Source: "ims:GetUser"})
}

func (s *tale) approve(by incident.Person, number int) *tale {
	p, _ := s.state.Proposal(number)
	return s.do(by, incident.Approve{Number: number, Digest: p.Digest, Platform: "slack", Reason: s.text("the deploy key is public")})
}

func (s *tale) text(text string) incident.Words {
	w := incident.Words("words-" + text)
	s.texts[w] = text
	return w
}

func (s *tale) scene(lang string) bot.Scene {
	return bot.Scene{
		State: s.state, Rules: s.rules, Lang: lang, Now: s.at, Texts: s.texts, Site: "china",
		Names:  map[incident.Person]string{ana: "Ana", bo: "Bo", chen: "Chen"},
		Owners: map[incident.RAMUser]incident.Person{{Account: "prod", User: "ci-deploy"}: ana},
		Steps:  []string{incident.StepKeyDisable, incident.StepPolicyQuarantine, incident.StepKeyFence, incident.StepKeyDelete},
	}
}
