package chattest

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"twokey/bot"
	"twokey/incident"
)

// Platform is one chat platform as a person meets it. Its own fake server stands
// behind it; nothing looks into the adapter.
type Platform interface {
	// Chat is the room under test.
	Chat() bot.Chat

	// Text is everything that the room shows to everybody now: the card with its
	// buttons' labels, and its thread.
	Text(t *testing.T) string

	// Press presses a button that the room shows, as a person, and returns what
	// only that person is told. It fails the test if the button is not there.
	// The reason is what they type if they are asked for one.
	Press(t *testing.T, who incident.Person, b bot.Button, reason string) string

	// Again delivers the last press once more, as platforms do.
	Again(t *testing.T) string

	// Type types a command and returns what only that person is told.
	Type(t *testing.T, who incident.Person, command string) string
}

// Peopled can be implemented by a [Platform] that gives its accounts names of its own.
type Peopled interface{ Entries() []bot.Entry }

// Eve is on the platform and in no configuration.
const Eve incident.Person = "eve"

// Run plays the story on a platform. Every platform must pass it unchanged.
func Run(t *testing.T, start func(t *testing.T) Platform) {
	t.Run("an alert is contained by two people, and the record holds", func(t *testing.T) { contain(t, start(t)) })
	t.Run("a false alarm is taken back whole", func(t *testing.T) { falseAlarm(t, start(t)) })
	t.Run("strangers, double clicks and stale buttons do nothing", func(t *testing.T) { refusals(t, start(t)) })
	t.Run("everything works by typing", func(t *testing.T) { typed(t, start(t)) })
}

// story is the world seen through one platform.
type story struct {
	*World
	t  *testing.T
	p  Platform
	id incident.ID
}

func begin(t *testing.T, p Platform) *story {
	t.Helper()
	var o Options
	if own, ok := p.(Peopled); ok {
		o.People = own.Entries()
	}
	w := New(t, o, p.Chat())
	s := &story{World: w, t: t, p: p}
	listen(t, p.Chat(), w.Bot.Handle)
	s.id = w.Alert()
	w.Settle()
	return s
}

// listen opens the room's ears for as long as the test lasts.
func listen(t *testing.T, c bot.Chat, h bot.Handler) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := c.Listen(ctx, h); err != nil && ctx.Err() == nil {
			t.Errorf("listen: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
}

// button finds a button of the card as it should be now.
func (s *story) button(act bot.Act, step string) bot.Button {
	s.t.Helper()
	card := s.card()
	for _, list := range [][]bot.Step{card.Steps, card.Folded} {
		for _, st := range list {
			for _, b := range st.Buttons {
				if st.Name == step && b.Act == act {
					return b
				}
			}
		}
	}
	for _, b := range card.Actions {
		if b.Act == act && step == "" {
			return b
		}
	}
	s.t.Fatalf("the card has no button %s for %q", act, step)
	return bot.Button{}
}

func (s *story) card() bot.Card {
	return s.Bot.View.Card(bot.Scene{
		State: s.State(s.id), Rules: s.Bot.Rules, Lang: "en", Now: s.Clock.Now(), Names: s.Bot.People.Names(),
		Steps: s.Bot.Accounts[0].Actions().Names(),
	})
}

// approve presses the approve button of a step, and lets the bot work.
func (s *story) approve(who incident.Person, step, reason string) string {
	s.t.Helper()
	answer := s.p.Press(s.t, who, s.button(bot.ActApprove, step), reason)
	s.Settle()
	return answer
}

func (s *story) shows(parts ...string) {
	s.t.Helper()
	text := s.p.Text(s.t)
	for _, part := range parts {
		if !strings.Contains(text, part) {
			s.t.Errorf("the room does not show %q:\n%s", part, text)
		}
	}
}

func (s *story) keyIs(want string) {
	s.t.Helper()
	if got := s.KeyStatus(); got != want {
		s.t.Fatalf("the key is %s, want %s", got, want)
	}
}

func says(t *testing.T, answer string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(answer, part) {
			t.Errorf("the answer does not say %q: %s", part, answer)
		}
	}
}

func contain(t *testing.T, p Platform) {
	s := begin(t, p)
	s.shows(s.Scene.Leaked.ID, "NOT CONTAINED", "ci-deploy", "acme/web", "deploy/.env")
	if r := s.Steal(); !r.Allowed {
		t.Fatalf("the thief was denied before containment: %+v", r)
	}

	s.approve(Ana, incident.StepKeyDisable, "")
	s.keyIs("Active")
	s.shows("Ana", "Bo")
	again := s.approve(Ana, incident.StepKeyDisable, "")
	says(t, again, "Bo")
	s.keyIs("Active")

	s.approve(Bo, incident.StepKeyDisable, "")
	s.keyIs("Inactive")
	s.shows("CONTAINED")
	if strings.Contains(p.Text(t), "NOT CONTAINED") {
		t.Error("the card still says NOT CONTAINED")
	}
	if r := s.Steal(); r.Allowed {
		t.Errorf("the thief got through after containment: %+v", r)
	}

	s.deleteAndRestore()
	if err := s.Bot.Chain.Check(s.records()); err != nil {
		t.Error(err)
	}
}

func (s *story) deleteAndRestore() {
	s.t.Helper()
	s.p.Type(s.t, Ana, "answer in_use no")
	s.After(time.Hour + time.Minute)
	s.p.Press(s.t, Ana, s.button(bot.ActApprove, incident.StepKeyDelete), "not needed any more")
	s.Settle()
	s.keyIs("Inactive")
	s.p.Press(s.t, Chen, s.button(bot.ActApprove, incident.StepKeyDelete), "nothing broke")
	s.Settle()
	s.keyIs("bin")
	s.shows("ci-deploy")

	s.p.Type(s.t, Ana, "do key.restore "+string(s.id))
	s.Settle()
	s.approve(Ana, incident.StepKeyRestore, "the report job needs it")
	s.keyIs("bin")
	s.approve(Bo, incident.StepKeyRestore, "agreed")
	s.keyIs("Inactive")
}

func (s *story) records() []incident.Record {
	s.t.Helper()
	records, err := s.Bot.Store.Load(s.t.Context(), s.id)
	if err != nil {
		s.t.Fatal(err)
	}
	return records
}

func falseAlarm(t *testing.T, p Platform) {
	s := begin(t, p)
	s.approve(Ana, incident.StepPolicyQuarantine, "")
	if !s.quarantined() {
		t.Fatal("one responder's yes did not quarantine the user")
	}
	s.approve(Ana, incident.StepKeyDisable, "")
	s.approve(Bo, incident.StepKeyDisable, "")
	s.keyIs("Inactive")

	s.p.Type(t, Ana, "false_alarm "+string(s.id)+" because the key was a test vector")
	s.Settle()
	s.approve(Ana, incident.StepFalseAlarm, "checked with the owner")
	s.approve(Bo, incident.StepFalseAlarm, "so did I")
	if !s.State(s.id).FalseAlarm {
		t.Fatal("two people said false alarm, and it is none")
	}
	for _, step := range []string{incident.StepKeyEnable, incident.StepPolicyDetach} {
		s.approve(Bo, step, "false alarm")
		s.approve(Chen, step, "false alarm")
	}
	s.keyIs("Active")
	if s.quarantined() {
		t.Error("the quarantine policy is still attached")
	}
}

func (s *story) quarantined() bool {
	for _, u := range s.Cloud.Snapshot().Users {
		if u.Name != s.Scene.Victim {
			continue
		}
		for _, p := range u.Policies {
			if strings.Contains(p.Name, "quarantine") {
				return true
			}
		}
	}
	return false
}

func refusals(t *testing.T, p Platform) {
	s := begin(t, p)
	stale := s.button(bot.ActApprove, incident.StepKeyDisable)
	s.p.Press(t, Eve, stale, "")
	s.Settle()
	if votes := s.votes(incident.StepKeyDisable); len(votes) != 0 {
		t.Fatalf("a stranger voted: %v", votes)
	}

	s.p.Press(t, Ana, stale, "")
	s.p.Again(t)
	s.Settle()
	if votes := s.votes(incident.StepKeyDisable); len(votes) != 1 {
		t.Fatalf("one person's two clicks are %d votes", len(votes))
	}

	s.p.Type(t, Bo, "decline "+string(s.id)+"/"+number(stale.Number)+" because the owner asked for ten minutes")
	s.Settle()
	s.shows("ten minutes")
	answer := s.Bot.Handle(t.Context(), bot.Input{
		From: s.Bot.People.On(p.Chat().Platform(), []incident.Person{Chen})[0], Room: p.Chat().Room(), ID: "late",
		Button: &bot.Press{Act: bot.ActApprove, Incident: s.id, Number: stale.Number, Digest: stale.Digest},
	})
	if answer.OK {
		t.Errorf("a declined plan took a vote: %s", answer.Text)
	}
	s.Settle()
	s.keyIs("Active")
}

func (s *story) votes(step string) []incident.Vote {
	var votes []incident.Vote
	for _, p := range s.State(s.id).Proposals {
		if p.Plan.Step == step {
			votes = slices.Concat(votes, p.Votes)
		}
	}
	return votes
}

func typed(t *testing.T, p Platform) {
	s := begin(t, p)
	says(t, p.Type(t, Ana, "help"), "approve")
	says(t, p.Type(t, Ana, "list"), string(s.id))
	says(t, p.Type(t, Eve, "list"), "")
	p.Type(t, Ana, "take")
	p.Type(t, Ana, "answer in_use no")
	p.Type(t, Chen, "note the build server was rebooted")
	s.Settle()
	s.shows("rebooted")
	plan, ok := s.State(s.id).Waiting(incident.StepKeyDisable)
	if !ok {
		t.Fatal("nobody was offered to disable the key")
	}
	p.Type(t, Ana, "approve "+number(plan.Number))
	p.Type(t, Ana, "withdraw "+number(plan.Number))
	p.Type(t, Bo, "approve "+string(s.id)+"/"+number(plan.Number))
	s.Settle()
	s.keyIs("Active")
	p.Type(t, Chen, "approve "+plan.Digest.Short())
	s.Settle()
	s.keyIs("Inactive")
	says(t, p.Type(t, Ana, "close"), "")
	s.Settle()
	if s.State(s.id).Open() {
		t.Error("the incident is still open")
	}
}

func number(n int) string { return strconv.Itoa(n) }
