package incident_test

import (
	"testing"

	"twokey/incident"
)

func TestTwoPeopleAttestWhatWasDoneToRoot(t *testing.T) {
	h := found(t)
	h.sees(incident.OfKey(h.state().Key), map[incident.FactName]string{incident.FactOwner: incident.OwnerRoot})
	p := h.ask(incident.Bot, incident.Plan{Step: "root.password"})
	if p.Need != 2 {
		t.Fatalf("it takes %d people", p.Need)
	}
	h.approve(p, "ana")
	if got := h.plan(p.Number); got.Done() || got.Status != incident.StatusWaiting {
		t.Fatalf("one person made it %s %s", got.Status, got.Outcome)
	}
	h.refused(incident.AlreadyVoted, "ana", incident.Approve{Number: p.Number, Digest: p.Digest, Reason: "w"})
	h.approve(p, "bo")
	got := h.plan(p.Number)
	if !got.Done() || got.Confirmed() || got.Outcome != incident.Attested {
		t.Errorf("two people made it %s %s: people's word is no reading", got.Status, got.Outcome)
	}
	if len(h.state().Expected()) != 0 {
		t.Error("the guard looks for what no API sees")
	}
}

func TestOneResponderSaysWhatWasDoneByHand(t *testing.T) {
	h := found(t)
	p := h.ask(incident.Bot, incident.Plan{Step: "manual.replace_key"})
	h.approve(p, "rio")
	if got := h.plan(p.Number); !got.Done() {
		t.Errorf("it is %s %s", got.Status, got.Outcome)
	}
	row := incident.Playbook{Rows: []incident.Row{{Steps: []incident.PlayStep{{Step: incident.StepKeyDisable, After: []string{"manual.replace_key"}}}}}}
	if next := row.Next(h.state()); !next[0].Now {
		t.Error("what comes after it does not come")
	}
}

// A guided step that an action reads back is no mere word.
func TestWhatAnAPISeesIsNotDoneByWord(t *testing.T) {
	h := found(t)
	target := h.state().Target()
	p := h.ready(incident.Plan{Step: incident.StepRootMFA, Target: target, Guarded: []incident.Fact{
		{Of: incident.OfAccount(target.AccountID), Name: incident.FactAccountID, Value: target.AccountID},
	}})
	h.in(p, incident.StatusReady)
	h.must(incident.Bot, incident.Start{Number: p.Number})
	h.must(incident.Bot, incident.Finish{Number: p.Number, Outcome: incident.NotConfirmed})
	if got := h.plan(p.Number); got.Done() {
		t.Error("two people said so, the API says no, and it counts as done")
	}
	h.refused(incident.BadAnswer, incident.Bot, incident.Finish{Number: h.running(disable).Number, Outcome: incident.Attested})
}

func TestAnsweringInAnObservedAccountIsNoAct(t *testing.T) {
	h := found(t)
	h.rules.Observe = []string{h.state().Target().Account}
	p := h.ask(incident.Bot, incident.Plan{Step: "manual.replace_key"})
	h.approve(p, "rio")
	if !h.plan(p.Number).Done() {
		t.Error("people may say what they did")
	}
}
