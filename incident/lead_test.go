package incident_test

import (
	"testing"

	"twokey/incident"
)

// evil is a user that the leaked key made.
func evil(h *history) incident.Target {
	t := h.state().Target()
	h.sees(incident.OfUser("evil-id"), map[incident.FactName]string{incident.FactMadeBy: string(t.Key), incident.FactUser: "evil"})
	t.User, t.UserID = "evil", "evil-id"
	return t
}

func TestAStepAimsAtTheOwnUserOrAtWhatTheKeyMade(t *testing.T) {
	h := found(t)
	other := h.state().Target()
	other.User, other.UserID = "evil", "evil-id"
	plan := incident.Plan{Step: incident.StepUserDelete, Target: other}
	h.refused(incident.BadPlan, "ana", incident.Propose{Plan: plan})
	h.sees(incident.OfUser("evil-id"), map[incident.FactName]string{incident.FactMadeBy: "LTAIanother"})
	h.refused(incident.BadPlan, "ana", incident.Propose{Plan: plan})
	plan.Target = evil(h)
	h.must("ana", incident.Propose{Plan: plan})
	if leads := h.state().Leads(); len(leads) != 1 || leads[0].User != "evil" {
		t.Errorf("leads: %v", leads)
	}
}

// The same step on two users is two plans: neither replaces the other, nor counts
// as the other.
func TestPlansForDifferentAimsStandSideBySide(t *testing.T) {
	h := found(t)
	own := incident.Plan{Step: incident.StepUserDeactivate, Target: h.state().Target()}
	its := incident.Plan{Step: incident.StepUserDeactivate, Target: evil(h)}
	a, b := h.ask("ana", own), h.ask("bo", its)
	h.in(h.plan(a.Number), incident.StatusWaiting)
	h.approve(b, "ana", "bo")
	h.must(incident.Bot, incident.Start{Number: b.Number})
	h.must(incident.Bot, incident.Finish{Number: b.Number, Outcome: incident.Confirmed})
	row := incident.Playbook{Rows: []incident.Row{{Steps: []incident.PlayStep{{Step: incident.StepUserDeactivate}}}}}
	if row.Next(h.state())[0].Done {
		t.Error("what was done to the other user counts as done to this one")
	}
	h.approve(a, "ana", "bo")
	h.must(incident.Bot, incident.Start{Number: a.Number})
	h.must(incident.Bot, incident.Finish{Number: a.Number, Outcome: incident.Confirmed})
	back := h.ready(incident.Plan{Step: incident.StepUserReactivate, Target: its.Target})
	h.must(incident.Bot, incident.Start{Number: back.Number})
	h.must(incident.Bot, incident.Finish{Number: back.Number, Outcome: incident.Confirmed})
	if h.plan(a.Number).UndoneBy != 0 || h.plan(b.Number).UndoneBy != back.Number {
		t.Error("taking back one took back the other")
	}
	for _, role := range []string{"one", "two"} {
		h.ask("ana", incident.Plan{
			Step: incident.StepRoleQuarantine, Target: h.state().Target(),
			Params: map[string]string{incident.ParamOf: string(incident.OfRole(role))},
		})
	}
	if first := h.plan(len(h.state().Proposals) - 1); first.Status != incident.StatusWaiting {
		t.Errorf("the plan for the first role is %s", first.Status)
	}
}
