package incident_test

import (
	"testing"

	"twokey/incident"
)

const (
	spawn = "ecs:RunInstances@198.51.100.66"
	list  = "oss:ListBuckets@198.51.100.66"
)

// asked is a history in which zed, who has no role, is asked about two calls.
func asked(t *testing.T) *history {
	t.Helper()
	h := found(t)
	h.rules.Members = append(h.rules.Members, incident.Member{ID: "zed"})
	h.sees(incident.OfKey(h.state().Key), map[incident.FactName]string{
		incident.FactSuspects: spawn + "," + list, incident.FactAbuse: incident.Yes,
	})
	h.ask("ana", incident.Plan{Step: incident.StepOwnerAsk, Params: map[string]string{
		incident.ParamPerson: "zed", incident.ParamCalls: spawn + "," + list,
	}})
	return h
}

func TestOnlyTheOwnerAnswersForTheirCalls(t *testing.T) {
	h := asked(t)
	h.refused(incident.NotAsked, "ana", incident.Reply{Question: spawn, Value: incident.No})
	h.refused(incident.NotAllowed, "zed", incident.Reply{Question: incident.InUse, Value: incident.No})
	h.refused(incident.NotAllowed, "zed", incident.Take{})
	h.refused(incident.NotAllowed, "zed", incident.Reply{Question: "ecs:StopInstances@198.51.100.66", Value: incident.No})
	h.must("zed", incident.Reply{Question: spawn, Value: incident.No})
	if a := h.state().Answers[spawn]; a.Value != incident.No || a.By != "zed" {
		t.Errorf("answer %+v", a)
	}
	h.refused(incident.NotAllowed, "zed", incident.Approve{Number: h.ask("ana", disable).Number, Digest: h.last().Digest})
}

func TestTheOwnersAnswersAreEvidence(t *testing.T) {
	h := asked(t)
	if h.state().Abuse() != incident.Yes {
		t.Fatal("not abuse")
	}
	h.must("zed", incident.Reply{Question: list, Value: incident.Yes})
	if h.state().Abuse() != incident.Yes {
		t.Error("one of two was the owner's, and nothing is suspected any more")
	}
	h.must("zed", incident.Reply{Question: spawn, Value: incident.Yes})
	if h.state().Abuse() != incident.No {
		t.Error("both were the owner's")
	}
	h.must("zed", incident.Reply{Question: spawn, Value: incident.No})
	if h.state().Abuse() != incident.Yes {
		t.Error("one was not")
	}
	if !(incident.Conditions{"abuse": {incident.Yes}}).Hold(h.state()) {
		t.Error("the playbook does not see it")
	}
	bare := found(t)
	bare.sees(incident.OfKey(bare.state().Key), map[incident.FactName]string{incident.FactAbuse: incident.Yes})
	if bare.state().Abuse() != incident.Yes {
		t.Error("abuse of which no call is listed is explained away")
	}
	h.sees(incident.OfKey(h.state().Key), map[incident.FactName]string{incident.FactAbuse: incident.No})
	if h.state().Abuse() != incident.Yes {
		t.Error("the trail overrules the owner, who says that it was a thief")
	}
}
