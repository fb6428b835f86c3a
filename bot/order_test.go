package bot_test

import (
	"testing"
	"time"

	"twokey/actions/sandbox"
	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
)

// The quarantine stays on while any key of the user lives that an incident ever
// named, and while another incident holds the user.
func TestTheQuarantineStaysForTheUsersOtherKey(t *testing.T) {
	s := alerted(t, chattest.Options{})
	other, err := s.Cloud.AddKey(s.Scene.Victim)
	if err != nil {
		t.Fatal(err)
	}
	_, second := s.receive(s.alert(func(a *incident.Alert) { a.KeyID, a.ExternalKey = incident.KeyID(other.ID), "other" }))
	s.Settle()
	s.agree(incident.StepPolicyQuarantine, chattest.Ana)
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	s.After(time.Hour + time.Minute)
	s.agree(incident.StepKeyDelete, chattest.Ana, chattest.Bo)
	s.Settle()
	if got := s.KeyStatus(); got != "bin" {
		t.Fatalf("the key is %s", got)
	}
	if a := s.say(chattest.Ana, "do policy.detach inc-1"); a.OK {
		t.Error("the quarantine may go although another incident holds the user")
	}
	s.say(chattest.Ana, "close "+string(second)+" because it is a honeypot")
	for _, who := range []incident.Person{chattest.Ana, chattest.Bo} {
		s.say(who, "approve "+string(second)+"/"+number(s.State(second), incident.StepClose)+" because agreed")
	}
	if s.State(second).Open() {
		t.Fatal("the second incident is still open")
	}
	s.refuses(chattest.Ana, "do policy.detach inc-1", incident.KeyStillLives)
}

// A use of the key that comes to light only after people agreed, and that the
// step would break, voids their plan.
func TestAnImpactThatGotWorseVoidsThePlan(t *testing.T) {
	s := alerted(t, chattest.Options{})
	p := s.last(incident.StepPolicyQuarantine)
	if len(p.Plan.Impact.Breaks) != 0 {
		t.Fatalf("the plan breaks %v from the start", p.Plan.Impact.Breaks)
	}
	if err := s.Bot.Hold(t.Context(), incident.HoldRestored); err != nil {
		t.Fatal(err)
	}
	s.agree(incident.StepPolicyQuarantine, chattest.Ana)
	late := sandbox.Use{At: s.Clock.Now().Add(-24 * time.Hour), Service: "Ecs", Event: "DeleteInstance", Source: sandbox.KnownSource, Write: true}
	if err := s.Cloud.RecordUse(s.Scene.Leaked.ID, late); err != nil {
		t.Fatal(err)
	}
	s.say(chattest.Ana, "go")
	s.After(2 * time.Minute)
	if got, _ := s.State(s.id).Proposal(p.Number); got.Status != incident.StatusDrifted || quarantined(s.World) != 0 {
		t.Errorf("the plan is %s %s", got.Status, got.Outcome)
	}
}

// illegible is a view with a bug in one incident's card.
type illegible struct{ bot.View }

func (v illegible) Card(s bot.Scene) bot.Card {
	if s.State.ID == "inc-1" {
		var none []bot.Step
		_ = none[s.State.Seq]
	}
	return v.View.Card(s)
}

func TestABugInOneCardHurtsNoOther(t *testing.T) {
	s := tell(t, chattest.Options{})
	s.Bot.View = illegible{s.Bot.View}
	s.id = s.Alert()
	_, other := s.receive(s.alert(func(a *incident.Alert) { a.KeyID, a.ExternalKey = incident.KeyID(s.Scene.Idle.ID), "other" }))
	s.Settle()
	if a := s.say(chattest.Ana, "show inc-1"); a.OK || a.Text == "" {
		t.Errorf("%+v", a)
	}
	if len(s.room.cards) != 1 || s.room.cards["message 1"].Incident != other {
		t.Errorf("the room shows %d cards", len(s.room.cards))
	}
	for range 20 {
		s.After(time.Minute)
	}
	if got := s.stuck(incident.Announce); got.Code != "Panic" {
		t.Errorf("%+v", got)
	}
}
