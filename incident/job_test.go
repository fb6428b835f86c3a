package incident_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
)

// jobs are the keys of what the last records ask for, without announcing.
func (h *history) jobs(last int) (keys []string) {
	for _, j := range h.rules.Jobs(h.state(), h.records[len(h.records)-last:], nil) {
		keys = append(keys, j.Key)
	}
	return keys
}

func TestWhatEachRecordAsksFor(t *testing.T) {
	const (
		investigate = "investigate/inc-1"
		look        = "look/inc-1"
	)
	ask := func(p incident.Plan) func(*history) { return func(h *history) { h.ask("rio", p) } }
	tests := []struct {
		name string
		last int // how many records the last command writes
		do   func(*history)
		want []string
	}{
		{"an alert again", 1, func(h *history) { h.must(incident.Bot, incident.Hear{Alert: alert("scans", key)}) }, []string{investigate}},
		{"an answer", 1, func(h *history) {
			h.must("rio", incident.Reply{Question: incident.InUse, Value: incident.Yes})
		}, []string{investigate}},
		{"an observation", 1, func(h *history) { h.status(incident.KeyInactive) }, nil}, // or looking would never end
		{"a note", 1, func(h *history) { h.must("rio", incident.Note{Text: "w"}) }, nil},
		{"an offer", 1, func(h *history) { h.ask(incident.Bot, disable) }, nil},
		{"a plan", 1, ask(disable), []string{"remind/inc-1/000001/1", "expire/inc-1/000001/4"}},
		{"a vote", 1, func(h *history) { h.approve(h.ask("rio", disable), "ana") }, []string{"remind/inc-1/000001/1", "expire/inc-1/000001/5"}},
		{"the last vote", 2, func(h *history) { h.ready(disable) }, []string{"execute/inc-1/000001"}},
		{"a look that starts at once", 2, ask(plan("fees.check")), []string{"execute/inc-1/000001"}},
		{"automation", 2, func(h *history) { h.must(incident.Bot, incident.Automate{Plan: harmless()}) }, []string{"execute/inc-1/000001"}},
		{"a start", 1, func(h *history) { h.running(disable) }, nil},
		{"a result", 1, func(h *history) { h.done(disable) }, []string{investigate, look}},
		{"a sealed secret", 1, func(h *history) { h.created() }, []string{investigate, look, "forget/inc-1/000001"}},
		{"a secret that nobody fetched", 1, func(h *history) {
			h.created()
			h.wait(incident.HandOverFor)
			h.must(incident.Bot, incident.LetGo{Number: 1})
		}, []string{investigate}},
		{"a secret that was fetched", 1, func(h *history) { h.created(); h.must("olga", incident.Receive{}) }, nil},
		{"drift", 1, func(h *history) { h.must(incident.Bot, incident.Void{Number: h.running(disable).Number}) }, []string{investigate}},
		{"a no", 1, func(h *history) { h.must("ana", no(h.ask("rio", disable))) }, []string{investigate}},
		{"a withdrawal", 1, func(h *history) {
			h.approve(h.ask("rio", disable), "ana")
			h.must("ana", incident.Withdraw{Number: 1})
		}, nil},
		{"a lapse", 1, func(h *history) {
			h.ask("rio", disable)
			h.wait(time.Hour)
			h.must(incident.Bot, incident.Lapse{Number: 1})
		}, []string{investigate}},
		{"a breach", 1, func(h *history) { h.must(incident.Bot, incident.Report{Number: h.done(disable).Number}) }, []string{investigate}},
		{"a false alarm", 5, func(h *history) { h.approve(h.ask("rio", because(incident.StepFalseAlarm)), "ana", "bo") }, []string{investigate, look, investigate}},
		{"an end by two people", 5, func(h *history) { h.approve(h.ask("rio", because(incident.StepClose)), "ana", "bo") }, []string{look, look}},
		{"an end", 1, func(h *history) {
			h.status(incident.KeyInactive)
			h.must("rio", incident.Close{})
		}, []string{look}},
		{"a new beginning", 1, func(h *history) {
			h.status(incident.KeyInactive)
			h.must("rio", incident.Close{})
			h.wait(time.Hour)
			h.status(incident.KeyActive)
			h.must(incident.Bot, incident.Reopen{})
		}, []string{investigate, look}},
		{"the other side of a merge", 1, func(h *history) { h.must("rio", incident.Absorb{From: "inc-2"}) }, []string{investigate}},
		{"a reminder", 1, func(h *history) { h.must(incident.Bot, incident.MarkReminded{Number: 1, Round: 1}) }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := found(t)
			h.rules.Remind = []time.Duration{5 * time.Minute}
			tt.do(h)
			if diff := cmp.Diff(tt.want, h.jobs(tt.last)); diff != "" {
				t.Errorf("jobs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnAlertAsksForAllAtOnce(t *testing.T) {
	h := fresh(t)
	h.rules.Remind, h.rules.Webhook = []time.Duration{5 * time.Minute, 15 * time.Minute}, true
	h.must(incident.Bot, incident.Open{Alert: alert("strangers", key)})
	got := h.rules.Jobs(h.state(), h.records, []string{"slack", "lark"})
	in := func(d time.Duration) time.Time { return t0.Add(d) }
	const id = incident.ID("inc-1")
	want := []incident.Job{
		{Key: "admit/inc-1/slack", Lane: "door/slack", Task: incident.Admit, Incident: id, Seq: 1, Room: "slack", Due: t0},
		{Key: "admit/inc-1/lark", Lane: "door/lark", Task: incident.Admit, Incident: id, Seq: 1, Room: "lark", Due: t0},
		{Key: "remind/inc-1/000000/1", Lane: "later", Task: incident.Remind, Incident: id, Seq: 1, Round: 1, Due: in(5 * time.Minute)},
		{Key: "escalate/inc-1/000000/1", Lane: "escalate", Task: incident.Escalate, Incident: id, Seq: 1, Round: 1, Due: in(5 * time.Minute)},
		{Key: "remind/inc-1/000000/2", Lane: "later", Task: incident.Remind, Incident: id, Seq: 1, Round: 2, Due: in(15 * time.Minute)},
		{Key: "escalate/inc-1/000000/2", Lane: "escalate", Task: incident.Escalate, Incident: id, Seq: 1, Round: 2, Due: in(15 * time.Minute)},
		{Key: "sift/inc-1", Lane: incident.LaneSift("strangers", false), Task: incident.Investigate, Incident: id, Seq: 1, Due: t0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
}

func TestAskingTwiceIsAskingOnce(t *testing.T) {
	h := found(t)
	h.must(incident.Bot, incident.Hear{Alert: alert("scans", key)})
	first := h.rules.Jobs(h.state(), h.records[3:], []string{"slack"})
	h.wait(time.Minute)
	h.must(incident.Bot, incident.Hear{Alert: alert("scans", key)})
	second := h.rules.Jobs(h.state(), h.records[4:], []string{"slack"})
	for i := range first {
		if first[i].Key != second[i].Key || second[i].Seq != first[i].Seq+1 {
			t.Errorf("%s up to %d and %s up to %d do not coalesce", first[i].Key, first[i].Seq, second[i].Key, second[i].Seq)
		}
	}
}

func TestEachVoteHasAnEndOfItsOwn(t *testing.T) {
	h := found(t)
	h.rules.People = map[incident.Tier]int{incident.Disruptive: 3}
	p := h.ask("rio", disable)
	var due []time.Time
	for _, by := range []incident.Person{"ana", "bo"} {
		h.wait(10 * time.Minute)
		h.approve(p, by)
		jobs := h.rules.Jobs(h.state(), h.records[len(h.records)-1:], nil)
		due = append(due, jobs[0].Due)
	}
	want := []time.Time{t0.Add(40 * time.Minute), t0.Add(50 * time.Minute)}
	if diff := cmp.Diff(want, due); diff != "" {
		t.Errorf("expire due (-want +got):\n%s", diff)
	}
}

func TestTheSystemLogIsToldInEveryRoomAndAsksForNothingElse(t *testing.T) {
	h := system(t)
	h.must(incident.Bot, incident.Hold{Why: incident.HoldClock})
	want := []incident.Job{{
		Key: "announce/system/slack", Lane: "room/slack", Task: incident.Announce, Incident: incident.System,
		Seq: 2, Room: "slack", Due: t0,
	}}
	if diff := cmp.Diff(want, h.rules.Jobs(h.state(), h.records, []string{"slack"})); diff != "" {
		t.Errorf("jobs (-want +got):\n%s", diff)
	}
}

func TestNoRecordsAskForNothing(t *testing.T) {
	if got := house().Jobs(found(t).state(), nil, []string{"slack"}); len(got) != 0 {
		t.Errorf("jobs = %v, want none", got)
	}
}

func TestADeadRoomIsNotToldThatItIsDead(t *testing.T) {
	h := found(t)
	h.must(incident.Bot, incident.GiveUp{Task: incident.Announce, Room: "lark", Code: "HTTP.503"})
	got := h.rules.Jobs(h.state(), h.records[3:], []string{"slack", "lark"})
	if len(got) != 1 || got[0].Room != "slack" {
		t.Errorf("jobs = %v, want one for slack", got)
	}
	h.must("rio", incident.Note{Text: "w"})
	if got := h.rules.Jobs(h.state(), h.records[3:], []string{"slack", "lark"}); len(got) != 2 {
		t.Errorf("with the next news: %d jobs, want 2", len(got))
	}
	want := []incident.Stuck{{Task: incident.Announce, Room: "lark", Code: "HTTP.503"}}
	if diff := cmp.Diff(want, h.state().Stuck); diff != "" {
		t.Errorf("stuck (-want +got):\n%s", diff)
	}
}

func TestAFinishedStepIsReadBackSoonAndLater(t *testing.T) {
	h := found(t)
	h.done(disable)
	var after []time.Duration
	for now := h.clock; len(after) < 5; {
		now = h.state().NextLook(now)
		after = append(after, now.Sub(h.clock))
	}
	want := []time.Duration{30 * time.Second, 2 * time.Minute, 7 * time.Minute, 10 * time.Minute, 15 * time.Minute}
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("looks while the key is not seen disabled (-want +got):\n%s", diff)
	}
	h.status(incident.KeyInactive)
	now := h.clock.Add(time.Hour)
	if wait := h.state().NextLook(now).Sub(now); wait != 15*time.Minute {
		t.Errorf("contained, the next look is in %s", wait)
	}
}

func TestLookingGoesOnForADayAfterClosing(t *testing.T) {
	h := found(t)
	h.status(incident.KeyInactive)
	h.must("rio", incident.Close{})
	looks := 0
	now := h.clock
	for next := h.state().NextLook(now); !next.IsZero(); next = h.state().NextLook(now) {
		if next.Sub(now) != time.Hour {
			t.Fatalf("look %d comes after %v, want an hour", looks+1, next.Sub(now))
		}
		looks++
		now = next
	}
	if looks != 24 {
		t.Errorf("looks = %d, want 24", looks)
	}
}

func TestAMergedIncidentIsNotLookedAtAgain(t *testing.T) {
	h := fresh(t)
	h.must(incident.Bot, incident.Open{Alert: alert("github", "")})
	h.must("rio", incident.Merge{Into: "inc-9"})
	if got := h.state().NextLook(h.clock); !got.IsZero() {
		t.Errorf("next look at %v, want never", got)
	}
	if got := h.jobs(1); slices.Contains(got, "look/inc-1") || slices.Contains(got, "investigate/inc-1") {
		t.Errorf("jobs = %v, want none", got)
	}
}
