package incident_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twokey/incident"
)

func TestAskingIsNotVoting(t *testing.T) {
	h := found(t)
	h.rules.People = map[incident.Tier]int{incident.Disruptive: 1}
	p := h.ask("ana", disable)
	h.in(p, incident.StatusWaiting)
	if len(p.Votes) != 0 {
		t.Errorf("a plan begins with votes %v, want none", p.Votes)
	}
}

func TestWhoMayAsk(t *testing.T) {
	h := found(t)
	h.refused(incident.NotAllowed, "eve", incident.Propose{Plan: disable})
	h.refused(incident.Stranger, "", incident.Propose{Plan: disable})
	h.ask("rio", disable)
	h.ask(incident.Bot, plan(incident.StepKeyFence))
}

func TestALookThatAPersonAsksForStartsAtOnce(t *testing.T) {
	look := plan("audit.events")
	t.Run("when nothing waits", func(t *testing.T) {
		h := found(t)
		p := h.ask("rio", look)
		h.in(p, incident.StatusReady)
		h.must(incident.Bot, incident.Start{Number: p.Number})
	})
	t.Run("when the bot has offered it", func(t *testing.T) {
		h := found(t)
		p := h.ask(incident.Bot, look)
		h.in(p, incident.StatusWaiting) // an offer: what the bot offers nobody asked for
		h.must("rio", incident.Propose{Plan: look})
		h.in(p, incident.StatusReady)
	})
	t.Run("in a watched account too", func(t *testing.T) {
		h := found(t)
		h.rules.Observe = []string{account}
		h.must(incident.Bot, incident.Start{Number: h.ask("rio", look).Number})
	})
	t.Run("not if the house wants somebody to agree", func(t *testing.T) {
		h := found(t)
		h.rules.People = map[incident.Tier]int{incident.Look: 1}
		p := h.ask("rio", look)
		h.in(p, incident.StatusWaiting)
		h.approve(p, "ana")
		h.in(p, incident.StatusReady)
	})
}

func TestAPlanNamesItsTarget(t *testing.T) {
	edits := map[string]func(*incident.Plan){
		"no step":         func(p *incident.Plan) { p.Step = "" },
		"no user name":    func(p *incident.Plan) { p.Target.User = "" }, // RAM reads it as the caller
		"no user id":      func(p *incident.Plan) { p.Target.UserID = "" },
		"no account":      func(p *incident.Plan) { p.Target.Account = "" },
		"no key":          func(p *incident.Plan) { p.Target.Key = "" },
		"another key":     func(p *incident.Plan) { p.Target.Key = "LTAI" + "5tOther" },
		"another user":    func(p *incident.Plan) { p.Target.UserID = "2020" },
		"another account": func(p *incident.Plan) { p.Target.Account = "dev" },
		"broken text":     func(p *incident.Plan) { p.Params = map[string]string{"policy": "\xff"} },
		"a broken time": func(p *incident.Plan) {
			p.Impact.Since = time.Date(99999, 1, 1, 0, 0, 0, 0, time.UTC)
		},
	}
	for name, edit := range edits {
		t.Run(name, func(t *testing.T) {
			h, p := found(t), disable
			edit(&p)
			for _, c := range []incident.Command{
				incident.Propose{Plan: p}, incident.Automate{Plan: p}, incident.Reapply{Plan: p},
			} {
				h.refused(incident.BadPlan, incident.Bot, c)
			}
		})
	}
}

func TestAThiefCannotHideAUserByRenamingIt(t *testing.T) {
	h := found(t)
	renamed := disable
	renamed.Target.User = "innocent"
	h.ask("rio", renamed)
}

func TestTheSamePlanWaitsOnce(t *testing.T) {
	h := found(t)
	p := h.ask(incident.Bot, disable)
	h.approve(p, "ana")
	shown := disable
	shown.Shown = []incident.Fact{{Of: ofKey, Name: incident.FactLastIP, Value: "198.51.100.66"}}
	shown.Impact.Since = t0.Add(-time.Hour)
	for _, by := range []incident.Person{incident.Bot, "rio"} {
		h.refused(incident.AlreadyWaiting, by, incident.Propose{Plan: shown})
	}
	if got := h.in(p, incident.StatusWaiting); len(got.Votes) != 1 {
		t.Error("a vote was lost because evidence that is merely shown had changed")
	}
}

func TestTheBotReplacesAPlanWithVotesOnlyWhenTheyAreVoid(t *testing.T) {
	fence := plan(incident.StepKeyFence, keyIs(incident.KeyActive))
	fence.Impact = incident.Impact{Breaks: []string{"ecs:RunInstances"}, Since: t0.Add(-time.Hour)}
	better, worse, moved, other := fence, fence, fence, fence
	better.Impact.Breaks = nil
	worse.Impact.Breaks = []string{"ecs:RunInstances", "oss:PutObject"}
	moved.Guarded = []incident.Fact{keyIs(incident.KeyInactive)}
	other.Params = map[string]string{"ranges": "203.0.113.0/24"}
	tests := []struct {
		name string
		now  incident.Plan
		by   incident.Person
		want incident.Status
	}{
		{"less would break", better, incident.Bot, incident.StatusWaiting},
		{"more would break", worse, incident.Bot, incident.StatusSuperseded},
		{"a guarded fact moved", moved, incident.Bot, incident.StatusSuperseded},
		{"the bot would do it otherwise now", other, incident.Bot, incident.StatusWaiting},
		{"a person would do it otherwise now", other, "rio", incident.StatusSuperseded},
		{"a person asks for it otherwise", better, "rio", incident.StatusSuperseded},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := found(t)
			p := h.ask(incident.Bot, fence)
			h.approve(p, "ana")
			h.do(tt.by, incident.Propose{Plan: tt.now})
			h.in(p, tt.want)
		})
	}
}

func TestVotesDieWithThePlanThatIsReplaced(t *testing.T) {
	h := found(t)
	old := h.ask("rio", destroy)
	h.approve(old, "ana")
	again := destroy
	again.Params = map[string]string{"profile": "hardened"}
	p := h.ask("rio", again)
	if got := h.in(old, incident.StatusSuperseded); got.NewerBy != p.Number {
		t.Errorf("replaced by %d, want %d", got.NewerBy, p.Number)
	}
	h.refused(incident.WasReplaced, "bo", yes(old))
	h.approve(p, "bo")
	h.in(p, incident.StatusWaiting)
	if old.Digest == p.Digest {
		t.Error("two plans have one digest")
	}
}

func TestAnAgedPlanMakesRoomForANewOne(t *testing.T) {
	h := found(t)
	old := h.ask("rio", disable)
	h.approve(old, "ana")
	h.wait(30 * time.Minute) // nobody has written down yet that it lapsed
	p := h.ask("rio", disable)
	h.in(old, incident.StatusLapsed)
	h.in(p, incident.StatusWaiting)
}

func TestAStepUnderWayIsNotAskedForAgain(t *testing.T) {
	h := found(t)
	p := h.ready(disable)
	h.refused(incident.InProgress, "rio", incident.Propose{Plan: disable})
	h.must(incident.Bot, incident.Start{Number: p.Number})
	h.refused(incident.InProgress, "rio", incident.Propose{Plan: disable})
	h.refused(incident.InProgress, "chen", yes(p))
}

func TestAWatchedAccountIsNotTouched(t *testing.T) {
	h := found(t)
	h.rules.Observe = []string{account}
	p := h.ask(incident.Bot, disable)
	h.refused(incident.Observing, "ana", yes(p))
}

func TestUndoTakesBackWhatWasDone(t *testing.T) {
	h := found(t)
	quarantine := plan(incident.StepPolicyQuarantine)
	quarantine.Undo = incident.StepPolicyDetach
	done := h.done(quarantine)
	undo := plan(incident.StepPolicyDetach, userHas(""))
	undo.Undoes = 9
	h.refused(incident.NoSuchPlan, "rio", incident.Propose{Plan: undo})
	undo.Undoes = done.Number
	wrong := plan("audit.events")
	wrong.Undoes = done.Number
	h.refused(incident.BadPlan, "rio", incident.Propose{Plan: wrong}) // a look takes nothing back

	u := h.done(undo)
	if got := h.plan(done.Number); got.UndoneBy != u.Number || got.Confirmed() {
		t.Errorf("undone by %d, confirmed %v; want %d, false", got.UndoneBy, got.Confirmed(), u.Number)
	}
	h.refused(incident.NothingToUndo, "rio", incident.Propose{Plan: undo})
}

func TestNothingToUndo(t *testing.T) {
	h := found(t)
	fence := plan(incident.StepKeyFence)
	fence.Undo = incident.StepKeyUnfence
	p := h.running(fence)
	undo := plan(incident.StepKeyUnfence)
	undo.Undoes = p.Number
	h.refused(incident.NothingToUndo, "rio", incident.Propose{Plan: undo}) // not done yet
	h.must(incident.Bot, incident.Finish{Number: p.Number, Outcome: incident.Rejected, Code: "NoPermission"})
	h.refused(incident.NothingToUndo, "rio", incident.Propose{Plan: undo})
}

func TestTwoUndosOfOneStepCannotBothRun(t *testing.T) {
	h := found(t)
	disable := disable
	disable.Undo = incident.StepKeyEnable
	done := h.done(disable)
	enable := plan(incident.StepKeyEnable)
	h.done(enable) // asked for by its own name
	if got := h.plan(done.Number); got.UndoneBy == 0 {
		t.Error("a disabled key that was enabled again still counts as disabled")
	}
	enable.Undoes = done.Number
	h.refused(incident.NothingToUndo, "rio", incident.Propose{Plan: enable})
}

func TestPlansAreFoundByTheBeginningOfTheirDigest(t *testing.T) {
	h := found(t)
	p := h.ask("rio", disable)
	d := string(p.Digest)
	for prefix, want := range map[string]bool{
		d: true, d[:8]: true, d[:7]: false, "": false, "ffffffffff": false, d + "0": false,
	} {
		if got, ok := h.state().ByDigest(prefix); ok != want || ok && got.Number != p.Number {
			t.Errorf("ByDigest(%q) = plan %d, %v; want %v", prefix, got.Number, ok, want)
		}
	}
	if p.Digest.Short() != d[:8] || incident.Digest("abc").Short() != "abc" {
		t.Errorf("Short = %q, want %q", p.Digest.Short(), d[:8])
	}
	twins := incident.State{Proposals: []incident.Proposal{{Number: 1, Digest: "aaaaaaaa1"}, {Number: 2, Digest: "aaaaaaaa2"}}}
	if _, ok := twins.ByDigest("aaaaaaaa"); ok {
		t.Error("an ambiguous beginning found a plan")
	}
}

func TestPlansAreNumberedInOrder(t *testing.T) {
	h := found(t)
	h.ask("rio", disable)
	h.ask(incident.Bot, plan(incident.StepKeyFence))
	h.ask("rio", because(incident.StepFalseAlarm))
	var numbers []int
	for _, p := range h.state().Proposals {
		numbers = append(numbers, p.Number)
	}
	if diff := cmp.Diff([]int{1, 2, 3}, numbers); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
}
