package incident_test

import (
	"slices"
	"strings"
	"time"

	"twokey/incident"
)

// The auditor tells the promises again from the records alone. It does not trust
// the rules: it shares no code with them, not even the tier table.

// mild are the only steps of the play that fewer than two people may start.
var mild = []string{"audit.events", "policy.quarantine", "key.disable", "owner.ask", "manual.call"}

func (p *play) noneStartsUnapproved(started map[string]int) {
	for i, r := range p.records {
		e, ok := r.Event.(incident.Started)
		if !ok {
			continue
		}
		asked, at := p.proposed(e.Number, i)
		step := asked.Plan.Step
		started[step]++
		voters := p.voters(asked, at, i)
		switch {
		case !slices.Contains(mild, step):
			if len(voters) < 2 {
				p.t.Fatalf("record %d starts %s on the word of %v", r.Seq, step, voters)
			}
		case step == "manual.call" && len(p.responders(asked, at, i)) < 1:
			p.t.Fatalf("record %d takes %s for done on nobody's word", r.Seq, step)
		case step == "key.disable" && len(voters) < 1:
			p.t.Fatalf("record %d starts %s on nobody's word", r.Seq, step)
		}
		if step == "policy.detach" {
			p.detachIsInOrder(asked, i)
		}
		for _, q := range p.records[at:i] {
			if ends(q.Event, e.Number) {
				p.t.Fatalf("record %d starts plan %d, which record %d had ended (%s)", r.Seq, e.Number, q.Seq, q.Event.Kind())
			}
		}
	}
}

// proposed is the plan of that number, and the place of its record.
func (p *play) proposed(number, before int) (incident.Proposed, int) {
	for i, r := range p.records[:before] {
		if e, ok := r.Event.(incident.Proposed); ok && e.Number == number {
			return e, i
		}
	}
	p.t.Fatalf("record %d starts plan %d, which was never proposed", before+1, number)
	return incident.Proposed{}, 0
}

// voters are the distinct humans whose yes to just this digest counts at the
// record at end: given within half an hour, not taken back, by somebody who may
// approve at that moment, and not the person whose user it is about.
func (p *play) voters(asked incident.Proposed, from, end int) []incident.Person {
	when := make(map[incident.Person]time.Time)
	for _, r := range p.records[from:end] {
		switch e := r.Event.(type) {
		case incident.Approved:
			if e.Number == asked.Number && e.Digest == asked.Digest {
				when[r.By] = r.At
			}
		case incident.Withdrew:
			if e.Number == asked.Number {
				delete(when, r.By)
			}
		}
	}
	var voters []incident.Person
	for by, at := range when {
		live := p.records[end].At.Sub(at) < 30*time.Minute
		may := slices.Contains(p.moments[end].approvers, by)
		own := by == "chen" && asked.Plan.Step != "key.disable"
		if live && may && !own && by != "" && by != incident.Bot {
			voters = append(voters, by)
		}
	}
	return voters
}

// responders are those whose word for a plan counts where a responder's does.
func (p *play) responders(asked incident.Proposed, from, end int) []incident.Person {
	var said []incident.Person
	for _, r := range p.records[from:end] {
		if e, ok := r.Event.(incident.Approved); ok && e.Digest == asked.Digest && r.By != "" && r.By != incident.Bot && r.By != "eve" {
			said = append(said, r.By)
		}
	}
	return said
}

// onlyTheOwnerSpeaksForTheirCalls: eve has no role at all. She answers what she
// was asked, nobody else does, and she does nothing else.
func (p *play) onlyTheOwnerSpeaksForTheirCalls() {
	for _, r := range p.records {
		e, ok := r.Event.(incident.Answered)
		if about := ok && e.Question == spawn; about != (r.By == "eve") {
			p.t.Fatalf("record %d is %s's: %s", r.Seq, r.By, r.Event.Kind())
		}
	}
}

func (p *play) detachIsInOrder(asked incident.Proposed, i int) {
	for _, r := range p.records[:i] {
		if _, ok := r.Event.(incident.FalseAlarmed); ok {
			return
		}
	}
	named := append([]incident.KeyID{key}, p.moments[i].around.Named...)
	for _, f := range asked.Plan.Guarded {
		if f.Of != ofUser || f.Name != incident.FactKeys {
			continue
		}
		for k := range strings.SplitSeq(f.Value, ",") {
			if slices.Contains(named, incident.KeyID(k)) {
				p.t.Fatalf("record %d detaches the policy while %s lives", i+1, k)
			}
		}
		return
	}
	p.t.Fatalf("record %d detaches the policy on a plan that did not look", i+1)
}

// ends reports whether an event means that the plan must not start any more.
func ends(e incident.Event, number int) bool {
	switch e := e.(type) {
	case incident.Declined:
		return e.Number == number
	case incident.Superseded:
		return e.Number == number
	case incident.Lapsed:
		return e.Number == number
	case incident.Drifted:
		return e.Number == number
	case incident.Finished:
		return e.Number == number
	case incident.Closed, incident.Merged:
		return true
	}
	return false
}

func (p *play) nothingStartsTwice() {
	seen := make(map[int]uint64)
	for _, r := range p.records {
		e, ok := r.Event.(incident.Started)
		if !ok {
			continue
		}
		if first, twice := seen[e.Number]; twice {
			p.t.Fatalf("records %d and %d both start plan %d", first, r.Seq, e.Number)
		}
		seen[e.Number] = r.Seq
	}
}

func (p *play) noTwoPlansAlike() {
	digests, number := make(map[incident.Digest]int), 0
	for _, r := range p.records {
		e, ok := r.Event.(incident.Proposed)
		if !ok {
			continue
		}
		if number++; e.Number != number {
			p.t.Fatalf("record %d proposes plan %d, want %d", r.Seq, e.Number, number)
		}
		if other, taken := digests[e.Digest]; taken {
			p.t.Fatalf("plans %d and %d have one digest", other, e.Number)
		}
		digests[e.Digest] = e.Number
	}
}
