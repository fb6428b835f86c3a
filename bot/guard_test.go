package bot_test

import (
	"errors"
	"testing"
	"time"

	"twokey/actions"
	"twokey/actions/sandbox"
	"twokey/bot/chattest"
	"twokey/incident"
)

// spread is how long a new policy takes to reach what checks permissions: long
// enough for a thief to slip away from under it.
const spread = 2 * time.Second

// thiefDetaches takes the quarantine off with the leaked key itself, while the
// permission check has not heard of the quarantine yet.
func (s *told) thiefDetaches(t *testing.T) {
	t.Helper()
	lag := s.Cloud.Behaviour()
	late := lag
	late.ReadLag = 24 * time.Hour
	s.Cloud.SetBehaviour(late)
	s.detach(t, s.Scene.Leaked)
	s.Cloud.SetBehaviour(lag)
	s.Clock.Move(2 * spread)
}

// detach takes the quarantine off with a key.
func (s *told) detach(t *testing.T, by sandbox.Key) {
	t.Helper()
	params := map[string]string{"UserName": s.Scene.Victim, "PolicyType": "Custom", "PolicyName": "twokey-quarantine"}
	who, err := sandbox.NewAttacker(s.Cloud.URL(), by, sandbox.ThiefSource, []sandbox.Move{{Version: "2015-05-01", Action: "DetachPolicyFromUser", Params: params}})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := who.Step(t.Context()); err != nil || !r.Allowed {
		t.Fatalf("detach: %+v %v", r, err)
	}
}

func fight() chattest.Options {
	return chattest.Options{Rules: func(r *incident.Rules) { automatic(r); r.Automation.Sources = nil }}
}

// passes lets time pass with a bot that is started anew: the rate at which an
// account may be asked goes by the real clock, which stands nearly still here.
func (s *told) passes(d time.Duration) {
	s.t.Helper()
	s.Reopen(fight(), s.room)
	s.After(d)
}

// fought is a world in which people quarantined the user, and a rule lets the
// bot do so too.
func fought(t *testing.T) *told {
	t.Helper()
	s := tell(t, fight())
	b := s.Cloud.Behaviour()
	b.ReadLag = spread
	s.Cloud.SetBehaviour(b)
	s.id = s.Alert()
	s.Settle()
	s.agree(incident.StepPolicyQuarantine, chattest.Ana)
	for range 4 {
		s.After(spread)
	}
	if p := s.last(incident.StepPolicyQuarantine); p.Outcome != incident.Confirmed {
		t.Fatalf("the quarantine is %s", p.Outcome)
	}
	return s
}

func TestTheGuardFightsTheThiefThreeTimesAnHour(t *testing.T) {
	t.Parallel()
	s := fought(t)
	for end := s.Clock.Now().Add(50 * time.Minute); s.Clock.Now().Before(end); s.passes(time.Minute) {
		if quarantined(s.World) == 1 && s.last(incident.StepPolicyQuarantine).Outcome == incident.Confirmed {
			s.thiefDetaches(t)
		}
	}
	fights := 0
	for _, p := range s.State(s.id).Proposals {
		if p.Auto && p.Plan.Step == incident.StepPolicyQuarantine {
			fights++
		}
	}
	if fights != 3 || quarantined(s.World) != 0 {
		t.Fatalf("the guard did it again %d times, want 3; quarantined: %d", fights, quarantined(s.World))
	}
	thief := false
	for _, b := range s.State(s.id).Breaches {
		thief = thief || b.Thief && b.Who == s.Scene.Victim
	}
	if !thief {
		t.Errorf("nobody was told who did it: %+v", s.State(s.id).Breaches)
	}
	s.passes(time.Hour)
	if got := quarantined(s.World); got != 1 {
		t.Error("an hour later the guard does not fight any more")
	}
}

func TestTheGuardOnlyAlarmsAboutAnAdministrator(t *testing.T) {
	s := fought(t)
	s.detach(t, s.admin(t))
	s.Clock.Move(2 * spread)
	s.After(15 * time.Minute)
	if quarantined(s.World) != 0 {
		t.Error("the guard fought an administrator")
	}
	breaches := s.State(s.id).Breaches
	if len(breaches) != 1 || breaches[0].Who != "second-admin" || breaches[0].Thief {
		t.Errorf("breaches: %+v", breaches)
	}
	s.showsIt("second-admin")
	s.After(time.Hour)
	if again := s.State(s.id).Breaches; len(again) != 1 {
		t.Errorf("the same breach was reported %d times", len(again))
	}
}

// A person of the configuration whose own user was stolen is still a person.
func TestTheGuardDoesNotFightAPersonOfTheConfiguration(t *testing.T) {
	s := fought(t)
	s.Bot.Rules.Members[2].RAM = []incident.RAMUser{{Account: "prod", User: s.Scene.Victim}}
	s.thiefDetaches(t)
	s.After(15 * time.Minute)
	if quarantined(s.World) != 0 {
		t.Error("the guard fought a person")
	}
	if b := s.State(s.id).Breaches; len(b) == 0 || b[0].Person != chattest.Chen {
		t.Errorf("breaches: %+v", b)
	}
}

// The trail is late: the alarm does not wait for it, and a trail that fails
// later takes no name away.
func TestTheAlarmComesBeforeTheName(t *testing.T) {
	s := fought(t)
	b := s.Cloud.Behaviour()
	b.TrailLag = time.Hour
	s.Cloud.SetBehaviour(b)
	s.detach(t, s.admin(t))
	s.Clock.Move(2 * spread)
	s.After(15 * time.Minute)
	if got := s.State(s.id).Breaches; len(got) != 1 || got[0].Who != "" {
		t.Fatalf("breaches before the trail knows: %+v", got)
	}
	s.After(15 * time.Minute)
	b.TrailLag = 0
	s.Cloud.SetBehaviour(b)
	s.After(15 * time.Minute)
	stop := s.Cloud.Inject(sandbox.Fault{Kind: sandbox.ServerError, Product: "actiontrail"})
	s.After(15 * time.Minute)
	stop()
	if got := s.State(s.id).Breaches; len(got) != 2 || got[1].Who != "second-admin" {
		t.Errorf("breaches: %+v", got)
	}
}

func TestALookThatFailsIsMadeAgainAndEndsOnTheCard(t *testing.T) {
	broken := errors.New("no answer")
	fails := false
	s := tell(t, chattest.Options{Account: meddle(func(a actions.Action) actions.Action {
		return meddled{Action: a, verify: func() error {
			if fails {
				return broken
			}
			return nil
		}}
	})})
	s.id = s.Alert()
	s.Settle()
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	fails = true
	for range 12 {
		s.After(time.Minute)
	}
	s.stuck(incident.LookAgain)
	fails = false
	s.console(t, "UpdateAccessKey", map[string]string{"UserName": s.Scene.Victim, "UserAccessKeyId": s.Scene.Leaked.ID, "Status": "Active"})
	s.After(5 * time.Minute)
	if len(s.State(s.id).Breaches) == 0 {
		t.Error("looking did not go on")
	}
}
