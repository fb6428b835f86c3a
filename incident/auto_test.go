package incident_test

import (
	"errors"
	"testing"
	"time"

	"twokey/incident"
)

// harmless is a quarantine that would break nothing known.
func harmless() incident.Plan {
	p := plan(incident.StepPolicyQuarantine)
	p.Undo = incident.StepPolicyDetach
	p.Impact = incident.Impact{Since: t0.Add(-30 * 24 * time.Hour)}
	return p
}

func TestAutomationContainsBeforeAnybodyVoted(t *testing.T) {
	h := found(t)
	h.must(incident.Bot, incident.Automate{Plan: harmless()})
	p := h.in(h.last(), incident.StatusReady)
	if !p.Auto || len(p.Votes) != 0 {
		t.Errorf("auto %v with %d votes, want true with none", p.Auto, len(p.Votes))
	}
	h.must(incident.Bot, incident.Start{Number: p.Number})
}

func TestWhyAutomationLeavesItToPeople(t *testing.T) {
	otherUser := harmless()
	otherUser.Target.AccountID = "9876543210987654"
	tests := []struct {
		name   string
		plan   incident.Plan
		change func(*history)
		want   error
	}{
		{"all holds", harmless(), nil, nil},
		{"the fence too", withStep(harmless(), incident.StepKeyFence), nil, nil},
		{"not another step, whatever the rules say", withStep(harmless(), incident.StepKeyDisable), func(h *history) {
			h.rules.Automation.Rules[0].Do = []string{incident.StepKeyDisable}
			h.rules.Raise = map[string]incident.Tier{incident.StepKeyDisable: incident.Reversible}
		}, incident.AutoOff},
		{"no rule", harmless(), func(h *history) { h.rules.Automation.Rules = nil }, incident.AutoOff},
		{"a rule for another case", harmless(), func(h *history) {
			h.rules.Automation.Rules[0].When = incident.Conditions{"abuse": {incident.Yes}}
		}, incident.AutoOff},
		{"a rule with a misspelt fact", harmless(), func(h *history) {
			h.rules.Automation.Rules[0].When = incident.Conditions{"abused": {incident.Any}}
		}, incident.AutoOff},
		{"the source may not", harmless(), func(h *history) { h.rules.Automation.Sources = nil }, incident.AutoSource},
		{"the owner is protected", harmless(), func(h *history) {
			h.rules.Protected = []incident.RAMUser{{Account: account, User: user}}
		}, incident.AutoProtected},
		{"root's key", harmless(), func(h *history) {
			h.rules.Automation.Rules[0].When = nil
			h.sees(ofKey, map[incident.FactName]string{incident.FactOwner: incident.OwnerRoot})
		}, incident.AutoUnsure},
		{"the key is not active", harmless(), func(h *history) { h.status(incident.KeyInactive) }, incident.AutoUnsure},
		{"the target is not quite what was found", otherUser, nil, incident.AutoUnsure},
		{"the account is only watched", harmless(), func(h *history) { h.rules.Observe = []string{account} }, incident.AutoUnsure},
		{"something known would break", withImpact(t0.Add(-30*24*time.Hour), "ecs:RunInstances"), nil, incident.AutoImpact},
		{"too little is known", withImpact(t0.Add(-13 * 24 * time.Hour)), nil, incident.AutoImpact},
		{"nothing is known", withImpact(time.Time{}), nil, incident.AutoImpact},
		{"an alert claims that the leak is two hours old", harmless(), func(h *history) {
			old := incident.Alert{Source: "scans", Kind: incident.KindOpen, KeyID: key, DetectedAt: t0.Add(-2 * time.Hour)}
			h.must(incident.Bot, incident.Hear{Alert: old})
		}, incident.AutoImpact},
		{"an alert claims that the leak is old", harmless(), func(h *history) {
			old := incident.Alert{Source: "scans", Kind: incident.KindOpen, KeyID: key, DetectedAt: t0.Add(-20 * 24 * time.Hour)}
			h.must(incident.Bot, incident.Hear{Alert: old})
		}, incident.AutoImpact},
		{"the house raised the step", harmless(), func(h *history) {
			h.rules.Raise = map[string]incident.Tier{incident.StepPolicyQuarantine: incident.Disruptive}
		}, incident.AutoImpact},
		{"somebody declined it", harmless(), func(h *history) {
			h.must("ana", no(h.ask("rio", harmless())))
		}, incident.AutoUndone},
		{"it was done, and people took it back", harmless(), func(h *history) {
			h.done(harmless())
			h.done(detach)
		}, incident.AutoUndone},
		{"it was done, and somebody undid it", harmless(), func(h *history) {
			p := h.done(harmless())
			h.must(incident.Bot, incident.Report{Number: p.Number, Who: "admin"})
		}, incident.AutoUndone},
		{"it was tried, and the cloud said no", harmless(), func(h *history) {
			p := h.running(harmless())
			h.must(incident.Bot, incident.Finish{Number: p.Number, Outcome: incident.Rejected, Code: "LimitExceeded.User.Policy"})
		}, incident.AlreadyDone},
		{"a false alarm", harmless(), func(h *history) {
			h.approve(h.ask("rio", because(incident.StepFalseAlarm)), "ana", "bo")
		}, incident.AutoOff},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := found(t)
			if tt.change != nil {
				tt.change(h)
			}
			if got := h.rules.WhyNotAuto(h.state(), tt.plan); !errors.Is(got, tt.want) {
				t.Errorf("WhyNotAuto = %v, want %v", got, tt.want)
			}
			if got := h.do(incident.Bot, incident.Automate{Plan: tt.plan}); !errors.Is(got, tt.want) {
				t.Errorf("Automate = %v, want %v", got, tt.want)
			}
		})
	}
}

func withStep(p incident.Plan, step string) incident.Plan {
	p.Step = step
	return p
}

func withImpact(since time.Time, breaks ...string) incident.Plan {
	p := harmless()
	p.Impact = incident.Impact{Since: since, Breaks: breaks}
	return p
}

func TestATypedKeyNeverTriggersAutomation(t *testing.T) {
	t.Run("reported by a person", func(t *testing.T) {
		h := fresh(t)
		h.must("rio", incident.Open{Alert: alert("scans", key)}) // even under a trusted name
		h.find()
		h.refused(incident.AutoTyped, incident.Bot, incident.Automate{Plan: harmless()})
	})
	t.Run("entered into a look-up", func(t *testing.T) {
		h := fresh(t)
		h.must(incident.Bot, incident.Open{Alert: alert("scans", "")})
		h.must("rio", incident.EnterKey{Key: key})
		h.find()
		h.refused(incident.AutoTyped, incident.Bot, incident.Automate{Plan: harmless()})
	})
	t.Run("named by a trusted source for another key", func(t *testing.T) {
		h := fresh(t)
		h.must(incident.Bot, incident.Open{Alert: alert("chat", key)})
		h.must(incident.Bot, incident.Hear{Alert: alert("scans", "LTAI"+"5tOther")})
		h.find()
		h.refused(incident.AutoSource, incident.Bot, incident.Automate{Plan: harmless()})
	})
}

func TestAFloodCannotTalkATrustedSourceDown(t *testing.T) {
	h := fresh(t)
	h.must(incident.Bot, incident.Open{Alert: alert("noise", key)})
	for range 30 {
		h.must(incident.Bot, incident.Hear{Alert: alert("noise", key)})
	}
	h.must(incident.Bot, incident.Hear{Alert: alert("scans", key)})
	h.find()
	h.must(incident.Bot, incident.Automate{Plan: harmless()})
}

func TestAutomationIsAskedAgainAtTheStart(t *testing.T) {
	for name, change := range map[string]func(*history){
		"the rule is gone":         func(h *history) { h.rules.Automation.Rules = nil },
		"the source is distrusted": func(h *history) { h.rules.Automation.Sources = nil },
		"the owner is protected": func(h *history) {
			h.rules.Protected = []incident.RAMUser{{Account: account, User: user}}
		},
		"a false alarm": func(h *history) {
			h.approve(h.ask("rio", because(incident.StepFalseAlarm)), "ana", "bo")
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := found(t)
			h.must(incident.Bot, incident.Automate{Plan: harmless()})
			p := h.last()
			change(h)
			if err := h.do(incident.Bot, incident.Start{Number: p.Number}); err == nil {
				t.Error("it started")
			}
			h.in(p, incident.StatusLapsed)
		})
	}
}

func TestPeopleCanStopAutomationBeforeItStarts(t *testing.T) {
	h := found(t)
	h.around.Held = true
	h.must(incident.Bot, incident.Automate{Plan: harmless()})
	p := h.last()
	h.must("ana", no(p))
	h.around.Held = false
	h.refused(incident.NotReady, incident.Bot, incident.Start{Number: p.Number})
	h.refused(incident.AutoUndone, incident.Bot, incident.Automate{Plan: harmless()})
}
