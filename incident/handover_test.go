package incident_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"twokey/incident"
)

const (
	newKey   = "LTAI" + "5tNewKey"
	otherKey = "LTAI" + "5tOther"
)

func sealedFor(who, how string) []incident.Fact {
	return []incident.Fact{
		{Of: ofUser, Name: incident.FactReceiver, Value: who}, {Of: ofUser, Name: incident.FactSealedFor, Value: how}, userHas(string(key)),
	}
}

var create = plan(incident.StepKeyCreate, sealedFor("olga", "age 0123456789abcdef")...)

// ended is key.create with its end.
func (h *history) ended(p incident.Plan, f incident.Finish) incident.Proposal {
	h.t.Helper()
	r := h.running(p)
	f.Number = r.Number
	h.must(incident.Bot, f)
	return h.plan(r.Number)
}

func (h *history) created() incident.Proposal {
	h.t.Helper()
	return h.ended(create, incident.Finish{Outcome: incident.Confirmed, Result: newKey, Sealed: "hash"})
}

// discard is the plan that takes a new key back.
func discard(k string) incident.Plan {
	p := plan(incident.StepKeyDiscard)
	p.Params = map[string]string{incident.ParamOf: string(incident.OfKey(incident.KeyID(k)))}
	return p
}

func TestASealedSecretIsFetchedByItsReceiverOnce(t *testing.T) {
	h := found(t)
	h.refused(incident.NothingSealed, "olga", incident.Receive{Way: incident.WayChat})
	p := h.created()
	for _, other := range []incident.Person{"ana", "rio", "eve"} {
		h.refused(incident.NotReceiver, other, incident.Receive{Way: incident.WayChat})
	}
	h.must("olga", incident.Receive{Way: incident.WayChat}) // she has no role here, and needs none
	if got := h.plan(p.Number).Fetched; got.By != "olga" || !got.At.Equal(h.clock) || got.Way != incident.WayChat {
		t.Errorf("fetched: %+v", got)
	}
	for _, who := range []incident.Person{"olga", incident.Bot} {
		h.refused(incident.WasReceived, who, incident.Receive{Number: p.Number})
	}
	h.wait(incident.HandOverFor)
	h.refused(incident.WasReceived, incident.Bot, incident.LetGo{Number: p.Number})
}

func TestWhoeverHasTheTokenGetsACiphertextAndTheRecordSaysSo(t *testing.T) {
	h := found(t)
	p := h.created()
	h.must(incident.Bot, incident.Receive{Way: incident.WayAPI})
	if got := h.plan(p.Number).Fetched; got.By != incident.Bot || got.Way != incident.WayAPI {
		t.Errorf("fetched: %+v", got)
	}
}

func TestAHandOverEndsAfterSevenDays(t *testing.T) {
	h := found(t)
	p := h.created()
	h.wait(incident.HandOverFor - time.Microsecond)
	h.refused(incident.TooEarly, incident.Bot, incident.LetGo{Number: p.Number})
	h.wait(time.Microsecond)
	h.refused(incident.OnlyBot, "ana", incident.LetGo{Number: p.Number})
	h.must(incident.Bot, incident.LetGo{Number: p.Number})
	h.refused(incident.HandOverOver, "olga", incident.Receive{})
	h.refused(incident.HandOverOver, incident.Bot, incident.LetGo{Number: p.Number})
}

func TestASecretInKMSIsNotFetchedHere(t *testing.T) {
	h := found(t)
	h.ended(plan(incident.StepKeyCreate, sealedFor("olga", "kms kst-1/twokey-2019")...), incident.Finish{Outcome: incident.Confirmed, Result: newKey})
	h.refused(incident.LiesInKMS, "olga", incident.Receive{})
	h.refused(incident.NotReceiver, "ana", incident.Receive{})
}

func TestAClosedIncidentStillHandsOver(t *testing.T) {
	h := found(t)
	h.created()
	h.status(incident.KeyInactive)
	h.must("ana", incident.Close{})
	h.must("olga", incident.Receive{})
}

func TestAnOrphanBlocksASecondKeyUntilItIsDiscardedOrGone(t *testing.T) {
	both := plan(incident.StepKeyCreate, userHas(string(key)+","+newKey))
	alone := plan(incident.StepKeyCreate, userHas(string(key)))
	for _, code := range []string{incident.CodeOrphan, incident.CodeSeveral} {
		h := found(t)
		result := newKey
		if code == incident.CodeSeveral {
			result += "," + otherKey
		}
		p := h.ended(create, incident.Finish{Outcome: incident.Rejected, Code: code, Result: result})
		h.refused(incident.InProgress, "rio", incident.Propose{Plan: both})
		h.refused(incident.InProgress, "rio", incident.Propose{Plan: plan(incident.StepKeyCreate)})                            // did not look
		h.refused(incident.InProgress, "rio", incident.Propose{Plan: plan(incident.StepKeyCreate, userHas(incident.Unknown))}) // could not see
		h.ask("rio", alone)                                                                                                    // somebody deleted it in the console
		h.done(discard(otherKey + "x"))
		h.refused(incident.InProgress, "rio", incident.Propose{Plan: both}) // another key was discarded
		h.done(discard(newKey))
		if h.plan(p.Number).UndoneBy == 0 {
			t.Errorf("%s: discarded, and the step that created it stands", code)
		}
		h.ask("rio", both)
	}
}

func TestAnOrphanIsFoundByALaterLook(t *testing.T) {
	h := found(t)
	p := h.ended(create, incident.Finish{Outcome: incident.NotSeen, Code: "Timeout"})
	h.refused(incident.InProgress, "rio", incident.Propose{Plan: create})
	h.must(incident.Bot, incident.LookBack{Number: p.Number, Outcome: incident.Rejected, Code: incident.CodeOrphan, Result: newKey})
	if got := h.plan(p.Number); !got.Orphaned() || got.Result != newKey {
		t.Fatalf("%+v", got)
	}
	if k, ok := h.state().NewKey(); !ok || k != newKey {
		t.Errorf("the key to discard is %s", k)
	}
	if made, ok := h.state().Made(newKey); !ok || made.Number != p.Number {
		t.Errorf("made by %d", made.Number)
	}
	h.refused(incident.InProgress, "rio", incident.Propose{Plan: plan(incident.StepKeyCreate, userHas(newKey))})
}

func TestDiscardingOneNewKeyLeavesTheOther(t *testing.T) {
	h := found(t)
	first := h.created()
	h.done(discard(newKey))
	second := h.ended(create, incident.Finish{Outcome: incident.Confirmed, Result: otherKey, Sealed: "hash2"})
	third := h.ended(plan(incident.StepKeyCreate, sealedFor("olga", "age 2")...), incident.Finish{Outcome: incident.Confirmed, Result: newKey + "3"})
	h.done(discard(otherKey))
	if h.plan(first.Number).UndoneBy == 0 || h.plan(second.Number).UndoneBy == 0 || h.plan(third.Number).UndoneBy != 0 {
		t.Errorf("undone: %d, %d, %d", h.plan(first.Number).UndoneBy, h.plan(second.Number).UndoneBy, h.plan(third.Number).UndoneBy)
	}
	if p, ok := h.state().HandOver(first.Number); !ok || p.Sealed != "hash" {
		t.Errorf("hand-over of the first: %+v", p)
	}
	if p, _ := h.state().Proposal(third.Number); !p.Confirmed() {
		t.Error("the other new key is not watched any more")
	}
	for _, p := range h.state().Expected() {
		if p.Number == second.Number {
			t.Error("the discarded key is still watched")
		}
	}
}

func TestEveryNewKeyIsWatched(t *testing.T) {
	h := found(t)
	h.created()
	h.ended(create, incident.Finish{Outcome: incident.Confirmed, Result: otherKey})
	if n := len(h.state().Expected()); n != 2 {
		t.Errorf("%d of 2 new keys are watched", n)
	}
}

func TestHoweverOftenItIsAskedForASecretLeavesOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := found(t)
		p := h.created()
		for range rapid.IntRange(1, 20).Draw(t, "moves") {
			by := rapid.SampledFrom([]incident.Person{"olga", "ana", "eve", incident.Bot}).Draw(t, "by")
			_ = h.do(by, rapid.SampledFrom([]incident.Command{
				incident.Receive{Way: incident.WayChat}, incident.Receive{Number: p.Number}, incident.LetGo{Number: p.Number}, incident.Note{Text: "w"},
			}).Draw(t, "command"))
			h.wait(time.Duration(rapid.IntRange(0, 60).Draw(t, "hours")) * time.Hour)
		}
		ends := 0
		for _, r := range h.records {
			switch e := r.Event.(type) {
			case incident.Received:
				if ends++; e.By != r.By || e.By != "olga" && e.By != incident.Bot {
					t.Fatalf("%s fetched it, the record says %s", r.By, e.By)
				}
			case incident.Uncollected:
				if ends++; r.By != incident.Bot || r.At.Before(p.Finished.Add(incident.HandOverFor)) {
					t.Fatalf("%s let go of it at %s", r.By, r.At)
				}
			}
		}
		if ends > 1 {
			t.Fatalf("it left %d times: %v", ends, h.kinds())
		}
	})
}
