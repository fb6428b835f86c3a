package bot_test

import (
	"strings"
	"testing"
	"time"

	"twokey/actions/sandbox"
	"twokey/bot/chattest"
	"twokey/incident"
)

// leaks reports a key as a source would.
func (s *told) leaks(key string) incident.ID {
	s.t.Helper()
	now := s.Clock.Now()
	_, id, err := s.Bot.Receive(s.t.Context(), incident.Bot, incident.Alert{
		Source: "scans", Type: "gitleaks", ExternalKey: "finding 2", Kind: incident.KindOpen, KeyID: incident.KeyID(key), ReceivedAt: now,
	}, incident.AlertText{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.Settle()
	return id
}

func TestTheBotChangesNothingWithItsOwnLeakedKey(t *testing.T) {
	s := alerted(t, chattest.Options{})
	own := s.leaks(s.Scene.Bot.ID)
	if !s.State(own).Own() {
		t.Fatal("the bot does not know its own key")
	}
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	s.After(time.Minute)
	if got := s.KeyStatus(); got != "Active" {
		t.Fatalf("the key is %s", got)
	}
	for _, words := range []string{
		"THE BOT'S OWN KEY", "The bot itself works with this key", "Give the bot new credentials", "run twokey check",
		"No step starts in this account: the bot's own key leaked (" + string(own) + ")",
	} {
		if got := s.text(); !strings.Contains(got, words) {
			t.Errorf("nobody was told %q:\n%s", words, got)
		}
	}
	if a := s.say(chattest.Ana, "do key.disable "+string(own)); a.OK {
		t.Errorf("it would act on itself: %s", a.Text)
	}
	s.say(chattest.Ana, "false_alarm "+string(own)+" because it is a fixture")
	p, _ := s.State(own).Waiting(incident.StepFalseAlarm)
	for _, who := range []incident.Person{chattest.Ana, chattest.Bo} {
		if a := s.say(who, "approve "+string(p.Digest)+" "+string(own)+" because it is a fixture"); !a.OK {
			t.Fatal(a.Text)
		}
	}
	s.Settle()
	s.After(time.Minute)
	if got := s.KeyStatus(); got != "Inactive" {
		t.Errorf("two people called it a false alarm, and the key is %s:\n%s", got, s.text())
	}
}

func TestTheBotKnowsItsOwnKeyThoughTheCloudRefusesIt(t *testing.T) {
	s := tell(t, chattest.Options{})
	s.Cloud.Inject(sandbox.Fault{Kind: sandbox.Unavailable})
	own := s.leaks(s.Scene.Bot.ID)
	if got := s.State(own); !got.Own() || !got.Matters() {
		t.Error("it asks the cloud for what it knows itself")
	}
	if got := s.text(); !strings.Contains(got, "THE BOT'S OWN KEY") {
		t.Errorf("nobody was told:\n%s", got)
	}
}

func TestAnotherKeyOfTheBotsUserStopsNothing(t *testing.T) {
	s := alerted(t, chattest.Options{})
	sibling, err := s.Cloud.AddKey("twokey")
	if err != nil {
		t.Fatal(err)
	}
	id := s.leaks(sibling.ID)
	if got := s.State(id).KeyFact(incident.FactOwn); got != incident.OwnSibling {
		t.Errorf("own is %q", got)
	}
	if got := s.text(); !strings.Contains(got, "This key belongs to the RAM user that the bot works as") {
		t.Errorf("nobody was told:\n%s", got)
	}
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	if got := s.KeyStatus(); got != "Inactive" {
		t.Errorf("the key is %s", got)
	}
}

func TestNewCredentialsEndIt(t *testing.T) {
	s := alerted(t, chattest.Options{})
	own := s.leaks(s.Scene.Bot.ID)
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	fresh, err := s.Cloud.AddKey("twokey")
	if err != nil {
		t.Fatal(err)
	}
	s.Scene.Bot = fresh
	s.Reopen(chattest.Options{}, s.room)
	s.After(time.Minute)
	if got := s.KeyStatus(); got != "Inactive" {
		t.Errorf("the bot has another key, and the leaked one is %s", got)
	}
	if a := s.say(chattest.Ana, "look "+string(own)); !a.OK {
		t.Fatal(a.Text)
	}
	s.Settle()
	if got := s.State(own).KeyFact(incident.FactOwn); got != incident.OwnSibling {
		t.Errorf("own is %q", got)
	}
}

func TestOnceTheIncidentIsClosedStepsStartAgain(t *testing.T) {
	s := alerted(t, chattest.Options{})
	own := s.leaks(s.Scene.Bot.ID)
	s.say(chattest.Ana, "close "+string(own)+" because it is a fixture")
	p, ok := s.State(own).Waiting(incident.StepClose)
	if !ok {
		t.Fatal("nobody can close it")
	}
	for _, who := range []incident.Person{chattest.Ana, chattest.Bo} {
		if a := s.say(who, "approve "+string(p.Digest)+" "+string(own)+" because it is a fixture"); !a.OK {
			t.Fatal(a.Text)
		}
	}
	s.Settle()
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	if got := s.KeyStatus(); got != "Inactive" {
		t.Errorf("the key is %s", got)
	}
}
