package bot_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"twokey/actions/sandbox"
	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
)

// told is what one test sees: the world, its room, and people who type.
type told struct {
	*chattest.World
	t    *testing.T
	room *room
	id   incident.ID
	n    int
}

func tell(t *testing.T, o chattest.Options) *told {
	t.Helper()
	room := newRoom()
	w := chattest.New(t, o, room)
	return &told{World: w, t: t, room: room}
}

// alerted is a world in which the alert has come in and all is looked up.
func alerted(t *testing.T, o chattest.Options) *told {
	t.Helper()
	s := tell(t, o)
	s.id = s.Alert()
	s.Settle()
	return s
}

func (s *told) say(who incident.Person, text string) bot.Answer {
	s.t.Helper()
	s.n++
	a := s.Bot.Handle(s.t.Context(), bot.Input{
		From: bot.Account{Platform: "console", User: string(who)}, Room: "room", ID: fmt.Sprintf("typed %d", s.n), Text: text,
	})
	return a
}

// agree is a step voted through by people, and whatever follows.
func (s *told) agree(step string, who ...incident.Person) {
	s.t.Helper()
	p, ok := s.State(s.id).Waiting(step)
	if !ok {
		s.t.Fatalf("nobody was offered %s", step)
	}
	for _, w := range who {
		if a := s.say(w, "approve "+string(p.Digest)+" "+string(s.id)+" because agreed"); !a.OK {
			s.t.Fatalf("%s may not approve %s: %s", w, step, a.Text)
		}
	}
	s.Settle()
}

func (s *told) text() string { return (&platform{s.room}).Text(s.t) }

// number is what the last plan of a step is called when it is typed.
func (s *told) number(step string) string { return strconv.Itoa(s.last(step).Number) }

func (s *told) last(step string) incident.Proposal {
	s.t.Helper()
	for _, p := range slices.Backward(s.State(s.id).Proposals) {
		if p.Plan.Step == step {
			return p
		}
	}
	s.t.Fatalf("no plan for %s", step)
	return incident.Proposal{}
}

// console does something in the pretend account, past the bot.
func (s *told) console(t *testing.T, action string, params map[string]string) {
	t.Helper()
	admin, err := sandbox.NewAttacker(s.Cloud.URL(), s.Scene.Bot, "203.0.113.99", []sandbox.Move{{Version: "2015-05-01", Action: action, Params: params}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := admin.Step(t.Context())
	if err != nil || !r.Allowed {
		t.Fatalf("%s in the console: %+v %v", action, r, err)
	}
}

// admin is an administrator that the incident knows nothing of.
func (s *told) admin(t *testing.T) sandbox.Key {
	t.Helper()
	s.Cloud.AddUser("second-admin")
	if err := s.Cloud.SetPolicies("second-admin", sandbox.PolicyRef{Type: sandbox.System, Name: "AdministratorAccess"}); err != nil {
		t.Fatal(err)
	}
	k, err := s.Cloud.AddKey("second-admin")
	if err != nil {
		t.Fatal(err)
	}
	s.Clock.Move(time.Minute)
	return k
}

// number is what a step's newest plan is called.
func number(s incident.State, step string) string {
	for _, p := range slices.Backward(s.Proposals) {
		if p.Plan.Step == step {
			return fmt.Sprint(p.Number)
		}
	}
	return "0"
}
