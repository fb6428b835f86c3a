package incident_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
)

// expected lists what the guard looks for, by step.
func (h *history) expected() (steps []string) {
	for _, p := range h.state().Expected() {
		steps = append(steps, p.Plan.Step)
	}
	return steps
}

func TestTheGuardExpectsWhatStandsAndNothingElse(t *testing.T) {
	unfence, enable := plan(incident.StepKeyUnfence), plan(incident.StepKeyEnable)
	fence := plan(incident.StepKeyFence)
	trimA, trimB := plan("permissions.trim"), plan("permissions.trim")
	trimA.Params = map[string]string{"policies": "A"}
	trimB.Params = map[string]string{"policies": "B"}
	anew := fence
	anew.Params = map[string]string{"ranges": "203.0.113.0/24"}

	tests := []struct {
		name  string
		steps []incident.Plan
		want  []string
	}{
		{"a containment", []incident.Plan{disable}, []string{"key.disable"}},
		{"not a look", []incident.Plan{plan("fees.check")}, nil},
		{"not what was taken back", []incident.Plan{fence, unfence}, []string{"key.unfence"}},
		{"the latest of back and forth", []incident.Plan{disable, enable, disable}, []string{"key.disable"}},
		{"not that a deleted key is inactive", []incident.Plan{disable, fence, remove}, []string{"key.delete"}},
		{"again, once it is restored", []incident.Plan{disable, remove, restore}, []string{"key.disable", "key.restore"}},
		{"the quarantine outlives the key", []incident.Plan{harmless(), remove}, []string{"policy.quarantine", "key.delete"}},
		{"nothing of a deleted user", []incident.Plan{disable, harmless(), trimA, plan("login.cut"), destroy}, []string{"user.delete"}},
		{"the fence as drawn last", []incident.Plan{fence, anew}, []string{"key.fence"}},
		{"each of two trims", []incident.Plan{trimA, trimB}, []string{"permissions.trim", "permissions.trim"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := found(t)
			h.status(incident.KeyInactive)
			h.wait(time.Hour) // the second look
			for _, p := range tt.steps {
				h.done(p)
			}
			if diff := cmp.Diff(tt.want, h.expected()); diff != "" {
				t.Errorf("expected (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheGuardKeepsLookingForWhatNobodySaw(t *testing.T) {
	h := found(t)
	p := h.running(disable)
	h.must(incident.Bot, incident.Finish{Number: p.Number, Outcome: incident.NotSeen})
	f := h.running(plan(incident.StepKeyFence))
	h.must(incident.Bot, incident.Finish{Number: f.Number, Outcome: incident.Rejected})
	if diff := cmp.Diff([]string{"key.disable"}, h.expected()); diff != "" {
		t.Errorf("expected (-want +got):\n%s", diff)
	}
}

func TestABreachIsSaidOnceForEachThingLearnt(t *testing.T) {
	h := found(t)
	p := h.done(harmless())
	h.must(incident.Bot, incident.Report{Number: p.Number})
	h.silent(incident.Bot, incident.Report{Number: p.Number})
	h.must(incident.Bot, incident.Report{Number: p.Number, Who: "ops"})
	h.must(incident.Bot, incident.Report{Number: p.Number, Who: "ops", Person: "bo"})
	h.silent(incident.Bot, incident.Report{Number: p.Number, Who: "ops", Person: "bo"})
	if got := len(h.state().Breaches); got != 3 {
		t.Errorf("breaches = %d, want 3", got)
	}
	if h.plan(p.Number).Confirmed() {
		t.Error("a breached step is still green")
	}
}

func TestWhatNeverStoodWasNotUndone(t *testing.T) {
	h := found(t)
	p := h.running(disable)
	h.refused(incident.NoSuchPlan, incident.Bot, incident.Report{Number: 9})
	h.refused(incident.NotReady, incident.Bot, incident.Report{Number: p.Number})
	h.must(incident.Bot, incident.Finish{Number: p.Number, Outcome: incident.NotConfirmed})
	h.refused(incident.NotReady, incident.Bot, incident.Report{Number: p.Number})
	h.must(incident.Bot, incident.LookBack{Number: p.Number, Outcome: incident.Confirmed})
	h.must(incident.Bot, incident.Report{Number: p.Number})
	h.must(incident.Bot, incident.LookBack{Number: p.Number, Outcome: incident.Confirmed})
	h.done(plan(incident.StepKeyEnable))
	h.refused(incident.NotReady, incident.Bot, incident.Report{Number: p.Number}) // people took it back
	h.silent(incident.Bot, incident.LookBack{Number: p.Number, Outcome: incident.NotConfirmed})
}

func TestTheGuardFightsTheThiefOnly(t *testing.T) {
	broken := withImpact(t0.Add(-30*24*time.Hour), "ecs:RunInstances")
	thief := incident.Report{Who: user, Thief: true}
	tests := []struct {
		name   string
		report incident.Report
		plan   incident.Plan
		change func(*history)
		want   error
	}{
		{"the leaked identity itself", thief, harmless(), nil, nil},
		{"not somebody unknown", incident.Report{}, harmless(), nil, incident.AutoOff},
		{"not an administrator", incident.Report{Who: "admin"}, harmless(), nil, incident.AutoOff},
		{"not a person of ours", incident.Report{Who: user, Thief: true, Person: "bo"}, harmless(), nil, incident.AutoOff},
		{"not what would break something", thief, broken, nil, incident.AutoOff},
		{"not if automation is off", thief, harmless(), func(h *history) { h.rules.Automation.Rules = nil }, incident.AutoOff},
		{"not against a protected identity", thief, harmless(), func(h *history) {
			h.rules.Protected = []incident.RAMUser{{Account: account, User: user}}
		}, incident.AutoOff},
		{"not in a watched account", thief, harmless(), func(h *history) { h.rules.Observe = []string{account} }, incident.AutoOff},
		{"not after a false alarm", thief, harmless(), func(h *history) {
			h.approve(h.ask("rio", because(incident.StepFalseAlarm)), "ana", "bo")
		}, incident.AutoOff},
		{"not if it stands again", thief, harmless(), func(h *history) {
			h.must(incident.Bot, incident.LookBack{Number: 1, Outcome: incident.Confirmed})
		}, incident.AutoOff},
		{"not another step", thief, disable, nil, incident.AutoOff},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := found(t)
			tt.report.Number = h.done(harmless()).Number
			h.must(incident.Bot, tt.report)
			if tt.change != nil {
				tt.change(h)
			}
			if err := h.do(incident.Bot, incident.Reapply{Plan: tt.plan}); !errors.Is(err, tt.want) {
				t.Errorf("Reapply = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestTheGuardNeverUndoesAStepNobodyTook(t *testing.T) {
	h := found(t)
	h.refused(incident.AutoOff, incident.Bot, incident.Reapply{Plan: harmless()})
}

// undone has the step undone and puts it back, as far as the rules let it.
func (h *history) fight(who incident.Report) error {
	who.Number = h.last().Number
	h.must(incident.Bot, who)
	if err := h.do(incident.Bot, incident.Reapply{Plan: harmless()}); err != nil {
		return err
	}
	n := h.last().Number
	h.must(incident.Bot, incident.Start{Number: n})
	h.must(incident.Bot, incident.Resume{Number: n}) // a crash in between costs no round
	h.must(incident.Bot, incident.Finish{Number: n, Outcome: incident.Confirmed})
	return nil
}

func TestTheGuardFightsThreeTimesAnHour(t *testing.T) {
	h := found(t)
	h.done(harmless())
	thief := incident.Report{Who: user, Thief: true}
	for range 3 {
		if err := h.fight(thief); err != nil {
			t.Fatalf("reapply = %v, want nil", err)
		}
		h.wait(time.Minute)
	}
	if err := h.fight(thief); !errors.Is(err, incident.AutoOff) {
		t.Errorf("the fourth time within the hour = %v, want %v", err, incident.AutoOff)
	}
	h.wait(time.Hour)
	h.must(incident.Bot, incident.Reapply{Plan: harmless()})
}

func TestAThiefOfYesterdayIsNoLeaveAgainstAPersonToday(t *testing.T) {
	h := found(t)
	h.done(harmless())
	if err := h.fight(incident.Report{Who: user, Thief: true}); err != nil {
		t.Fatalf("reapply = %v, want nil", err)
	}
	if err := h.fight(incident.Report{Who: "ops", Person: "bo"}); !errors.Is(err, incident.AutoOff) {
		t.Errorf("reapply against a person = %v, want %v", err, incident.AutoOff)
	}
}
