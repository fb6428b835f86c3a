package incident_test

import (
	"errors"
	"testing"
	"time"

	"twokey/incident"
)

var (
	remove  = plan(incident.StepKeyDelete, keyIs(incident.KeyInactive))
	restore = plan(incident.StepKeyRestore, keyIs(incident.KeyInBin))
	detach  = plan(incident.StepPolicyDetach, userHas(""))
)

func TestDisableBeforeDelete(t *testing.T) {
	h := found(t)
	h.status(incident.KeyInactive)
	h.wait(2 * time.Hour)
	for _, guarded := range [][]incident.Fact{nil, {keyIs(incident.KeyActive)}, {keyIs(incident.KeyUnknown)}} {
		p := plan(incident.StepKeyDelete, guarded...)
		h.refused(incident.KeyStillActive, "rio", incident.Propose{Plan: p})
	}
	h.ask("rio", remove)
}

func TestASecondLookComesBeforeDeletingNeverBeforeDisabling(t *testing.T) {
	for _, wait := range []time.Duration{0, time.Hour, 90 * time.Minute} {
		h := found(t)
		h.rules.Playbook.SecondLook = wait
		h.ask("rio", disable)
		h.status(incident.KeyInactive)
		h.wait(max(wait, time.Hour) - time.Microsecond) // a playbook that is silent means an hour
		h.refused(incident.SecondLook, "rio", incident.Propose{Plan: remove})
		h.wait(time.Microsecond)
		h.ask("rio", remove)
	}
}

func TestTheSecondLookStartsAnewWhenTheKeyCameBack(t *testing.T) {
	h := found(t)
	h.status(incident.KeyInactive)
	h.wait(50 * time.Minute)
	h.status(incident.KeyActive)
	h.refused(incident.SecondLook, "rio", incident.Propose{Plan: remove})
	h.status(incident.KeyInactive)
	h.wait(50 * time.Minute)
	h.refused(incident.SecondLook, "rio", incident.Propose{Plan: remove})
	h.wait(10 * time.Minute)
	h.ask("rio", remove)
}

func TestOnlyWhatIsInTheBinIsRestored(t *testing.T) {
	h := found(t)
	h.refused(incident.NotInBin, "rio", incident.Propose{Plan: plan(incident.StepKeyRestore, keyIs(incident.KeyGone))})
	h.refused(incident.NotInBin, "rio", incident.Propose{Plan: plan(incident.StepKeyRestore)})
	h.ask("rio", restore)
}

func TestThePolicyStaysWhileANamedKeyLives(t *testing.T) {
	other := incident.KeyID("LTAI" + "5tOther")
	tests := []struct {
		name  string
		plan  incident.Plan
		named []incident.KeyID
		want  error
	}{
		{"the leaked key lives", plan(incident.StepPolicyDetach, userHas(string(key))), nil, incident.KeyStillLives},
		{
			"another leaked key of the user lives", plan(incident.StepPolicyDetach, userHas(string(other))),
			[]incident.KeyID{other},
			incident.KeyStillLives,
		},
		{
			"one of several lives", plan(incident.StepPolicyDetach, userHas("A,"+string(other))),
			[]incident.KeyID{key, other},
			incident.KeyStillLives,
		},
		{"only a key that nobody leaked lives", plan(incident.StepPolicyDetach, userHas(string(other))), nil, nil},
		{"no key lives", detach, []incident.KeyID{key, other}, nil},
		{"the plan did not look", plan(incident.StepPolicyDetach), nil, incident.BadPlan},
		{"the plan could not see", plan(incident.StepPolicyDetach, userHas(incident.Unknown)), nil, incident.BadPlan},
		{
			"the plan looked at somebody else", plan(incident.StepPolicyDetach,
				incident.Fact{Of: incident.OfUser("1"), Name: incident.FactKeys}), nil, incident.BadPlan,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := found(t)
			h.around.Named = tt.named
			if err := h.do("rio", incident.Propose{Plan: tt.plan}); !errors.Is(err, tt.want) {
				t.Errorf("propose = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestOrderIsAskedAgainAtTheStart(t *testing.T) {
	t.Run("a key was named meanwhile", func(t *testing.T) {
		h := found(t)
		other := incident.KeyID("LTAI" + "5tOther")
		p := h.ready(plan(incident.StepPolicyDetach, userHas(string(other))))
		h.around.Named = []incident.KeyID{other}
		h.refused(incident.KeyStillLives, incident.Bot, incident.Start{Number: p.Number})
		h.in(p, incident.StatusLapsed) // else it would stand in the way for ever
	})
	t.Run("another incident holds the user meanwhile", func(t *testing.T) {
		h := found(t)
		p := h.ready(detach)
		h.around.Holders = []incident.ID{"inc-2"}
		h.refused(incident.UserHeld, incident.Bot, incident.Start{Number: p.Number})
	})
	t.Run("also after a crash", func(t *testing.T) {
		h := found(t)
		p := h.running(detach)
		h.around.Holders = []incident.ID{"inc-2"}
		h.refused(incident.UserHeld, incident.Bot, incident.Resume{Number: p.Number})
	})
}

func TestTheUserStaysHeldByAnotherOpenIncident(t *testing.T) {
	h := found(t)
	h.around.Holders = []incident.ID{"inc-2"}
	h.refused(incident.UserHeld, "rio", incident.Propose{Plan: detach})
}

func TestAFalseAlarmLiftsTheRuleForItsOwnIncidentOnly(t *testing.T) {
	h := found(t)
	lives := plan(incident.StepPolicyDetach, userHas(string(key)))
	h.approve(h.ask("rio", because(incident.StepFalseAlarm)), "ana", "bo")
	h.around.Holders = []incident.ID{"inc-2"}
	h.refused(incident.UserHeld, "rio", incident.Propose{Plan: lives})
	h.around.Holders = nil
	p := h.ready(lives) // still two people
	h.must(incident.Bot, incident.Start{Number: p.Number})
}

func TestNoSecondKeyOnTopOfOneThatNobodyCouldSee(t *testing.T) {
	h := found(t)
	create := plan(incident.StepKeyCreate, userHas(string(key)))
	p := h.running(create)
	h.must(incident.Bot, incident.Finish{Number: p.Number, Outcome: incident.NotSeen, Code: "Timeout"})
	h.refused(incident.InProgress, "rio", incident.Propose{Plan: create})
	h.must(incident.Bot, incident.LookBack{Number: p.Number, Outcome: incident.NotConfirmed})
	h.ask("rio", create)
}

func TestContainmentIsCountedFromItsBeginning(t *testing.T) {
	h := found(t)
	h.status(incident.KeyInactive)
	began := h.state().ContainedAt()
	h.clock = h.clock.Add(2 * time.Hour)
	h.status(incident.KeyInBin)
	if got := h.state().ContainedAt(); !got.Equal(began) || began.IsZero() {
		t.Errorf("contained since %v after deleting, want %v", got, began)
	}
	h.status(incident.KeyActive)
	if got := h.state().ContainedAt(); !got.IsZero() {
		t.Errorf("an Active key is contained since %v", got)
	}
	h.status(incident.KeyInactive)
	if got := h.state().ContainedAt(); got.Equal(began) {
		t.Error("a new containment counts from the old one")
	}
}
