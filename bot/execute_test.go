package bot_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"twokey/actions"
	"twokey/bot/chattest"
	"twokey/incident"
	"twokey/store"
)

// stepped meddles with one step and leaves the others alone.
func stepped(step string, with func(actions.Action) actions.Action) func(actions.Account) actions.Account {
	return meddle(func(a actions.Action) actions.Action {
		if a.Name() == step {
			return with(a)
		}
		return a
	})
}

// A worker that was slow to plan has lost its lease to another one, which may be
// making the call just now: it makes none.
func TestWhoeverLostTheLeaseCallsNothing(t *testing.T) {
	var s *told
	slow, runs := false, 0
	s = tell(t, chattest.Options{Account: stepped(incident.StepKeyDisable, func(a actions.Action) actions.Action {
		return meddled{
			Action: a,
			plan: func() error {
				if slow {
					slow = false
					s.Clock.Move(2 * time.Minute) // this worker sleeps; another one takes over
					if _, ok, err := s.Bot.Store.Claim(context.Background(), incident.LaneContain, s.Clock.Now(), time.Minute); err != nil || !ok {
						t.Error("the job was not to be had")
					}
				}
				return nil
			},
			run: func() error { runs++; return nil },
		}
	})})
	s.id = s.Alert()
	s.Settle()
	s.say(chattest.Ana, "approve "+string(s.last(incident.StepKeyDisable).Digest))
	s.say(chattest.Bo, "approve "+string(s.last(incident.StepKeyDisable).Digest))
	slow = true
	s.Settle()
	if runs != 0 {
		t.Fatal("the worker that lost its lease made the call")
	}
	s.After(2 * time.Minute) // the other one was never heard of again
	if p := s.last(incident.StepKeyDisable); runs != 1 || p.Outcome != incident.Confirmed {
		t.Errorf("the call was made %d times, the plan is %s %s", runs, p.Status, p.Outcome)
	}
}

func TestAStepThatBreaksTheProgramEndsOnTheCard(t *testing.T) {
	for name, row := range map[string]struct {
		step func(actions.Action) actions.Action
		want incident.Outcome
	}{
		"in its plan": {func(a actions.Action) actions.Action {
			planned := 0
			return meddled{Action: a, plan: func() error {
				if planned++; planned > 1 {
					panic("broken")
				}
				return nil
			}}
		}, incident.NotConfirmed}, // a later look could see
		"in its call": {func(a actions.Action) actions.Action {
			return meddled{Action: a, run: func() error { panic("broken") }}
		}, incident.NotConfirmed},
		"in its reading": {func(a actions.Action) actions.Action {
			return meddled{Action: a, verify: func() error { panic("broken") }}
		}, incident.NotSeen},
	} {
		t.Run(name, func(t *testing.T) {
			var once actions.Action
			s := alerted(t, chattest.Options{Account: stepped(incident.StepKeyDisable, func(a actions.Action) actions.Action {
				if once == nil {
					once = row.step(a)
				}
				return once
			})})
			number := s.last(incident.StepKeyDisable).Number
			s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
			for range 12 {
				s.After(30 * time.Second)
			}
			p, _ := s.State(s.id).Proposal(number)
			if p.Status != incident.StatusDone || p.Outcome != row.want || p.Code != "Panic" {
				t.Errorf("the plan is %s %s (%s), want %s (Panic)", p.Status, p.Outcome, p.Code, row.want)
			}
		})
	}
}

// without is an account whose steps were taken out of the configuration.
type without struct{ actions.Account }

func (without) Actions() actions.Catalog { return nil }

func TestAStepThatIsNoLongerConfiguredEndsInTheTruth(t *testing.T) {
	gone := func(s *told) {
		s.Bot.Accounts[0] = without{s.Bot.Accounts[0]}
	}
	t.Run("before it began", func(t *testing.T) {
		s := alerted(t, chattest.Options{})
		if err := s.Bot.Hold(t.Context(), incident.HoldRestored); err != nil {
			t.Fatal(err)
		}
		s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
		s.say(chattest.Ana, "go")
		gone(s)
		s.After(time.Minute)
		if p := s.last(incident.StepKeyDisable); p.Outcome != incident.Rejected || p.Code != "NotConfigured" {
			t.Errorf("%s %s %s", p.Status, p.Outcome, p.Code)
		}
	})
	t.Run("after the call may have been made", func(t *testing.T) {
		s := alerted(t, chattest.Options{Account: stepped(incident.StepKeyDisable, func(a actions.Action) actions.Action {
			return meddled{Action: a, run: func() error { return &actions.Error{Op: "x", Code: "Network", Again: true} }}
		})})
		s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
		if p := s.last(incident.StepKeyDisable); p.Status != incident.StatusRunning {
			t.Fatalf("the plan is %s", p.Status)
		}
		gone(s)
		s.After(time.Minute)
		if p := s.last(incident.StepKeyDisable); p.Outcome != incident.NotSeen || p.Code != "NotConfigured" {
			t.Errorf("%s %s %s", p.Status, p.Outcome, p.Code)
		}
	})
}

func TestACloudThatSaysNoIsQuoted(t *testing.T) {
	s := alerted(t, chattest.Options{Account: stepped(incident.StepKeyDisable, func(a actions.Action) actions.Action {
		return meddled{Action: a, run: func() error { return &actions.Error{Op: "x", Code: "NoPermission"} }}
	})})
	number := s.last(incident.StepKeyDisable).Number
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	p, _ := s.State(s.id).Proposal(number)
	if p.Outcome != incident.Rejected || p.Code != "NoPermission" || p.Tries != 0 {
		t.Errorf("%s (%s) after %d tries", p.Outcome, p.Code, p.Tries)
	}
	s.showsIt("NoPermission")
}

func TestWhatMovedBehindAPlanVoidsIt(t *testing.T) {
	s := alerted(t, chattest.Options{})
	p := s.last(incident.StepPolicyQuarantine)
	if err := s.Bot.Hold(t.Context(), incident.HoldRestored); err != nil {
		t.Fatal(err)
	}
	s.agree(incident.StepPolicyQuarantine, chattest.Ana)
	s.console(t, "AttachPolicyToUser", map[string]string{"UserName": s.Scene.Victim, "PolicyType": "System", "PolicyName": "ReadOnlyAccess"})
	s.say(chattest.Ana, "go")
	s.After(10 * time.Second)
	if got, _ := s.State(s.id).Proposal(p.Number); got.Status != incident.StatusDrifted || len(got.Moved) == 0 {
		t.Fatalf("the plan is %s", got.Status)
	}
	if next, ok := s.State(s.id).Waiting(incident.StepPolicyQuarantine); !ok || next.Number == p.Number || len(next.Votes) != 0 {
		t.Errorf("it is not offered again: %+v", next.Number)
	}
	if quarantined(s.World) != 0 {
		t.Error("the void plan ran")
	}
}

// Votes age out while a step's calls do not get through: it ends and never runs
// late.
func TestAStepNeverRunsLate(t *testing.T) {
	fails, runs := true, 0
	s := alerted(t, chattest.Options{Account: stepped(incident.StepKeyDisable, func(a actions.Action) actions.Action {
		return meddled{Action: a, run: func() error {
			runs++
			if fails {
				return &actions.Error{Op: "x", Code: "Network", Again: true}
			}
			return nil
		}}
	})})
	number := s.last(incident.StepKeyDisable).Number
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	fails = false
	s.After(31 * time.Minute)
	p, _ := s.State(s.id).Proposal(number)
	if p.Status != incident.StatusDone || p.Outcome != incident.NotConfirmed || p.Code != incident.AgedOut || runs != 1 {
		t.Errorf("the plan is %s %s (%s) after %d calls", p.Status, p.Outcome, p.Code, runs)
	}
	if got := s.KeyStatus(); got != "Active" {
		t.Errorf("the key is %s", got)
	}
}

// A newer version was here and left a record that this one can't read: this one
// does nothing, and loses no work of the newer one.
func TestAnOlderVersionLosesNoWork(t *testing.T) {
	s := alerted(t, chattest.Options{})
	if err := s.Bot.Hold(t.Context(), incident.HoldRestored); err != nil {
		t.Fatal(err)
	}
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	future := incident.Foreign{Name: "from_the_future", Raw: json.RawMessage(`{"x":1}`)}
	records := s.Bot.Chain.Seal(s.State(s.id), s.id, incident.Bot, s.Clock.Now(), []incident.Event{future})
	if err := s.Bot.Store.Append(t.Context(), store.Batch{Records: records}); err != nil {
		t.Fatal(err)
	}
	s.say(chattest.Ana, "go")
	for range 3 {
		s.After(6 * time.Minute)
	}
	if got := s.KeyStatus(); got != "Active" {
		t.Fatalf("the older version acted: the key is %s", got)
	}
	s.refuses(chattest.Ana, "take inc-1", incident.ReadOnly)
	if _, ok, err := s.Bot.Store.NextDue(t.Context(), incident.LaneContain); err != nil || !ok {
		t.Error("the plan that is ready has lost its job")
	}
}

// A job of a kind that this version does not know is kept for the one that does.
func TestAJobFromANewerVersionIsKept(t *testing.T) {
	s := alerted(t, chattest.Options{})
	job := incident.Job{Key: "dance/inc-1", Lane: incident.LaneLook, Task: "dance", Incident: s.id, Due: s.Clock.Now()}
	if err := s.Bot.Store.Append(t.Context(), store.Batch{Jobs: []incident.Job{job}}); err != nil {
		t.Fatal(err)
	}
	s.Settle()
	for range 3 {
		s.After(20 * time.Minute)
	}
	s.Clock.Move(20 * time.Minute)
	for {
		l, ok, err := s.Bot.Store.Claim(t.Context(), incident.LaneLook, s.Clock.Now(), time.Minute)
		if err != nil || !ok {
			t.Fatalf("the job is gone: %v", err)
		}
		if l.Job.Task == "dance" {
			return
		}
	}
}

func TestAJobThatEndedTheProgramEachTimeEndsOnTheCard(t *testing.T) {
	s := alerted(t, chattest.Options{})
	if err := s.Bot.Hold(t.Context(), incident.HoldRestored); err != nil {
		t.Fatal(err)
	}
	s.say(chattest.Ana, "approve 2")
	s.say(chattest.Bo, "approve 2")
	for range 9 { // claimed, and nothing more was ever heard of it
		if _, ok, err := s.Bot.Store.Claim(t.Context(), incident.LaneContain, s.Clock.Now(), time.Minute); err != nil || !ok {
			t.Fatal(err)
		}
		s.Clock.Move(time.Minute)
	}
	s.Settle()
	if got := s.stuck(incident.Execute); got.Code != "Crashed" {
		t.Errorf("the card says %q", got.Code)
	}
}
