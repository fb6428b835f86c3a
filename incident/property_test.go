package incident_test

import (
	"bytes"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twokey/incident"
)

// moment is what held when one record was written: told by the driver, not by
// the rules.
type moment struct {
	approvers []incident.Person
	around    incident.Around
}

// play is a long history of people pressing whatever they like, in whatever
// order and however late, with clocks that jump and roles that change.
type play struct {
	*history
	t       *rapid.T
	moments []moment            // one for each record
	states  []incident.State    // as they were folded on the way
	old     []incident.Proposal // every plan as it was first shown
	people  []incident.Person   // who presses
	keys    []incident.KeyID    // that incidents name
}

func playing(t *rapid.T) *play {
	h := fresh(t)
	h.chain = incident.Chain{Key: []byte("k")}
	h.rules.AloneAfter = rapid.SampledFrom([]time.Duration{0, 5 * time.Minute}).Draw(t, "alone after")
	h.rules.RequesterCounts = rapid.Bool().Draw(t, "requester counts")
	h.rules.People = map[incident.Tier]int{
		incident.Disruptive:  rapid.IntRange(-1, 3).Draw(t, "disruptive"),
		incident.Destructive: rapid.IntRange(-1, 3).Draw(t, "destructive"),
	}
	h.rules.Members[2].RAM = []incident.RAMUser{{Account: account, User: user}} // the key is Chen's own user's
	h.rules.Members = append(h.rules.Members, incident.Member{ID: "dewi", Roles: []incident.Role{incident.Approver}})
	p := &play{
		history: h, t: t,
		people: []incident.Person{"ana", "bo", "chen", "dewi", "rio", "eve", "", incident.Bot},
		keys:   []incident.KeyID{key, "LTAI" + "5tOther"},
	}
	p.act(incident.Bot, incident.Open{Alert: alert("scans", key)})
	h.sees(ofKey, map[incident.FactName]string{
		incident.FactOwner: incident.OwnerRAM, incident.FactStatus: incident.KeyActive, incident.FactAccount: account,
		incident.FactAccountID: target.AccountID, incident.FactUser: user, incident.FactUserID: userID,
	})
	p.note()
	return p
}

// act decides and keeps, and remembers what held.
func (p *play) act(by incident.Person, c incident.Command) {
	_ = p.do(by, c) // refused or not: what counts is what was written
	p.note()
}

func (p *play) note() {
	var m moment
	m.around = p.around
	for _, q := range p.rules.Members {
		if slices.Contains(q.Roles, incident.Approver) {
			m.approvers = append(m.approvers, q.ID)
		}
	}
	for len(p.moments) < len(p.records) {
		r := p.records[len(p.moments)]
		before := incident.State{}
		if n := len(p.states); n > 0 {
			before = p.states[n-1]
		}
		p.moments, p.states = append(p.moments, m), append(p.states, before.Apply(r))
	}
	p.old = append(p.old, p.state().Proposals[len(p.old):]...)
}

func (p *play) drawPlan() incident.Plan {
	step := rapid.SampledFrom([]string{
		"user.delete", "user.delete", "made.up", "made.up", incident.StepPolicyDetach, incident.StepPolicyDetach, incident.StepKeyDisable,
		incident.StepKeyDelete, incident.StepPolicyQuarantine, incident.StepFalseAlarm, incident.StepClose, "audit.events",
		"root.password", "root.password", "manual.call", incident.StepRoleQuarantine, incident.StepOwnerAsk, incident.StepClose,
	}).Draw(p.t, "step")
	keys := rapid.SampledFrom([]string{"", "", string(p.keys[0]), string(p.keys[1]), "A,B"}).Draw(p.t, "keys")
	q := plan(step, keyIs(incident.KeyInactive), userHas(keys))
	q.Params = map[string]string{"reason": rapid.SampledFrom([]string{"w1", "w2"}).Draw(p.t, "reason")}
	switch step {
	case "root.password", "manual.call":
		q.Guarded = nil // people's word is all there is
	case incident.StepRoleQuarantine:
		q.Params[incident.ParamOf] = string(incident.OfRole(rapid.SampledFrom([]string{"r1", "r2"}).Draw(p.t, "role")))
	case incident.StepOwnerAsk:
		q.Params[incident.ParamPerson] = "eve"
		q.Params[incident.ParamCalls] = spawn
	}
	q.Raise = rapid.SampledFrom([]incident.Tier{"", incident.Look}).Draw(p.t, "raise")
	q.Impact.Since = t0.Add(-30 * 24 * time.Hour)
	return q
}

func (p *play) drawPerson() incident.Person { return rapid.SampledFrom(p.people).Draw(p.t, "by") }

// drawSeen is a plan as somebody once saw it, mostly one of the latest.
func (p *play) drawSeen() incident.Proposal {
	if len(p.old) == 0 {
		return incident.Proposal{}
	}
	if now := p.state().Proposals; rapid.IntRange(0, 3).Draw(p.t, "old card") > 0 {
		return now[max(0, len(now)-1-rapid.IntRange(0, 2).Draw(p.t, "back"))]
	}
	return rapid.SampledFrom(p.old).Draw(p.t, "seen")
}

// revive lets a closed incident's key come back, or the play would be over.
func (p *play) revive() {
	for _, status := range []string{incident.KeyInactive, incident.KeyActive} {
		p.clock = p.clock.Add(time.Minute)
		p.act(incident.Bot, incident.Observe{Of: ofKey, AsOf: p.clock, Facts: map[incident.FactName]string{incident.FactStatus: status}})
	}
	p.act(incident.Bot, incident.Reopen{Why: "key_active"})
}

func (p *play) step() {
	if !p.state().Open() {
		p.revive()
	}
	by, seen := p.drawPerson(), p.drawSeen()
	switch rapid.IntRange(0, 22).Draw(p.t, "what") { // small numbers are drawn more often
	case 0, 1, 2:
		p.rush()
	case 20, 21, 22:
		p.act(by, incident.Propose{Plan: p.drawPlan()})
	case 3, 4, 5, 6, 7:
		for range rapid.IntRange(1, 3).Draw(p.t, "voters") {
			p.act(p.drawPerson(), incident.Approve{Number: seen.Number, Digest: seen.Digest, Platform: "slack", Reason: "w3"})
		}
	case 8, 9, 10:
		p.act(rapid.SampledFrom([]incident.Person{incident.Bot, incident.Bot, by}).Draw(p.t, "starter"), incident.Start{Number: seen.Number})
	case 11:
		p.act(incident.Bot, incident.Resume{Number: seen.Number})
	case 12, 13:
		outcome := rapid.SampledFrom([]incident.Outcome{incident.Confirmed, incident.Rejected, incident.NotSeen}).Draw(p.t, "outcome")
		p.act(incident.Bot, incident.Finish{Number: seen.Number, Outcome: outcome})
	case 14:
		p.act(by, rapid.SampledFrom([]incident.Command{
			incident.Withdraw{Number: seen.Number},
			incident.Decline{Number: seen.Number, Digest: seen.Digest},
			incident.Lapse{Number: seen.Number},
			incident.Void{Number: seen.Number},
			incident.Close{Reason: "w"},
			incident.Reply{Question: spawn, Value: incident.No},
		}).Draw(p.t, "stop"))
	case 15:
		p.act(incident.Bot, rapid.SampledFrom([]incident.Command{
			incident.Lapse{Number: seen.Number},
			incident.Reopen{},
			incident.Automate{Plan: p.drawPlan()},
			incident.Report{Number: seen.Number, Who: user, Thief: true},
			incident.Reapply{Plan: p.drawPlan()},
			incident.Void{Number: seen.Number},
			incident.Hear{Alert: alert("noise", key)},
		}).Draw(p.t, "bot"))
	case 16:
		status := rapid.SampledFrom([]string{incident.KeyActive, incident.KeyInactive, incident.KeyInBin}).Draw(p.t, "status")
		p.act(incident.Bot, incident.Observe{Of: ofKey, AsOf: p.clock, Facts: map[incident.FactName]string{incident.FactStatus: status}})
	case 17, 18:
		p.clock = p.clock.Add(time.Duration(rapid.IntRange(-120, 180).Draw(p.t, "minutes")) * time.Minute / 4)
	case 19:
		p.world()
	}
}

// rush is a plan that goes straight through, as far as it is let.
func (p *play) rush() {
	for _, q := range p.state().Proposals { // what is under way stands in the way
		if q.Status == incident.StatusRunning {
			p.act(incident.Bot, incident.Finish{Number: q.Number, Outcome: incident.Confirmed})
		}
	}
	p.act("rio", incident.Propose{Plan: p.drawPlan()})
	plans := p.state().Proposals
	if len(plans) == 0 {
		return
	}
	seen := plans[len(plans)-1]
	for _, by := range rapid.SliceOfN(rapid.SampledFrom([]incident.Person{"ana", "ana", "bo", "bo", "dewi", "chen", "rio"}), 1, 5).Draw(p.t, "voters") {
		p.clock = p.clock.Add(time.Duration(rapid.IntRange(0, 12).Draw(p.t, "later")) * time.Minute)
		p.act(by, incident.Approve{Number: seen.Number, Digest: seen.Digest, Platform: "slack"})
	}
	if rapid.Bool().Draw(p.t, "the world turns") {
		p.world()
	}
	p.act(incident.Bot, incident.Start{Number: seen.Number})
}

// world changes what the incident's own log does not know.
func (p *play) world() {
	i := rapid.IntRange(0, 1).Draw(p.t, "member")
	members := slices.Clone(p.rules.Members)
	members[i].Roles = rapid.SampledFrom([][]incident.Role{
		{incident.Responder, incident.Approver}, {incident.Responder, incident.Approver}, {incident.Responder}, nil,
	}).Draw(p.t, "roles")
	p.rules.Members = members
	p.around = incident.Around{
		Held:  rapid.IntRange(0, 7).Draw(p.t, "held") == 0,
		Named: rapid.SampledFrom([][]incident.KeyID{nil, p.keys[1:]}).Draw(p.t, "named"),
	}
}

func TestWhateverPeoplePressThePromisesHold(t *testing.T) {
	started := make(map[string]int)
	rapid.Check(t, func(t *rapid.T) {
		p := playing(t)
		for range rapid.IntRange(15, 80).Draw(t, "presses") {
			p.step()
		}
		p.noneStartsUnapproved(started)
		p.nothingStartsTwice()
		p.noTwoPlansAlike()
		p.onlyTheOwnerSpeaksForTheirCalls()
		p.foldingIsPure()
		p.tamperingShows()
	})
	for _, step := range []string{
		"user.delete", "made.up", incident.StepPolicyDetach, incident.StepFalseAlarm, incident.StepClose,
		"root.password", "manual.call", incident.StepRoleQuarantine, incident.StepOwnerAsk,
	} {
		t.Logf("%s was started %d times", step, started[step])
		if started[step] == 0 && !t.Failed() {
			t.Errorf("%s was never started: the property proves nothing about it", step)
		}
	}
}

// foldingIsPure: the same records give the same state, whoever folds them and
// whatever else was made of a state in between; also after a store.
func (p *play) foldingIsPure() {
	read := make([]incident.Record, len(p.records))
	for i, r := range p.records {
		stored := r.Encode()
		got, err := incident.DecodeRecord(stored)
		if err != nil {
			p.t.Fatalf("DecodeRecord: %v", err)
		}
		if !bytes.Equal(got.Encode(), stored) {
			p.t.Fatalf("record %d is not written back as it was read", i+1)
		}
		read[i] = got
	}
	for i := range p.states { // other futures of the same past must not show in it
		for _, e := range []incident.Event{
			incident.Heard{},
			incident.Proposed{},
			incident.Absorbed{From: "x"},
			incident.Breached{},
			incident.GaveUp{},
			incident.Approved{Number: 1},
			incident.Withdrew{Number: 1},
			incident.Finished{Number: 1, Outcome: incident.Confirmed},
			incident.Answered{},
			incident.Observed{Of: ofKey},
			incident.Closed{},
			incident.Foreign{Name: "x"},
		} {
			p.states[i].Apply(incident.Record{Incident: p.id, Seq: uint64(i) + 2, Event: e})
		}
	}
	var s incident.State
	for i, r := range read {
		s = s.Apply(r)
		if !reflect.DeepEqual(s, p.states[i]) {
			p.t.Fatalf("state after record %d (-read anew +folded on the way):\n%s", i+1, cmp.Diff(s, p.states[i]))
		}
	}
	if whole := incident.Fold(p.records); !reflect.DeepEqual(s, whole) {
		p.t.Fatalf("the whole history (-read anew +folded):\n%s", cmp.Diff(s, whole))
	}
}

// tamperingShows: one changed byte, one record removed or two exchanged.
func (p *play) tamperingShows() {
	if err := p.chain.Check(p.records); err != nil {
		p.t.Fatalf("Check = %v, want nil", err)
	}
	i := rapid.IntRange(0, len(p.records)-1).Draw(p.t, "record")
	stored := p.records[i].Encode()
	stored[rapid.IntRange(0, len(stored)-1).Draw(p.t, "byte")] ^= byte(rapid.IntRange(1, 255).Draw(p.t, "bits"))
	edited := slices.Clone(p.records)
	var err error
	if edited[i], err = incident.DecodeRecord(stored); err == nil && p.chain.Check(edited) == nil {
		p.t.Fatalf("a changed byte in record %d went unnoticed: %s", i+1, stored)
	}
	if cut := slices.Delete(slices.Clone(p.records), i, i+1); i < len(p.records)-1 && p.chain.Check(cut) == nil {
		p.t.Fatalf("a removed record %d went unnoticed", i+1)
	}
	swapped, j := slices.Clone(p.records), rapid.IntRange(0, len(p.records)-1).Draw(p.t, "other")
	swapped[i], swapped[j] = swapped[j], swapped[i]
	if i != j && p.chain.Check(swapped) == nil {
		p.t.Fatalf("records %d and %d exchanged went unnoticed", i+1, j+1)
	}
}
