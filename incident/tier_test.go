package incident_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
)

// The tier table of the design, written out a second time.
func TestTiersByName(t *testing.T) {
	want := map[incident.Tier]string{
		incident.Look:       "audit.events audit.descendants audit.identities fees.check ecs.find_caller owner.ask hygiene.report",
		incident.Reversible: "policy.quarantine key.fence leak.mark_handled",
		incident.Disruptive: "key.disable permissions.trim login.cut mfa.require user.deactivate ecs.attach_role ecs.enforce_imds",
		incident.Destructive: "key.delete key.create user.delete policy.detach key.unfence key.enable key.restore user.restore " +
			"permissions.give_back login.give_back ecs.detach_role mfa.enforce leak.whitelist role.quarantine false_alarm close " +
			"key.discard user.reactivate mfa.release mfa.relax role.release ecs.relax_imds",
	}
	n := 0
	for tier, steps := range want {
		for step := range strings.FieldsSeq(steps) {
			n++
			if got := incident.StepTier(step); got != tier {
				t.Errorf("%s is %s, want %s", step, got, tier)
			}
		}
	}
	if got := len(incident.Steps()); got != n {
		t.Errorf("%d steps have a tier, the design knows %d", got, n)
	}
}

func TestAnUnknownStepIsDestructive(t *testing.T) {
	for _, step := range []string{"key.shred", "", "KEY.DISABLE", "audit.events ", "root.disable"} {
		if got := incident.StepTier(step); got != incident.Destructive {
			t.Errorf("%q is %s, want destructive", step, got)
		}
	}
}

func TestNothingLowersATier(t *testing.T) {
	for _, step := range incident.Steps() {
		own := incident.StepTier(step)
		for _, raise := range []incident.Tier{"", incident.Look, incident.Reversible, "harmless", "read_only"} {
			p := plan(step)
			p.Raise = raise
			r := house()
			r.Raise = map[string]incident.Tier{step: raise}
			if got := r.Tier(p); !got.AtLeast(own) {
				t.Errorf("%s asked to be %q is %s, below %s", step, raise, got, own)
			}
		}
	}
}

func TestWhatRaisesATier(t *testing.T) {
	breaks := plan(incident.StepKeyFence)
	breaks.Impact.Breaks = []string{"ecs:RunInstances"}
	asks := plan("fees.check")
	asks.Raise = incident.Disruptive
	odd := plan("fees.check")
	odd.Raise = "terrible"
	protected := func(r *incident.Rules) { r.Protected = []incident.RAMUser{{Account: account, User: user}} }
	tests := []struct {
		name   string
		plan   incident.Plan
		change func(*incident.Rules)
		want   incident.Tier
	}{
		{"a containment that breaks something", breaks, nil, incident.Disruptive},
		{"the action", asks, nil, incident.Disruptive},
		{"a tier nobody knows", odd, nil, incident.Destructive},
		{"the configuration", disable, func(r *incident.Rules) {
			r.Raise = map[string]incident.Tier{incident.StepKeyDisable: incident.Destructive}
		}, incident.Destructive},
		{"a protected identity", plan(incident.StepKeyFence), protected, incident.Destructive},
		{"but looking at one stays a look", plan("audit.events"), protected, incident.Look},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := house()
			if tt.change != nil {
				tt.change(&r)
			}
			if got := r.Tier(tt.plan); got != tt.want {
				t.Errorf("tier = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestHowManyPeople(t *testing.T) {
	type people = map[incident.Tier]int
	tests := []struct {
		name                                      string
		people                                    people
		look, reversible, disruptive, destructive int
	}{
		{"by default", nil, 0, 1, 2, 2},
		{"a team of one", people{incident.Disruptive: 1}, 0, 1, 1, 2},
		{
			"never below the floors",
			people{incident.Look: -1, incident.Reversible: 0, incident.Disruptive: 0, incident.Destructive: 1},
			0, 1, 1, 2,
		},
		{"more, if the house wants", people{incident.Destructive: 4}, 0, 1, 2, 4},
		{"never fewer for a higher tier", people{incident.Disruptive: 5}, 0, 1, 5, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := incident.Rules{People: tt.people}
			want := people{
				incident.Look: tt.look, incident.Reversible: tt.reversible, incident.Disruptive: tt.disruptive,
				incident.Destructive: tt.destructive, "terrible": tt.destructive,
			}
			got := people{}
			for tier := range want {
				got[tier] = r.Need(tier)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("need (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheZeroRulesLetNobodyDoAnything(t *testing.T) {
	h := found(t)
	h.rules = incident.Rules{}
	h.refused(incident.NotAllowed, "ana", incident.Propose{Plan: disable})
	h.refused(incident.NotAllowed, "ana", incident.Note{Text: "w"})
	h.refused(incident.AutoOff, incident.Bot, incident.Automate{Plan: harmless()})
}
