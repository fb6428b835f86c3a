package bot_test

import (
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
)

const stolen = "ecs:RunInstances@198.51.100.66"

// suspected is a world in which the trail shows a suspicious call, and Chen
// answers for the user.
func suspected(t *testing.T) *told {
	t.Helper()
	s := tell(t, chattest.Options{})
	s.Bot.People.Owners = map[incident.RAMUser]incident.Person{{Account: "prod", User: s.Scene.Victim}: chattest.Chen}
	s.id = s.Alert()
	s.Settle()
	s.sees(incident.OfKey(incident.KeyID(s.Scene.Leaked.ID)), map[incident.FactName]string{
		incident.FactSuspects: stolen, incident.FactAbuse: incident.Yes,
	})
	s.Settle()
	return s
}

func TestTheOwnerIsAskedAndTheAnswerIsEvidence(t *testing.T) {
	s := suspected(t)
	if a := s.say(chattest.Ana, "do owner.ask"); !a.OK {
		t.Fatal(a.Text)
	}
	s.Settle()
	s.showsIt("Chen: was ecs:RunInstances from 198.51.100.66 yours?")
	line := s.room.newest("was asked about")
	if line.Text == "" || len(line.Mention) != 1 || line.Mention[0].User != string(chattest.Chen) {
		t.Errorf("the line %q mentions %v", line.Text, line.Mention)
	}
	if a := s.say(chattest.Ana, "answer "+stolen+" yes"); a.OK {
		t.Error("somebody else answered for the owner")
	}
	before := len(s.State(s.id).Proposals)
	if a := s.say(chattest.Chen, "answer "+stolen+" no"); !a.OK {
		t.Fatal(a.Text)
	}
	s.Settle()
	st := s.State(s.id)
	if st.Answers[stolen].Value != incident.No || st.Abuse() != incident.Yes {
		t.Errorf("answers %v, abuse %s", st.Answers, st.Abuse())
	}
	for _, p := range st.Proposals[:before] {
		if len(p.Votes) > 0 {
			t.Errorf("an answer became a vote for %s", p.Plan.Step)
		}
	}
	s.showsIt("RunInstances from 198.51.100.66 was NOT mine")
}

func TestNobodyIsAskedWithoutAnOwner(t *testing.T) {
	s := alerted(t, chattest.Options{})
	if a := s.say(chattest.Ana, "do owner.ask"); a.OK || a.Text == "" {
		t.Errorf("asked whom? %+v", a)
	}
	if a := s.press(chattest.Ana, "click", bot.Press{Act: bot.ActDo, Incident: s.id, Value: incident.StepOwnerAsk}); a.OK {
		t.Error("the button asks somebody after all")
	}
}

// A new suspicious call wakes people up, as long as the key can act.
func TestASuspiciousCallMentionsThoseWhoCanAct(t *testing.T) {
	s := suspected(t)
	if line := s.room.newest("RunInstances"); len(line.Mention) != 3 {
		t.Errorf("%q mentions %v", line.Text, line.Mention)
	}
	if a := s.say(chattest.Bo, "take"); !a.OK {
		t.Fatal(a.Text)
	}
	s.sees(incident.OfKey(incident.KeyID(s.Scene.Leaked.ID)), map[incident.FactName]string{incident.FactSuspects: stolen + ",ram:CreateUser@198.51.100.66"})
	s.Settle()
	if line := s.room.newest("CreateUser"); len(line.Mention) != 1 || line.Mention[0].User != string(chattest.Bo) {
		t.Errorf("%q mentions %v, not who took command", line.Text, line.Mention)
	}
}

// A leak that nobody acts on is looked at all the same: what the thief does while
// people sleep comes to light, minutes late as the trail is.
func TestAThiefIsSeenWhileNobodyActs(t *testing.T) {
	s := alerted(t, chattest.Options{})
	s.Clock.Move(10 * time.Second)
	for range 4 {
		s.Steal()
	}
	s.After(time.Minute)
	s.After(5 * time.Minute)
	if got := s.State(s.id).Abuse(); got != incident.Yes {
		t.Fatalf("abuse: %s", got)
	}
	if line := s.room.newest("Looks like theft"); len(line.Mention) == 0 {
		t.Errorf("%q mentions nobody", line.Text)
	}
	if row := s.Bot.Rules.Playbook.Next(s.State(s.id))[0]; row.Row != "abuse" || row.Step != incident.StepKeyDisable {
		t.Errorf("first is %s of row %s", row.Step, row.Row)
	}
}
