package incident_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
)

func TestConditionsReadAClosedSetOfFacts(t *testing.T) {
	want := map[string][]string{
		"owner":     {"ram", "root", "sts", "deleted", "foreign", "unknown"},
		"status":    {"Active", "Inactive", "InRecycleBin", "Gone", "unknown"},
		"in_use":    {"yes", "no", "unknown"},
		"rotatable": {"yes", "no", "unknown"},
		"abuse":     {"yes", "no", "unknown"},
		"slot":      {"free", "full", "unknown"},
	}
	for fact, values := range want {
		got, ok := incident.ConditionValues(fact)
		if diff := cmp.Diff(values, got); diff != "" || !ok {
			t.Errorf("%s (-want +got):\n%s", fact, diff)
		}
	}
	for _, fact := range []string{"", "user", "Owner", "last_ip"} {
		if _, ok := incident.ConditionValues(fact); ok {
			t.Errorf("conditions can name %q", fact)
		}
	}
}

func TestConditions(t *testing.T) {
	tests := []struct {
		name string
		when incident.Conditions
		want bool
	}{
		{"none", nil, true},
		{"one that holds", incident.Conditions{"owner": {"ram"}}, true},
		{"one of several values", incident.Conditions{"owner": {"root", "ram"}}, true},
		{"any", incident.Conditions{"abuse": {"any"}}, true},
		{"what nobody knows is unknown", incident.Conditions{"abuse": {"unknown"}, "slot": {"unknown"}}, true},
		{"all must hold", incident.Conditions{"owner": {"ram"}, "status": {"Inactive"}}, false},
		{"no value", incident.Conditions{"owner": {}}, false},
		{"an unknown fact, even for any", incident.Conditions{"weather": {"any"}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.when.Hold(found(t).state()); got != tt.want {
				t.Errorf("hold = %v, want %v", got, tt.want)
			}
		})
	}
}

// small is a playbook of two rows.
func small() incident.Playbook {
	return incident.Playbook{Name: "small", Rows: []incident.Row{
		{
			Name: "needed", When: incident.Conditions{"owner": {"ram"}, "in_use": {"yes"}},
			Steps: []incident.PlayStep{
				{Step: incident.StepPolicyQuarantine},
				{Step: "root.rotate", Guided: true, After: []string{incident.StepPolicyQuarantine}},
			},
		},
		{
			Name: "any", When: incident.Conditions{"owner": {"any"}},
			Steps: []incident.PlayStep{
				{Step: incident.StepKeyDisable},
				{Step: incident.StepKeyDelete, After: []string{incident.StepKeyDisable}},
				{Step: incident.StepKeyCreate, Needs: incident.Conditions{"slot": {"free"}}},
			},
		},
	}}
}

type now struct {
	Step, Row string
	Done, Now bool
}

func next(h *history) (steps []now) {
	for _, n := range small().Next(h.state()) {
		steps = append(steps, now{n.Step, n.Row, n.Done, n.Now})
	}
	return steps
}

func TestTheFirstRowThatHoldsIsFollowed(t *testing.T) {
	h := found(t)
	want := []now{
		{"key.disable", "any", false, true}, {"key.delete", "any", false, false}, {"key.create", "any", false, false},
	}
	if diff := cmp.Diff(want, next(h)); diff != "" {
		t.Errorf("next (-want +got):\n%s", diff)
	}
	h.must("rio", incident.Reply{Question: incident.InUse, Value: incident.Yes})
	want = []now{{"policy.quarantine", "needed", false, true}, {"root.rotate", "needed", false, false}}
	if diff := cmp.Diff(want, next(h)); diff != "" {
		t.Errorf("after an answer (-want +got):\n%s", diff)
	}
	if got := (incident.Playbook{}).Next(h.state()); got != nil {
		t.Errorf("an empty playbook offers %v", got)
	}
}

func TestStepsComeWhenTheirTurnHasCome(t *testing.T) {
	h := found(t)
	h.status(incident.KeyInactive) // by somebody in the console: it counts however it came about
	h.sees(ofUser, map[incident.FactName]string{incident.FactSlot: incident.Free})
	want := []now{
		{"key.disable", "any", true, false}, {"key.delete", "any", false, true}, {"key.create", "any", false, true},
	}
	if diff := cmp.Diff(want, next(h)); diff != "" {
		t.Errorf("next (-want +got):\n%s", diff)
	}
	h.status(incident.KeyInBin)
	if got := next(h)[1]; !got.Done || got.Now {
		t.Errorf("a key in the bin: %+v, want deleting done", got)
	}
}

func TestAStepThatWasTakenBackIsNotDone(t *testing.T) {
	h := found(t)
	h.must("rio", incident.Reply{Question: incident.InUse, Value: incident.Yes})
	p := h.done(harmless())
	if got := next(h); !got[0].Done || !got[1].Now {
		t.Errorf("after quarantine: %+v", got)
	}
	h.must(incident.Bot, incident.Report{Number: p.Number})
	if got := next(h); got[0].Done || !got[0].Now || got[1].Now {
		t.Errorf("after a breach: %+v", got)
	}
	h.must(incident.Bot, incident.LookBack{Number: p.Number, Outcome: incident.Confirmed})
	h.done(detach)
	if got := next(h); got[0].Done {
		t.Errorf("after people took it back: %+v", got)
	}
}
