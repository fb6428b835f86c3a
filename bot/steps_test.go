package bot_test

import (
	"strings"
	"testing"
	"time"

	"twokey/actions/sandbox"
	"twokey/bot/chattest"
	"twokey/incident"
)

// ask is a step asked for and agreed to by two people; it must be seen done.
func (s *told) ask(text, step string) incident.Proposal {
	s.t.Helper()
	s.After(time.Minute) // the account is asked no faster than it may be
	if a := s.say(chattest.Ana, text); !a.OK {
		s.t.Fatalf("%s: %s", text, a.Text)
	}
	if p := s.last(step); p.Status == incident.StatusWaiting {
		s.agree(step, chattest.Ana, chattest.Bo)
	}
	s.Settle()
	p := s.last(step)
	if p.Outcome != incident.Confirmed {
		s.t.Fatalf("%s: %s %s %s", text, p.Status, p.Outcome, p.Code)
	}
	return p
}

// In use and not rotatable: what the documents ask for, step by step, and then all
// of it taken back, because it was the wrong user.
func TestWhatCannotBeRotatedIsMitigatedAndAllOfItTakenBack(t *testing.T) {
	t.Parallel()
	s := tell(t, chattest.Options{})
	if err := s.Cloud.SetLogin(s.Scene.Victim, &sandbox.Login{}); err != nil {
		t.Fatal(err)
	}
	before := s.Cloud.Snapshot()
	s.id = s.Alert()
	s.Settle()
	for _, answer := range []string{"answer in_use yes", "answer rotatable no"} {
		if a := s.say(chattest.Ana, answer); !a.OK {
			t.Fatal(a.Text)
		}
	}
	s.Settle()
	s.agree(incident.StepKeyFence, chattest.Ana)
	s.agree(incident.StepPolicyQuarantine, chattest.Ana)
	s.ask("do permissions.trim policies=System:AliyunRAMFullAccess", incident.StepTrim)
	s.ask("do mfa.require", incident.StepMFARequire)
	s.ask("do login.cut", incident.StepLoginCut)
	s.ask("do mfa.enforce", incident.StepMFAEnforce)
	for _, look := range []string{"audit.events", "audit.descendants", "audit.identities", "fees.check", "ecs.find_caller", "hygiene.report"} {
		if p := s.ask("do "+look, look); p.Findings == "" {
			t.Errorf("%s found nothing to say", look)
		}
	}
	if r := s.Steal(); r.Allowed {
		t.Error("the thief goes on")
	}

	if a := s.say(chattest.Ana, "false_alarm because it is the test account"); !a.OK {
		t.Fatal(a.Text)
	}
	s.After(time.Minute)
	s.agree(incident.StepFalseAlarm, chattest.Ana, chattest.Bo)
	for _, step := range []string{
		incident.StepMFARelax, incident.StepLoginGiveBack, incident.StepMFARelease, incident.StepGiveBack,
		incident.StepPolicyDetach, incident.StepKeyUnfence,
	} {
		s.After(time.Minute)
		s.agree(step, chattest.Ana, chattest.Bo)
		if p := s.last(step); p.Outcome != incident.Confirmed {
			t.Errorf("%s: %s %s %s", step, p.Status, p.Outcome, p.Code)
		}
	}
	if left := s.State(s.id).Expected(); len(left) > 6 {
		t.Errorf("%d steps still stand", len(left))
	}
	sameUsers(t, before, s.Cloud.Snapshot())
}

// sameUsers: every user has just the policies, groups, keys and logon it had.
func sameUsers(t *testing.T, before, after sandbox.Snapshot) {
	t.Helper()
	for i, was := range before.Users {
		is := after.Users[i]
		if len(was.Policies) != len(is.Policies) || len(was.Groups) != len(is.Groups) || len(was.Keys) != len(is.Keys) {
			t.Errorf("%s had %v in %v, and has %v in %v", was.Name, was.Policies, was.Groups, is.Policies, is.Groups)
		}
		for j, k := range was.Keys {
			// There is no call that removes a network policy: none is one that is off.
			if got := is.Keys[j]; got.Status != k.Status || got.Fence != k.Fence && !strings.Contains(got.Fence, `"Inactive"`) {
				t.Errorf("key %s of %s was %s %q, and is %s %q", k.ID, was.Name, k.Status, k.Fence, got.Status, got.Fence)
			}
		}
	}
}
