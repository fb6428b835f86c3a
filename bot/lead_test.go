package bot_test

import (
	"slices"
	"testing"
	"time"

	"twokey/actions/sandbox"
	"twokey/bot/chattest"
	"twokey/incident"
	"twokey/store"
)

// sees is what a look wrote down.
func (s *told) sees(of incident.Identity, facts map[incident.FactName]string) {
	s.t.Helper()
	_, err := s.Bot.Do(s.t.Context(), s.id, incident.Bot, incident.Observe{Of: of, Facts: facts, AsOf: s.Clock.Now(), Source: "actiontrail:LookupEvents"})
	if err != nil {
		s.t.Fatal(err)
	}
}

// madeKey is a key of somebody that the leaked key made.
func (s *told) madeKey() sandbox.Key {
	s.t.Helper()
	s.Cloud.AddUser("eve")
	k, err := s.Cloud.AddKey("eve")
	if err != nil {
		s.t.Fatal(err)
	}
	s.sees(incident.OfKey(incident.KeyID(k.ID)), map[incident.FactName]string{incident.FactMadeBy: s.Scene.Leaked.ID})
	return k
}

func (s *told) incidents() []incident.State {
	s.t.Helper()
	found, err := s.Bot.Store.Find(s.t.Context(), store.Query{Open: true, Limit: 50})
	if err != nil {
		s.t.Fatal(err)
	}
	var all []incident.State
	for _, f := range found {
		all = append(all, s.State(f.Incident))
	}
	return all
}

// A key that the leaked key made is a leak of its own: whoever made it has it.
func TestAKeyThatTheLeakedKeyMadeGetsAnIncident(t *testing.T) {
	s := alerted(t, chattest.Options{Rules: automatic})
	k := s.madeKey()
	s.After(time.Hour)
	s.After(time.Hour)
	all := s.incidents()
	if len(all) != 2 {
		t.Fatalf("%d incidents", len(all))
	}
	child := all[0]
	if child.ID == s.id {
		child = all[1]
	}
	if child.Key != incident.KeyID(k.ID) || child.Alerts[0].From != s.id || child.Repeats != 0 {
		t.Errorf("the new incident is about %s, from %q, told %d times again", child.Key, child.Alerts[0].From, child.Repeats)
	}
	for _, p := range child.Proposals {
		if p.Auto {
			t.Errorf("%s ran by itself on what the trail says, which no source reported", p.Plan.Step)
		}
	}
	if _, waits := child.Waiting(incident.StepKeyDisable); !waits {
		t.Error("nobody is asked to disable it")
	}
	s.id = child.ID
	s.showsIt("created with the leaked key of inc-1")
}

// Steps aim at the key's own user, or at one that it made: never at a name that
// somebody types.
func TestOnlyUsersThatTheKeyMadeCanBeNamed(t *testing.T) {
	s := alerted(t, chattest.Options{})
	if a := s.say(chattest.Ana, "do login.cut of "+s.Scene.Victim); a.OK {
		t.Error("a user of somebody else's could be named")
	}
	id := s.Cloud.AddUser("eve")
	s.sees(incident.OfUser(id), map[incident.FactName]string{incident.FactMadeBy: s.Scene.Leaked.ID, incident.FactUser: "eve", incident.FactUserID: id})
	for _, text := range []string{"do user.deactivate of second-admin", "do role.quarantine of ../x", "do key.disable of eve of eve", "do key.disable nonsense", "do key.disable policies="} {
		if a := s.say(chattest.Ana, text); a.OK {
			t.Errorf("%q was taken: %s", text, a.Text)
		}
	}
}

// What the thief made while people sleep is found without anybody asking, and
// something can be done about it at once.
func TestWhatAThiefMadeIsOfferedToBeUndone(t *testing.T) {
	s := alerted(t, chattest.Options{})
	s.Clock.Move(10 * time.Second)
	for range 8 {
		s.Steal()
	}
	s.After(time.Minute)
	s.After(5 * time.Minute)
	st := s.State(s.id)
	if len(st.Leads()) == 0 {
		t.Fatal("the users that the thief made are not seen")
	}
	for _, lead := range st.Leads() {
		id, _ := incident.UserOf(lead.Of)
		if !slices.ContainsFunc(st.Proposals, func(p incident.Proposal) bool {
			step := p.Plan.Step == incident.StepUserDeactivate || p.Plan.Step == incident.StepUserDelete
			return step && p.Plan.Target.UserID == id && p.Status == incident.StatusWaiting
		}) {
			t.Errorf("nothing can be done about %s", lead.User)
		}
	}
	s.showsIt("The leaked key created the user")
}
