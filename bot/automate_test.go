package bot_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"twokey/actions/sandbox"
	"twokey/bot/chattest"
	"twokey/incident"
)

// automatic lets the source "scans" quarantine by itself.
func automatic(r *incident.Rules) {
	r.Automation = incident.Automation{
		Sources: []string{"scans"}, Cap: 3, History: 14 * 24 * time.Hour,
		Rules: []incident.AutoRule{{Do: []string{incident.StepPolicyQuarantine}}},
	}
}

// quarantined counts the users that have the quarantine policy.
func quarantined(w *chattest.World) (n int) {
	for _, u := range w.Cloud.Snapshot().Users {
		for _, p := range u.Policies {
			if p.Name == "twokey-quarantine" {
				n++
			}
		}
	}
	return n
}

func TestAnAllowedSourceContainsBeforeAnybodyVotes(t *testing.T) {
	s := alerted(t, chattest.Options{Rules: automatic})
	p := s.last(incident.StepPolicyQuarantine)
	if !p.Auto || p.Outcome != incident.Confirmed || len(p.Votes) != 0 || quarantined(s.World) != 1 {
		t.Fatalf("plan %d is %s %s, by automation: %v; %d quarantined", p.Number, p.Status, p.Outcome, p.Auto, quarantined(s.World))
	}
	if got := s.KeyStatus(); got != "Active" {
		t.Errorf("automation also touched the key: %s", got)
	}
	// It is taken back like any other step, by two people.
	if a := s.say(chattest.Ana, "false_alarm because it is a test vector"); !a.OK {
		t.Fatal(a.Text)
	}
	s.agree(incident.StepFalseAlarm, chattest.Ana, chattest.Bo)
	s.agree(incident.StepPolicyDetach, chattest.Ana, chattest.Bo)
	if n := quarantined(s.World); n != 0 {
		t.Errorf("%d users are still quarantined", n)
	}
	s.After(20 * time.Minute)
	if n := quarantined(s.World); n != 0 {
		t.Error("automation did it again after people took it back")
	}
}

func TestWhatAutomationLeavesToPeople(t *testing.T) {
	for name, change := range map[string]func(*incident.Rules){
		"no rule":                  func(r *incident.Rules) { r.Automation.Rules = nil },
		"a source that may not":    func(r *incident.Rules) { r.Automation.Sources = []string{"github"} },
		"a protected user":         func(r *incident.Rules) { r.Protected = []incident.RAMUser{{Account: "prod", User: "ci-deploy"}} },
		"an account only observed": func(r *incident.Rules) { r.Observe = []string{"prod"} },
		"a cap of none":            func(r *incident.Rules) { r.Automation.Cap = 0 },
		"more history than known":  func(r *incident.Rules) { r.Automation.History = 365 * 24 * time.Hour },
	} {
		t.Run(name, func(t *testing.T) {
			s := alerted(t, chattest.Options{Rules: func(r *incident.Rules) { automatic(r); change(r) }})
			if n := quarantined(s.World); n != 0 {
				t.Error("it ran by itself")
			}
			if p, ok := s.State(s.id).Waiting(incident.StepPolicyQuarantine); !ok || p.Auto {
				t.Error("the step does not wait for people instead")
			}
		})
	}
	t.Run("a key that a person typed", func(t *testing.T) {
		s := tell(t, chattest.Options{Rules: automatic})
		s.say(chattest.Ana, "report "+s.Scene.Leaked.ID)
		s.Settle()
		s.receive(s.alert(nil)) // the source agrees, later
		s.Settle()
		if n := quarantined(s.World); n != 0 {
			t.Error("it ran by itself")
		}
	})
}

// Whoever posts every key of an account stops no more than the cap, however
// many alerts come at once.
func TestTheCapHoldsAcrossIncidents(t *testing.T) {
	s := tell(t, chattest.Options{Rules: automatic})
	var keys []incident.KeyID
	for _, name := range []string{"u1", "u2", "u3", "u4", "u5", "u6"} {
		s.Cloud.AddUser(name)
		k, err := s.Cloud.AddKey(name)
		if err != nil {
			t.Fatal(err)
		}
		for days := range 6 {
			use := sandbox.Use{At: s.Clock.Now().Add(-time.Duration(days+1) * 10 * 24 * time.Hour), Service: "Ecs", Event: "DescribeInstances", Source: sandbox.KnownSource}
			if err := s.Cloud.RecordUse(k.ID, use); err != nil {
				t.Fatal(err)
			}
		}
		keys = append(keys, incident.KeyID(k.ID))
	}
	for _, k := range keys {
		s.receive(s.alert(func(a *incident.Alert) { a.KeyID, a.ExternalKey = k, string(k) }))
	}
	var workers sync.WaitGroup
	for range 4 {
		for _, lane := range []string{incident.LaneLook, incident.LaneContain} {
			workers.Go(func() {
				for range 200 {
					if _, err := s.Bot.Work(context.Background(), lane); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	workers.Wait()
	s.Settle()
	if n := quarantined(s.World); n != 3 {
		t.Fatalf("%d users were quarantined, the cap is 3", n)
	}
	s.After(59 * time.Minute)
	if n := quarantined(s.World); n != 3 {
		t.Errorf("%d after most of an hour", n)
	}
	waiting := 0
	for i := range keys {
		if _, ok := s.State(incident.NewID(uint64(i + 1))).Waiting(incident.StepPolicyQuarantine); ok {
			waiting++
		}
	}
	if waiting != 3 {
		t.Errorf("%d wait for people, want the other 3", waiting)
	}
	s.After(2 * time.Minute) // the slots are free again
	v, _ := s.receive(s.alert(nil))
	s.Settle()
	if n := quarantined(s.World); n < 4 {
		t.Errorf("%d in the next hour (%s)", n, v)
	}
}
