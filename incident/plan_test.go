package incident_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
)

// Whatever people can see of a plan, changing it changes the digest.
func TestEveryPartOfAPlanIsInItsDigest(t *testing.T) {
	base := func() incident.Plan {
		return incident.Plan{
			Step: "permissions.trim", Target: target, Params: map[string]string{"a": "1"},
			Guarded: []incident.Fact{keyIs(incident.KeyActive)}, Shown: []incident.Fact{userHas("x")},
			Impact: incident.Impact{Breaks: []string{"b"}, Blind: []string{"c"}, Since: t0}, Undo: "u",
		}
	}
	edits := map[string]func(*incident.Plan){
		"nothing":       func(*incident.Plan) {},
		"step":          func(p *incident.Plan) { p.Step = "login.cut" },
		"account id":    func(p *incident.Plan) { p.Target.AccountID = "1" },
		"param value":   func(p *incident.Plan) { p.Params["a"] = "2" },
		"param name":    func(p *incident.Plan) { p.Params = map[string]string{"b": "1"} },
		"param added":   func(p *incident.Plan) { p.Params["b"] = "" },
		"guarded value": func(p *incident.Plan) { p.Guarded[0].Value = "Inactive" },
		"guarded name":  func(p *incident.Plan) { p.Guarded[0].Name = "other" },
		"guarded of":    func(p *incident.Plan) { p.Guarded[0].Of = ofUser },
		"guarded gone":  func(p *incident.Plan) { p.Guarded = nil },
		"guarded shown": func(p *incident.Plan) { p.Guarded, p.Shown = nil, append(p.Guarded, p.Shown...) },
		"shown value":   func(p *incident.Plan) { p.Shown[0].Value = "y" },
		"breaks":        func(p *incident.Plan) { p.Impact.Breaks = []string{"d"} },
		"blind":         func(p *incident.Plan) { p.Impact.Blind = nil },
		"breaks, blind": func(p *incident.Plan) { p.Impact.Breaks, p.Impact.Blind = nil, []string{"b", "c"} },
		"since":         func(p *incident.Plan) { p.Impact.Since = t0.Add(time.Second) },
		"undo":          func(p *incident.Plan) { p.Undo = "v" },
		"raise":         func(p *incident.Plan) { p.Raise = incident.Disruptive },
		"moved border":  func(p *incident.Plan) { p.Params = map[string]string{"a1": ""} },
	}
	seen := make(map[incident.Digest]string)
	for name, edit := range edits {
		h := found(t)
		p := base()
		edit(&p)
		d := h.ask("rio", p).Digest
		if other, taken := seen[d]; taken {
			t.Errorf("%q and %q have one digest", name, other)
		}
		if len(d) != 64 {
			t.Errorf("digest %q has %d characters, want 64", d, len(d))
		}
		seen[d] = name
	}

	h := fresh(t) // also the incident, the number and the people it takes
	h.id = "inc-2"
	h.must(incident.Bot, incident.Open{Alert: alert("scans", key)})
	h.find()
	first := h.ask("rio", base())
	h.must("ana", no(first))
	second := h.ask("rio", base())
	h.must("ana", no(second))
	h.rules.People = map[incident.Tier]int{incident.Disruptive: 3}
	third := h.ask("rio", base())
	h.must("ana", no(third))
	h.rules.Raise = map[string]incident.Tier{"permissions.trim": incident.Destructive}
	for _, p := range []incident.Proposal{first, second, third, h.ask("rio", base())} {
		if other, taken := seen[p.Digest]; taken {
			t.Errorf("plan %d has the digest of %q", p.Number, other)
		}
		seen[p.Digest] = "a plan before"
	}
}

func TestADigestIsTheSameInEveryBuild(t *testing.T) {
	const want = "9ac8c51cb09ebee1c6b6323037588365a3304027c25e8eb66f5ed385999ec2cd"
	if got := found(t).ask("rio", disable).Digest; got != want {
		t.Errorf("digest = %s, want %s: people who voted before an upgrade would have voted in vain", got, want)
	}
}

func TestDriftIsEveryGuardedFactThatMoved(t *testing.T) {
	agreed := plan(incident.StepKeyDelete, keyIs(incident.KeyInactive), userHas("A"))
	now := plan(incident.StepKeyDelete, keyIs(incident.KeyActive), incident.Fact{Of: ofUser, Name: incident.FactBin, Value: "B"})
	now.Target.UserID, now.Target.User = "2020", "other"
	now.Shown = []incident.Fact{userHas("evidence is not compared")}
	want := []incident.Drift{
		{Fact: keyIs(incident.KeyInactive), Now: incident.KeyActive},
		{Fact: userHas("A")},
		{Fact: incident.Fact{Of: ofUser, Name: incident.FactBin, Value: incident.Absent}, Now: "B"},
		{Fact: incident.Fact{Of: ofKey, Name: incident.FactUser, Value: user}, Now: "other"},
		{Fact: incident.Fact{Of: ofKey, Name: incident.FactUserID, Value: userID}, Now: "2020"},
	}
	if diff := cmp.Diff(want, agreed.DriftFrom(now)); diff != "" {
		t.Errorf("drift (-want +got):\n%s", diff)
	}
	if moved := agreed.DriftFrom(agreed); len(moved) != 0 {
		t.Errorf("a plan drifted from itself: %v", moved)
	}
}

func TestWorseImpact(t *testing.T) {
	known := incident.Impact{Breaks: []string{"a"}, Since: t0}
	tests := []struct {
		name string
		now  incident.Impact
		want bool
	}{
		{"the same", known, false},
		{"less breaks", incident.Impact{Since: t0}, false},
		{"more breaks", incident.Impact{Breaks: []string{"a", "b"}, Since: t0}, true},
		{"something else breaks", incident.Impact{Breaks: []string{"b"}, Since: t0}, true},
		{"nothing is known any more", incident.Impact{}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.now.WorseThan(known); got != tt.want {
				t.Errorf("worse = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestSamePlanAsksForTheSameThing(t *testing.T) {
	shown, params, guarded, undoes, raised := disable, disable, disable, disable, disable
	shown.Shown = []incident.Fact{userHas("x")}
	params.Params = map[string]string{"a": "1"}
	guarded.Guarded = nil
	undoes.Undoes = 1
	raised.Raise = incident.Destructive
	for name, tt := range map[string]struct {
		plan incident.Plan
		want bool
	}{
		"itself": {disable, true}, "other evidence": {shown, true}, "other parameters": {params, false},
		"other guarded facts": {guarded, false}, "an undo": {undoes, false}, "a higher tier": {raised, false},
		"another step": {plan(incident.StepKeyFence), false},
	} {
		if got := incident.SamePlan(disable, tt.plan); got != tt.want {
			t.Errorf("%s: same = %v, want %v", name, got, tt.want)
		}
	}
}

func TestAPlanInALogNamesNoPerson(t *testing.T) {
	if got, want := disable.String(), "key.disable prod/"+string(key); got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
}
