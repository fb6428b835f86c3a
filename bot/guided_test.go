package bot_test

import (
	"strings"
	"testing"
	"time"

	"twokey/actions/sandbox"
	"twokey/bot/chattest"
	"twokey/incident"
)

// rootAlert is a world in which root's key leaked, which its use betrays.
func rootAlert(t *testing.T) *told {
	t.Helper()
	s := tell(t, chattest.Options{})
	k, err := s.Cloud.AddRootKey()
	if err != nil {
		t.Fatal(err)
	}
	use := sandbox.Use{At: s.Clock.Now().Add(-2 * time.Hour), Service: "Ecs", Event: "DescribeInstances", Source: "203.0.113.7"}
	if err := s.Cloud.RecordUse(k.ID, use); err != nil {
		t.Fatal(err)
	}
	now := s.Clock.Now()
	_, s.id, err = s.Bot.ReceiveAlert(t.Context(), incident.Alert{
		Source: "scans", Kind: incident.KindOpen, KeyID: incident.KeyID(k.ID), ExternalKey: "root", ReceivedAt: now, DetectedAt: now,
	}, incident.AlertText{})
	if err != nil {
		t.Fatal(err)
	}
	s.Settle()
	return s
}

// No API disables a root key: two people say that it is done, and what they say
// stands under their names.
func TestTwoPeopleWorkThroughTheListForRoot(t *testing.T) {
	s := rootAlert(t)
	s.showsIt("ROOT KEY")
	s.showsIt("ram.console.aliyun.com/manage/ak")
	s.agree("root.password", chattest.Ana)
	if p := s.last("root.password"); p.Done() {
		t.Fatal("one person's word is enough")
	}
	if a := s.say(chattest.Ana, "approve "+number(s.State(s.id), "root.password")); a.OK {
		t.Error("the same person counts twice")
	}
	s.agree("root.password", chattest.Bo)
	if p := s.last("root.password"); !p.Done() || p.Outcome != incident.Attested {
		t.Fatalf("it is %s %s", p.Status, p.Outcome)
	}
	s.showsIt("done by hand, say Ana, Bo")
	if line := s.room.newest("root password"); strings.Contains(line.Text, "read back") {
		t.Errorf("%q claims that it was read back", line.Text)
	}
}

// What comes after a step by hand comes once somebody says that it is done.
func TestStepsByHandAreOfferedInOrder(t *testing.T) {
	s := rootAlert(t)
	if _, waits := s.State(s.id).Waiting("root.replace_key"); waits {
		t.Fatal("it is offered to replace a key before there is a new one")
	}
	s.agree("root.create_key", chattest.Ana, chattest.Bo)
	if _, waits := s.State(s.id).Waiting("root.replace_key"); !waits {
		t.Error("the new key is there, and nobody is asked to put it in place")
	}
}

// A playbook's own manual step takes one responder.
func TestAManualStepOfAPlaybookIsAttested(t *testing.T) {
	s := alerted(t, chattest.Options{Rules: func(r *incident.Rules) {
		r.Playbook = incident.Playbook{Rows: []incident.Row{{Name: "own", Steps: []incident.PlayStep{
			{Step: "manual.call_the_bank", Guided: true},
			{Step: incident.StepKeyDisable, After: []string{"manual.call_the_bank"}},
		}}}}
	}})
	if _, waits := s.State(s.id).Waiting(incident.StepKeyDisable); waits {
		t.Fatal("the second step is offered before the first")
	}
	s.agree("manual.call_the_bank", chattest.Bo)
	if _, waits := s.State(s.id).Waiting(incident.StepKeyDisable); !waits {
		t.Error("the second step is not offered after the first")
	}
	s.showsIt("call_the_bank")
}

// What an API sees is read back: two people's word is not enough.
func TestWhatPeopleDidToRootIsReadBack(t *testing.T) {
	s := rootAlert(t)
	if p, waits := s.State(s.id).Waiting(incident.StepRootMFA); !waits || len(p.Plan.Guarded) == 0 {
		t.Fatalf("root.mfa is offered as %+v", p.Plan)
	}
	if err := s.Cloud.SetMFA("", true); err != nil { // in the console
		t.Fatal(err)
	}
	s.agree(incident.StepRootMFA, chattest.Ana, chattest.Bo)
	if p := s.last(incident.StepRootMFA); p.Outcome != incident.Confirmed {
		t.Errorf("it is %s %s (%s)", p.Status, p.Outcome, p.Code)
	}
	for _, step := range []string{"root.create_key", "root.replace_key", "root.disable_key", incident.StepRootDelete} {
		s.agree(step, chattest.Ana, chattest.Bo)
	}
	for range 6 {
		s.After(time.Minute)
	}
	if p := s.last(incident.StepRootDelete); p.Done() {
		t.Errorf("nobody deleted the key, and it is %s %s", p.Status, p.Outcome)
	}
}
