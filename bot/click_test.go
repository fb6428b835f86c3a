package bot_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"twokey/bot"
	"twokey/bot/chattest"
	"twokey/incident"
	"twokey/store"
)

// press is one click, under its own name: the same name is the same click.
func (s *told) press(who incident.Person, click string, b bot.Press) bot.Answer {
	s.t.Helper()
	return s.Bot.Handle(s.t.Context(), bot.Input{From: bot.Account{Platform: "console", User: string(who)}, Room: "room", ID: click, Button: &b})
}

func (s *told) again() string { return s.Bot.View.Say("en", "said.again", nil) }

// yes is a press of the approve button of a step's newest plan.
func (s *told) yes(step string) bot.Press {
	p := s.last(step)
	return bot.Press{Act: bot.ActApprove, Incident: s.id, Number: p.Number, Digest: p.Digest}
}

func TestOneClickCountsOnceHoweverOftenItIsDelivered(t *testing.T) {
	s := alerted(t, chattest.Options{})
	yes := s.yes(incident.StepKeyDisable)
	if a := s.press(chattest.Ana, "c1", yes); !a.OK {
		t.Fatal(a.Text)
	}
	if a := s.press(chattest.Ana, "c1", yes); a.Text != s.again() || !a.OK {
		t.Errorf("the second delivery hears %q", a.Text)
	}
	if a := s.press(chattest.Ana, "c2", yes); a.OK || a.Text == s.again() {
		t.Errorf("a second click of hers hears %v %q", a.OK, a.Text)
	}
	// Withdrawn meanwhile: the old click, delivered late, votes no more.
	if a := s.say(chattest.Ana, "withdraw "+fmt.Sprint(yes.Number)); !a.OK {
		t.Fatal(a.Text)
	}
	if a := s.press(chattest.Ana, "c1", yes); a.Text != s.again() {
		t.Errorf("a late delivery hears %q", a.Text)
	}
	if p := s.last(incident.StepKeyDisable); len(p.Votes) != 0 {
		t.Errorf("a late delivery voted: %+v", p.Votes)
	}
	// The same name from another person's platform is another click.
	a := s.Bot.Handle(t.Context(), bot.Input{From: bot.Account{Platform: "slack", User: "bo"}, ID: "c1", Button: &yes})
	if !a.OK || a.Text == s.again() {
		t.Errorf("another platform's click hears %q", a.Text)
	}
}

func TestTwoDeliveriesAtOnceAreOneVote(t *testing.T) {
	s := alerted(t, chattest.Options{})
	yes := s.yes(incident.StepKeyDisable)
	answers := make([]bot.Answer, 8)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			answers[i] = s.Bot.Handle(context.Background(), bot.Input{From: bot.Account{Platform: "console", User: "ana"}, ID: "c1", Button: &yes})
		})
	}
	wg.Wait()
	again := 0
	for _, a := range answers {
		if !a.OK {
			t.Errorf("a delivery was refused: %q", a.Text)
		}
		if a.Text == s.again() {
			again++
		}
	}
	if p := s.last(incident.StepKeyDisable); len(p.Votes) != 1 || again != len(answers)-1 {
		t.Errorf("%d votes, %d of %d deliveries said that it was handled", len(p.Votes), again, len(answers))
	}
}

func TestARefusedClickMayBeRefusedOrCountLater(t *testing.T) {
	s := alerted(t, chattest.Options{})
	yes := s.yes(incident.StepKeyDisable)
	rules := s.Bot.Rules
	s.Bot.Rules.Members = nil
	for range 2 {
		if a := s.press(chattest.Ana, "c1", yes); a.OK {
			t.Fatalf("without a role: %q", a.Text)
		}
	}
	s.Bot.Rules = rules
	if a := s.press(chattest.Ana, "c1", yes); !a.OK || a.Text == s.again() {
		t.Errorf("the click that was refused before hears %q", a.Text)
	}
	// A refusal that is written down itself is said twice too.
	s.Clock.Move(31 * time.Minute)
	first := s.press(chattest.Bo, "c2", yes)
	second := s.press(chattest.Bo, "c2", yes)
	if first.OK || second.OK || second.Text != first.Text {
		t.Errorf("too late: %q, then %q", first.Text, second.Text)
	}
	if p, _ := s.State(s.id).Proposal(yes.Number); p.Status != incident.StatusLapsed {
		t.Errorf("the plan is %s", p.Status)
	}
}

func TestAnAskThatIsDeliveredAgainAsksOnce(t *testing.T) {
	s := alerted(t, chattest.Options{})
	s.agree(incident.StepKeyDisable, chattest.Ana, chattest.Bo)
	ask := bot.Press{Act: bot.ActDo, Incident: s.id, Value: incident.StepKeyEnable}
	if a := s.press(chattest.Ana, "c1", ask); !a.OK || a.Card == nil || len(a.Card.Steps) != 1 {
		t.Fatalf("%+v", a)
	}
	plans := len(s.State(s.id).Proposals)
	if a := s.press(chattest.Bo, "c2", ask); !a.OK || a.Card == nil || a.Card.Steps[0].Number != plans {
		t.Errorf("the plan that waits is not shown: %+v", a)
	}
	s.say(chattest.Bo, fmt.Sprintf("decline %d because no", plans))
	if a := s.press(chattest.Ana, "c1", ask); a.Text != s.again() {
		t.Errorf("asked again by an old click: %q", a.Text)
	}
	if got := len(s.State(s.id).Proposals); got > plans+1 { // the bot may offer others
		t.Errorf("%d plans, %d before", got, plans)
	}
}

func TestALookupIsMergedOnceHoweverOftenItIsSaid(t *testing.T) {
	s := alerted(t, chattest.Options{})
	_, lookup := s.receive(s.alert(func(a *incident.Alert) { a.Kind, a.KeyID, a.ExternalKey = incident.KindLookup, "", "masked" }))
	in := bot.Input{From: bot.Account{Platform: "console", User: "bo"}, ID: "m1", Text: "key " + s.Scene.Leaked.ID + " " + string(lookup)}
	if a := s.Bot.Handle(t.Context(), in); !a.OK || a.Text == s.again() {
		t.Fatal(a.Text)
	}
	if a := s.Bot.Handle(t.Context(), in); a.Text != s.again() {
		t.Errorf("said twice: %q", a.Text)
	}
	if got := s.State(s.id).Absorbed; len(got) != 1 {
		t.Errorf("absorbed %v", got)
	}
}

// A message that was handled already as something else is not mistaken for a key
// that is taken.
func TestATakenClickIsNoTakenKey(t *testing.T) {
	s := alerted(t, chattest.Options{})
	_, lookup := s.receive(s.alert(func(a *incident.Alert) { a.Kind, a.KeyID, a.ExternalKey = incident.KindLookup, "", "masked" }))
	in := bot.Input{From: bot.Account{Platform: "console", User: "bo"}, ID: "m1", Text: "note hello inc-1"}
	if a := s.Bot.Handle(t.Context(), in); !a.OK {
		t.Fatal(a.Text)
	}
	in.Text = "key " + s.Scene.Idle.ID + " " + string(lookup)
	if a := s.Bot.Handle(t.Context(), in); a.Text != s.again() {
		t.Errorf("%q", a.Text)
	}
	if st := s.State(lookup); st.Key != "" || st.MergedInto != "" {
		t.Errorf("the look-up has key %q and is merged into %q", st.Key, st.MergedInto)
	}
}

func TestLookupsThatRaceIntoOneIncidentAllArrive(t *testing.T) {
	s := tell(t, chattest.Options{})
	const many = 6
	for i := range many {
		s.receive(s.alert(func(a *incident.Alert) { a.Kind, a.KeyID, a.ExternalKey = incident.KindLookup, "", fmt.Sprint(i) }))
	}
	var wg sync.WaitGroup
	for i := range many {
		wg.Go(func() {
			a := s.Bot.Handle(context.Background(), bot.Input{
				From: bot.Account{Platform: "console", User: "ana"}, ID: fmt.Sprint(i),
				Text: "key " + s.Scene.Leaked.ID + " " + string(incident.NewID(uint64(i+1))),
			})
			if !a.OK {
				t.Error(a.Text)
			}
		})
	}
	wg.Wait()
	open, absorbed := 0, 0
	for i := range many {
		st := s.State(incident.NewID(uint64(i + 1)))
		absorbed += len(st.Absorbed)
		if st.Open() {
			open++
		}
	}
	if open != 1 || absorbed != many-1 {
		t.Errorf("%d open, %d absorbed", open, absorbed)
	}
}

// full is a disk that takes nothing any more.
type full struct {
	store.Store
	on *atomic.Bool
}

func (f full) Append(ctx context.Context, b store.Batch) error {
	if f.on.Load() {
		return errors.New("no space left on device")
	}
	return f.Store.Append(ctx, b)
}

func TestAFullDiskIsSaidAndForgotten(t *testing.T) {
	var on atomic.Bool
	s := alerted(t, chattest.Options{Store: func(under store.Store) store.Store { return full{under, &on} }})
	on.Store(true)
	yes := s.yes(incident.StepKeyDisable)
	a := s.press(chattest.Ana, "c1", yes)
	if want := s.Bot.View.Refusal(bot.Scene{Lang: "en"}, bot.NotStored); a.OK || a.Text != want {
		t.Errorf("%q, want %q", a.Text, want)
	}
	on.Store(false)
	if a := s.press(chattest.Ana, "c1", yes); !a.OK || a.Text == s.again() {
		t.Errorf("after that: %q", a.Text)
	}
}

func TestAListNamesTheNewestAndSaysThatThereAreMore(t *testing.T) {
	s := tell(t, chattest.Options{})
	for i := range 25 {
		s.receive(s.alert(func(a *incident.Alert) { a.Kind, a.KeyID, a.ExternalKey = incident.KindLookup, "", fmt.Sprint(i) }))
	}
	a := s.say(chattest.Ana, "list")
	lines := strings.Split(a.Text, "\n")
	if len(lines) != 21 || !strings.Contains(lines[0], "20+") || !strings.Contains(lines[1], "inc-25") || !strings.Contains(lines[20], "inc-6") {
		t.Errorf("%d lines:\n%s", len(lines), a.Text)
	}
}
